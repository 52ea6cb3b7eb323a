"""A log and a database for each test, and the services on them as processes."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from deploy.local import processes
from payflow.own_schemas import OwnSchema, named
from runtime.settings import ServiceSettings
from tests.integration.own_log import OwnLog, own_log
from tests.support.ingest_stack import PARTITIONS, IngestStack, wait_for
from tests.support.stores import own_database


@pytest.fixture(scope="package")
def database(database_url: str) -> Iterator[str]:
    with own_database(database_url) as url:
        yield url


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[OwnLog]:
    """A log of its own: these tests cut it, replay it and write rubbish on it."""
    with own_log(kafka_bootstrap, PARTITIONS) as fresh:
        yield fresh


class Services(IngestStack):
    """The services of one test. Each can be started, stopped and asked for its metrics."""

    def __init__(self, folder: Path, log: OwnLog, database_url: str) -> None:
        super().__init__(folder, log, database_url)
        self.log = log
        self.schema = self.stack.environ["PROJECTION_SCHEMA"]
        self.gateway_url = self.stack.url

    def __enter__(self) -> "IngestStack":
        for schema in self.own:
            schema.upgrade(self.stack.database_url, schema.name)
        return super().__enter__()

    @property
    def own(self) -> tuple[OwnSchema, ...]:
        """The schemas that are no function of the log."""
        env = self.stack.environ
        return named(env["INGEST_SCHEMA"], env["WEBHOOKS_SCHEMA"], env["ADMIN_SCHEMA"])

    @property
    def settings(self) -> ServiceSettings:
        return ServiceSettings(
            DATABASE_URL=self.stack.database_url,
            PROJECTION_SCHEMA=self.schema,
            KAFKA_BOOTSTRAP_SERVERS=self.bootstrap,
            KAFKA_PARTITIONS=PARTITIONS,
        )

    def start(self, *names: str) -> None:
        for name in names:
            self.stack.launch(name)

    def end(self, *names: str) -> None:
        for name in names:
            processes.stop(self.stack.children.pop(name).process)

    def start_all(self) -> None:
        """What IngestStack does not have: the provider, rails and the front door."""
        self.start("simulator", "rails", "gateway")
        wait_for("the gateway", lambda: self._all_live() and self._ready(), 60)

    def _ready(self) -> bool:
        try:
            answer = httpx2.get(f"{self.gateway_url}/readyz?verbose", timeout=5)
        except httpx2.HTTPError:
            return False
        self.last_ready = answer.text
        return answer.status_code == 200

    def _all_live(self) -> bool:
        for child in self.stack.children.values():
            assert child.process.poll() is None, f"{child.name} ended: {self.log_text(child.name)[-1500:]}"
        return True

    def halted(self, service: str, partition: int | str) -> bool:
        name = "payflow_writer_halted"
        wanted = f'{name}{{partition="{partition}",service="{service}"}} 1.0'
        return wanted in self.metrics(service)

    def metrics(self, service: str) -> str:
        port = self.stack.environ[f"{service.upper()}_METRICS_PORT"]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
                return str(answer.read().decode())
        except (urllib.error.URLError, OSError):
            return ""

    def pay(
        self, merchant_id: str, key: str, amount: str = "1.00", *, url: str | None = None, wait: int = 30
    ) -> httpx2.Response:
        body = {"amount": amount, "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
        headers = {"Idempotency-Key": key, "Prefer": f"wait={wait}", "X-Merchant-Id": merchant_id}
        with httpx2.Client(base_url=url or self.url, timeout=60) as client:
            return client.post("/api/v1/payouts", json=body, headers=headers)


@pytest.fixture
def services(tmp_path: Path, log: OwnLog, database: str) -> Iterator[Services]:
    """Projector, processor and ingest, running, with the merchant `demo`."""
    with Services(tmp_path, log, database) as running:
        assert isinstance(running, Services)
        yield running
