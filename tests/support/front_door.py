"""The front door over memory: gateway and ingest as they are, over HTTP and WebSocket, on a log that the law decides at once.

Owns what stands for Kafka (a list), Postgres (the simulation's tables, written by the real projector) and rails (a teller that pays what is
due). For quick runs of what only needs the door: `PAYFLOW_DOOR=memory`. What the stores themselves do is shown on the real stack.
"""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import uvicorn

from deploy.local.processes import free_port
from domain.batch.view import LEVELS
from domain.policy import Policy
from runtime.clock import SystemClock
from runtime.dead_letter_book import Book
from schemas.commands import CommandRecord, ProviderAnswer, RecordAnswers, StartAttempts
from schemas.currencies import Currencies, enabled
from schemas.words import BatchPhase, Outcome, PayoutStatus, Reason
from services.gateway import ranked
from services.gateway.development.provider import Provider as DevelopmentProvider
from services.gateway.development.routes import Development
from services.gateway.development.switch import Switch
from services.gateway.door import Door
from services.gateway.figures.lately import Lately
from services.gateway.filters import Conditions, Paging
from services.gateway.front_line import FrontProtocol
from services.gateway.live.feed import Feed
from services.gateway.live.hub import Hub
from services.gateway.live.line import SERVED
from services.gateway.live.overview import Overview
from services.gateway.progress import Progress
from services.gateway.proxy import Proxy
from services.gateway.rows import batch as batch_form
from services.gateway.settings import GatewaySettings
from services.gateway.wiring import build_app, fronted
from services.ingest.app import create_app
from services.ingest.edge import Edge
from services.ingest.idempotency import Keys
from services.ingest.in_flight import InFlight
from services.ingest.submitting import Submitter
from services.ingest.waiting import Waiting
from services.projector.changes import Changes
from services.projector.project import project
from tests.simulation.lookups import MemoryGatewayStore
from tests.simulation.tables import Tables
from tests.support.drafts import MemoryDrafts
from tests.support.ingest_log import FakeLog, FakeStore
from tests.support.staging_memory import MemoryStaging

TELLER_SECONDS = 0.1
FAILS, HANGS = "+256700000001", "+256700000003"
Row = dict[str, Any]


class NoLetters:
    """The desk of dead letters over a log that everybody could read."""

    async def book(self) -> Book:
        """None."""
        return Book()

    whole = book


class DoorLog(FakeLog):
    """A FakeLog whose decisions are projected into tables as they come."""

    def __init__(self, waiting: Waiting, clock: Any, currencies: Currencies) -> None:
        super().__init__(waiting, clock, Policy(currencies=currencies))
        self.tables = Tables()

    def catch_up(self, most: int | None = None) -> None:
        first = len(self.events)
        super().catch_up(most)
        for offset, record in enumerate(self.events[first:], first):
            stands = self.tables.position(0)
            changes = Changes(0, stands.next_offset, stands.next_source)
            project(changes, offset, record)
            self.tables.apply(changes)


