"""Ingest among real neighbours: processor, projector and identity as processes, on a log and a database of its own; no gateway, no rails.

Owns the processes' starting and stopping, what is on the topics, and stopping a neighbour for a while. Must not start stores.
"""

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import psycopg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from psycopg.rows import dict_row

from deploy.local import processes
from payflow.stack import SERVICES, Child, Stack
from runtime.ids import mint
from schemas.codec import decode_command
from schemas.commands import CommandRecord
from schemas.topics import COMMANDS, inbox, partition_of
from services.identity import schema as identity
from services.ingest import schema as staging
from services.projector import schema
from tests.integration import own_log
from tests.integration.own_log import OwnLog

PARTITIONS = 2
READY_SECONDS = 60.0
ALLOWED = ("demo", "inboxed", "other")


class OwnLogStack(Stack):
    """Services that run on a log of their own."""

    def launch(self, name: str) -> Child:
        log = self.logs / f"{name}.log"
        process = processes.start(own_log.command(SERVICES[name]), log=log, env=self.environ, cwd=own_log.ROOT)
        self.children[name] = Child(name, process, time.monotonic())
        return self.children[name]


class IngestStack:
    """Start once for many tests, on a log and a database that nobody else uses; every test takes merchants of its own."""

    def __init__(self, folder: Path, log: OwnLog, database_url: str) -> None:
        env = {
            **log.environ,
            "DATABASE_URL": database_url,
            "PROJECTION_SCHEMA": f"ingest_{log.suffix}",
            "INGEST_SCHEMA": f"staging_{log.suffix}",
            "WEBHOOKS_SCHEMA": f"webhooks_{log.suffix}",
            "ADMIN_SCHEMA": f"admin_{log.suffix}",
            "INBOX_UPSTREAMS": f"{log.upstream}:{'|'.join(ALLOWED)}",
            "PAYFLOW_PROFILE": "development",
            "SIMULATOR_PRESET": "perfect",
        }
        self.stack = OwnLogStack(folder, env, free_ports=True, say=lambda _: None)
        self.inbox = inbox(log.upstream).name
        self.url = f"http://127.0.0.1:{self.stack.environ['INGEST_PORT']}"

    def __enter__(self) -> "IngestStack":
        try:
            schema.REVISIONS.upgrade(self.stack.database_url, self.stack.environ["PROJECTION_SCHEMA"])
            staging.REVISIONS.upgrade(self.stack.database_url, self.stack.environ["INGEST_SCHEMA"])
            identity.REVISIONS.upgrade(self.stack.database_url, self.stack.environ["ADMIN_SCHEMA"])
            for name in ("projector", "processor", "identity", "ingest"):
                self.stack.launch(name)
            self.await_ready()
            self.fund("demo", "100000000.00")
        except BaseException:
            self.stack.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.stop()

    @property
    def bootstrap(self) -> str:
        return self.stack.bootstrap

    @property
    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.url, timeout=60)

    def log_text(self, name: str) -> str:
        """What a service has said so far."""
        return (self.stack.logs / f"{name}.log").read_text(errors="replace")

    def await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self._answers():
            ended = [child for child in self.stack.children.values() if child.process.poll() is not None]
            assert not ended, f"{ended[0].name} ended: {self.log_text(ended[0].name)[-2000:]}"
            assert time.monotonic() < deadline, f"not ready: {self.log_text('ingest')[-2000:]}"
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except httpx2.HTTPError:
            return False

    def merchant(self, amount: str = "100000.00") -> str:
        """A new merchant with money."""
        merchant_id = f"m-{mint()}"
        self.fund(merchant_id, amount)
        return merchant_id

    def fund(self, merchant_id: str, amount: str) -> None:
        body = {"id": merchant_id, "name": merchant_id}
        with self.client as client:
            opened = client.post("/api/v1/merchants", json=body, headers={"Prefer": "wait=30"})
            assert opened.status_code in (200, 201), opened.text
            for currency in ("USD", "INR"):
                credit = {"amount": amount, "currency": currency, "reference": mint()}
                headers = {"Idempotency-Key": mint(), "Prefer": "wait=30"}
                answer = client.post(f"/api/v1/merchants/{merchant_id}/credits", json=credit, headers=headers)
                assert answer.status_code == 201, answer.text

    def restart_ingest(self, *, hard: bool) -> None:
        """Kill -9 or TERM, then start again."""
        process = self.stack.children["ingest"].process
        process.send_signal(signal.SIGKILL if hard else signal.SIGTERM)
        process.wait(15)
        self.stack.launch("ingest")
        self.await_ready()

    def revive(self) -> None:
        """Start what has ended by itself, as a supervisor would: without a log for long enough, a processor ends."""
        for name, child in list(self.stack.children.items()):
            if child.process.poll() is not None:
                self.stack.launch(name)

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """The service stands still inside the block."""
        process = self.stack.children[name].process
        process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            process.send_signal(signal.SIGCONT)

    def audit(self) -> list[dict[str, Any]]:
        """The audit trail, oldest first."""
        query = f'SELECT * FROM "{self.stack.environ["ADMIN_SCHEMA"]}".audit ORDER BY id'
        with psycopg.connect(self.stack.database_url, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()  # type: ignore[call-overload, no-any-return]

    def commands(self, merchant_id: str | None = None) -> list[CommandRecord]:
        """The commands on the log, of one merchant or of all, in order per partition."""
        records = [decode_command(record.value) for record in self.records(COMMANDS.name, merchant_id)]
        return [record for record in records if merchant_id is None or record.merchant_id == merchant_id]

    def command_count(self) -> int:
        """How many commands are on the log."""
        return sum(run(_ends(self.bootstrap, COMMANDS.name)).values())

    def records(self, topic: str, merchant_id: str | None = None) -> "list[ConsumerRecord[bytes, bytes]]":
        """All committed records of a topic, in one merchant's partition or all."""
        partitions = [partition_of(merchant_id, PARTITIONS)] if merchant_id is not None else list(range(PARTITIONS))
        return run(_records(self.bootstrap, topic, partitions))

    def produce(self, topic: str, messages: "list[Message]", *, shift: int = 0) -> list[tuple[int, int]]:
        """Write records as an upstream would; returns (partition, offset) of each. `shift` moves them to a wrong partition."""
        return run(_produce(self.bootstrap, topic, messages, shift))


Message = tuple[bytes | None, bytes | None, dict[str, str]]
"""Key, value, headers."""


def run(work: Any) -> Any:
    """Run a coroutine to its end, whether or not a loop runs in this thread."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(asyncio.run(work)))
    thread.start()
    thread.join()
    assert found, "the work failed; see above"
    return found[0]


async def _ends(bootstrap: str, topic: str) -> dict[int, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, isolation_level="read_committed")
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(topic, partition) for partition in range(PARTITIONS)])
    finally:
        await consumer.stop()
    return {place.partition: end for place, end in ends.items()}


async def _records(bootstrap: str, topic: str, partitions: list[int]) -> "list[ConsumerRecord[bytes, bytes]]":
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    try:
        places = [TopicPartition(topic, partition) for partition in partitions]
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        found: list[ConsumerRecord[bytes, bytes]] = []
        for place in places:
            while await consumer.position(place) < ends[place]:
                found += (await consumer.getmany(place, timeout_ms=200)).get(place, [])
        return found
    finally:
        await consumer.stop()


async def _produce(bootstrap: str, topic: str, messages: list[Message], shift: int) -> list[tuple[int, int]]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", max_request_size=4 * 1024 * 1024)
    await producer.start()
    try:
        sent = []
        for key, value, headers in messages:
            encoded = [(name, text.encode()) for name, text in headers.items()]
            partition = (partition_of((key or b"").decode(errors="replace"), PARTITIONS) + shift) % PARTITIONS
            sent.append(await producer.send_and_wait(topic, value, key=key, headers=encoded, partition=partition))
        return [(metadata.partition, metadata.offset) for metadata in sent]
    finally:
        await producer.stop()


def body_of(record: "ConsumerRecord[bytes, bytes]") -> dict[str, Any]:
    """A record's JSON value."""
    found: dict[str, Any] = msgspec.json.decode(record.value or b"{}")
    return found


def wait_for(what: str, condition: Any, seconds: float = 20.0) -> Any:
    """Ask until the condition gives something; fails with `what` when time is over."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)
    return found
