"""Whether two schemas hold the same views, row by row and byte by byte (RUN-25).

Owns the order of the rows (their keys), the hash of a table and what is said of a difference; personal data is not said. Must not know
how the views were made.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from psycopg import Connection, sql
from sqlalchemy import Table

from services.projector.archive_tables import WHOLE
from services.projector.tables import metadata

PERSONAL = frozenset({"recipient", "holder", "account_number", "description", "body", "name", "verification"})
REMOVED = "[removed]"


@dataclass(frozen=True)
class TableVerdict:
    """One table in both schemas: rows and SHA-256 of each side, and the first difference in words."""

    table: str
    rows: tuple[int, int]
    hashes: tuple[str, str]
    difference: str | None

    @property
    def same(self) -> bool:
        """Whether both sides hold the same bytes."""
        return self.difference is None


def compare(live: Connection, rebuilt: Connection) -> list[TableVerdict]:
    """All tables of the views; each connection's search_path and transaction say what is read."""
    return [_compare_table(table, live, rebuilt) for table in metadata.sorted_tables]


def _compare_table(table: Table, live: Connection, rebuilt: Connection) -> TableVerdict:
    hashes = hashlib.sha256(), hashlib.sha256()
    rows = [0, 0]
    difference: str | None = None
    for pair in zip_longest(_rows(table, live), _rows(table, rebuilt)):
        for side, row in enumerate(pair):
            if row is not None:
                hashes[side].update(row)
                rows[side] += 1
        if difference is None and pair[0] != pair[1]:
            difference = _spoken(table, *pair)
    return TableVerdict(table.name, (rows[0], rows[1]), (hashes[0].hexdigest(), hashes[1].hexdigest()), difference)


def _rows(table: Table, connection: Connection) -> Iterator[bytes]:
    """The rows as COPY lines, in order of the primary key; archived ones are rows like all others."""
    whole = sql.Identifier(WHOLE.get(table.name, table.name))
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)
    keys = sql.SQL(", ").join(sql.Identifier(column.name) for column in table.primary_key)
    query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(names, whole, keys)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for line in copy:
            yield bytes(line)


def _spoken(table: Table, live: bytes | None, rebuilt: bytes | None) -> str:
    if live is None or rebuilt is None:
        side, row = ("live", live) if rebuilt is None else ("rebuilt", rebuilt)
        assert row is not None
        return f"only the {side} views have {_key(table, _fields(row))}"
    left, right = _fields(live), _fields(rebuilt)
    changed = [
        f"{column.name}: live {_shown(column.name, a)}, rebuilt {_shown(column.name, b)}"
        for column, a, b in zip(table.columns, left, right, strict=True)
        if a != b
    ]
    return f"{_key(table, left)}: {'; '.join(changed)}"


def _fields(line: bytes) -> list[str]:
    return line.decode().rstrip("\n").split("\t")


def _key(table: Table, fields: list[str]) -> str:
    keys = {column.name for column in table.primary_key}
    return ", ".join(
        f"{column.name} {field}" for column, field in zip(table.columns, fields, strict=True) if column.name in keys
    )


def _shown(column: str, field: str) -> str:
    return REMOVED if column in PERSONAL else field
