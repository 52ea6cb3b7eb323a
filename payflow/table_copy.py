"""One table as a file and back (RUN-26).

Owns the form (Postgres' COPY text, rows in order of the key, gzipped) and the hash. Needs no program beside Postgres: a backup made with
one version of the server goes into another. Must not know what a row means.
"""

import gzip
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import psycopg
from psycopg import sql

from payflow.log_dump import BackupError

CHUNK = 256 * 1024


class CopiedTable(msgspec.Struct, frozen=True):
    """What a file holds."""

    columns: list[str]
    rows: int
    sha256: str


class TableSource(msgspec.Struct, frozen=True):
    """A table of the connection's search_path: what is read in which order; `whole`, if named, is read in its place."""

    name: str
    columns: Sequence[str]
    key: Sequence[str]
    whole: str | None = None


def write_table(connection: psycopg.Connection, folder: Path, source: TableSource) -> CopiedTable:
    """Write all rows, as the connection's snapshot has them. Raises psycopg.Error, OSError."""
    digest, rows = hashlib.sha256(), 0
    with gzip.open(_file(folder, source.name), "wb", compresslevel=6) as file:
        for line in _lines(connection, source):
            digest.update(line)
            file.write(line)
            rows += 1
    return CopiedTable(list(source.columns), rows, digest.hexdigest())


def read_table(connection: psycopg.Connection, folder: Path, source: TableSource, copied: CopiedTable) -> None:
    """Fill the empty table in the connection's transaction, and compare. Raises BackupError, psycopg.Error."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(source.name), _names(source.columns))
    try:
        with (
            gzip.open(_file(folder, source.name), "rb") as file,
            connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            while chunk := file.read(CHUNK):
                copy.write(chunk)
    except (OSError, EOFError, psycopg.DataError) as error:
        raise BackupError(f"{source.name}.copy.gz cannot be read: {type(error).__name__}") from error
    digest, rows = hashlib.sha256(), 0
    for line in _lines(connection, source):
        digest.update(line)
        rows += 1
    if (rows, digest.hexdigest()) != (copied.rows, copied.sha256):
        raise BackupError(f"{source.name}.copy.gz is not what was written: {rows} rows, {copied.rows} were")


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.copy.gz"


def _lines(connection: psycopg.Connection, source: TableSource) -> Iterator[bytes]:
    query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        _names(source.columns), sql.Identifier(source.whole or source.name), _names(source.key)
    )
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for line in copy:
            yield bytes(line)


def _names(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)