class PlainDatabase:
    """The tables without a network."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    async def ask(self, effect: Any, *args: Any) -> Any:
        return effect(*args)

    def all(self, table: str) -> Mapping[Any, Row]:
        return self.tables.rows[table]


class DoorStore(MemoryGatewayStore):
    """The rest of what the gateway asks. Filters are SQL; here only a merchant, a batch and a reference are read out of them."""

    async def one(self, query: str, arguments: Any = ()) -> Row:
        return {"count": len(self._ranked(arguments))} if query == ranked.COUNT_BATCHES else {"one": 1}

    async def all(self, query: str, arguments: Any = ()) -> list[Row]:
        """Batches by attention, and what timelines read."""
        if query == ranked.BATCHES:
            return self._batches_ranked(arguments)
        table = next(name for name in ("ledger_entries", "batch_moves", "all_payout_changes") if f"FROM {name} " in query)
        return getattr(self, f"_{table}")(*arguments)

    def _batches_ranked(self, arguments: Any) -> list[Row]:
        behind = (arguments["rank"], arguments["id"])
        found = sorted(self._ranked(arguments), key=lambda row: row["id"], reverse=True)
        found = [row for row in found if row["rank"] > behind[0] or (row["rank"] == behind[0] and row["id"] < behind[1])]
        return sorted(found, key=lambda row: row["rank"])[: arguments["limit"]]

    def _ranked(self, arguments: Any) -> list[Row]:
        batches = [r for r in self._database.all("batches").values() if arguments["merchant"] in {None, r["merchant_id"]}]
        cells = self._cells([row["id"] for row in batches])
        named = [{**row, "rank": LEVELS.index(str(batch_form(row, cells[row["id"]])["attention"]))} for row in batches]
        return [row for row in named if row["rank"] in arguments["levels"]]

    async def places(self, payout_ids: Sequence[str]) -> list[Row]:
        newest: dict[str, Row] = {}
        for row in self._database.all("payout_changes").values():
            if row["payout_id"] in payout_ids and row["version"] >= newest.get(row["payout_id"], row)["version"]:
                newest[row["payout_id"]] = row
        return [{**row, "id": payout_id} for payout_id, row in newest.items()]

    def _ledger_entries(self, partition: int, offsets: list[int], merchant_id: str) -> list[Row]:
        held = self._database.all("ledger_entries").values()
        found = [row for row in held if row["offset"] in offsets and row["merchant_id"] == merchant_id]
        own = [row for row in found if row["account"] in {"available", "held", "fees"}]
        return sorted(own, key=lambda row: (row["offset"], row["leg"]))

    def _batch_moves(self, batch_id: str, most: int, *_newest: object) -> list[Row]:
        found = [row for row in self._database.all("batch_moves").values() if row["batch_id"] == batch_id]
        return sorted(found, key=lambda row: (row["offset"], row["idx"]))[:most]

    def _all_payout_changes(self, _low: str, _high: str, batch_id: str) -> list[Row]:
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in self._database.all("payout_changes").values():
            if row["batch_id"] == batch_id:
                groups.setdefault((row["status"], row["reason"], row["actor"]), []).append(row)
        found = []
        for (status, reason, actor), rows in groups.items():
            offsets, times = [row["offset"] for row in rows], [row["at"] for row in rows]
            ends = {"first_offset": min(offsets), "last_offset": max(offsets), "first_at": min(times), "last_at": max(times)}
            named = {
                "status": status,
                "reason": reason,
                "actor": actor,
                "changes": len(rows),
                "partition": rows[0]["partition"],
            }
            found.append({**named, **ends})
        return found

    async def payouts(self, conditions: Conditions, paging: Paging) -> list[Row]:
        found = sorted(self._payouts(_wanted(conditions)), key=lambda row: row["id"], reverse=True)
        found = [row for row in found if paging.cursor is None or row["id"] < paging.cursor]
        return found[paging.offset : paging.offset + paging.limit + 1]

    async def count_payouts(self, conditions: Conditions) -> int:
        return len(self._payouts(_wanted(conditions)))

    async def rows_of(self, batch_id: str, conditions: Conditions, after: str | None, limit: int) -> list[Row]:
        found = sorted(self._payouts(lambda row: row["batch_id"] == batch_id), key=lambda row: row["id"])
        return [row for row in found if after is None or row["id"] > after][: limit + 1]

    async def batches(self, merchant_id: str | None, paging: Paging) -> list[Row]:
        held = [row for row in self._database.all("batches").values() if merchant_id in {None, row["merchant_id"]}]
        found = sorted(held, key=lambda row: row["id"], reverse=True)
        found = [row for row in found if paging.cursor is None or row["id"] < paging.cursor]
        return found[paging.offset : paging.offset + paging.limit + 1]

    async def count_batches(self, merchant_id: str | None) -> int:
        return len([1 for row in self._database.all("batches").values() if merchant_id in {None, row["merchant_id"]}])

    async def cells(self, batch_ids: Sequence[str]) -> dict[str, Any]:
        found = self._cells(batch_ids)
        return {
            name: {(str(status), currency): cell for (status, currency), cell in cells.items()}
            for name, cells in found.items()
        }

    async def merchants(self, merchant_id: str | None, paging: Paging, *, active: bool = True) -> list[Row]:
        found = [row for row in self._merchants(merchant_id, active) if row["id"] > (paging.cursor or "")]
        return found[paging.offset : paging.offset + paging.limit + 1]

    async def count_merchants(self, merchant_id: str | None, *, active: bool = True) -> int:
        return len(self._merchants(merchant_id, active))

    def _merchants(self, merchant_id: str | None, active: bool) -> list[Row]:
        held = sorted(self._database.all("merchants").values(), key=lambda row: str(row["id"]))
        return [row for row in held if merchant_id in {None, row["id"]} and row["active"] is active]

    async def bank_accounts(self, merchant_ids: Sequence[str]) -> list[Row]:
        return [row for row in self._database.all("bank_accounts").values() if row["merchant_id"] in merchant_ids]

    async def entries(self, wanted: Conditions, limit: int, offset: int) -> list[Row]:
        came = {row["offset"]: row for row in self._database.all("credits").values()}
        return [_worded(row, came) for row in self._entries(wanted)[offset : offset + limit]]

    async def count_entries(self, wanted: Conditions) -> int:
        return len(self._entries(wanted))

    def _entries(self, wanted: Conditions) -> list[Row]:
        [merchant_id] = _argument(wanted, "merchant_id = %s AND account IN ('available', 'held', 'fees')")
        payout_ids = _argument(wanted, "payout_id = %s")
        behind = wanted.arguments[-2:] if '("offset", leg) < (%s, %s)' in wanted.parts else None
        held = [
            row
            for row in self._database.all("ledger_entries").values()
            if row["merchant_id"] == merchant_id
            and row["account"] in {"available", "held", "fees"}
            and (not payout_ids or row["payout_id"] in payout_ids)
            and ("amount_minor > 0" not in wanted.parts or row["amount_minor"] > 0)
            and ("amount_minor < 0" not in wanted.parts or row["amount_minor"] < 0)
            and (behind is None or [row["offset"], row["leg"]] < behind)
        ]
        return sorted(held, key=lambda row: (row["offset"], row["leg"]), reverse=True)


def _worded(entry: Row, came: Mapping[int, Row]) -> Row:
    found = came.get(entry["offset"]) if entry["entry_type"] == "payment_received" else None
    return {**entry, **{f"credit_{name}": found[name] for name in ("reference", "description") if found is not None}}


def _wanted(conditions: Conditions) -> Any:
    equal = ("merchant_id", "batch_id", "reference")
    named = {name: value for name in equal for value in _argument(conditions, f"p.{name} = %s")}
    return lambda row: all(row[name] == value for name, value in named.items())


def _argument(conditions: Conditions, part: str) -> list[Any]:
    if part not in conditions.parts:
        return []
    before = sum(text.count("%s") for text in conditions.parts[: conditions.parts.index(part)])
    return [conditions.arguments[before]]


class MemoryDoor:
    """Gateway and ingest on free ports, in a thread of their own. Use as a context manager; `url` as of payflow.stack.Stack."""

    def __init__(self, currencies: Sequence[str], dispatch_delay_ms: int) -> None:
        self._currencies, self._delay = enabled(currencies), dispatch_delay_ms
        self._ports = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self._ports[0]}"
        self._servers: list[uvicorn.Server] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> "MemoryDoor":
        self._thread.start()
        assert self._ready.wait(20), "the door does not open"
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.should_exit = True
        self._thread.join(20)

    async def _serve(self) -> None:
        clock, waiting, in_flight = SystemClock(), Waiting(), InFlight()
        self.log = DoorLog(waiting, clock, self._currencies)  # type: ignore[arg-type]
        store: Any = FakeStore(self.log)
        drafts: Any = MemoryDrafts()
        staging: Any = MemoryStaging()
        ingest = create_app()
        ingest.state.edge = Edge(
            clock=clock,
            store=store,
            keys=Keys(store, clock),
            in_flight=in_flight,
            submitter=Submitter(self.log, waiting, in_flight),
            currencies=self._currencies,
            dispatch_delay_ms=self._delay,
            drafts=drafts,
            staging=staging,
        )
        ingest.state.checks = {"views": store.ping}
        views: Any = DoorStore(PlainDatabase(self.log.tables))  # type: ignore[arg-type]
        progress = Progress("", "", "", 1, clock)
        proxy, hub = Proxy(f"http://127.0.0.1:{self._ports[1]}", progress), Hub(views)
        progress.listeners.append(hub.advanced)
        settings, switch = GatewaySettings(), Switch(clock, seed=1)
        gateway = build_app(development=True)
        gateway.state.development = Development(switch, DevelopmentProvider("http://127.0.0.1:9"))
        gateway.state.door = Door(views, progress, proxy)
        gateway.state.letters = NoLetters()
        gateway.state.lately = Lately(progress, clock)
        gateway.state.feed = Feed(views, hub, progress, clock, 1, 15.0, Overview(views, progress))
        fronted(gateway, settings, clock, None, switch)
        await proxy.open()
        await self._run(ingest, gateway, progress, clock)
        await proxy.close()

    async def _run(self, ingest: Any, gateway: Any, progress: Progress, clock: Any) -> None:
        beside = [asyncio.create_task(work) for work in (self._advance(progress, clock), self._pay(clock))]
        for app, port in ((gateway, self._ports[0]), (ingest, self._ports[1])):
            line: Any = {"http": FrontProtocol} if app is gateway else {}
            config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off", **SERVED, **line)
            self._servers.append(uvicorn.Server(config))
        serving = [asyncio.create_task(server._serve()) for server in self._servers]
        while not all(server.started for server in self._servers):
            await asyncio.sleep(0.02)
        self._ready.set()
        await asyncio.gather(*serving)
        for task in beside:
            task.cancel()

    async def _advance(self, progress: Progress, clock: Any) -> None:
        """The views have passed what the tables hold."""
        while True:
            progress._fresh_at = clock.now_ms()
            await progress._advance(0, self.log.tables.position(0).next_offset)
            await asyncio.sleep(0.005)

    async def _pay(self, clock: Any) -> None:
        """Pay what is due; two numbers are not paid: one is refused by the provider, one never answered."""
        number = 0
        while True:
            await asyncio.sleep(TELLER_SECONDS)
            for payout in [one for one in self.log.book.payouts.values() if self._is_due(one, clock.now_ms())]:
                number += 1
                answer = _answer(payout)
                bodies = [StartAttempts(provider="simulator", payout_ids=[payout.id], batch_id=payout.batch_id)]
                bodies += [RecordAnswers(provider="simulator", answers=[answer], batch_id=payout.batch_id)] if answer else []  # type: ignore[list-item]
                for part, body in enumerate(bodies):
                    name = f"teller-{number}-{part}"
                    record = CommandRecord(
                        id=name, merchant_id=payout.merchant_id, at=clock.now_ms(), body=body, actor="rails"
                    )
                    await self.log.append_many([record])

    def _is_due(self, payout: Any, now: int) -> bool:
        batch = self.log.book.batches.get(payout.batch_id)
        sealed = batch is None or batch.phase is BatchPhase.RELEASED
        waits = payout.reason not in {None, Reason.SCHEDULE} or (payout.due_at or 0) > now
        return payout.status is PayoutStatus.PENDING and sealed and not waits


def _answer(payout: Any) -> ProviderAnswer | None:
    number = (payout.recipient or {}).get("msisdn")
    if number == HANGS:
        return None
    attempt = payout.attempt_count + 1
    if number == FAILS:
        return ProviderAnswer(
            payout_id=payout.id, attempt=attempt, outcome=Outcome.FAILED, code="invalid_account", reason="No such payee."
        )
    return ProviderAnswer(payout_id=payout.id, attempt=attempt, outcome=Outcome.PAID, provider_reference=f"m-{payout.id}")
