"""All tables of the views as files, from one snapshot, and back into an empty schema (RUN-26).

Owns which tables they are, and where they stand. Archived payouts are written with the others, and come back as hot ones. Must not know
what a row means.
"""

from pathlib import Path

import msgspec
import psycopg

from payflow.table_copy import CopiedTable, TableSource, read_table, write_table
from services.projector.archive_tables import WHOLE
from services.projector.tables import metadata


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
        source = _source(table.name, [str(column.name) for column in table.columns])
        tables[str(table.name)] = write_table(connection, folder, source)
    found = connection.execute("SELECT partition, next_offset, next_source FROM projection_offsets ORDER BY 1").fetchall()
    return CopiedViews(revision[0], tables, {str(partition): (offset, source) for partition, offset, source in found})


def copy_in(connection: psycopg.Connection, folder: Path, copied: CopiedViews) -> None:
    """Fill the empty tables of the connection's search_path, in its transaction, and compare. Raises BackupError, psycopg.Error."""
    for name, table in copied.tables.items():
        read_table(connection, folder, _source(name, table.columns), table)


def _source(name: str, columns: list[str]) -> TableSource:
    keys = [str(column.name) for column in metadata.tables[name].primary_key]
    return TableSource(name, columns, keys, WHOLE.get(name))
