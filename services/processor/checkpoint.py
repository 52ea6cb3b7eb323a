"""The checkpoint: a partition's book as the projection knows it, with the exact event offset it stands at.

Owns the one transaction in which it is read, so all of it belongs to the same offset. Used by the processor's writers and by rails.
Must not know the log: the caller folds the events after it.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import dict_row, tuple_row
from psycopg_pool import AsyncConnectionPool

from domain.book import Book
from domain.payout.queues import date_queues, enqueue
from domain.payout.state import Payout
from schemas.words import Reason
from services.processor import accepted_rows, rows

Cursor = AsyncCursor[dict[str, Any]]
Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]

AT_ONCE = 2_000
"""So many rows are fetched at a time."""

_UNFINISHED = (
    "status IN ('pending', 'processing', 'requires_action') AND completed_at IS NULL AND failed_at IS NULL AND canceled_at IS NULL "
    "AND reason IS DISTINCT FROM 'insufficient_funds'"
)
"""What follows the states is the condition of the index `payouts_unfinished`, which says the same without them."""


@dataclass(frozen=True)
class Checkpoint:
    """A book, the events offset to go on from, and the source offset expected there."""

    book: Book
    next_offset: int
    next_source: int


async def load(pool: Pool, partition: int) -> Checkpoint:
    """Read one partition's checkpoint. A partition that was never projected is an empty book at offset 0."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute("SELECT next_offset, next_source FROM projection_offsets WHERE partition = %s", [partition])
        position = await cursor.fetchone() or {"next_offset": 0, "next_source": 0}
        book = Book()
        for part in (_merchants, _balances, _payouts, _batches):
            await part(cursor, partition, book)
        return Checkpoint(book, position["next_offset"], position["next_source"])


async def _merchants(cursor: Cursor, partition: int, book: Book) -> None:
    query = sql.SQL("SELECT {} FROM merchants WHERE partition = %s").format(sql.SQL(rows.MERCHANT_COLUMNS))
    await cursor.execute(query, [partition])
    async for row in cursor:
        book.merchants[row["id"]] = rows.merchant_of(row)
    accounts = sql.SQL(
        "SELECT {} FROM bank_accounts a JOIN merchants m ON m.id = a.merchant_id WHERE m.partition = %s ORDER BY a.created_at, a.id"
    )
    await cursor.execute(accounts.format(sql.SQL(rows.ACCOUNT_COLUMNS)), [partition])
    async for row in cursor:
        book.keep_account(rows.bank_account_of(row))


async def _balances(cursor: Cursor, partition: int, book: Book) -> None:
    await cursor.execute(
        "SELECT merchant_id, currency, account, balance_minor FROM balances WHERE partition = %s", [partition]
    )
    async for row in cursor:
        book.balances[row["merchant_id"], row["currency"], row["account"]] = row["balance_minor"]


async def _payouts(cursor: Cursor, partition: int, book: Book) -> None:
    """Part by part: a million rows at once would take more memory than the book made of them."""
    query = sql.SQL("SELECT {} FROM payouts WHERE partition = %s AND {} ORDER BY id").format(
        sql.SQL(rows.PAYOUT_COLUMNS), sql.SQL(_UNFINISHED)
    )
    await cursor.execute("SET LOCAL cursor_tuple_fraction = 1")  # all rows are wanted, not the first ones soon
    async with cursor.connection.cursor("unfinished", row_factory=tuple_row) as unfinished:
        await unfinished.execute(query, [partition])
        while page := await unfinished.fetchmany(AT_ONCE):
            for columns in accepted_rows.lay(book.payouts, page):
                _keep(book, rows.payout_of(dict(zip(rows.PAYOUT_NAMES, columns, strict=True))))


def _keep(book: Book, payout: Payout) -> None:
    book.payouts[payout.id] = payout
    if payout.reason is Reason.FUNDS:
        enqueue(book, payout, payout.created_at if payout.batch_id is None else 0)


async def _batches(cursor: Cursor, partition: int, book: Book) -> None:
    """Batches that are open, and those that unfinished payouts belong to."""
    named = list(book.payouts.batch_ids())
    condition = "partition = %s AND (phase = 'open' OR id = ANY(%s::uuid[]))"
    await load_batches(cursor, book, condition, [partition, named])
    date_queues(book)


async def load_batches(cursor: Cursor, book: Book, condition: str, values: list[object]) -> None:
    """Put the batches that meet a condition into the book, with their totals."""
    query = sql.SQL("SELECT {} FROM batches WHERE {}").format(sql.SQL(rows.BATCH_COLUMNS), sql.SQL(condition))
    await cursor.execute(query, values)
    found = await cursor.fetchall()
    cells = await _cells(cursor, [row["id"] for row in found]) if found else {}
    for row in found:
        book.batches[row["id"]] = rows.batch_of(row, cells.get(row["id"], {}))


async def _cells(cursor: Cursor, batch_ids: list[str]) -> dict[str, dict[str, tuple[int, int]]]:
    """Batch to currency to (count, sum) over all states."""
    await cursor.execute(
        "SELECT batch_id::text, currency, sum(count)::bigint AS count, sum(amount_minor)::bigint AS total FROM batch_totals "
        "WHERE batch_id = ANY(%s::uuid[]) GROUP BY batch_id, currency ORDER BY currency",
        [batch_ids],
    )
    cells: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    async for row in cursor:
        cells[row["batch_id"]][row["currency"]] = (row["count"], row["total"])
    return cells
