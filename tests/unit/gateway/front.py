"""The gateway's application over a store, a progress and an ingest that are plain memory."""

from collections.abc import Sequence
from typing import Any

import httpx2

from runtime.clock import SystemClock
from services.gateway.door import Door
from services.gateway.filters import Conditions, Paging
from services.gateway.live.hub import Hub
from services.gateway.live.socket import Feed
from services.gateway.progress import Progress
from services.gateway.settings import GatewaySettings
from services.gateway.wiring import build_app, fronted

PAYOUT_ID = "01a1fce3-eadb-73ce-b132-dc140c212c12"
BATCH_ID = "01a1fce3-eadb-73ce-b132-dc1400000000"
PARTITIONS = 8

Row = dict[str, Any]


def payout_row(**given: Any) -> Row:
    """A row of the columns rows.PAYOUT: a plain pending payout of `demo`."""
    empty = (
        "reason batch_id row_number reference bank_account_id description idempotency_key provider due_at failure_code failure_reason "
        "bank_reference_id expected_settlement_date processing_started_at completed_at failed_at canceled_at returned_at settled_at "
        "batch_phase holder account_number ifsc bank_name account_type verified is_primary"
    )
    row: Row = dict.fromkeys(empty.split())
    row |= {
        "id": PAYOUT_ID,
        "merchant_id": "demo",
        "amount_minor": 1000,
        "currency": "USD",
        "created_at": 1,
        "updated_at": 1,
    }
    row |= {"status": "pending", "version": 1, "recipient": b'{"account_number":"12345678"}', "fee_minor": 0}
    return row | {"attempt_count": 0, "inquiry_count": 0} | given


def change_row(offset: int, idx: int = 0, **given: Any) -> Row:
    """A row of the columns rows.CHANGE."""
    empty = "batch_id row_number reference reason due_at failure_code failure_reason bank_reference_id"
    row: Row = {
        "offset": offset,
        "idx": idx,
        "id": PAYOUT_ID,
        "merchant_id": "demo",
        "version": offset,
        "status": "pending",
        "at": 0,
    }
    return dict.fromkeys(empty.split()) | row | {"attempt_count": 0, "amount_minor": 1, "currency": "USD"} | given


class MemoryStore:
    """What the routes and the feed ask of services.gateway.store.Store."""

    def __init__(self) -> None:
        self.payouts_held: list[Row] = []
        self.merchants_held = [
            {"id": name, "name": name, "main_currency": "USD", "created_at": 1, "active": True, "partition": 3}
            for name in ("demo", "other")
        ]
        self.batches_held: list[Row] = []
        self.seen: list[Conditions] = []

    async def payout(self, payout_id: str) -> Row | None:
        return next((row for row in self.payouts_held if row["id"] == payout_id), None)

    async def payouts(self, conditions: Conditions, paging: Paging) -> list[Row]:
        self.seen.append(conditions)
        return self.payouts_held[: paging.limit + 1]

    async def count_payouts(self, conditions: Conditions) -> int:
        return len(self.payouts_held)

    async def changes_of(self, payout_id: str) -> list[Row]:
        return []

    async def batch(self, batch_id: str) -> Row | None:
        return next((row for row in self.batches_held if row["id"] == batch_id), None)

    async def merchant(self, merchant_id: str) -> Row | None:
        return next((row for row in self.merchants_held if row["id"] == merchant_id), None)

    async def merchants(self, merchant_id: str | None) -> list[Row]:
        return [row for row in self.merchants_held if merchant_id in {None, row["id"]}]

    async def bank_accounts(self, merchant_ids: Sequence[str]) -> list[Row]:
        return []

    async def balances(self, merchant_id: str) -> list[Row]:
        return []

    async def position(self, partition: int) -> int:
        return 0

    async def changes_between(self, start: Any, end: int, wanted: Any, limit: int) -> list[Row]:
        return []


class MemoryIngest:
    """What the routes ask of services.gateway.proxy.Proxy: `pending` maps ids to merchants."""

    def __init__(self) -> None:
        self.pending: dict[str, str] = {}
        self.passed_on: list[str] = []

    async def is_in_flight(self, subject: str, merchant_id: str | None) -> bool:
        return subject in self.pending and merchant_id in {None, self.pending[subject]}

    async def pass_on(self, request: Any) -> Any:
        self.passed_on.append(request.scope["path"])
        return httpx2.Response(200)


class Front:
    """The application with its collaborators at hand."""

    def __init__(self, **settings: Any) -> None:
        store: Any = MemoryStore()
        ingest: Any = MemoryIngest()
        clock = SystemClock()
        self.store, self.ingest = store, ingest
        self.progress = Progress("", "", "", PARTITIONS, clock)
        self.hub = Hub(store)
        self.server: Any = None
        """The uvicorn.Server while it is served."""
        self.app = build_app()
        self.app.state.door = Door(store, self.progress, ingest)
        self.app.state.feed = Feed(store, self.hub, self.progress, clock, PARTITIONS, 15.0)
        fronted(self.app, GatewaySettings(**settings), clock)

    async def ask(self, method: str, path: str, host: str = "localhost:8000", **headers: str) -> httpx2.Response:
        """One request; header names are written with underscores."""
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            return await client.request(method, path, headers={"Host": host, **named})

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """One GET."""
        return await self.ask("GET", path, **headers)
