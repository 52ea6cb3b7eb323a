"""The whole product on one machine: Kafka, Postgres, all services and the simulator under one supervisor.

Owns addresses, the order of starting, and that nothing is left behind. Used by `payflow dev`, the demo, the tests and the bench.
What KAFKA_BOOTSTRAP_SERVERS or DATABASE_URL (or DB_HOST and its kind) name is used instead of a local one. Must not know payouts.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import processes
from payflow.stores import Stores
from payflow.supervisor import Child, Supervisor
from runtime.settings import RefusedStartError
from services.console.pages import HOW_TO_BUILD
from services.console.settings import BUILT

READY_SECONDS = 90.0

SERVICES = {
    "simulator": "services.simulator",
    "projector": "services.projector",
    "processor": "services.processor",
    "rails": "services.processor.rails",
    "identity": "services.identity",
    "ingest": "services.ingest",
    "webhooks": "services.webhooks",
    "gateway": "services.gateway",
    "console": "services.console",
}
CONSOLE = "console"
PORTS = {
    "GATEWAY_PORT": 8000,
    "INGEST_PORT": 8001,
    "WEBHOOKS_PORT": 8002,
    "IDENTITY_PORT": 8010,
    "SIMULATOR_PORT": 8100,
    "CONSOLE_PORT": 3000,
}
METRICS = {
    "INGEST_METRICS_PORT": 9101,
    "PROCESSOR_METRICS_PORT": 9102,
    "RAILS_METRICS_PORT": 9103,
    "PROJECTOR_METRICS_PORT": 9104,
    "GATEWAY_METRICS_PORT": 9105,
    "SIMULATOR_METRICS_PORT": 9106,
    "WEBHOOKS_METRICS_PORT": 9107,
    "IDENTITY_METRICS_PORT": 9110,
}


@dataclass
class Stack:
    """Start with start() or as a context manager. `free_ports` takes free ports for everything, so that stacks can stand side by side.

    `console` serves the built console too; one that is not built is said, and everything else starts.
    """

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    free_ports: bool = False
    say: Callable[[str], None] = print
    console: bool = False
    children: dict[str, Child] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose addresses; nothing starts."""
        self.folder = self.folder.resolve()
        base = {**os.environ, **self.env}
        chosen = {
            name: str(processes.free_port()) if self.free_ports else base.get(name, str(port))
            for name, port in PORTS.items()
        }
        chosen |= {
            name: str(processes.free_port()) if self.free_ports else base.get(name, str(port))
            for name, port in METRICS.items()
        }
        self.environ: dict[str, str] = {**base, **chosen, "PYTHONUNBUFFERED": "1"}
        self.environ["INGEST_URL"] = f"http://127.0.0.1:{chosen['INGEST_PORT']}"
        self.environ["WEBHOOKS_URL"] = f"http://127.0.0.1:{chosen['WEBHOOKS_PORT']}"
        if self.environ.get("PAYFLOW_PROFILE", "development") == "development":
            self.environ.setdefault("WEBHOOKS_ALLOW_LOOPBACK", "true")
        self.environ["IDENTITY_URL"] = f"http://127.0.0.1:{chosen['IDENTITY_PORT']}"
        self.environ["SIMULATOR_URL"] = f"http://127.0.0.1:{chosen['SIMULATOR_PORT']}"
        self.environ["GATEWAY_URL"] = self.url
        self.environ["TMPDIR"] = str(self.folder / "tmp")
        self.environ.setdefault("SIMULATOR_DIR", str(self.folder / "simulator"))
        self.environ.setdefault("INBOX_UPSTREAMS", "erp:demo")
        self.stores = Stores(self.folder, self.environ, self.say)
        self._supervisor: Supervisor | None = None

    @property
    def url(self) -> str:
        """The front door."""
        return f"http://127.0.0.1:{self.environ['GATEWAY_PORT']}"

    @property
    def console_url(self) -> str:
        """The console's page."""
        return f"http://localhost:{self.environ['CONSOLE_PORT']}/"

    @property
    def simulator_url(self) -> str:
        """The provider's door."""
        return self.environ["SIMULATOR_URL"]

    @property
    def database_url(self) -> str:
        """The database."""
        return self.environ["DATABASE_URL"]

    @property
    def bootstrap(self) -> str:
        """The broker."""
        return self.environ["KAFKA_BOOTSTRAP_SERVERS"]

    @property
    def logs(self) -> Path:
        """Where each service's output goes."""
        return self.folder / "logs"

    def start(self) -> "Stack":
        """Start everything and wait until the front door is ready. Raises RefusedStartError, with nothing left running."""
        try:
            self._look_for_console()
            self._check_ports()
            self._clear_temporary()
            self.stores.start()
            self._prepare()
            for name in SERVICES:
                if name != CONSOLE or self.console:
                    self.launch(name)
            self._supervisor = Supervisor(lambda: {**self.stores.children, **self.children}, self._relaunch, self.say)
            self._supervisor.start()
            self._await_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End everything, services first; a repeat is no error."""
        if self._supervisor is not None:
            self._supervisor.rest()
        self._stop_services()
        self.stores.stop()
        if self._supervisor is not None:
            self._supervisor.release()
            self._supervisor = None

    def _stop_services(self) -> None:
        for child in reversed(self.children.values()):
            if child.process.poll() is None:
                child.process.terminate()
        for child in self.children.values():
            processes.stop(child.process)
        self.children.clear()

    def __enter__(self) -> "Stack":
        """Start."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def launch(self, name: str) -> Child:
        """Start one service; one that runs under this name is replaced in the list, not stopped."""
        command = [sys.executable, "-m", SERVICES[name]]
        process = processes.start(command, log=self.logs / f"{name}.log", env=self.environ)
        deaths = self.children[name].deaths if name in self.children else 0
        self.children[name] = Child(name, process, time.monotonic(), deaths)
        return self.children[name]

    def _look_for_console(self) -> None:
        """Do without the console if it is not built."""
        dist = Path(self.environ.get("CONSOLE_DIST") or BUILT)
        if self.console and not (dist / "index.html").is_file():
            self.console = False
            self.say(
                f"the console is not built ({dist}): build it with `{HOW_TO_BUILD}`, then start again; going on without it"
            )

    def _check_ports(self) -> None:
        unused = frozenset() if self.console else frozenset({"CONSOLE_PORT"})
        for name in (*PORTS, *METRICS):
            if name in unused:
                continue
            port = int(self.environ[name])
            if port and not processes.is_free(port):
                raise RefusedStartError(f"port {port} is taken: stop what listens there, or set {name} to another one")

    def _relaunch(self, name: str) -> None:
        """Start again a service or a local store that died."""
        if name in self.stores.children:
            self.stores.launch(name)
        else:
            self.launch(name)

    def _clear_temporary(self) -> None:
        """What services that were killed could not delete goes with the next start, or with the folder."""
        folder = Path(self.environ["TMPDIR"])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def _prepare(self) -> None:
        for command in (["migrate"], ["topics", "apply"]):
            done = subprocess.run(
                [sys.executable, "-m", "payflow", *command], env=self.environ, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise RefusedStartError(f"payflow {' '.join(command)}: {(done.stderr or done.stdout).strip()[-500:]}")

    def _await_ready(self) -> None:
        self.say("starting the services")
        deadline = time.monotonic() + READY_SECONDS
        doors = [f"{door}/readyz" for door in (self.url, self.environ["WEBHOOKS_URL"], self.environ["IDENTITY_URL"])]
        if self.console:
            doors.append(f"http://127.0.0.1:{self.environ['CONSOLE_PORT']}/livez")
        while not (all(_answers(door) for door in doors) and self._deciding()):
            for child in self.children.values():
                if child.process.poll() == 2:
                    raise RefusedStartError(f"{child.name} did not start: {_last_line(self.logs / f'{child.name}.log')}")
            if time.monotonic() > deadline:
                raise RefusedStartError(f"the services were not ready within {READY_SECONDS:g} s: see {self.logs}")
            time.sleep(0.2)

    def _deciding(self) -> bool:
        """Whether all partitions have an open writer and an open rail."""
        wanted = int(self.environ.get("KAFKA_PARTITIONS", "8"))
        found = _metric(int(self.environ["PROCESSOR_METRICS_PORT"]), "payflow_writer_open")
        return found >= wanted and _metric(int(self.environ["RAILS_METRICS_PORT"]), "payflow_rail_open") >= wanted


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310  our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _metric(port: int, name: str) -> float:
    """The sum of a metric over its labels; the number of open partitions when nothing is exported (port 0)."""
    if not port:
        return float("inf")
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            lines = answer.read().decode().splitlines()
    except (urllib.error.URLError, OSError):
        return 0
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{"))


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return lines[-1] if lines else "it said nothing"


def run_until_interrupted(stack: Stack) -> None:
    """Keep going until Ctrl-C or SIGTERM."""
    import signal

    ended = asyncio.Event()

    async def wait() -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        await ended.wait()

    asyncio.run(wait())
    stack.say("stopping")
