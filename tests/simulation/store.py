"""The in-memory views as the projector and the processor reach them, over the simulated network.

Owns the same questions and errors as the product's own SQL: the projector's Views, the processor's Projection. Must not hold rows.
"""

from collections.abc import Callable, Mapping
from typing import Any

import psycopg

from domain.book import Book
from domain.payout.queues import date_queues, enqueue
from runtime import failpoints
from schemas.words import Reason
from services.processor import rows
from services.processor.checkpoint import Checkpoint
from services.processor.ports import Lacking
from services.projector.changes import Changes
from services.projector.store import Position
from tests.simulation.network import Network
from tests.simulation.tables import Row, Tables

STORE = "store"
SECONDS = 5.0
UNFINISHED = {"pending", "processing", "requires_action"}
PAYOUT = [name.strip().removesuffix("::text") for name in rows.PAYOUT_COLUMNS.split(",")]
_BATCH = [name.strip().removesuffix("::text") for name in rows.BATCH_COLUMNS.split(",")]
ACCOUNT = ("id", "merchant_id", "holder", "account_number", "ifsc", "bank_name", "account_type", "verified", "is_primary")


class Database:
    """The tables behind a network, and who is told of commits."""

    def __init__(self, tables: Tables, network: Network) -> None:
        self.tables, self.network = tables, network
        self.listeners: list[Callable[[int, int], None]] = []

    def ask(self, effect: Any, *args: Any) -> Any:
        """A call to the database; trouble is an OperationalError, and its outcome unknown."""
        return self.network.call(STORE, effect, *args, seconds=SECONDS, error=psycopg.OperationalError)

    def all(self, table: str) -> Mapping[Any, Row]:
        return self.tables.rows[table]


class MemoryViews:
    """services.projector.store.Store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def position(self, partition: int) -> Position:
        """Where the partition's views stand."""
        return await self._database.ask(self._database.tables.position, partition)

    async def apply(self, changes: Changes) -> None:
        """Write all of it or nothing."""
        await self._database.ask(lambda: None)
        await failpoints.reach("projector.mid_transaction")
        await failpoints.reach("projector.before_commit")
        await self._database.ask(self._commit, changes)

    def _commit(self, changes: Changes) -> None:
        self._database.tables.apply(changes)
        for listener in self._database.listeners:
            listener(changes.partition, changes.next_offset)


class MemoryProjection:
    """services.processor.ports.Projection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def position(self, partition: int) -> int:
        """The events offset that the views read next."""
        return (await self._database.ask(self._database.tables.position, partition)).next_offset

    async def load(self, partition: int) -> Checkpoint:
        """A partition's book and the offset it stands at, of one instant."""
        return await self._database.ask(self._load, partition)

    def _load(self, partition: int) -> Checkpoint:
        book, table = Book(), self._database.all
        for row in table("merchants").values():
            if row["partition"] == partition:
                book.merchants[row["id"]] = _merchant(row)
        for row in table("bank_accounts").values():
            if row["merchant_id"] in book.merchants:
                book.keep_account(rows.bank_account_of(_account(row)))
        for key, row in table("balances").items():
            if row["partition"] == partition:
                book.balances[key] = row["balance_minor"]
        unfinished = [p for p in table("payouts").values() if p["partition"] == partition and p["status"] in UNFINISHED]
        for row in sorted(unfinished, key=lambda row: row["id"]):
            book.payouts[row["id"]] = _payout(row)
        for payout in [payout for payout in book.payouts.values() if payout.reason is Reason.FUNDS]:
            enqueue(book, payout, payout.created_at if payout.batch_id is None else 0)
        named = {payout.batch_id for payout in book.payouts.values()}
        self._batches(book, lambda row: row["partition"] == partition and (row["phase"] == "open" or row["id"] in named))
        date_queues(book)
        offset, source, _ = self._database.tables.offsets.get(partition, (0, 0, 0))
        return Checkpoint(book, offset, source)

    def _batches(self, book: Book, wanted: Callable[[Row], bool]) -> None:
        for row in [row for row in self._database.all("batches").values() if wanted(row)]:
            cells: dict[str, tuple[int, int]] = {}
            for (batch_id, currency, _), total in sorted(self._database.all("batch_totals").items()):
                if batch_id == row["id"]:
                    count, amount = cells.get(currency, (0, 0))
                    cells[currency] = (count + total["count"], amount + total["amount_minor"])
            declaration = row["declaration"].encode() if row["declaration"] else None
            fields = {name: row[name] for name in _BATCH} | {"declaration": declaration}
            book.batches[row["id"]] = rows.batch_of(fields, cells)

    async def fill(self, book: Book, lacking: Lacking, partition: int) -> int:
        """Put into the book what exists of these names; each kind is read at an instant of its own, as over SQL."""
        ask = self._database.ask
        stood = await self.position(partition)
        if lacking.payouts:
            await ask(self._fill_payouts, book, lacking)
        if lacking.keys:
            await ask(self._fill_keys, book, lacking)
        if lacking.references:
            await ask(self._fill_references, book, lacking)
        if lacking.credits:
            await ask(self._fill_credits, book, lacking)
        named = {p.batch_id for p in (book.payouts.get(i) for i in lacking.payouts) if p and p.batch_id}
        batch_ids = (lacking.batches | named) - book.batches.keys()
        if batch_ids:
            await ask(self._batches, book, lambda row: row["id"] in batch_ids)
        return stood

    def _fill_payouts(self, book: Book, lacking: Lacking) -> None:
        for payout_id in sorted(lacking.payouts):
            row = self._database.all("payouts").get(payout_id)
            if row is not None:
                book.payouts[payout_id] = _payout(row)

    def _fill_keys(self, book: Book, lacking: Lacking) -> None:
        for pair in sorted(lacking.keys):
            row = self._database.all("idempotency_answers").get(pair)
            if row is not None:
                book.keys[pair] = rows.key_of(row)

    def _fill_references(self, book: Book, lacking: Lacking) -> None:
        batches = self._database.all("batches")
        for row in self._database.all("payouts").values():
            pair = (row["merchant_id"], row["reference"])
            batch = batches.get(row["batch_id"])
            is_open = row["batch_id"] is None or (batch is not None and batch["phase"] in {"open", "released"})
            if pair in lacking.references and row["status"] != "rejected" and is_open:
                book.references[pair] = row["id"]

    def _fill_credits(self, book: Book, lacking: Lacking) -> None:
        for pair in sorted(lacking.credits):
            row = self._database.all("credits").get(pair)
            if row is not None:
                book.credits[pair] = row["credit_id"]


def _payout(row: Row) -> Any:
    recipient = row["recipient"]
    return rows.payout_of({name: row[name] for name in PAYOUT} | {"recipient": recipient.encode() if recipient else None})


def _merchant(row: Row) -> Any:
    return rows.merchant_of({name: row[name] for name in ("id", "name", "main_currency", "active", "key_required")})


def _account(row: Row) -> Row:
    plain = {name: row[name] for name in (*ACCOUNT, "closed_at", "verification") if name != "is_primary"}
    return {**plain, "primary": row["is_primary"]}
