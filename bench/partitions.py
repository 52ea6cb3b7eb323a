"""What it would cost the projector to partition the hot tables: COPY and UPDATE of one transaction's size, plain and by month, in turn.

Run by `python -m bench.partitions`. Owns its own Postgres. Decided what ADR 0014 says; must not know the product's services.
"""

import asyncio
import statistics
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import psycopg
from psycopg_pool import AsyncConnectionPool

from deploy.local.postgres import LocalPostgres
from domain.book import Book
from services.processor import lookups
from services.processor.ports import Lacking
from services.projector import months, schema, statements
from services.projector.archive import archive
from services.projector.tables import UNFINISHED

MONTH_MS, START_MS = 2_629_800_000, 1_767_225_600_000
MONTHS, PER_MONTH, ROWS, ROUNDS = 24, 8_000, 4_000, 15
HEAD = "acme\t3\t\\N\t\\N\t{ref}\t\\N\t1767225600000\t1000\tUSD\t0\t{recipient}\t\\N\tsalary"
RECIPIENT = '{"type":"bank_account","account_number":"4081781000000","bank_name":"Some Bank"}'
STATE = "{version}\t{status}\t\\N\t1767225600000\t\\N\t\\N\t\\N\tbank\t1\t0\t\\N\t1767225600000\t\\N\t\\N\t\\N"


def ids(month: int, first: int, count: int) -> list[str]:
    """Rows of one batch: a shared prefix of the month's time, then the row."""
    stamp = f"{START_MS + month * MONTH_MS + first:012x}"
    return [f"{stamp[:8]}-{stamp[8:]}-7000-8000-0000{row:08x}" for row in range(count)]


def copy(cursor: psycopg.Cursor, statement: str, lines: list[str]) -> None:
    with cursor.copy(statement) as stream:
        stream.write("".join(lines))


def born(names: list[str]) -> list[str]:
    state = STATE.format(version=1, status="pending")
    return [f"{name}\t{HEAD.format(ref=name, recipient=RECIPIENT)}\t{state}\n" for name in names]


def moves(names: list[str], version: int) -> list[str]:
    state = STATE.format(version=version, status="processing")
    return [f"{name}\t{version - 1}\t{state}\n" for name in names]


def changes(names: list[str], offset: int) -> list[str]:
    tail = "acme\t\\N\t1\tpending\t\\N\t0\t\\N\t\\N\t\\N\t\\N\t\\N\t1767225600000\tapi\tsome-command"
    return [f"3\t{offset}\t{idx}\t{name}\t{tail}\n" for idx, name in enumerate(names)]


