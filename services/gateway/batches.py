"""Batches, read: list, detail, rows (BAT-12)."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from domain.batch.view import Cells
from schemas.ids import BATCH_ROWS_MAX, row_payout_id
from services.gateway import rows
from services.gateway.described import described
from services.gateway.door import (
    door_of,
    etag_of_batch,
    freshness,
    json_response,
    listing,
    merchant_asked,
    undecided,
    wait_for_position,
)
from services.gateway.filters import (
    CURSOR_LIMIT_MAX,
    PAGING,
    PAYOUT_FILTERS,
    Paging,
    canonical_id,
    known_only,
    payout_conditions,
    read_cursor,
    read_includes,
    read_merchant,
    read_number,
    read_paging,
    refuse,
)
from services.gateway.ranked import (
    count_batches,
    is_by_attention,
    place_of,
    ranked_batches,
    read_levels,
    read_limit,
    read_place,
    refuse_pages,
)
from services.gateway.records import INCLUDES, RECORD, with_records
from services.gateway.store import Row

router = APIRouter()


@router.get("/batches", summary="List batches, newest first", **described("list_batches"))
async def list_batches(request: Request) -> Response:
    """Counts and sums per state for each."""
    await wait_for_position(request)
    query = request.query_params
    known_only(query, PAGING | {"merchant_id", "order", "attention", "include"})
    includes = read_includes(query, INCLUDES)
    merchant = read_merchant(query, request.headers.get("x-merchant-id"))
    store = door_of(request).store
    if is_by_attention(query) or "attention" in query:
        return await _by_attention(request, merchant, includes)
    paging = read_paging(query)
    found = await store.batches(merchant, paging)
    cells = await store.cells([row["id"] for row in found])
    count = None if paging.by_cursor else await store.count_batches(merchant)
    return listing(request, [_form(row, cells, includes) for row in found], count, paging)


async def _by_attention(request: Request, merchant: str | None, includes: frozenset[str]) -> Response:
    """By level of attention, the worst first, and only those that are named; newest first within one (CON-07)."""
    query, store = request.query_params, door_of(request).store
    refuse_pages(query)
    levels, place, limit = read_levels(query), read_place(query), read_limit(query)
    found = await ranked_batches(store, merchant, levels, place, limit + 1)
    cells = await store.cells([row["id"] for row in found])
    count = None if "cursor" in query else await count_batches(store, merchant, levels)
    forms = [_form(row, cells, includes) for row in found]
    return listing(request, forms, count, Paging(limit=limit, by_cursor=True), [place_of(row) for row in found])


def _form(row: Row, cells: dict[str, Cells], includes: frozenset[str]) -> dict[str, object]:
    form = rows.batch(row, cells[row["id"]])
    return {**form, "record": rows.record(row["partition"], row["last_offset"])} if RECORD in includes else form


@router.get("/batches/{batch_id}", summary="One batch with counts, sums and progress", **described("get_batch"))
async def get_batch(request: Request, batch_id: str) -> Response:
    """What the rows add up to, how far it is, and whether it needs somebody.

    Its ETag is for If-Match. There is no 304: counts and freshness change without the version.
    """
    await wait_for_position(request)
    includes = read_includes(request.query_params, INCLUDES)
    row = await own_batch(request, batch_id)
    if row is None:
        return await undecided(request, "batch", batch_id)
    cells = await door_of(request).store.cells([row["id"]])
    form = _form(row, cells, includes)
    return json_response({**form, "freshness": freshness(request)}, headers={"ETag": etag_of_batch(form)})


@router.get("/batches/{batch_id}/rows", summary="Rows of a batch, in order, by cursor", **described("list_rows"))
async def get_rows(request: Request, batch_id: str) -> Response:
    """Pages by cursor, with the payout filters."""
    await wait_for_position(request)
    query = request.query_params
    known_only(query, (PAYOUT_FILTERS - {"merchant_id", "batch_id"}) | {"cursor", "limit", "from_row", "include"})
    includes = read_includes(query, INCLUDES)
    row, limit, cursor = await own_batch(request, batch_id), _limit(query.get("limit")), read_cursor(query)
    first = _from_row(query)
    if row is None:
        return await undecided(request, "batch", batch_id)
    if first is not None and first > 1:
        cursor = row_payout_id(row["id"], first - 1)
    store = door_of(request).store
    found = await store.rows_of(row["id"], payout_conditions(query), cursor, limit)
    shown = await with_records(store, [rows.payout(payout) for payout in found[:limit]], includes)
    next_cursor = shown[-1]["id"] if len(found) > limit else None
    return json_response(
        {"count": row["row_count"], "results": shown, "next_cursor": next_cursor, "freshness": freshness(request)}
    )


async def own_batch(request: Request, batch_id: str) -> Row | None:
    """The batch if the views have it and it is this merchant's."""
    merchant, known = merchant_asked(request), canonical_id(batch_id)
    row = await door_of(request).store.batch(known) if known else None
    return row if row is not None and merchant in {None, row["merchant_id"]} else None


def _from_row(query: Mapping[str, str]) -> int | None:
    """The row that a page begins at: a place anywhere in the batch is as near as its start (CON-10)."""
    if "from_row" not in query:
        return None
    if query.get("cursor"):
        raise refuse("from_row", "does not go together with cursor")
    return read_number(query, "from_row", 1, 1, BATCH_ROWS_MAX)


def _limit(text: str | None) -> int:
    if text is None:
        return 50
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= CURSOR_LIMIT_MAX):
        raise refuse("limit", f"must be a number from 1 to {CURSOR_LIMIT_MAX}")
    return int(text)
