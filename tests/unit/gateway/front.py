"""The gateway's application over a store, a progress and an ingest that are plain memory."""

import os
from collections.abc import Sequence
from typing import Any, cast

import httpx2
from fastapi import Response

from domain.access import keys
from domain.access.bucket import Limit
from runtime.clock import ManualClock, SystemClock
from runtime.dead_letter_book import Book
from runtime.dead_letter_desk import Outcome
from runtime.event_log.one_record import Found
from runtime.http_problems import ProblemError
from services.gateway.access import credentials
from services.gateway.access.counting import Counter
from services.gateway.access.credentials import Credential, Ticket
from services.gateway.access.directory import QUERIES, Directory
from services.gateway.access.guard import Checks
from services.gateway.development.routes import Development
from services.gateway.development.switch import Switch
from services.gateway.door import Door
from services.gateway.figures.lately import Lately
from services.gateway.filters import Conditions, Paging
from services.gateway.live.feed import Feed, Lines
from services.gateway.live.hub import Hub
from services.gateway.live.overview import Overview
from services.gateway.progress import Progress
from services.gateway.settings import GatewaySettings
from services.gateway.wiring import build_app, fronted

PAYOUT_ID = "01a1fce3-eadb-73ce-b132-dc140c212c12"
BATCH_ID = "01a1fce3-eadb-73ce-b132-dc1400000000"
PARTITIONS = 8
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SENT = {"account_number": "1234567890123456", "name": "Ama Mensah", "type": "bank_account"}
"""A recipient as a client sent it."""

Row = dict[str, Any]
KEYS: Row = {"key_required": False}


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
    empty = "batch_id row_number reference reason due_at failure_code failure_reason bank_reference_id provider"
    row: Row = {
        "offset": offset,
        "idx": idx,
        "id": PAYOUT_ID,
        "merchant_id": "demo",
        "version": offset,
        "status": "pending",
        "at": 0,
    }
    plain = {"attempt_count": 0, "amount_minor": 1, "currency": "USD", "created_at": 1}
    return dict.fromkeys(empty.split()) | row | plain | given


class MemoryStore:
    """What the routes and the feed ask of services.gateway.store.Store."""

    def __init__(self) -> None:
        self.payouts_held: list[Row] = []
        self.merchants_held = [
            {"id": name, "name": name, "main_currency": "USD", "created_at": 1, "active": True, "partition": 3} | KEYS
            for name in ("demo", "other")
        ]
        self.accounts_held: list[Row] = []
        self.batches_held: list[Row] = []
        self.unfinished_held: list[Row] = []
        self.cleared_held: list[Row] = []
        self.seen: list[Conditions] = []
        self.answers: dict[str, list[Row]] = {}
        """What queries find, by their text."""
        self.asked: list[tuple[str, Any]] = []
        self.rows_asked: list[tuple[str, str | None]] = []
        self.entries_held: list[Row] = []

    async def payout(self, payout_id: str) -> Row | None:
        return next((row for row in self.payouts_held if row["id"] == payout_id), None)

    async def all(self, query: str, arguments: Any = ()) -> list[Row]:
        self.asked.append((query, arguments))
        return self.answers.get(query, [])

    async def one(self, query: str, arguments: Any = ()) -> Row | None:
        found = await self.all(query, arguments)
        return found[0] if found else None

    async def cells(self, batch_ids: Sequence[str]) -> dict[str, Any]:
        return {batch_id: {} for batch_id in batch_ids}

    async def places(self, payout_ids: Sequence[str]) -> list[Row]:
        return [{"id": payout_id, "partition": 3, "offset": 120, "idx": 1} for payout_id in payout_ids]

    async def payouts(self, conditions: Conditions, paging: Paging) -> list[Row]:
        self.seen.append(conditions)
        return self.payouts_held[: paging.limit + 1]

    async def count_payouts(self, conditions: Conditions) -> int:
        return len(self.payouts_held)

    async def changes_of(self, payout_id: str) -> list[Row]:
        return []

    async def rows_of(self, batch_id: str, conditions: Conditions, after: str | None, limit: int) -> list[Row]:
        self.rows_asked.append((batch_id, after))
        return []

    async def entries(self, wanted: Conditions, limit: int, offset: int) -> list[Row]:
        self.seen.append(wanted)
        return self.entries_held[:limit]

    async def count_entries(self, wanted: Conditions) -> int:
        return len(self.entries_held)

    async def batch(self, batch_id: str) -> Row | None:
        return next((row for row in self.batches_held if row["id"] == batch_id), None)

    async def batches_named(self, batch_ids: Sequence[str]) -> list[Row]:
        return []

    async def merchant(self, merchant_id: str) -> Row | None:
        return next((row for row in self.merchants_held if row["id"] == merchant_id), None)

    async def merchants(self, merchant_id: str | None, paging: Paging, *, active: bool = True) -> list[Row]:
        found = [row for row in self._merchants(merchant_id, active) if row["id"] > (paging.cursor or "")]
        return found[paging.offset : paging.offset + paging.limit + 1]

    async def count_merchants(self, merchant_id: str | None, *, active: bool = True) -> int:
        return len(self._merchants(merchant_id, active))

    def _merchants(self, merchant_id: str | None, active: bool) -> list[Row]:
        return [row for row in self.merchants_held if merchant_id in {None, row["id"]} and row["active"] is active]

    async def bank_accounts(self, merchant_ids: Sequence[str]) -> list[Row]:
        return [row for row in self.accounts_held if row["merchant_id"] in merchant_ids]

    async def balances(self, merchant_id: str) -> list[Row]:
        return []

    async def position(self, partition: int) -> int:
        return 0

    async def positions(self) -> dict[int, int]:
        return {partition: await self.position(partition) for partition in range(PARTITIONS)}

    async def unfinished(self) -> list[Row]:
        return self.unfinished_held

    async def cleared(self) -> list[Row]:
        return self.cleared_held

    async def changes_between(self, start: Any, end: int, wanted: Any, limit: int) -> list[Row]:
        return []


