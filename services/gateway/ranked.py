"""Lists with what needs somebody most first (CON-07): batches by what their rows add up to, payouts by their state.

Owns the order (level of attention, then newest first), and the cursor `<level>:<id>` that goes on behind a place in it. Must not say what a
level means to people: that is the law's (`domain.batch.view`, `domain.payout.attention`); tests hold both together.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from domain.batch.view import LEVELS
from services.gateway import rows
from services.gateway.filters import (
    CURSOR_LIMIT_MAX,
    DEFAULT_LIMIT,
    Conditions,
    Paging,
    canonical_id,
    read_number,
    read_words,
    refuse,
)
from services.gateway.standing import with_attention

Row = dict[str, Any]
ORDERS = ("newest", "attention")
FIRST_LEVEL = 0

RANK = """CASE WHEN t.states @> '{requires_action}' THEN 0 WHEN b.phase = 'refused' OR t.states @> '{failed}' OR b.waiting_rows > 0 THEN 1
WHEN b.phase = 'released' AND t.states @> '{canceled}' THEN 2 ELSE 3 END"""
BATCHES = f"""
WITH ranked AS (
    SELECT b.id, {RANK} AS rank FROM batches b LEFT JOIN LATERAL (
        SELECT array_agg(status) AS states FROM batch_totals WHERE batch_id = b.id AND count > 0
        AND status IN ('requires_action', 'failed', 'canceled')
    ) t ON true WHERE b.merchant_id = coalesce(%(merchant)s, b.merchant_id)
)
SELECT {rows.BATCH}, rank FROM ranked JOIN batches USING (id)
WHERE rank = ANY(%(levels)s) AND (rank > %(rank)s OR (rank = %(rank)s AND id < %(id)s::uuid)) ORDER BY rank, id DESC LIMIT %(limit)s
"""
COUNT_BATCHES = f"""
SELECT count(*) AS count FROM (SELECT {RANK} AS rank FROM batches b LEFT JOIN LATERAL (
    SELECT array_agg(status) AS states FROM batch_totals WHERE batch_id = b.id AND count > 0
    AND status IN ('requires_action', 'failed', 'canceled')
) t ON true WHERE b.merchant_id = coalesce(%(merchant)s, b.merchant_id)) ranked WHERE rank = ANY(%(levels)s)
"""
LAST_ID = "ffffffff-ffff-ffff-ffff-ffffffffffff"


class Place(NamedTuple):
    """Behind which row a list goes on: its level's number and its id."""

    rank: int = FIRST_LEVEL
    id: str = LAST_ID

    def __str__(self) -> str:
        return f"{self.rank}:{self.id}"


def is_by_attention(query: Mapping[str, str]) -> bool:
    """Whether `order` asks for this order. Raises ProblemError 400."""
    order = query.get("order", "newest")
    if order not in ORDERS:
        raise refuse("order", f"must be one of {', '.join(ORDERS)}")
    return order == "attention"


def refuse_pages(query: Mapping[str, str]) -> None:
    """Raise ProblemError 400 for pages and offsets: this order has neither."""
    for name in ("page", "offset"):
        if name in query:
            raise refuse(name, "does not go together with the order by attention; use limit and cursor")


def read_place(query: Mapping[str, str]) -> Place:
    """Where the list goes on; its start without a cursor. Raises ProblemError 400 for what we never gave."""
    text = query.get("cursor", "")
    if not text:
        return Place()
    rank, _, known = text.partition(":")
    found = canonical_id(known)
    if found is None or rank not in {str(number) for number in range(len(LEVELS))}:
        raise refuse("cursor", "is not one that we gave in this order; start again without it")
    return Place(int(rank), found)


def read_limit(query: Mapping[str, str]) -> int:
    """Rows of a page."""
    return read_number(query, "limit", DEFAULT_LIMIT, 1, CURSOR_LIMIT_MAX)


def read_levels(query: Mapping[str, str]) -> tuple[str, ...]:
    """The levels that `attention` names; all of them where it is not there. Raises ProblemError 400."""
    if "attention" not in query:
        return LEVELS
    chosen = tuple(read_words("attention", query["attention"].lower()))
    if not set(chosen) <= set(LEVELS):
        raise refuse("attention", f"has a value that is not known; known: {', '.join(LEVELS)}")
    return chosen


async def ranked_batches(store: Any, merchant: str | None, levels: Sequence[str], place: Place, limit: int) -> list[Row]:
    """A page of batches of these levels, each with its `rank`; at most `limit`."""
    numbers = [LEVELS.index(level) for level in levels]
    found: list[Row] = await store.all(BATCHES, {"merchant": merchant, "levels": numbers, "limit": limit, **place._asdict()})
    return found


async def count_batches(store: Any, merchant: str | None, levels: Sequence[str]) -> int:
    """How many batches have one of these levels."""
    row = await store.one(COUNT_BATCHES, {"merchant": merchant, "levels": [LEVELS.index(level) for level in levels]})
    return int(row["count"])


async def ranked_payouts(store: Any, conditions: Conditions, place: Place, limit: int) -> list[tuple[Row, Place]]:
    """A page of payouts that fulfil `conditions`, each with its place; one level after another, until the page is full."""
    found: list[tuple[Row, Place]] = []
    for rank, level in enumerate(LEVELS):
        if rank < place.rank or len(found) >= limit:
            continue
        paging = Paging(limit=limit - len(found), cursor=place.id if rank == place.rank else None, by_cursor=True)
        page = await store.payouts(_of_level(conditions, level), paging)
        found += [(row, Place(rank, row["id"])) for row in page[: paging.limit]]
    return found


def _of_level(conditions: Conditions, level: str) -> Conditions:
    wanted = Conditions()
    wanted.parts, wanted.arguments = [*conditions.parts], [*conditions.arguments]
    condition, arguments = with_attention([level])
    wanted.add(condition, *arguments)
    return wanted


def place_of(row: Row) -> str:
    """The cursor behind a row of `ranked_batches`."""
    return str(Place(row["rank"], row["id"]))
