"""Ingest over ASGI, with the law deciding in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from runtime.clock import ManualClock
from schemas.currencies import enabled
from services.ingest.app import create_app
from services.ingest.edge import Edge
from services.ingest.idempotency import Keys
from services.ingest.in_flight import InFlight
from services.ingest.submitting import Submitter
from services.ingest.waiting import Waiting
from tests.support.drafts import MemoryDrafts
from tests.support.ingest_log import FakeLog, FakeStore
from tests.support.staging_memory import MemoryStaging

CURRENCIES = enabled({"USD", "EUR", "GBP", "RUB", "INR"})
GOOD = {"amount": "100.50", "currency": "USD", "recipient_details": {"account_number": "1234567890", "bank_name": "Bank"}}


@dataclass
class Ingest:
    """One ingest process in memory: its client, its log and its view."""

    client: httpx2.AsyncClient
    log: FakeLog
    store: FakeStore
    edge: Edge
    staging: MemoryStaging
    clock: ManualClock
    drafts: MemoryDrafts
    good: dict[str, Any] = field(default_factory=lambda: dict(GOOD))

    async def pay(self, body: object = None, **headers: str) -> httpx2.Response:
        """POST a payout; `headers` with _ for -."""
        return await self.post("/payouts", self.good if body is None else body, **headers)

    async def post(self, path: str, body: object, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(f"/api/v1{path}", json=body, headers=named)


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    """`demo` has 1,000.00 USD and 1,000.00 INR."""
    clock, waiting, in_flight = ManualClock(), Waiting(), InFlight()
    log = FakeLog(waiting, clock)
    store: Any = FakeStore(log)
    drafts: Any = MemoryDrafts()
    staging: Any = MemoryStaging()
    log.fund("demo", 100_000)
    log.fund("demo", 100_000, "INR")
    edge = Edge(
        clock=clock,
        store=store,
        keys=Keys(store, clock),
        in_flight=in_flight,
        submitter=Submitter(log, waiting, in_flight),
        currencies=CURRENCIES,
        dispatch_delay_ms=2000,
        drafts=drafts,
        staging=staging,
    )
    app = create_app()
    app.state.edge = edge
    app.state.checks = {"views": store.ping}
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://ingest") as client:
        yield Ingest(client, log, store, edge, staging, clock, drafts)
