"""Writing the views: one transaction for the rows and the offset they stand at.

Owns the order inside it: the compare-and-set first, so that a projector that lost its partition (or wakes up after long) writes
nothing; then the rows; the notification last. Must not know events.
"""

from typing import LiteralString

import msgspec
from psycopg import AsyncConnection

from runtime import failpoints
from services.projector import figure_values, statements
from services.projector.changes import Changes, Row
from services.projector.connections import Connections
from services.projector.moves import DriftError
from services.projector.row_writer import are_few, copy, insert, write_rows


class DisplacedError(Exception):
    """The views do not stand where this transaction begins: it was written before, or by somebody else. Read the position again."""


class Position(msgspec.Struct, frozen=True):
    """Where a partition's views stand."""

    next_offset: int
    next_source: int


class Store:
    """The views of one schema. Every method raises psycopg.OperationalError when the database is away."""

    def __init__(self, database_url: str, schema: str, *, connections: int = 2, live: bool = True) -> None:
        """Not connected yet. Views that are `live` tell the feed of every transaction, which is on disk then; others are built."""
        self._live = live
        session = (
            (statements.SESSION, statements.PREPARE) if live else (statements.SESSION, statements.PREPARE, statements.BUILD)
        )
        self._connections = Connections(database_url, schema, limit=connections, session=session)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._connections.close()

    async def position(self, partition: int) -> Position:
        """Where the partition's views stand; a partition that is new stands at 0."""
        async with self._connections.transaction(statements.FIRST_POSITION, partition) as (connection, _):
            row = await (await connection.execute(statements.POSITION, (partition,))).fetchone()
        assert row is not None
        return Position(*row)

    async def apply(self, changes: Changes) -> None:
        """Write all of it or nothing. A repeat, or a zombie's call, raises DisplacedError and changes nothing.

        Raises DriftError if a change does not meet what it changes, and psycopg.Error for what the tables refuse: halt then.
        """
        begins = (changes.partition, changes.start, changes.start_source)
        moves_on = (changes.next_offset, changes.next_source, changes.last_at)
        async with self._connections.transaction(statements.CLAIM, *moves_on, *begins) as (connection, claimed):
            if claimed.rowcount != 1:
                raise DisplacedError(f"the views of partition {changes.partition} do not stand at {changes.start}")
            few = are_few(changes)
            if not few:
                await write_rows(connection.cursor(), changes, copy)
            await self._write_last(connection, changes, few=few)
            await failpoints.reach("projector.before_commit")

    async def _write_last(self, connection: AsyncConnection, changes: Changes, *, few: bool) -> None:
        """What is small, and the notification, in one round trip; with all other rows, if they are few."""
        small = [(statement, rows) for statement, rows in _small(changes) if rows]
        async with connection.pipeline():
            if few:
                await write_rows(connection.cursor(), changes, insert)
            written = [await connection.execute(statement, (_json(rows),)) for statement, rows in small]
            if self._live:
                await connection.execute(statements.NOTIFY, (f"{changes.partition}:{changes.next_offset}",))
        for (statement, rows), cursor in zip(small, written, strict=True):
            if cursor.rowcount != len(rows):
                raise DriftError(f"{len(rows)} rows to write, {cursor.rowcount} written: {statement.split(maxsplit=3)[:3]}")


def _small(changes: Changes) -> list[tuple[LiteralString, list[Row]]]:
    """Rows of the small tables, each with its statement."""
    return [
        (statements.MERCHANTS, list(changes.merchants.values())),
        (statements.ACCOUNTS, list(changes.accounts.values())),
        (statements.CREDITS, changes.credits),
        (statements.NEW_BATCHES, changes.new_batches),
        (statements.BATCHES, list(changes.batches.values())),
        (statements.BATCH_MOVES, changes.batch_moves),
        (statements.TOTALS, _total_rows(changes)),
        (statements.FIGURES, figure_values.figures(changes)),
        (statements.PAID_TIMES, figure_values.paid_times(changes)),
        (statements.ROW_STATES, figure_values.row_states(changes)),
        (statements.BALANCES, _balance_rows(changes)),
        (statements.ANSWERS, list(changes.answers.values())),
    ]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _total_rows(changes: Changes) -> list[Row]:
    return [
        {"batch_id": batch_id, "currency": currency, "status": status, "count": count, "amount_minor": amount}
        for (batch_id, currency, status), (count, amount) in changes.totals.items()
    ]


def _balance_rows(changes: Changes) -> list[Row]:
    return [
        {
            "merchant_id": merchant_id,
            "currency": currency,
            "account": account,
            "balance_minor": amount,
            "entry_count": count,
            "partition": changes.partition,
            "last_offset": last_offset,
        }
        for (merchant_id, currency, account), (amount, count, last_offset) in changes.balances.items()
    ]
