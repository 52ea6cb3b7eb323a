"""Batches, read: list, detail, rows (BAT-12)."""

from fastapi import APIRouter, Request, Response

from services.gateway import rows
from services.gateway.described import described
from services.gateway.door import door_of, freshness, json_response, listing, merchant_asked, undecided, wait_for_position
from services.gateway.filters import (
    CURSOR_LIMIT_MAX,
    PAGING,
    PAYOUT_FILTERS,
    canonical_id,
    known_only,
    payout_conditions,
    read_cursor,
    read_merchant,
    read_paging,
    refuse,
)
from services.gateway.store import Row

router = APIRouter()


@router.get("/batches", summary="List batches, newest first", **described("list_batches"))
async def list_batches(request: Request) -> Response:
    """Counts and sums per state for each."""
    await wait_for_position(request)
    query = request.query_params
    known_only(query, PAGING | {"merchant_id"})
    paging, merchant = read_paging(query), read_merchant(query, request.headers.get("x-merchant-id"))
    store = door_of(request).store
    found = await store.batches(merchant, paging)
    cells = await store.cells([row["id"] for row in found])
    count = None if paging.by_cursor else await store.count_batches(merchant)
    return listing(request, [rows.batch(row, cells[row["id"]]) for row in found], count, paging)


@router.get("/batches/{batch_id}", summary="One batch with counts, sums and progress", **described("get_batch"))
async def get_batch(request: Request, batch_id: str) -> Response:
    """What the rows add up to, how far it is, and whether it needs somebody."""
    await wait_for_position(request)
    row = await own_batch(request, batch_id)
    if row is None:
        return await undecided(request, "batch", batch_id)
    cells = await door_of(request).store.cells([row["id"]])
    return json_response({**rows.batch(row, cells[row["id"]]), "freshness": freshness(request)})


@router.get("/batches/{batch_id}/rows", summary="Rows of a batch, in order, by cursor", **described("list_rows"))
async def get_rows(request: Request, batch_id: str) -> Response:
    """Pages by cursor, with the payout filters."""
    await wait_for_position(request)
    query = request.query_params
    known_only(query, (PAYOUT_FILTERS - {"merchant_id", "batch_id"}) | {"cursor", "limit"})
    row, limit, cursor = await own_batch(request, batch_id), _limit(query.get("limit")), read_cursor(query)
    if row is None:
        return await undecided(request, "batch", batch_id)
    found = await door_of(request).store.rows_of(row["id"], payout_conditions(query), cursor, limit)
    shown = [rows.payout(payout) for payout in found[:limit]]
    next_cursor = shown[-1]["id"] if len(found) > limit else None
    return json_response(
        {"count": row["row_count"], "results": shown, "next_cursor": next_cursor, "freshness": freshness(request)}
    )


async def own_batch(request: Request, batch_id: str) -> Row | None:
    """The batch if the views have it and it is this merchant's."""
    merchant, known = merchant_asked(request), canonical_id(batch_id)
    row = await door_of(request).store.batch(known) if known else None
    return row if row is not None and merchant in {None, row["merchant_id"]} else None


def _limit(text: str | None) -> int:
    if text is None:
        return 50
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= CURSOR_LIMIT_MAX):
        raise refuse("limit", f"must be a number from 1 to {CURSOR_LIMIT_MAX}")
    return int(text)
