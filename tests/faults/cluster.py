"""The whole product: a broker and a Postgres of our own, two workers per role, the provider, and a proxy on every hop.

Owns addresses, settings with short waits, and starting in order. Must not break anything by itself.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import psycopg

from deploy.local import processes
from deploy.local.kafka import LocalKafka
from deploy.local.postgres import LocalPostgres
from tests.faults.hops import Hop
from tests.faults.workers import Supervisor, Worker

PARTITIONS = 4
SCHEMA = "payflow"
UPSTREAM = "erp"
ROLES = ("ingest", "processor", "rails", "projector", "gateway")
LOG_READERS = ("ingest", "processor", "rails", "projector")
START_SECONDS = 90.0
WAITS = {
    "PAYFLOW_PROFILE": "development",
    "PAYOUT_CURRENCIES": "USD,EUR,UGX,JPY,KWD",
    "PAYOUT_DISPATCH_DELAY_SECONDS": "1",
    "PAYOUT_PROCESSING_TIMEOUT_SECONDS": "3",
    "PAYOUT_IN_PROGRESS_TIMEOUT_SECONDS": "5",
    "PAYOUT_RETRY_WAITS_SECONDS": "0.5,1,2",
    "PAYOUT_INQUIRY_WAITS_SECONDS": ",".join(["1", "2"] + ["3"] * 400),
    "RAILS_CONCURRENCY": "512",
    "KAFKA_PARTITIONS": str(PARTITIONS),
    "DEAD_LETTERS_MAX": "1000000",
    "PROJECTION_SCHEMA": SCHEMA,
    "SIMULATOR_PRESET": "perfect",
    "SIMULATOR_KEEP_SAID": "true",
}
METRICS = {
    "ingest": "INGEST_METRICS_PORT",
    "processor": "PROCESSOR_METRICS_PORT",
    "rails": "RAILS_METRICS_PORT",
    "projector": "PROJECTOR_METRICS_PORT",
    "gateway": "GATEWAY_METRICS_PORT",
    "simulator": "SIMULATOR_METRICS_PORT",
}
DOORS = {"ingest": "INGEST_PORT", "gateway": "GATEWAY_PORT", "simulator": "SIMULATOR_PORT"}


class Cluster:
    """Start with start(); stop() leaves nothing behind."""

    def __init__(self, folder: Path, merchants: list[str]) -> None:
        """`merchants` may be spoken for by the upstream system."""
        self.folder = folder
        self.hops: dict[str, Hop] = {}
        self.workers: dict[str, Worker] = {}
        self._merchants = merchants
        self._doors = {role: processes.free_port() for role in LOG_READERS}
        self.supervisor: Supervisor | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self, on_death: Callable[[Worker, int], None], next_point: Callable[[Worker], str | None]) -> None:
        """Everything up and deciding."""
        await self._open_hops()
        await asyncio.to_thread(self._start_stores)
        for role in ("simulator", *ROLES):
            for number in (1,) if role == "simulator" else (1, 2):
                self.add(role, number)
        await self.until_ready()
        self.supervisor = Supervisor(list(self.workers.values()), on_death, next_point)
        self._watching = asyncio.create_task(self.supervisor.run())

    async def stop(self) -> None:
        """End everything."""
        if self._watching is not None:
            self._watching.cancel()
        for worker in self.workers.values():
            worker.down = True
            worker.kill()
        for hop in self.hops.values():
            await hop.close()
        for store in ("kafka", "postgres"):
            if hasattr(self, store):
                with contextlib.suppress(Exception):
                    await asyncio.to_thread(getattr(self, store).stop)

    async def rest(self, *roles: str) -> None:
        """End all workers of these roles politely, for good."""
        await asyncio.gather(*(worker.stop() for worker in self.workers.values() if worker.role in roles))

    async def _open_hops(self) -> None:
        for role in LOG_READERS:
            self.hops[f"{role}-kafka"] = Hop(f"{role}-kafka", [self._doors[role]])
        for role in (*LOG_READERS, "gateway"):
            self.hops[f"{role}-postgres"] = Hop(f"{role}-postgres")
        for name in ("gateway-ingest", "rails-provider", "clients-gateway"):
            self.hops[name] = Hop(name)
        for hop in self.hops.values():
            await hop.open()

    def _start_stores(self) -> None:
        told = {self._doors[role]: self.hops[f"{role}-kafka"].port for role in LOG_READERS}
        self.postgres = LocalPostgres(self.folder / "postgres").start()
        self.kafka = LocalKafka(self.folder / "kafka", doors=told).start()
        for role in (*LOG_READERS, "gateway"):
            self.hops[f"{role}-postgres"].targets = [self.postgres.port]
        for command in (["migrate"], ["topics", "apply"]):
            subprocess.run(
                [sys.executable, "-m", "payflow", *command], env=self.direct_env(), check=True, capture_output=True
            )

    def direct_env(self) -> dict[str, str]:
        """Settings that go straight to the stores: for tools, not for services."""
        env = {**os.environ, **WAITS, "INBOX_UPSTREAMS": f"{UPSTREAM}:{'|'.join(self._merchants)}"}
        return env | {"KAFKA_BOOTSTRAP_SERVERS": self.kafka.bootstrap, "DATABASE_URL": self.postgres.url}

    def add(self, role: str, number: int) -> Worker:
        """Start one more worker of a role."""
        name = f"{role}-{number}"
        worker = self.workers.get(name) or Worker(name, role, self._env(role), self.folder / "logs" / f"{name}.log")
        if name not in self.workers:
            self.workers[name] = worker
            if self.supervisor is not None:
                self.supervisor.workers.append(worker)
        worker.start()
        return worker

    def _env(self, role: str) -> Mapping[str, str]:
        env = {**self.direct_env(), "PYTHONUNBUFFERED": "1", METRICS[role]: str(processes.free_port())}
        if role in DOORS:
            env[DOORS[role]] = str(processes.free_port())
        kafka, postgres = self.hops.get(f"{role}-kafka"), self.hops.get(f"{role}-postgres")
        if kafka is not None:
            env["KAFKA_BOOTSTRAP_SERVERS"] = f"127.0.0.1:{kafka.port}"
        if postgres is not None:
            env["DATABASE_URL"] = f"postgresql://payflow@127.0.0.1:{postgres.port}/payflow"
        env["INGEST_URL"] = f"http://127.0.0.1:{self.hops['gateway-ingest'].port}"
        env["SIMULATOR_URL"] = f"http://127.0.0.1:{self.hops['rails-provider'].port}"
        env["SIMULATOR_DIR"] = str(self.folder / "simulator")
        front = {"ingest": "gateway-ingest", "gateway": "clients-gateway", "simulator": "rails-provider"}.get(role)
        if front is not None:
            self.hops[front].targets.append(int(env[DOORS[role]]))
        return env

    @property
    def url(self) -> str:
        """The front door, behind its proxy."""
        return f"http://127.0.0.1:{self.hops['clients-gateway'].port}"

    def alive(self, role: str) -> list[Worker]:
        """Workers of a role that run and are not frozen."""
        return [w for w in self.workers.values() if w.role == role and w.alive and not w.frozen and not w.down]

    async def until_ready(self, seconds: float = START_SECONDS) -> None:
        """All partitions have an open writer and an open rail, and the front door is ready. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(self._ready):
                await asyncio.sleep(0.3)

    def _ready(self) -> bool:
        return (
            self.metric("processor", "payflow_writer_open") >= PARTITIONS
            and self.metric("rails", "payflow_rail_open") >= PARTITIONS
            and _answers(f"{self.url}/readyz")
        )

    def metric(self, role: str, name: str) -> float:
        """The sum of a metric over labels and the workers of a role."""
        return sum(_metric(int(w.env[METRICS[role]]), name) for w in self.workers.values() if w.role == role and w.alive)

    def query(self, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Ask the live views, straight. Raises psycopg.Error."""
        options = f"-c search_path={SCHEMA} -c statement_timeout=5000"
        with psycopg.connect(self.postgres.url, options=options, connect_timeout=2, autocommit=True) as link:
            return link.execute(statement, values).fetchall()  # type: ignore[call-overload,no-any-return]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _metric(port: int, name: str) -> float:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return 0
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + "{", name + " ")))