class MemoryIngest:
    """What the routes ask of services.gateway.proxy.Proxy: `pending` maps ids to merchants."""

    def __init__(self) -> None:
        self.pending: dict[str, str] = {}
        self.passed_on: list[str] = []
        self.headers: dict[str, str] = {}
        self.told: list[tuple[str, dict[str, str]]] = []
        self.answers = 204

    async def is_in_flight(self, subject: str, merchant_id: str | None) -> bool:
        return subject in self.pending and merchant_id in {None, self.pending[subject]}

    async def pass_on(self, request: Any) -> Any:
        self.passed_on.append(request.scope["path"])
        self.headers = dict(request.headers)
        return Response(b"{}")

    async def post(self, path: str, body: dict[str, str]) -> tuple[int, bytes]:
        self.told.append((path, body))
        return self.answers, b""


class Admin:
    """What the guard asks of the schema `admin`: rows by query and value; `asked` counts the questions."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, Any], Row] = {}
        self.tickets: dict[str, tuple[Credential, str | None]] = {}
        self.asked = 0
        self.away = False

    async def one(self, query: str, arguments: Any = ()) -> Row | None:
        self.asked += 1
        if self.away:
            raise ProblemError("view_unavailable", "away")
        kind = next(kind for kind, text in QUERIES.items() if text == query)
        return self.rows.get((kind, arguments[0]))

    async def redeem(self, ticket: Ticket) -> tuple[Credential, str | None]:
        if ticket.text not in self.tickets:
            raise credentials.unauthorized("The ticket is used.")
        return self.tickets.pop(ticket.text)

    def key(self, *scopes: str, merchants: Sequence[str] = ("demo",), expires_at: int | None = None) -> str:
        """A key that is known from now on."""
        secret = keys.written(os.urandom(32), live=True)
        row: Row = {"id": f"key-{len(self.rows)}", "name": "k", "scopes": list(scopes), "merchants": list(merchants)}
        row |= {"expires_at": expires_at, "ended_at": None, "csrf_hash": None}
        self.rows["key", keys.stored(secret)] = self.rows["key_id", row["id"]] = row
        return secret

    def session(self, *grants: tuple[str, Sequence[str]]) -> tuple[str, str]:
        """The cookie's value and the token against forgery of somebody who is signed in from now on."""
        token, csrf = os.urandom(32).hex(), os.urandom(32).hex()
        held = [{"role": role, "merchants": list(merchants), "scopes": []} for role, merchants in grants]
        row: Row = {"id": "u1", "name": "Ama", "grants": held, "session_id": f"session-{len(self.rows)}"}
        row |= {"expires_at": None, "ended_at": None, "csrf_hash": keys.stored(csrf)}
        self.rows["session", keys.stored(token)] = self.rows["session_id", row["session_id"]] = row
        return token, csrf


