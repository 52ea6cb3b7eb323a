"""Balances, ledger entries and merchants, read (API-25 to API-27)."""

from fastapi import APIRouter, Request, Response

from runtime.http_problems import ProblemError
from services.gateway import rows
from services.gateway.described import described
from services.gateway.door import door_of, freshness, json_response, wait_for_position
from services.gateway.filters import PAGING, Paging, known_only, read_flag, read_id, read_merchant, read_paging
from services.gateway.store import Row

OPEN_MERCHANT = "demo"

router = APIRouter()


@router.get("/balance", summary="Balance of a merchant", **described("get_balance"))
async def get_balance(request: Request) -> Response:
    """Available, held and total per currency, with the log position it stands at."""
    await wait_for_position(request)
    known_only(request.query_params, frozenset({"merchant_id"}))
    merchant = await _merchant(request)
    store = door_of(request).store
    position = {"partition": merchant["partition"], "next_offset": await store.position(merchant["partition"])}
    found = await store.balances(merchant["id"])
    body = {"merchant_id": merchant["id"], **rows.balances(found, merchant["main_currency"])}
    return json_response({**body, "position": position, "freshness": freshness(request)})


@router.get("/ledger", summary="Ledger entries of a merchant, newest first", **described("list_ledger"))
async def get_ledger(request: Request) -> Response:
    """Entries on the merchant's own accounts; an entry of a chunk names its batch and how many payouts it covers."""
    await wait_for_position(request)
    query = request.query_params
    known_only(query, (PAGING - {"cursor"}) | {"merchant_id", "payout_id"})
    payout_id = read_id(query, "payout_id") if "payout_id" in query else None
    merchant, paging = await _merchant(request), _paging(request)
    store = door_of(request).store
    found = await store.entries(merchant["id"], payout_id, paging.limit, paging.offset)
    count = await store.count_entries(merchant["id"], payout_id)
    return json_response({"count": count, "results": [rows.entry(row) for row in found], "freshness": freshness(request)})


@router.get("/merchants", summary="Active merchants with their bank accounts", **described("list_merchants"))
async def list_merchants(request: Request) -> Response:
    """All active merchants, or the one that is named; with `active=false` those that were deactivated."""
    await wait_for_position(request)
    query = request.query_params
    known_only(query, frozenset({"merchant_id", "active"}))
    store = door_of(request).store
    active = read_flag(query, "active", default=True)
    found = await store.merchants(read_merchant(query, request.headers.get("x-merchant-id")), active=active)
    accounts = await store.bank_accounts([row["id"] for row in found])
    results = [rows.merchant(row, [a for a in accounts if a["merchant_id"] == row["id"]]) for row in found]
    return json_response({"count": len(results), "results": results})


async def _merchant(request: Request) -> Row:
    """The merchant asked about; `demo` where none is named. Raises ProblemError 400 for malformed or unknown."""
    merchant_id = read_merchant(request.query_params, request.headers.get("x-merchant-id")) or OPEN_MERCHANT
    row = await door_of(request).store.merchant(merchant_id)
    if row is None:
        fault = {"pointer": "query/merchant_id", "code": "unknown_merchant", "detail": "no merchant has this id"}
        raise ProblemError("unknown_merchant", "No merchant has this id.", errors=[fault])
    return row


def _paging(request: Request) -> Paging:
    query = dict(request.query_params)
    return read_paging(query if "page" in query else {"limit": "50", **query})
