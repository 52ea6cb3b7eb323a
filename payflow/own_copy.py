"""A schema that is no function of the log as files, and back into an empty one (RUN-26).

Owns what is asked of the database's own catalogue: columns, keys, and numbers that the database hands out itself, which go on behind the
highest one. Must not know which schemas there are.
"""

from pathlib import Path

import msgspec
import psycopg
from psycopg import sql

from payflow.log_dump import BackupError
from payflow.own_schemas import OwnSchema
from payflow.table_copy import CopiedTable, TableSource, read_table, write_table

COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' "
    "ORDER BY attnum"
)
KEY = (
    "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey) "
    "WHERE i.indrelid = to_regclass(%s) AND i.indisprimary ORDER BY array_position(i.indkey::smallint[], a.attnum)"
)
NUMBERED = "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attidentity <> ''"


class CopiedSchema(msgspec.Struct, frozen=True):
    """All tables that are kept, the schema's revision, and where it stands on the log, if it does: partition -> [offset, source offset]."""

    revision: str
    tables: dict[str, CopiedTable]
    positions: dict[str, tuple[int, int]] = {}


def copy_out(connection: psycopg.Connection, folder: Path, schema: OwnSchema) -> CopiedSchema:
    """Write every table that is kept, in the connection's one snapshot. Raises BackupError, psycopg.Error."""
    look_in(connection, schema.name)
    if _one(connection, "SELECT to_regclass(%s)", "schema_version") is None:
        raise BackupError(f"the schema {schema.name} is not migrated: run `payflow migrate`, then repeat")
    revision = str(_one(connection, "SELECT version_num FROM schema_version"))
    tables = {}
    for name in schema.kept:
        columns = _names(connection, COLUMNS, name)
        if not columns:
            raise BackupError(f"the schema {schema.name} has no table {name}: run `payflow migrate`, then repeat")
        tables[name] = write_table(connection, folder, TableSource(name, columns, _names(connection, KEY, name)))
    return CopiedSchema(revision, tables, _positions(connection, schema))


def copy_in(connection: psycopg.Connection, folder: Path, schema: OwnSchema, copied: CopiedSchema) -> None:
    """Fill the empty tables of the connection's search_path, in its transaction, and compare. Raises BackupError, psycopg.Error."""
    for name in (name for name in schema.kept if name in copied.tables):
        table = copied.tables[name]
        read_table(connection, folder, TableSource(name, table.columns, _names(connection, KEY, name)), table)
        for column in _names(connection, NUMBERED, name):
            _go_on_behind(connection, name, column)


def look_in(connection: psycopg.Connection, name: str) -> None:
    """Set the search_path for the transaction."""
    connection.execute("SELECT set_config('search_path', %s, true)", [sql.Identifier(name).as_string(connection)])


def _go_on_behind(connection: psycopg.Connection, table: str, column: str) -> None:
    query = sql.SQL("SELECT setval(pg_get_serial_sequence(%s, %s), max({})) FROM {}")
    connection.execute(query.format(sql.Identifier(column), sql.Identifier(table)), [table, column])


def _positions(connection: psycopg.Connection, schema: OwnSchema) -> dict[str, tuple[int, int]]:
    if schema.positions is None:
        return {}
    query = sql.SQL("SELECT partition, next_offset, next_source FROM {} ORDER BY 1").format(sql.Identifier(schema.positions))
    return {str(partition): (offset, source) for partition, offset, source in connection.execute(query).fetchall()}


def _names(connection: psycopg.Connection, query: str, table: str) -> list[str]:
    return [str(row[0]) for row in connection.execute(query, [table]).fetchall()]  # type: ignore[arg-type]


def _one(connection: psycopg.Connection, query: str, *arguments: str) -> object:
    row = connection.execute(query, arguments).fetchone()  # type: ignore[arg-type]
    return row[0] if row is not None else None
