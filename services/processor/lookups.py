"""Look-ups: what a poll's commands name and memory lacks, fetched from the projection in one round trip before they are decided.

Owns the join of memory and projection: what has left memory is in the projection, because nothing leaves before that. Must not decide.
"""

from collections.abc import Collection, Iterable, Sequence
from itertools import repeat
from typing import Any, LiteralString

from psycopg.rows import dict_row

from domain.book import Book
from domain.needs import needs
from schemas.commands import AddRows, CommandRecord, OpenBatch
from schemas.words import BatchPhase
from services.processor import rows
from services.processor.checkpoint import Connection, Cursor, Pool, load_batches
from services.processor.ports import Lacking, Pairs, Projection

_HOT = (
    f"SELECT archived_to, {rows.PAYOUT_COLUMNS} FROM (SELECT (SELECT last_id::text FROM archive_marks ORDER BY last_id DESC "  # noqa: S608
    "LIMIT 1) AS archived_to) marks LEFT JOIN payouts ON id = ANY(%s::uuid[])"
)
_WHOLE = f"SELECT {rows.PAYOUT_COLUMNS} FROM all_payouts WHERE id = ANY(%s::uuid[])"  # noqa: S608
_KEYS: LiteralString = (
    "SELECT k.merchant_id, k.key, content_hash, subject::text, status, body, version, expires_at FROM idempotency_answers k "
    "JOIN unnest(%b::text[], %b::text[]) AS n(merchant_id, key) ON k.merchant_id = n.merchant_id AND k.key = n.key"
)
_REFERENCES: LiteralString = (
    "SELECT n.merchant_id, n.reference, f.id::text FROM unnest(%b::text[], %b::text[]) AS n(merchant_id, reference) CROSS JOIN "
    "LATERAL (SELECT p.id FROM payouts p LEFT JOIN batches b ON b.id = p.batch_id WHERE p.merchant_id = n.merchant_id "
    "AND p.reference = n.reference AND p.status <> 'rejected' AND (b.phase IS NULL OR b.phase IN ('open', 'released')) UNION ALL "
    "SELECT r.payout_id FROM archived_references r WHERE r.merchant_id = n.merchant_id AND r.reference = n.reference) f"
)
_CREDITS: LiteralString = (
    "SELECT c.merchant_id, c.reference, c.credit_id::text FROM credits c JOIN unnest(%b::text[], %b::text[]) "
    "AS n(merchant_id, reference) ON c.merchant_id = n.merchant_id AND c.reference = n.reference"
)


class OlderProjectionError(Exception):
    """The database was put back to an earlier state: start over from its checkpoint and the log."""


class Lookups:
    """Fetches into one book."""

    def __init__(self, projection: Projection, partition: int) -> None:
        """Reads from `projection` for the writer of `partition`."""
        self._projection, self._partition = projection, partition

    async def fetch(self, book: Book, commands: Iterable[CommandRecord], *, not_before: int = 0) -> list[tuple[str, Any]]:
        """Put into the book what the commands name and it lacks; what is nowhere stays absent. Returns what was fetched.

        The rows of a batch that these commands open are asked for only if the batch turns out to be there already. Raises
        OlderProjectionError if the views stood before the events offset `not_before`: memory has let go of what only newer ones know.
        The book may hold what is too old then, and is thrown away.
        """
        named = list(commands)
        growing = set(_open(book, named))  # by memory alone: what others have begun meanwhile is in the views with its rows
        opening = {one.body.batch_id for one in named if isinstance(one.body, OpenBatch)} - book.batches.keys()
        found = await self._fetch(book, named, growing | opening, not_before)
        if not opening.isdisjoint(book.batches):
            found += await self._fetch(book, named, growing, not_before)
        return found

    async def _fetch(
        self, book: Book, commands: Sequence[CommandRecord], growing: Collection[str], not_before: int
    ) -> list[tuple[str, Any]]:
        lacking = _lacking(book, commands, growing)
        if not any(lacking):
            return []
        if (stood := await self._projection.fill(book, lacking, self._partition)) < not_before:
            raise OlderProjectionError(f"the views went back to {stood}; they were at {not_before}")
        kinds: dict[str, Iterable[Any]] = {"payouts": lacking.payouts, "keys": lacking.keys}
        kinds |= {"references": lacking.references, "credits": lacking.credits, "batches": lacking.batches}
        return [(kind, name) for kind, names in kinds.items() for name in names if name in getattr(book, kind)]


