"""A real single-node Kafka broker (KRaft) on the loopback address.

Owns formatting the storage, starting and stopping the broker; kafka_files finds Java and the jars.
"""

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.local import processes
from deploy.local.kafka_files import KafkaUnavailableError, find_classpath, find_java

CLUSTER_ID = "cGF5Zmxvdy1sb2NhbC0wMQ"
START_SECONDS = 60.0
_HEAP = "-Xmx512m"
_QUICK_CODE = "-XX:TieredStopAtLevel=1"
"""A broker of minutes: what the optimizing compiler takes of two cores never comes back (docs/performance-log.md)."""

_PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners={listeners}
advertised.listeners={advertised}
listener.security.protocol.map={protocols}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=8
group.initial.rebalance.delay.ms=0
log.retention.ms=-1
message.max.bytes=4194304
replica.fetch.max.bytes=4194304
log.segment.bytes=268435456
"""


class LocalKafka:
    """One broker. Use as a context manager, or start() and stop(); a second start on the same folder keeps its topics."""

    def __init__(self, folder: Path, port: int | None = None, doors: Mapping[int, int] | None = None) -> None:
        """`folder` holds data, settings and log; `port` is taken free when not given.

        `doors` are further ports to listen on, each with the port that clients of it are told to come back to: a proxy in front.
        """
        self.folder = folder
        self.port = port or processes.free_port()
        self._doors = dict(doors or {})
        self._controller = processes.free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """Address for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> "LocalKafka":
        """Start and wait until it answers. Raises KafkaUnavailableError."""
        self.launch()
        self._await_ready()
        return self

    def launch(self) -> subprocess.Popen[bytes]:
        """Start without waiting for it: the same port, the same folder. Raises KafkaUnavailableError."""
        java, classpath = find_java(), find_classpath()
        properties = self._write_properties()
        base = [
            java,
            _HEAP,
            _QUICK_CODE,
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
            classpath,
        ]
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(base, properties)
        self._process = processes.start([*base, "kafka.Kafka", str(properties)], log=self.log)
        return self._process

    @property
    def log(self) -> Path:
        """The broker's log file."""
        return self.folder / "kafka.log"

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The running broker, if any; fault tests signal it."""
        return self._process

    def stop(self) -> None:
        """End the broker; a repeat is no error."""
        process, self._process = self._process, None
        if process is not None:
            processes.stop(process)

    def __enter__(self) -> "LocalKafka":
        """Start it."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self.stop()

    def _write_properties(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "server.properties"
        doors = {"PLAINTEXT": (self.port, self.port)}
        doors |= {f"DOOR{number}": door for number, door in enumerate(self._doors.items())}
        listeners = [f"{name}://127.0.0.1:{port}" for name, (port, _) in doors.items()]
        text = _PROPERTIES.format(
            controller=self._controller,
            data=self.folder / "data",
            listeners=",".join([*listeners, f"CONTROLLER://127.0.0.1:{self._controller}"]),
            advertised=",".join(f"{name}://127.0.0.1:{told}" for name, (_, told) in doors.items()),
            protocols=",".join(f"{name}:PLAINTEXT" for name in [*doors, "CONTROLLER"]),
        )
        path.write_text(text)
        return path

    def _format(self, base: list[str], properties: Path) -> None:
        command = [*base, "kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(properties)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KafkaUnavailableError(
                f"Kafka's storage cannot be formatted in {self.folder}: {done.stderr.strip()[-300:]}"
            )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(self.bootstrap):
            if self._process is None or self._process.poll() is not None:
                raise KafkaUnavailableError(f"Kafka ended while starting: see {self.log}")
            if time.monotonic() > deadline:
                self.stop()
                raise KafkaUnavailableError(f"Kafka did not answer within {START_SECONDS:g} s: see {self.log}")
            time.sleep(0.1)


def _answers(bootstrap: str) -> bool:
    """A real metadata request, not just an open port."""
    import asyncio  # noqa: PLC0415

    from aiokafka.admin import AIOKafkaAdminClient  # noqa: PLC0415

    if processes.is_free(int(bootstrap.rsplit(":", 1)[1])):
        return False

    async def ask() -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=3000)
        try:
            await admin.start()
            await admin.list_topics()
        except Exception:  # noqa: BLE001  not ready yet, in whatever way
            return False
        finally:
            await admin.close()
        return True

    import logging  # noqa: PLC0415

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return asyncio.run(ask())
