"""The limit of Postgres: COPY of ready text lines into a table of the shape of the product's payouts, without and with its indexes.

Owns making the lines: they are rows that the product itself wrote, read out before the clock starts.
"""

import time
from typing import Any

import psycopg

from bench.costs import Meter
from bench.ground import Ground

BLOCK = 5_000
"""Rows a transaction."""


def measure(ground: Ground, rows: int, schema: str) -> dict[str, dict[str, Any]]:
    """Rows per second into a bare table and into one with all the indexes; `schema` is the product's."""
    with ground.connect(schema) as connection:
        blocks, count = ready_lines(connection, rows)
        return {
            "bare COPY, no index": _one(ground, connection, blocks, count, "INCLUDING DEFAULTS"),
            "bare COPY, all indexes": _one(ground, connection, blocks, count, "INCLUDING ALL"),
        }


def ready_lines(connection: psycopg.Connection, rows: int) -> tuple[list[bytes], int]:
    """Up to `rows` lines of what is there, in blocks."""
    with connection.cursor().copy(f"COPY (SELECT * FROM payouts LIMIT {rows:d}) TO STDOUT") as copy:
        lines = b"".join(copy).splitlines(keepends=True)
    return [b"".join(lines[first : first + BLOCK]) for first in range(0, len(lines), BLOCK)], len(lines)


def _one(ground: Ground, connection: psycopg.Connection, blocks: list[bytes], count: int, including: str) -> dict[str, Any]:
    connection.execute("DROP TABLE IF EXISTS bench_copy")
    connection.execute(f"CREATE TABLE bench_copy (LIKE payouts {including})")
    with Meter(ground, {}) as meter:
        start = time.perf_counter()
        for block in blocks:
            with connection.cursor().copy("COPY bench_copy FROM STDIN") as copy:
                copy.write(block)
        took = time.perf_counter() - start
    connection.execute("DROP TABLE bench_copy")
    return {"rows": count, "figures": {"rows_per_s": count / took}, "costs": meter.report(count), "samples": []}
