"""I8: the live views, views rebuilt from offset 0, and the checker's own fold are the same, row by row.

Owns what each table's rows should be, worked out from the book. The two long tables are compared along the log, so that they need not be
held in memory.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.names import Json
from checker.fold.runs import moved
from checker.fold.walk import Watcher, walk
from checker.invariants.i08_rows import TABLES, change_rows, entry_rows
from checker.verdict import Verdict

SIDES = ("sql", "sql_rebuilt")


class Views(Watcher):
    """Compares every table on both sides."""

    name = "I8"

    def __init__(self, evidence: Evidence) -> None:
        """The long tables stand at their first rows."""
        super().__init__(evidence)
        self._long: dict[tuple[str, str], Iterator[Json]] = {}
        self._entries: list[Json] = []
        for side in SIDES:
            if not evidence.tables(side):
                self.found.lack(f"{side}/ is missing")
            for table in ("payout_changes", "ledger_entries"):
                rows = evidence.table(side, table)
                if rows is not None:
                    self._long[side, table] = iter(rows)
                elif evidence.tables(side):
                    self.found.lack(f"{side}/{table}.jsonl is missing")

    def record(self, book: Book, record: Record) -> None:
        """A new record: legs are counted from 0."""
        self._entries = []

    def before(self, book: Book, record: Record, event: Json) -> None:
        """Entries name the payouts of their event."""
        self._entries += entry_rows(record, event, len(moved(book, event)), len(self._entries))

    def recorded(self, book: Book, record: Record) -> None:
        """The next rows of both long tables must be this record's."""
        self._follow("ledger_entries", self._entries, ("leg",))
        self._follow("payout_changes", change_rows(record, book.changes), ("idx",))

    def _follow(self, table: str, wanted: Iterable[Json], keys: tuple[str, ...]) -> None:
        for row in wanted:
            place = f"{table} {row['partition']}/{row['offset']}/{row[keys[0]]}"
            for side in SIDES:
                rows = self._long.get((side, table))
                if rows is not None:
                    self._compare(f"{side}/{place}", row, next(rows, None))

    def _compare(self, where: str, wanted: Json, row: Json | None) -> None:
        if row is None:
            self.found.fail(where, "is missing")
            return
        self.found.look()
        if wanted.items() <= row.items():
            return
        wrong = {name: (row.get(name), value) for name, value in wanted.items() if _plain(row.get(name)) != _plain(value)}
        told = f"{len(wrong)} columns differ, (view, log): {dict(list(wrong.items())[:3])}"
        if wrong:
            self.found.fail(where, told)

    def finish(self, book: Book) -> None:
        """What is left over, the other tables, and both sides against each other."""
        for (side, table), rows in self._long.items():
            for row in rows:
                self.found.fail(f"{side}/{table}", f"has a row that the log does not give: {_short(row)}")
        for table, (keys, make) in TABLES.items():
            for side in SIDES:
                whole = self.evidence.table(side, table)
                if whole is not None:
                    self._whole(f"{side}/{table}", whole, keys, make(book))
                elif self.evidence.tables(side):
                    self.found.lack(f"{side}/{table}.jsonl is missing")
        self._same_bytes()

    def _whole(self, where: str, rows: Iterable[Json], keys: tuple[str, ...], wanted: dict[tuple[Any, ...], Json]) -> None:
        for row in rows:
            place = tuple(row.get(key) for key in keys)
            own = wanted.pop(place, None)
            if own is None:
                self.found.fail(f"{where} {place}", "is not what the log gives, or is there twice")
            else:
                self._compare(f"{where} {place}", own, row)
        for place in wanted:
            self.found.fail(f"{where} {place}", "is missing")

    def _same_bytes(self) -> None:
        tables = set(self.evidence.tables("sql")) & set(self.evidence.tables("sql_rebuilt"))
        for table in sorted(tables - {"alembic_version"}):
            self.found.look()
            if self.evidence.same(table):
                continue
            live, rebuilt = self.evidence.table("sql", table), self.evidence.table("sql_rebuilt", table)
            for left, right in zip_longest(live or (), rebuilt or ()):
                if not self.found.need(left == right, f"sql/{table}", f"live {_short(left)}, rebuilt {_short(right)}"):
                    break


def _plain(value: Any) -> Any:
    """Texts as Postgres keeps them: it has no U+0000."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _short(row: Json | None) -> str:
    """A row in few words; personal data is not said."""
    digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:12]
    names = {
        name: value for name, value in (row or {}).items() if name in {"id", "partition", "offset", "idx", "leg", "version"}
    }
    return f"{names} (sha256 {digest})"


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I8."""
    return walk(evidence, [Views(evidence)])["I8"]