async def fill(pool: Pool, book: Book, lacking: Lacking, partition: int) -> int:
    """Read what is lacking, and the batches of the payouts that were found, over one connection; returns where the views stood before.

    All is asked in one round trip: the offset first, so that nothing is read from views older than it says.
    """
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        async with connection.pipeline():
            stood = await connection.execute(rows.NEXT_OFFSET, [partition])
            payouts = await _ask(connection, _HOT, [sorted(lacking.payouts)])
            keys = await _ask(connection, _KEYS, _columns(lacking.keys))
            references = await _ask(connection, _REFERENCES, _columns(lacking.references))
            credited = await _ask(connection, _CREDITS, _columns(lacking.credits))
        await _keep_payouts(cursor, book, sorted(lacking.payouts), await _found(payouts))
        book.keys.update([((row["merchant_id"], row["key"]), rows.key_of(row)) for row in await _found(keys)])
        book.references.update([((row["merchant_id"], row["reference"]), row["id"]) for row in await _found(references)])
        book.credits.update([((row["merchant_id"], row["reference"]), row["credit_id"]) for row in await _found(credited)])
        await _batches(cursor, book, lacking)
        return rows.next_offset(await stood.fetchone())


def _lacking(book: Book, commands: Sequence[CommandRecord], growing: Collection[str]) -> Lacking:
    payouts: set[str] = set()
    batches: set[str] = set()
    keys: Pairs = set()
    references: Pairs = set()
    credited: Pairs = set()
    for command in commands:
        named, merchant = needs(command, book.payouts.at_hand, growing), command.merchant_id
        payouts.update(named.payout_ids)
        batches.update(named.batch_ids)
        keys.update(zip(repeat(merchant), named.keys))
        references.update(zip(repeat(merchant), named.references))
        credited.update(zip(repeat(merchant), named.credit_references))
    return Lacking(
        payouts,
        batches.difference(book.batches),
        keys.difference(book.keys),
        references.difference(book.references),
        credited.difference(book.credits),
    )


def _open(book: Book, commands: Sequence[CommandRecord]) -> Iterable[str]:
    """The batches to which rows are added and that memory holds as open: their rows are all in memory or do not exist yet."""
    for named in {command.body.batch_id for command in commands if isinstance(command.body, AddRows)}:
        batch = book.batches.get(named)
        if batch is not None and batch.phase is BatchPhase.OPEN:
            yield named


async def _ask(connection: Connection, query: LiteralString, names: list[list[str]]) -> Cursor | None:
    """Ask without waiting for the answer; nothing, where there are no names."""
    return await connection.cursor(row_factory=dict_row).execute(query, names) if names[0] else None


async def _found(asked: Cursor | None) -> list[dict[str, Any]]:
    return await asked.fetchall() if asked is not None else []


async def _keep_payouts(cursor: Cursor, book: Book, ids: Sequence[str], found: list[dict[str, Any]]) -> None:
    """What was found hot says, too, up to which id there are archived ones; most that is named here is new and beyond it."""
    if not found:
        return
    archived_to = found[0]["archived_to"] or ""
    _remember(book, (row for row in found if row["id"] is not None))
    if old := [payout_id for payout_id in ids if payout_id <= archived_to and payout_id not in book.payouts]:
        await cursor.execute(_WHOLE, [old])
        _remember(book, await cursor.fetchall())


async def _batches(cursor: Cursor, book: Book, lacking: Lacking) -> None:
    named = {p.batch_id for p in (book.payouts.get(i) for i in lacking.payouts) if p and p.batch_id}
    batch_ids = (lacking.batches | named) - book.batches.keys()
    if batch_ids:
        await load_batches(cursor, book, "id = ANY(%s::uuid[])", [sorted(batch_ids)])


def _remember(book: Book, found: Iterable[rows.Row]) -> None:
    for row in found:
        payout = rows.payout_of({name: value for name, value in row.items() if name != "archived_to"})
        book.payouts[payout.id] = payout


def _columns(pairs: Pairs) -> list[list[str]]:
    """Merchants and names, side by side."""
    ordered = list(pairs)
    return [[merchant for merchant, _ in ordered], [name for _, name in ordered]]
