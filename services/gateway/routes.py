"""The routes of the gateway, and the last stop of a payout: its row is read back.

Owns the table of routes and the payouts' reads; the other themes have files of their own. Must not decide anything.
"""

from fastapi import APIRouter, HTTPException, Request, Response

from services.gateway import batches, documentation, downloads, health, money, rows
from services.gateway.access import file_reasons, reveal
from services.gateway.described import described
from services.gateway.door import door_of, json_response, listing, merchant_asked, tagged, undecided, wait_for_position
from services.gateway.filters import (
    PAGING,
    PAYOUT_FILTERS,
    canonical_id,
    known_only,
    payout_conditions,
    read_merchant,
    read_paging,
)
from services.gateway.live import socket
from services.gateway.store import Row

READS = ["GET", "HEAD", "OPTIONS"]
WRITES = ["POST", "PUT", "PATCH", "DELETE"]

api = APIRouter(prefix="/api/v1")


@api.get("/payouts", summary="List payouts, newest first", **described("list_payouts"))
async def list_payouts(request: Request) -> Response:
    """By page (10), by limit and offset (50) or by cursor (50), with filters (API-17 to API-19)."""
    await wait_for_position(request)
    query = request.query_params
    known_only(query, PAGING | PAYOUT_FILTERS)
    paging, conditions = read_paging(query), payout_conditions(query)
    merchant = read_merchant(query, request.headers.get("x-merchant-id"))
    if merchant is not None:
        conditions.add("p.merchant_id = %s", merchant)
    store = door_of(request).store
    found = await store.payouts(conditions, paging)
    count = None if paging.by_cursor else await store.count_payouts(conditions)
    return listing(request, [rows.payout(row) for row in found], count, paging)


@api.get("/payouts/{payout_id}", summary="One payout", **described("get_payout"))
async def get_payout(request: Request, payout_id: str) -> Response:
    """200 with a strong ETag, 304 on match, 202 until decided, 404 for what is not this merchant's (API-14, API-20)."""
    await wait_for_position(request)
    row = await _own_payout(request, payout_id)
    return tagged(request, rows.payout(row)) if row is not None else await undecided(request, "payout", payout_id)


@api.get("/payouts/{payout_id}/events", summary="A payout's history", **described("get_payout_events"))
async def get_payout_events(request: Request, payout_id: str) -> Response:
    """Every change with from, to, reason, actor, time and log position (LIF-18); 202 until decided."""
    await wait_for_position(request)
    row = await _own_payout(request, payout_id)
    if row is None:
        return await undecided(request, "payout", payout_id)
    changes = rows.history(await door_of(request).store.changes_of(row["id"]))
    return json_response({"count": len(changes), "results": changes})


async def _own_payout(request: Request, payout_id: str) -> Row | None:
    """The payout if the views have it and it is this merchant's."""
    merchant, known = merchant_asked(request), canonical_id(payout_id)
    row = await door_of(request).store.payout(known) if known else None
    return row if row is not None and merchant in {None, row["merchant_id"]} else None


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
    return await proxy.pass_on(request)


api.add_api_route("/batches/upload", write, methods=["GET"], include_in_schema=False)  # before the batch of any id
for theme in (batches, money, documentation, socket, reveal):
    api.include_router(theme.router)
api.add_api_route("/{path:path}", write, methods=[*READS, *WRITES], include_in_schema=False)


root = APIRouter()
root.include_router(health.router)
root.include_router(api)
