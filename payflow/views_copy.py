"""All tables of the views as files, from one snapshot, and back into an empty schema (RUN-26).

Owns the form (Postgres' COPY text, rows in order of the key, gzipped) and the hash per table. Needs no program beside Postgres: a backup
made with one version of the server goes into another. Archived payouts are written with the others, and come back as hot ones. Must not
know what a row means.
"""

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psycopg
from psycopg import sql

from payflow.log_dump import BackupError
from services.projector.archive_tables import WHOLE
from services.projector.tables import metadata

CHUNK = 256 * 1024


class CopiedTable(msgspec.Struct, frozen=True):
    """What a file holds."""

    columns: list[str]
    rows: int
    sha256: str


class CopiedViews(msgspec.Struct, frozen=True):
    """All tables, the schema's revision, and where each partition stands: partition -> [next offset, next source offset]."""

    revision: str
    tables: dict[str, CopiedTable]
    positions: dict[str, tuple[int, int]]


def copy_out(connection: psycopg.Connection, folder: Path) -> CopiedViews:
    """Write every table; the connection's one snapshot and search_path say what. Raises psycopg.Error."""
    revision = connection.execute("SELECT version_num FROM schema_version").fetchone()
    assert revision is not None
    tables = {}
    for table in metadata.sorted_tables:
        columns = [str(column.name) for column in table.columns]
        with gzip.open(folder / f"{table.name}.copy.gz", "wb", compresslevel=6) as file:
            digest, rows = hashlib.sha256(), 0
            for line in _rows(connection, table.name, columns):
                digest.update(line)
                file.write(line)
                rows += 1
        tables[str(table.name)] = CopiedTable(columns, rows, digest.hexdigest())
    found = connection.execute("SELECT partition, next_offset, next_source FROM projection_offsets ORDER BY 1").fetchall()
    return CopiedViews(revision[0], tables, {str(partition): (offset, source) for partition, offset, source in found})


def copy_in(connection: psycopg.Connection, folder: Path, copied: CopiedViews) -> None:
    """Fill the empty tables of the connection's search_path, in its transaction, and compare. Raises BackupError, psycopg.Error."""
    for name, table in copied.tables.items():
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(name), _names(table.columns))
        try:
            path = folder / f"{name}.copy.gz"
            with gzip.open(path, "rb") as file, connection.cursor() as cursor, cursor.copy(statement) as copy:
                while chunk := file.read(CHUNK):
                    copy.write(chunk)
        except (OSError, EOFError, psycopg.DataError) as error:
            raise BackupError(f"{name}.copy.gz cannot be read: {type(error).__name__}") from error
        digest, rows = hashlib.sha256(), 0
        for line in _rows(connection, name, table.columns):
            digest.update(line)
            rows += 1
        if (rows, digest.hexdigest()) != (table.rows, table.sha256):
            raise BackupError(f"{name}.copy.gz is not what was written: {rows} rows, {table.rows} were")


def _rows(connection: psycopg.Connection, name: str, columns: list[str]) -> Iterator[bytes]:
    keys = _names([column.name for column in metadata.tables[name].primary_key])
    whole = sql.Identifier(WHOLE.get(name, name))
    query = sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(_names(columns), whole, keys)
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for line in copy:
            yield bytes(line)


def _names(names: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)