def split(connection: psycopg.Connection, count: int) -> None:
    """The same tables by month of the id."""
    for table, key, primary in (
        ("payouts", "id", "id"),
        ("payout_changes", "payout_id", 'partition, "offset", idx, payout_id'),
    ):
        connection.execute(f"ALTER TABLE {table} RENAME TO {table}_plain")
        connection.execute(f"CREATE TABLE {table} (LIKE {table}_plain, PRIMARY KEY ({primary})) PARTITION BY RANGE ({key})")
        for month in range(count):
            low, high = ids(month, 0, 1)[0], ids(month + 1, 0, 1)[0]
            part = f"CREATE TABLE {table}_{month} PARTITION OF {table} FOR VALUES FROM ('{low}') TO ('{high}')"
            connection.execute(f"{part} {'WITH (fillfactor=45)' if table == 'payouts' else ''}")
        connection.execute(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")
        connection.execute(f"DROP TABLE {table}_plain CASCADE")
    connection.execute("CREATE INDEX ON payouts (merchant_id, id)")
    connection.execute("CREATE INDEX ON payouts (merchant_id, reference) WHERE reference IS NOT NULL")
    connection.execute(f"CREATE INDEX ON payouts (partition) WHERE {UNFINISHED}")
    connection.execute("CREATE INDEX ON payout_changes (payout_id)")


def ready(url: str, name: str) -> psycopg.Connection:
    """A schema with MONTHS of finished payouts."""
    schema.REVISIONS.upgrade(url, name)
    connection = psycopg.connect(url, autocommit=True, options=f"-c search_path={name}")
    if name != "plain":
        split(connection, MONTHS)
    connection.execute(statements.SESSION)
    connection.execute(statements.PREPARE)
    with connection.cursor() as cursor:
        for month in range(MONTHS):
            names = ids(month, 0, PER_MONTH)
            copy(cursor, statements.PAYOUTS.copy, [line.replace("pending", "completed") for line in born(names)])
            copy(cursor, statements.CHANGES.copy, changes(names, month))
    connection.execute("VACUUM ANALYZE")
    return connection


def round_of(connection: psycopg.Connection, number: int) -> dict[str, float]:
    """Microseconds a row of each kind of write: a transaction of ROWS births, then two of moves."""
    names, taken = ids(MONTHS - 1, number + 1, ROWS), defaultdict(float)

    def timed(what: str, work: object, *arguments: object) -> None:
        began = time.perf_counter()
        work(*arguments)  # type: ignore[operator]
        taken[what] += (time.perf_counter() - began) / ROWS * 1e6

    for version in (1, 2, 3):
        with connection.transaction(), connection.cursor() as cursor:
            if version == 1:
                timed("COPY payouts", copy, cursor, statements.PAYOUTS.copy, born(names))
            else:
                copy(cursor, statements.MOVES.copy, moves(names, version))
                timed("UPDATE payouts (two)", cursor.execute, statements.MOVE)
                assert cursor.rowcount == ROWS
            timed("COPY changes (three)", copy, cursor, statements.CHANGES.copy, changes(names, 1000 + 3 * number + version))
    taken["all"] = sum(taken.values())
    return dict(taken)


def look_ups(connection: psycopg.Connection, number: int) -> dict[str, float]:
    """Microseconds for each of 500 references that nobody has used yet, in one query, as the processor asks."""
    query = (
        "SELECT p.id FROM payouts p JOIN unnest(%s::text[], %s::text[]) AS n(merchant_id, reference) "
        "ON p.merchant_id = n.merchant_id AND p.reference = n.reference"
    )
    arguments = [["acme"] * 500, [f"new {number} {row}" for row in range(500)]]
    began = time.perf_counter()
    connection.execute(query, arguments).fetchall()
    return {"look up a reference": (time.perf_counter() - began) / 500 * 1e6}


async def fills(url: str, first: int) -> list[float]:
    """Microseconds a payout of what the processor asks for 500 new ones: their ids and their references."""
    names, taken = ids(MONTHS, first, 500), []
    lacking = Lacking(set(names), set(), set(), {("acme", f"new {name}") for name in names}, set())  # type: ignore[arg-type]
    options = {"options": "-c search_path=plain", "autocommit": True}
    async with AsyncConnectionPool(url, min_size=1, max_size=1, kwargs=options) as pool:
        for _ in range(4 * ROUNDS):
            began = time.perf_counter()
            await lookups.fill(pool, Book(), lacking, 0)
            taken.append((time.perf_counter() - began) / 500 * 1e6)
    return taken


def archive_after(url: str, connection: psycopg.Connection) -> None:
    """The plain side once more, with its months in the archive."""
    before = statistics.median(asyncio.run(fills(url, 1)))
    began = time.perf_counter()
    moved = sum(done.moved for done in archive(connection, months.month_of(ids(MONTHS - 1, 0, 1)[0])))
    took = time.perf_counter() - began
    after = statistics.median(asyncio.run(fills(url, 2)))
    print(f"archived {moved} payouts in {took:.1f} s, {took / moved * 1e6:.0f} us each")
    print(
        f"look up a new payout as the processor does: {before:.2f} us before, {after:.2f} us after, ratio {after / before:.2f}"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        with LocalPostgres(Path(folder) / "pg") as server:
            sides = {name: ready(server.url, name) for name in ("plain", "monthly")}
            found: dict[str, list[dict[str, float]]] = defaultdict(list)
            for number in range(ROUNDS):
                for name, connection in list(sides.items())[:: 1 if number % 2 else -1]:
                    found[name].append(round_of(connection, number) | look_ups(connection, number))
            for what in found["plain"][0]:
                mid = {name: statistics.median(one[what] for one in rounds) for name, rounds in found.items()}
                ratios = [b[what] / a[what] for a, b in zip(found["plain"], found["monthly"], strict=True)]
                low, middle, high = min(ratios), statistics.median(ratios), max(ratios)
                print(
                    f"{what:<22} plain {mid['plain']:6.2f} us  monthly {mid['monthly']:6.2f} us  "
                    f"ratio {middle:.2f} ({low:.2f} to {high:.2f})"
                )
            archive_after(server.url, sides["plain"])
            for connection in sides.values():
                connection.close()


if __name__ == "__main__":
    main()
