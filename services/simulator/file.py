"""The file of the provider's books: lines in the order they came, in SQLite.

Owns the shape of the file, reading and appending lines, and that one process at a time has it. A line is found by its number, never by its
reference: an index by something random would touch another page for each line, and more of them the longer the book is. Must not know who
waits.
"""

import fcntl
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from services.simulator.transfers import COLUMNS, Said, Transfer, transfer_of

ROWS_MAX = 100
"""Rows in one statement: each number of rows is a statement of its own, and those are kept."""
LOCK_SECONDS = 5.0

_TRANSFERS = """
CREATE TABLE IF NOT EXISTS transfers (
    reference TEXT NOT NULL, amount TEXT NOT NULL, currency TEXT NOT NULL, payee TEXT NOT NULL, content TEXT NOT NULL,
    status TEXT NOT NULL, code TEXT, retryable INTEGER NOT NULL, provider_reference TEXT NOT NULL,
    received_at INTEGER NOT NULL, pays_at INTEGER
)"""
_SAID = """
CREATE TABLE IF NOT EXISTS said (
    number INTEGER PRIMARY KEY, reference TEXT NOT NULL, at INTEGER NOT NULL, call TEXT NOT NULL, status TEXT NOT NULL, code TEXT
)"""
_COUNTED = "payee LIKE '%0002'"
_PAYEES = f"CREATE INDEX IF NOT EXISTS transfers_counted ON transfers (payee) WHERE {_COUNTED}"
_COUNT = f"SELECT count(*) FROM transfers WHERE payee = ? AND {_COUNTED}"  # noqa: S608
_LINES = f"SELECT {COLUMNS} FROM transfers WHERE rowid IN (SELECT value FROM json_each(?))"  # noqa: S608
_TAKE_OVER = f"INSERT INTO transfers ({COLUMNS}) SELECT {COLUMNS} FROM transfers_before ORDER BY received_at"  # noqa: S608
_AMEND = "UPDATE transfers SET status = ?, code = ?, retryable = ?, pays_at = ? WHERE rowid = ?"
_SUMMARY = """
SELECT CASE WHEN pays_at > ? OR pays_at IS NULL THEN status WHEN code IS NULL THEN 'paid' ELSE 'failed' END AS standing,
currency, count(*) FROM transfers GROUP BY standing, currency ORDER BY standing, currency"""


class BooksInUseError(Exception):
    """Another process has these books: two would not know of each other's transfers."""


class File:
    """`folder`/books.sqlite; one connection reads, on the caller's thread, one appends, on whichever thread asks for it."""

    def __init__(self, folder: Path) -> None:
        """Opens or makes it. Raises BooksInUseError when another process has not let go of it in LOCK_SECONDS."""
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("w")
        _lock(self._lock.fileno())
        self._path = folder / "books.sqlite"
        self._read, self._write = self._connect(), self._connect()
        _make(self._write)

    def references(self) -> Iterator[tuple[str, int]]:
        """Every reference with the number of its line, in order."""
        return self._read.execute("SELECT reference, rowid FROM transfers ORDER BY rowid")

    def lines(self, numbers: Iterable[int]) -> list[Transfer]:
        """These lines, in no order."""
        return [transfer_of(row) for row in self._read.execute(_LINES, [orjson.dumps(list(numbers)).decode()])]

    def count_to(self, payee: str) -> int:
        """How many transfers to a payee whose number ends in 0002 are there: those are counted, and nobody else asks."""
        return int(self._read.execute(_COUNT, [payee]).fetchone()[0])

    def summary(self, now: int) -> list[tuple[str, str, int]]:
        """Status, currency and count as it stands at `now` (ms UTC)."""
        return self._read.execute(_SUMMARY, [now]).fetchall()

    def append(self, transfers: Sequence[Transfer], said: Sequence[Said]) -> int:
        """Append all durably, or nothing; returns the number of the last transfer's line. The others' are those before it."""
        with self._write:
            last = _add(self._write, "transfers", Transfer._fields, transfers)
            _add(self._write, "said", Said._fields, said)
        return last

    def amend(self, number: int, transfer: Transfer) -> None:
        """Durably write a line as it stands now; what it was asked for stays."""
        with self._write:
            values = (transfer.status, transfer.code, transfer.retryable, transfer.pays_at, number)
            self._write.execute(_AMEND, values)

    def close(self) -> None:
        """Let go of it."""
        self._read.close()
        self._write.close()
        self._lock.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, check_same_thread=False)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        return connection


def _make(connection: sqlite3.Connection) -> None:
    """Make what is missing; books that an earlier version kept by reference are written anew, in the order they came."""
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        found = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'transfers'").fetchone()
        old = found is not None and "WITHOUT ROWID" in found[0]
        if old:
            connection.execute("DROP INDEX IF EXISTS transfers_payee")
            connection.execute("ALTER TABLE transfers RENAME TO transfers_before")
        for statement in (_TRANSFERS, _SAID, _PAYEES):
            connection.execute(statement)
        if old:
            connection.execute(_TAKE_OVER)
            connection.execute("DROP TABLE transfers_before")


def _lock(file: int) -> None:
    """For the life of this process, however it ends."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise BooksInUseError("another process has these books open") from None
            time.sleep(0.05)


def _add(connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> int:
    """Many by one statement: with one a row the thread would wait for its turn at every row. Returns the last row's number."""
    row = f"({', '.join('?' * len(columns))})"
    last = 0
    for start in range(0, len(rows), ROWS_MAX):
        part = rows[start : start + ROWS_MAX]
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([row] * len(part))}"  # noqa: S608
        last = connection.execute(statement, list(chain.from_iterable(part))).lastrowid or 0
    return last
