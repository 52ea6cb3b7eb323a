"""Balances, ledger entries and merchants, read (API-25 to API-27)."""

import re
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from msgspec import structs

from runtime.http_problems import ProblemError
from schemas.ids import is_merchant_id
from services.gateway import rows
from services.gateway.described import described
from services.gateway.door import door_of, freshness, json_response, wait_for_position
from services.gateway.filters import (
    CURSOR_LIMIT_MAX,
    DEFAULT_LIMIT,
    PAGING,
    Conditions,
    Paging,
    known_only,
    read_flag,
    read_id,
    read_includes,
    read_merchant,
    read_number,
    read_paging,
    refuse,
)
from services.gateway.records import INCLUDES, RECORD
from services.gateway.store import Row

OPEN_MERCHANT = "demo"
MERCHANTS_UNASKED = 1_000
"""A list of merchants that asks for no page has so many: clients of before there were pages see what they saw."""
_PLACE = re.compile(r"[0-9]{1,18}:[0-9]{1,9}", re.ASCII)

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
    """Entries on the merchant's own accounts; an entry of a chunk names its batch and how many payouts it covers. By cursor to the last."""
    await wait_for_position(request)
    query = request.query_params
    known_only(query, PAGING | {"merchant_id", "payout_id", "direction", "include"})
    includes = read_includes(query, INCLUDES)
    wanted, paging = _entries(query), _paging(request)
    merchant = await _merchant(request)
    wanted.add("merchant_id = %s AND account IN ('available', 'held', 'fees')", merchant["id"])
    store = door_of(request).store
    count = None if paging.by_cursor else await store.count_entries(wanted)
    if paging.cursor is not None:
        wanted.add('("offset", leg) < (%s, %s)', *map(int, paging.cursor.split(":")))
    found = await store.entries(wanted, paging.limit + 1, paging.offset)
    shown = found[: paging.limit]
    body = {"count": count, "results": [_entry(row, includes) for row in shown]}
    cursor = f"{shown[-1]['offset']}:{shown[-1]['leg']}" if len(found) > paging.limit else None
    return json_response({**body, "next_cursor": cursor, "freshness": freshness(request)})


def _entries(query: Mapping[str, str]) -> Conditions:
    """What the filters mean. Raises ProblemError 400."""
    wanted = Conditions()
    if "payout_id" in query:
        wanted.add("payout_id = %s", read_id(query, "payout_id"))
    direction = query.get("direction")
    if direction not in {None, "credit", "debit"}:
        raise refuse("direction", "must be credit or debit")
    if direction is not None:
        wanted.add("amount_minor > 0" if direction == "credit" else "amount_minor < 0")
    return wanted


def _entry(row: Row, includes: frozenset[str]) -> dict[str, object]:
    form = rows.entry(row)
    return {**form, "record": rows.record(row["partition"], row["offset"])} if RECORD in includes else form


@router.get("/merchants", summary="Active merchants with their bank accounts", **described("list_merchants"))
async def list_merchants(request: Request) -> Response:
    """Active merchants by id, or the one that is named; `active=false`: those deactivated. 1,000 where no page is asked for."""
    await wait_for_position(request)
    query, store = request.query_params, door_of(request).store
    known_only(query, PAGING | {"merchant_id", "active"})
    active, paging = read_flag(query, "active", default=True), _merchants_paging(query)
    merchant = read_merchant(query, request.headers.get("x-merchant-id"))
    found = await store.merchants(merchant, paging, active=active)
    shown = found[: paging.limit]
    accounts = await store.bank_accounts([row["id"] for row in shown])
    results = [rows.merchant(row, [a for a in accounts if a["merchant_id"] == row["id"]]) for row in shown]
    cursor = shown[-1]["id"] if len(found) > paging.limit else None
    count = await store.count_merchants(merchant, active=active)
    return json_response({"count": count, "results": results, "next_cursor": cursor})


def _merchants_paging(query: Mapping[str, str]) -> Paging:
    """As of other lists; the cursor is the id behind which it goes on."""
    if not PAGING & query.keys():
        return Paging(limit=MERCHANTS_UNASKED)
    if "cursor" not in query:
        return read_paging(query)
    if query["cursor"] and not is_merchant_id(query["cursor"]):
        raise refuse("cursor", "is not one that we gave; start again without it")
    return structs.replace(read_paging({**query, "cursor": ""}), cursor=query["cursor"] or None)


async def _merchant(request: Request) -> Row:
    """The merchant asked about; `demo` where none is named. Raises ProblemError 400 for malformed or unknown."""
    merchant_id = read_merchant(request.query_params, request.headers.get("x-merchant-id")) or OPEN_MERCHANT
    row = await door_of(request).store.merchant(merchant_id)
    if row is None:
        fault = {"pointer": "query/merchant_id", "code": "unknown_merchant", "detail": "no merchant has this id"}
        raise ProblemError("unknown_merchant", "No merchant has this id.", errors=[fault])
    return row


def _paging(request: Request) -> Paging:
    """50 by default; a cursor is the place on the log behind which it goes on: `<offset>:<leg>`."""
    query = dict(request.query_params)
    if "cursor" not in query:
        return read_paging(query if "page" in query else {"limit": "50", **query})
    if "page" in query or "offset" in query:
        raise refuse("cursor", "does not go together with page or offset")
    if query["cursor"] and not _PLACE.fullmatch(query["cursor"]):
        raise refuse("cursor", "is not one that we gave; start again without it")
    limit = read_number(query, "limit", DEFAULT_LIMIT, 1, CURSOR_LIMIT_MAX)
    return Paging(limit=limit, cursor=query["cursor"] or None, by_cursor=True)
