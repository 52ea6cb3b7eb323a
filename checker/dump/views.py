"""Views to JSON lines: every table of a schema, each row as row_to_json has it, in order of its key.

Owns one snapshot for all tables, and that rows are streamed. Must not know a table.
"""

import json
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from checker.dump.lines import dump_line

_TABLES = """
SELECT c.relname, array_agg(a.attname ORDER BY k.place) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary CROSS JOIN unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
WHERE n.nspname = %s AND c.relkind = 'r' AND c.relname <> 'alembic_version' GROUP BY c.relname ORDER BY c.relname
"""
TAKE = 2000


def dump_schema(database_url: str, schema: str, folder: Path) -> dict[str, int]:
    """Write every table of a schema; returns table to rows. Raises psycopg.Error."""
    folder.mkdir(parents=True, exist_ok=True)
    with psycopg.connect(database_url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        tables: list[tuple[str, list[str]]] = connection.execute(_TABLES, [schema]).fetchall()
        return {table: _dump(connection, schema, table, keys, folder / f"{table}.jsonl") for table, keys in tables}


def _dump(connection: "psycopg.Connection[Any]", schema: str, table: str, keys: list[str], path: Path) -> int:
    order = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(key)) for key in keys)
    query = sql.SQL("SELECT row_to_json(t)::text FROM {} AS t ORDER BY {}").format(sql.Identifier(schema, table), order)
    count = 0
    with connection.cursor(name=f"dump_{table}") as cursor, path.open("w", encoding="utf-8") as out:
        cursor.itersize = TAKE
        for (text,) in cursor.execute(query):
            out.write(dump_line(json.loads(text)) + "\n")
            count += 1
    return count
