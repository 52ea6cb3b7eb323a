"""Writing the views: one transaction for the rows and the offset they stand at.

Owns the order inside it: the compare-and-set first, so that a projector that lost its partition (or wakes up after long) writes
nothing; then the rows; the notification last. Must not know events.
"""

from collections.abc import Iterable

import msgspec
from psycopg import AsyncCursor

from runtime import failpoints
from schemas.ids import batch_id_range
from services.projector import archive_statements, statements
from services.projector.changes import Changes, Row
from services.projector.connections import Connections
from services.projector.copy_text import storable
from services.projector.moves import DriftError, Move
from services.projector.steps import CancelRows, Edit, Fund, PayoutRows, Step


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
        async with self._connections.transaction() as connection:
            await connection.execute(statements.FIRST_POSITION, (partition,))
            row = await (await connection.execute(statements.POSITION, (partition,))).fetchone()
        assert row is not None
        return Position(*row)

    async def apply(self, changes: Changes) -> None:
        """Write all of it or nothing. A repeat, or a zombie's call, raises DisplacedError and changes nothing.

        Raises DriftError if a change does not meet what it changes, and psycopg.Error for what the tables refuse: halt then.
        """
        async with self._connections.transaction() as connection, connection.cursor() as cursor:
            await self._claim(cursor, changes)
            for step in changes.steps:
                await _write_step(cursor, step)
            await failpoints.reach("projector.mid_transaction")
            await _copy(cursor, statements.COPY_CHANGES, changes.changes)
            await _copy(cursor, statements.COPY_ENTRIES, changes.entries)
            await _write_small(cursor, changes)
            if self._live:
                await cursor.execute(statements.NOTIFY, (f"{changes.partition}:{changes.next_offset}",))
            await failpoints.reach("projector.before_commit")

    async def _claim(self, cursor: AsyncCursor, changes: Changes) -> None:
        begins = (changes.partition, changes.start, changes.start_source)
        await cursor.execute(statements.CLAIM, (changes.next_offset, changes.next_source, changes.last_at, *begins))
        if cursor.rowcount != 1:
            raise DisplacedError(f"the views of partition {changes.partition} do not stand at {changes.start}")


async def _write_step(cursor: AsyncCursor, step: Step) -> None:
    match step:
        case PayoutRows():
            await _write_rows(cursor, step)
        case Edit():
            await _guarded(cursor, statements.EDIT, step, 1, **_edit_values(step))
        case Fund():
            rows = msgspec.json.encode(step.payouts).decode()
            await _guarded(cursor, statements.FUND, step, len(step.payouts), payouts=rows)
        case CancelRows():
            await _guarded(cursor, statements.CANCEL_ROWS, step, step.row_count, **_cancel_values(step))


async def _write_rows(cursor: AsyncCursor, rows: PayoutRows) -> None:
    states = _StateText()
    await _copy(cursor, statements.COPY_PAYOUTS, (f"{new.head}\t{states.of(new.state)}\n" for new in rows.born.values()))
    if not rows.moves:
        return
    moves = (f"{payout_id}\t{move.expects}\t{states.of(move)}\n" for payout_id, move in rows.moves.items())
    await _copy(cursor, statements.COPY_MOVES, moves)
    await cursor.execute(statements.MOVE)
    moved = cursor.rowcount
    if moved != len(rows.moves):
        moved += await _move_archived(cursor)
    if moved != len(rows.moves):
        raise DriftError(f"{len(rows.moves)} payouts change, {moved} of them are at the version before")


async def _move_archived(cursor: AsyncCursor) -> int:
    """Bring back what is archived and changes after all; returns how many of the moves were done by that (ADR 0014)."""
    await cursor.execute(archive_statements.BRING_BACK)
    if not cursor.rowcount:
        return 0
    await cursor.execute(statements.MOVE)  # those that were moved before are at a later version, and are not met again
    return cursor.rowcount


class _StateText:
    """The COPY text of states; rows of one event share theirs."""

    def __init__(self) -> None:
        self._last: Move | None = None
        self._text = ""

    def of(self, state: Move) -> str:
        if state is not self._last:
            self._last, self._text = state, state.fields()
        return self._text


async def _guarded(cursor: AsyncCursor, statement: str, step: Edit | Fund | CancelRows, rows: int, **values: object) -> None:
    cause = step.cause
    named = {"partition": cause.partition, "offset": cause.offset, "at": cause.at}
    texts = {"actor": storable(cause.actor), "command_id": storable(cause.command_id)}
    await cursor.execute(statement, {**named, **texts, **values})
    if cursor.rowcount != rows:
        place = f"events {cause.partition}@{cause.offset}"
        raise DriftError(f"{place} changes {rows} payouts, {cursor.rowcount} of them are as it expects")


def _edit_values(step: Edit) -> dict[str, object]:
    return {
        "idx": step.idx,
        "payout_id": step.payout_id,
        "version": step.version,
        "amount_minor": step.amount_minor,
        "currency": step.currency,
        "recipient": step.recipient,
        "bank_account_id": step.bank_account_id,
        "description": None if step.description is None else storable(step.description),
    }


def _cancel_values(step: CancelRows) -> dict[str, object]:
    lowest, highest = batch_id_range(step.batch_id)
    return {
        "first_idx": step.first_idx,
        "batch_id": step.batch_id,
        "lowest": lowest,
        "highest": highest,
        "code": step.code,
        "detail": None if step.detail is None else storable(step.detail),
    }


async def _copy(cursor: AsyncCursor, statement: str, lines: Iterable[str]) -> None:
    data = "".join(lines)
    if data:
        async with cursor.copy(statement) as copy:
            await copy.write(data)


async def _write_small(cursor: AsyncCursor, changes: Changes) -> None:
    for statement, rows in (
        (statements.MERCHANTS, list(changes.merchants.values())),
        (statements.ACCOUNTS, list(changes.accounts.values())),
        (statements.CREDITS, changes.credits),
        (statements.NEW_BATCHES, changes.new_batches),
        (statements.BATCHES, list(changes.batches.values())),
        (statements.TOTALS, _total_rows(changes)),
        (statements.BALANCES, _balance_rows(changes)),
        (statements.ANSWERS, list(changes.answers.values())),
    ):
        if rows:
            await cursor.execute(statement, (msgspec.json.encode(rows).decode(),))
            if cursor.rowcount != len(rows):
                raise DriftError(f"{len(rows)} rows to write, {cursor.rowcount} written: {statement.split(maxsplit=3)[:3]}")


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
