"""The provider's own durable books: what it was asked, what it paid.

Owns the SQLite file, idempotency by reference, and group commit: requests of a few milliseconds share one durable transaction, and
nobody is answered before it. Must not know HTTP or how fates are drawn.
"""

import asyncio
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from services.simulator.scenario import Fate

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
_COLUMNS = "reference, amount, currency, payee, content, status, code, retryable, provider_reference, received_at, pays_at"


@dataclass(frozen=True)
class Transfer:
    """One line of the books. `pays_at` (ms UTC) is when an in_progress transfer ends: paid, or failed if it names a code."""

    reference: str
    amount: str
    currency: str
    payee: str
    content: str
    status: str
    code: str | None
    retryable: bool
    provider_reference: str
    received_at: int
    pays_at: int | None = None

    def view(self, now: int) -> dict[str, object]:
        """What the provider says of it at `now`."""
        status = self.standing(now)
        return {
            "reference": self.reference,
            "status": status,
            "code": self.code if status == "failed" else None,
            "retryable": self.retryable,
            "provider_reference": self.provider_reference,
            "amount": self.amount,
            "currency": self.currency,
        }

    def standing(self, now: int) -> str:
        """paid, failed or in_progress at `now` (ms UTC)."""
        if self.pays_at is None or self.pays_at > now:
            return self.status
        return "failed" if self.code else "paid"


class Said(NamedTuple):
    """An answer as it is given: at (ms UTC), by which call (send or inquire), and which standing it names."""

    reference: str
    at: int
    call: str
    status: str
    code: str | None


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
        self._queue: list[tuple[Transfer | Said, asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._booking: dict[str, Transfer] = {}

    def find(self, reference: str) -> Transfer | None:
        """The transfer of a reference, also one whose booking is under way."""
        under_way = self._booking.get(reference)
        if under_way is not None:
            return under_way
        row = self._read.execute(f"SELECT {_COLUMNS} FROM transfers WHERE reference = ?", [reference]).fetchone()  # noqa: S608
        return _transfer(row) if row else None

    def count_to(self, payee: str) -> int:
        """How many transfers to this payee are booked."""
        under_way = sum(1 for transfer in self._booking.values() if transfer.payee == payee)
        row = self._read.execute("SELECT count(*) FROM transfers WHERE payee = ?", [payee]).fetchone()
        return int(row[0]) + under_way

    async def book(self, transfer: Transfer) -> None:
        """Return when the transfer is durable."""
        self._booking[transfer.reference] = transfer
        await self._keep(transfer)

    async def say(self, said: Said) -> None:
        """Return when it is durable that this answer is about to be given."""
        await self._keep(said)

    async def _keep(self, line: Transfer | Said) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((line, done))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await done

    async def _flush(self) -> None:
        while self._queue:
            group, self._queue = self._queue[:GROUP_MAX], self._queue[GROUP_MAX:]
            rows = [_row(line) for line, _ in group if isinstance(line, Transfer)]
            said = [tuple(line) for line, _ in group if isinstance(line, Said)]
            await asyncio.get_running_loop().run_in_executor(self._thread, self._insert, rows, said)
            for line, done in group:
                if isinstance(line, Transfer):
                    self._booking.pop(line.reference, None)
                if not done.done():
                    done.set_result(None)

    def _insert(self, rows: list[tuple[object, ...]], said: list[tuple[object, ...]]) -> None:
        if self._write is None:
            self._write = self._connect()
        with self._write:
            self._write.executemany("INSERT OR IGNORE INTO transfers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            self._write.executemany("INSERT INTO said (reference, at, call, status, code) VALUES (?, ?, ?, ?, ?)", said)

    def page(self, after: str, limit: int) -> list[Transfer]:
        """Transfers in order of reference behind `after`."""
        query = f"SELECT {_COLUMNS} FROM transfers WHERE reference > ? ORDER BY reference LIMIT ?"  # noqa: S608
        return [_transfer(row) for row in self._read.execute(query, [after, limit])]

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


def new_transfer(body: dict[str, str], fate: Fate, content: str, payee: str) -> Transfer:
    """A line for a request that has this fate."""
    now = time.time_ns() // 1_000_000
    return Transfer(
        reference=body["reference"],
        amount=body["amount"],
        currency=body["currency"],
        payee=payee,
        content=content,
        status=fate.status,
        code=fate.code,
        retryable=fate.retryable,
        provider_reference=f"SIM-{body['reference'][:13].upper()}",
        received_at=now,
        pays_at=None if fate.pays_after is None else now + int(fate.pays_after * 1000),
    )


def _row(transfer: Transfer) -> tuple[object, ...]:
    return (
        transfer.reference,
        transfer.amount,
        transfer.currency,
        transfer.payee,
        transfer.content,
        transfer.status,
        transfer.code,
        int(transfer.retryable),
        transfer.provider_reference,
        transfer.received_at,
        transfer.pays_at,
    )


def _transfer(row: tuple[object, ...]) -> Transfer:
    values = list(row)
    values[7] = bool(values[7])
    return Transfer(*values)  # type: ignore[arg-type]
