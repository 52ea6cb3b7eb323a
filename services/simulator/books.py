"""The provider's own durable books: what it was asked, what it paid.

Owns the SQLite file, idempotency by reference, and group commit: requests of a few milliseconds share one durable transaction, the
transfers of one bulk request lie in the same one, and nobody is answered before it. Must not know HTTP or how fates are drawn.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import orjson

from services.simulator.transfers import COLUMNS, Said, Transfer, row_of, transfer_of

GROUP_MAX = 500

_TABLE = """
CREATE TABLE IF NOT EXISTS transfers (
    reference TEXT PRIMARY KEY, amount TEXT NOT NULL, currency TEXT NOT NULL, payee TEXT NOT NULL, content TEXT NOT NULL,
    status TEXT NOT NULL, code TEXT, retryable INTEGER NOT NULL, provider_reference TEXT NOT NULL,
    received_at INTEGER NOT NULL, pays_at INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS transfers_payee ON transfers (payee);
CREATE TABLE IF NOT EXISTS said (
    number INTEGER PRIMARY KEY, reference TEXT NOT NULL, at INTEGER NOT NULL, call TEXT NOT NULL, status TEXT NOT NULL, code TEXT
);
"""
_ONE = f"SELECT {COLUMNS} FROM transfers WHERE reference = ?"  # noqa: S608
_MANY = f"SELECT {COLUMNS} FROM transfers WHERE reference IN (SELECT value FROM json_each(?))"  # noqa: S608
_BOOK = f"INSERT OR IGNORE INTO transfers ({COLUMNS})"
_SAY = f"INSERT INTO said ({', '.join(Said._fields)})"


class Entry(NamedTuple):
    """Lines that become durable together, and who waits for it."""

    transfers: Sequence[Transfer]
    said: Sequence[Said]
    done: asyncio.Future[None]


class Books:
    """One file. A reference is booked once, whatever comes again."""

    def __init__(self, folder: Path) -> None:
        """Opens or makes `folder`/books.sqlite."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "books.sqlite"
        self._read = self._connect()
        self._read.executescript(_TABLE)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="books")
        self._write: sqlite3.Connection | None = None
        self._queue: list[Entry] = []
        self._flushing: asyncio.Task[None] | None = None
        self._booking: dict[str, Transfer] = {}

    def find(self, reference: str) -> Transfer | None:
        """The transfer of a reference, also one whose booking is under way."""
        if (noted := self._booking.get(reference)) is not None:
            return noted
        row = self._read.execute(_ONE, (reference,)).fetchone()
        return None if row is None else transfer_of(row)

    def find_many(self, references: Sequence[str]) -> dict[str, Transfer]:
        """The same for many at once; those that are nowhere are left out."""
        rows = self._read.execute(_MANY, [orjson.dumps(references).decode()])
        found = {transfer.reference: transfer for transfer in map(transfer_of, rows)}
        return found | {reference: self._booking[reference] for reference in references if reference in self._booking}

    def count_to(self, payee: str) -> int:
        """How many transfers to this payee are booked."""
        under_way = sum(1 for transfer in self._booking.values() if transfer.payee == payee)
        row = self._read.execute("SELECT count(*) FROM transfers WHERE payee = ?", [payee]).fetchone()
        return int(row[0]) + under_way

    def note(self, transfer: Transfer) -> None:
        """It counts and is found from now on; `book` makes it durable."""
        self._booking[transfer.reference] = transfer

    async def book(self, transfers: Sequence[Transfer]) -> None:
        """Return when these noted transfers are durable, with all that were given before."""
        await self._keep(transfers, ())

    async def say(self, said: Sequence[Said]) -> None:
        """Return when it is durable that these answers are about to be given."""
        await self._keep((), said)

    async def _keep(self, transfers: Sequence[Transfer], said: Sequence[Said]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(Entry(transfers, said, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await done

    async def _flush(self) -> None:
        while self._queue:
            group = self._take()
            transfers = [transfer for entry in group for transfer in entry.transfers]
            said = [word for entry in group for word in entry.said]
            await asyncio.get_running_loop().run_in_executor(self._thread, self._insert, transfers, said)
            for transfer in transfers:
                self._booking.pop(transfer.reference, None)
            for entry in group:
                if not entry.done.done():
                    entry.done.set_result(None)

    def _take(self) -> list[Entry]:
        """What fits one transaction; an entry is never split."""
        count = end = 0
        while end < len(self._queue) and count < GROUP_MAX:
            count += len(self._queue[end].transfers) + len(self._queue[end].said)
            end += 1
        group, self._queue = self._queue[:end], self._queue[end:]
        return group

    def _insert(self, transfers: list[Transfer], said: list[Said]) -> None:
        if self._write is None:
            self._write = self._connect()
        with self._write:
            _add(self._write, _BOOK, [row_of(transfer) for transfer in transfers])
            _add(self._write, _SAY, said)

    def page(self, after: str, limit: int) -> list[Transfer]:
        """Transfers in order of reference behind `after`."""
        query = f"SELECT {COLUMNS} FROM transfers WHERE reference > ? ORDER BY reference LIMIT ?"  # noqa: S608
        return [transfer_of(row) for row in self._read.execute(query, [after, limit])]

    def summary(self, now: int) -> list[dict[str, object]]:
        """Count per status and currency as it stands at `now`."""
        query = (
            "SELECT CASE WHEN pays_at > ? OR pays_at IS NULL THEN status WHEN code IS NULL THEN 'paid' ELSE 'failed' END AS standing, "
            "currency, count(*) FROM transfers "
            "GROUP BY standing, currency ORDER BY standing, currency"
        )
        names = ("status", "currency", "count")
        return [dict(zip(names, row, strict=True)) for row in self._read.execute(query, [now])]

    def close(self) -> None:
        """Close the file after what is under way."""
        self._thread.shutdown(wait=True)
        self._read.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection


def _add(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """One statement for all: with one a row the thread would wait for its turn at every row."""
    if rows:
        row = f"({', '.join('?' * len(rows[0]))})"
        connection.execute(f"{statement} VALUES {', '.join([row] * len(rows))}", list(chain.from_iterable(rows)))