class MemoryLog:
    """What a record's route asks of the log: records by topic, partition and offset."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, int, int], Found] = {}
        self.away = False

    async def find(self, topic: str, partition: int, offset: int) -> Found | None:
        if self.away:
            raise TimeoutError
        return self.held.get((topic, partition, offset))


class MemoryLetters:
    """What the routes of dead letters ask of their desk."""

    def __init__(self) -> None:
        self.held, self.away = Book(), False
        self.acts: list[tuple[str, ...]] = []
        self.outcome: Outcome | None = None

    async def book(self) -> Book:
        if self.away:
            raise TimeoutError
        return self.held

    async def whole(self) -> Book:
        return await self.book()

    async def redrive(self, letter_id: str, by: str) -> Outcome:
        self.acts.append(("redrive", letter_id, by))
        return self.outcome or Outcome(letter_id, "redriven", changed=True)

    async def discard(self, letter_id: str, reason: str, by: str) -> Outcome:
        self.acts.append(("discard", letter_id, reason, by))
        return self.outcome or Outcome(letter_id, "discarded", changed=True)


class MemoryProvider:
    """What the development routes ask of the simulator."""

    def __init__(self) -> None:
        self.chosen: list[tuple[str, Any]] = []

    async def preset(self) -> Row:
        return {"preset": "bank", "presets": ["bank", "storm"]}

    async def choose_preset(self, body: Row) -> Row:
        self.chosen.append(("preset", body))
        return {"preset": body["preset"], "presets": ["bank", "storm"]}

    async def standing(self, reference: str) -> Row:
        return {"reference": reference, "standing": None}

    async def choose(self, reference: str, body: Row) -> Row:
        self.chosen.append((reference, body))
        return {"reference": reference, "standing": None, "chosen": body["outcome"]}


class Front:
    """The application with its collaborators at hand; behind a closed door with `admin`."""

    def __init__(self, admin: Admin | None = None, limit: Limit | None = None, **settings: Any) -> None:
        store: Any = MemoryStore()
        ingest: Any = MemoryIngest()
        clock = SystemClock()
        self.store, self.ingest = store, ingest
        self.progress = Progress("", "", "", PARTITIONS, clock)
        self.hub = Hub(store)
        self.address = "127.0.0.1"
        self.server: Any = None
        """The uvicorn.Server while it is served."""
        given = GatewaySettings(**settings)
        self.app = build_app(development=given.is_development)
        self.app.state.door = Door(store, self.progress, ingest, ingest)
        self.overview = Overview(store, self.progress)
        self.feed = self.app.state.feed = Feed(
            store,
            self.hub,
            self.progress,
            clock,
            PARTITIONS,
            given.heartbeat_seconds,
            self.overview,
            given.replay_places,
            Lines(given.feed_lines_max),
        )
        self.clock = ManualClock()
        self.lookup, self.provider, self.letters = MemoryLog(), MemoryProvider(), MemoryLetters()
        self.app.state.letters = self.letters
        self.app.state.lately, self.app.state.log_lookup = Lately(self.progress, clock), self.lookup
        self.switch = Switch(clock, seed=1) if given.is_development else None
        if self.switch is not None:
            self.app.state.development = Development(self.switch, cast("Any", self.provider))
        counter = Counter(limit, self.clock) if limit else None
        checks = Checks(Directory(admin, self.clock), admin.redeem, counter, given.origins) if admin else None
        fronted(self.app, given, clock, checks, self.switch)

    async def ask(
        self, method: str, path: str, host: str = "localhost:8000", body: object = None, **headers: str
    ) -> httpx2.Response:
        """One request from `self.address`; header names are written with underscores."""
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False, client=(self.address, 50_000))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            return await client.request(method, path, headers={"Host": host, **named}, json=body)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        """One GET."""
        return await self.ask("GET", path, **headers)

    async def get_traced(self, path: str, **headers: str) -> httpx2.Response:
        """One GET under the same trace as all others of its kind, to compare answers byte for byte."""
        return await self.get(path, traceparent=TRACE, **headers)
