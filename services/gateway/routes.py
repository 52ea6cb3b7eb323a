"""The routes of the gateway, and the last stop of a payout: its row is read back.

Owns the table of routes and the payouts' reads; the other themes have files of their own. Must not decide anything.
"""

from fastapi import APIRouter, HTTPException, Request, Response

from services.gateway import actions, batches, documentation, downloads, health, money, operations, records, rows
from services.gateway.access import file_reasons, reveal
from services.gateway.described import described
from services.gateway.door import (
    age,
    door_of,
    json_response,
    listing,
    own_payout,
    tagged,
    undecided,
    wait_for_position,
    wait_for_written,
)
from services.gateway.figures import cards, overview
from services.gateway.filters import (
    PAGING,
    PAYOUT_FILTERS,
    Conditions,
    Paging,
    known_only,
    payout_conditions,
    read_includes,
    read_merchant,
    read_paging,
)
from services.gateway.letters import routes as letters
from services.gateway.live import socket, stream
from services.gateway.ranked import is_by_attention, ranked_payouts, read_limit, read_place, refuse_pages
from services.gateway.records import INCLUDES, with_records
from services.gateway.timelines import routes as timelines

READS = ["GET", "HEAD", "OPTIONS"]
WRITES = ["POST", "PUT", "PATCH", "DELETE"]

COLLECTION_SLASHES = 3
"""Of /api/v1/payouts. An address below is about something that is there, perhaps since a moment ago."""

api = APIRouter(prefix="/api/v1")


@api.get("/payouts", summary="List payouts, newest first", **described("list_payouts"))
async def list_payouts(request: Request) -> Response:
    """By page (10), by limit and offset (50) or by cursor (50), with filters (API-17 to API-19)."""
    await wait_for_position(request)
    query = request.query_params
    known_only(query, PAGING | PAYOUT_FILTERS | {"order", "include"})
    by_attention, includes = is_by_attention(query), read_includes(query, INCLUDES)
    conditions, merchant = payout_conditions(query), read_merchant(query, request.headers.get("x-merchant-id"))
    if merchant is not None:
        conditions.add("p.merchant_id = %s", merchant)
    store = door_of(request).store
    if by_attention:
        return await _by_attention(request, conditions, includes)
    paging = read_paging(query)
    found = await store.payouts(conditions, paging)
    count = None if paging.by_cursor else await store.count_payouts(conditions)
    return listing(request, await with_records(store, [rows.payout(row) for row in found], includes), count, paging)


async def _by_attention(request: Request, conditions: Conditions, includes: frozenset[str]) -> Response:
    """Unknown outcomes first, then failed ones, then the others; newest first within each (CON-07)."""
    query, store = request.query_params, door_of(request).store
    refuse_pages(query)
    limit = read_limit(query)
    found = await ranked_payouts(store, conditions, read_place(query), limit + 1)
    count = None if "cursor" in query else await store.count_payouts(conditions)
    forms = await with_records(store, [rows.payout(row) for row, _ in found], includes)
    return listing(request, forms, count, Paging(limit=limit, by_cursor=True), [str(place) for _, place in found])


@api.get("/payouts/{payout_id}", summary="One payout", **described("get_payout"))
async def get_payout(request: Request, payout_id: str) -> Response:
    """200 with a strong ETag, 304 on match, 202 until decided, 404 for what is not this merchant's (API-14, API-20)."""
    await wait_for_position(request)
    includes = read_includes(request.query_params, INCLUDES)
    row = await own_payout(request, payout_id)
    if row is None:
        return await undecided(request, "payout", payout_id)
    [form] = await with_records(door_of(request).store, [rows.payout(row)], includes)
    return tagged(request, form)


@api.get("/payouts/{payout_id}/events", summary="A payout's history", **described("get_payout_events"))
async def get_payout_events(request: Request, payout_id: str) -> Response:
    """Every change with from, to, reason, actor, time and log position (LIF-18); 202 until decided."""
    await wait_for_position(request)
    row = await own_payout(request, payout_id)
    if row is None:
        return await undecided(request, "payout", payout_id)
    changes = rows.history(await door_of(request).store.changes_of(row["id"]))
    return json_response({"count": len(changes), "results": changes}, headers=age(request))


async def write(request: Request) -> Response:
    """Every other request goes on to the part that has its address, as a stream; its files come back as one.

    404 where no part has this address, 405 where none has this method.
    """
    asked: str = request.scope["path"]
    methods = documentation.methods_of(asked)
    if not methods or {".", ".."} & set(asked.split("/")):
        raise HTTPException(404)
    if request.method not in methods:
        raise HTTPException(405, headers={"Allow": ", ".join(sorted(methods))})
    door = door_of(request)
    proxy = door.proxy_of(asked)
    if request.method in downloads.READS and downloads.is_file(asked):
        await file_reasons.write_down(request)
        return await downloads.pass_out(proxy, request)
    if asked.count("/") > COLLECTION_SLASHES:
        await wait_for_written(request)  # whose it is may be looked up in the views
    return await proxy.pass_on(request)


api.add_api_route("/batches/upload", write, methods=["GET"], include_in_schema=False)  # before the batch of any id
THEMES = (
    batches,
    money,
    operations,
    cards,
    overview,
    actions,
    timelines,
    records,
    letters,
    documentation,
    socket,
    stream,
    reveal,
)
for theme in THEMES:
    api.include_router(theme.router)
api.add_api_route("/{path:path}", write, methods=[*READS, *WRITES], include_in_schema=False)


root = APIRouter()
root.include_router(health.router)
root.include_router(api)
