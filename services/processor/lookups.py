"""Look-ups: what a poll's commands name and memory lacks, fetched from the projection in one round trip before they are decided.

Owns the join of memory and projection: what has left memory is in the projection, because nothing leaves before that. Must not decide.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.rows import dict_row

from domain.book import Book
from domain.needs import needs
from schemas.commands import CommandRecord
from services.processor import rows
from services.processor.checkpoint import Cursor, Pool, load_batches
from services.processor.ports import Lacking, Pairs, Projection

_HOT = (
    f"SELECT archived_to, {rows.PAYOUT_COLUMNS} FROM (SELECT (SELECT last_id::text FROM archive_marks ORDER BY last_id DESC "  # noqa: S608
    "LIMIT 1) AS archived_to) marks LEFT JOIN payouts ON id = ANY(%s::uuid[])"
)
_WHOLE = f"SELECT {rows.PAYOUT_COLUMNS} FROM all_payouts WHERE id = ANY(%s::uuid[])"  # noqa: S608


class OlderProjectionError(Exception):
    """The database was put back to an earlier state: start over from its checkpoint and the log."""


class Lookups:
    """Fetches into one book."""

    def __init__(self, projection: Projection, partition: int) -> None:
        """Reads from `projection` for the writer of `partition`."""
        self._projection, self._partition = projection, partition

    async def fetch(self, book: Book, commands: Iterable[CommandRecord], *, not_before: int = 0) -> list[tuple[str, Any]]:
        """Put into the book what the commands name and it lacks; what is nowhere stays absent. Returns what was fetched.

        Raises OlderProjectionError if the views stand before the events offset `not_before`: memory has let go of what only newer ones
        know.
        """
        lacking = _lacking(book, commands)
        if not any(lacking):
            return []
        if not_before and (stands := await self._projection.position(self._partition)) < not_before:
            raise OlderProjectionError(f"the views went back to {stands}; they were at {not_before}")
        await self._projection.fill(book, lacking)
        kinds: dict[str, Iterable[Any]] = {"payouts": lacking.payouts, "keys": lacking.keys}
        kinds |= {"references": lacking.references, "credits": lacking.credits, "batches": lacking.batches}
        return [(kind, name) for kind, names in kinds.items() for name in names if name in getattr(book, kind)]


async def fill(pool: Pool, book: Book, lacking: Lacking) -> None:
    """Read what is lacking, and the batches of the payouts that were found, over one connection."""
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        await _payouts(cursor, book, sorted(lacking.payouts))
        await _keys(cursor, book, sorted(lacking.keys))
        await _references(cursor, book, sorted(lacking.references))
        await _credits(cursor, book, sorted(lacking.credits))
        named = {p.batch_id for p in (book.payouts.get(i) for i in lacking.payouts) if p and p.batch_id}
        batch_ids = (lacking.batches | named) - book.batches.keys()
        if batch_ids:
            await load_batches(cursor, book, "id = ANY(%s::uuid[])", [sorted(batch_ids)])


def _lacking(book: Book, commands: Iterable[CommandRecord]) -> Lacking:
    payouts: set[str] = set()
    batches: set[str] = set()
    keys: Pairs = set()
    references: Pairs = set()
    credited: Pairs = set()
    for command in commands:
        named, merchant = needs(command, book.payouts), command.merchant_id
        payouts.update(named.payout_ids)
        batches.update(named.batch_ids)
        keys.update((merchant, key) for key in named.keys)
        references.update((merchant, reference) for reference in named.references)
        credited.update((merchant, reference) for reference in named.credit_references)
    return Lacking(
        payouts - _fresh_rows(book, payouts),
        {batch_id for batch_id in batches if batch_id not in book.batches},
        {pair for pair in keys if pair not in book.keys},
        {pair for pair in references if pair not in book.references},
        {pair for pair in credited if pair not in book.credits},
    )


def _fresh_rows(book: Book, payout_ids: set[str]) -> set[str]:
    """Row ids of batches that memory holds as open: their rows are all in memory or do not exist yet."""
    prefixes = {batch.id[:-8] for batch in book.batches.values() if batch.phase == "open"}
    return {payout_id for payout_id in payout_ids if payout_id[:-8] in prefixes} if prefixes else set()


async def _payouts(cursor: Cursor, book: Book, ids: Sequence[str]) -> None:
    """Hot ones in one question, which also says up to which id there are archived ones; most that is named here is new and beyond it."""
    if not ids:
        return
    await cursor.execute(_HOT, [list(ids)])
    found = await cursor.fetchall()
    archived_to = found[0]["archived_to"] or ""
    _remember(book, (row for row in found if row["id"] is not None))
    if old := [payout_id for payout_id in ids if payout_id <= archived_to and payout_id not in book.payouts]:
        await cursor.execute(_WHOLE, [old])
        _remember(book, await cursor.fetchall())


def _remember(book: Book, found: Iterable[rows.Row]) -> None:
    for row in found:
        payout = rows.payout_of({name: value for name, value in row.items() if name != "archived_to"})
        book.payouts[payout.id] = payout


async def _keys(cursor: Cursor, book: Book, pairs: Sequence[tuple[str, str]]) -> None:
    if not pairs:
        return
    await cursor.execute(
        "SELECT k.merchant_id, k.key, content_hash, subject::text, status, body, version, expires_at FROM idempotency_answers k "
        "JOIN unnest(%s::text[], %s::text[]) AS n(merchant_id, key) ON k.merchant_id = n.merchant_id AND k.key = n.key",
        _columns(pairs),
    )
    for row in await cursor.fetchall():
        book.keys[row["merchant_id"], row["key"]] = rows.key_of(row)


async def _references(cursor: Cursor, book: Book, pairs: Sequence[tuple[str, str]]) -> None:
    if not pairs:
        return
    await cursor.execute(
        "SELECT n.merchant_id, n.reference, f.id::text FROM unnest(%s::text[], %s::text[]) AS n(merchant_id, reference) CROSS JOIN "
        "LATERAL (SELECT p.id FROM payouts p LEFT JOIN batches b ON b.id = p.batch_id WHERE p.merchant_id = n.merchant_id "
        "AND p.reference = n.reference AND p.status <> 'rejected' AND (b.phase IS NULL OR b.phase IN ('open', 'released')) UNION ALL "
        "SELECT r.payout_id FROM archived_references r WHERE r.merchant_id = n.merchant_id AND r.reference = n.reference) f",
        _columns(pairs),
    )
    for row in await cursor.fetchall():
        book.references[row["merchant_id"], row["reference"]] = row["id"]


async def _credits(cursor: Cursor, book: Book, pairs: Sequence[tuple[str, str]]) -> None:
    if not pairs:
        return
    await cursor.execute(
        "SELECT c.merchant_id, c.reference, c.credit_id::text FROM credits c JOIN unnest(%s::text[], %s::text[]) "
        "AS n(merchant_id, reference) ON c.merchant_id = n.merchant_id AND c.reference = n.reference",
        _columns(pairs),
    )
    for row in await cursor.fetchall():
        book.credits[row["merchant_id"], row["reference"]] = row["credit_id"]


def _columns(pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    return [[merchant for merchant, _ in pairs], [name for _, name in pairs]]
