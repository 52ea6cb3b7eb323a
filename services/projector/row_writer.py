"""Rows on their way into the tables: born, moved, edited, canceled payouts, their history, and the ledger.

Owns the two ways (COPY, and INSERTs for a few), the check that each change meets what it changes, and its values. Must not know what
else a transaction holds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import islice

import msgspec
from psycopg import AsyncCursor

from runtime import failpoints
from schemas.ids import batch_id_range, row_payout_id
from services.projector import archive_statements, statements
from services.projector.changes import Changes
from services.projector.copy_text import storable, values
from services.projector.moves import DriftError
from services.projector.statements import Into
from services.projector.steps import CancelRows, Edit, Fund, PayoutRows, RowReason, Step

AT_ONCE = 4_000
"""Lines that are made and sent in one go."""
FEW = 8
"""Rows of a table that are written by INSERTs, and what a single request makes is less."""
Put = Callable[[AsyncCursor, Into, Iterable[str]], Awaitable[None]]
"""A way of lines into a table."""


def are_few(changes: Changes) -> bool:
    """Whether its rows are few and all new: then nothing needs an answer before the end, and no COPY its two round trips."""
    new = all(isinstance(step, PayoutRows) and not step.moves for step in changes.steps)
    return new and changes.change_count <= FEW and len(changes.entries) <= FEW


async def write_rows(cursor: AsyncCursor, changes: Changes, put: Put) -> None:
    """Payouts, their history and the ledger, `put` into the tables by `copy` or, if they are few, `insert`. Raises DriftError."""
    for step in changes.steps:
        await _write_step(cursor, step, put)
    await failpoints.reach("projector.mid_transaction")
    await put(cursor, statements.CHANGES, changes.changes)
    await put(cursor, statements.ENTRIES, changes.entries)


async def _write_step(cursor: AsyncCursor, step: Step, put: Put) -> None:
    match step:
        case PayoutRows():
            await _write_payouts(cursor, step, put)
        case Edit():
            await _guarded(cursor, statements.EDIT, step, 1, **_edit_values(step))
        case Fund():
            await _guarded(
                cursor, statements.FUND, step, len(step.payouts), payouts=msgspec.json.encode(step.payouts).decode()
            )
        case RowReason():
            await _guarded(cursor, statements.ROW_REASON, step, step.run.count, **_reason_values(step))
        case CancelRows():
            await _guarded(cursor, statements.CANCEL_ROWS, step, step.row_count, **_cancel_values(step))


async def _write_payouts(cursor: AsyncCursor, rows: PayoutRows, put: Put) -> None:
    await put(cursor, statements.PAYOUTS, rows.born_lines())
    if not rows.moves:
        return
    await put(cursor, statements.MOVES, rows.move_lines())
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


Guarded = Edit | Fund | RowReason | CancelRows


async def _guarded(cursor: AsyncCursor, statement: str, step: Guarded, rows: int, **values: object) -> None:
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


def _reason_values(step: RowReason) -> dict[str, object]:
    run = step.run
    return {
        "first_idx": step.first_idx,
        "batch_id": run.batch_id,
        "currency": run.currency,
        "lowest": row_payout_id(run.batch_id, run.first_row),
        "highest": row_payout_id(run.batch_id, run.last_row),
        "before": step.before,
        "after": step.after,
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


async def copy(cursor: AsyncCursor, into: Into, lines: Iterable[str]) -> None:
    """Many lines, in two round trips. While they are made, others have a turn now and then."""
    rest = iter(lines)
    block = "".join(islice(rest, AT_ONCE))
    if not block:
        return
    async with cursor.copy(into.copy) as link:
        while block:
            await link.write(block)
            await asyncio.sleep(0)
            block = "".join(islice(rest, AT_ONCE))


async def insert(cursor: AsyncCursor, into: Into, lines: Iterable[str]) -> None:
    """A few lines; in a pipeline nothing is waited for."""
    for line in lines:
        await cursor.execute(into.insert, values(line))
