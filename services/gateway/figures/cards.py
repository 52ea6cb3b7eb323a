"""The cards of the first page, each at an address of its own so that each can fail alone (CON-01).

Owns their routes. A figure is at most `lately.GOOD_SECONDS` older than the views, and says how old those were. Must not count anything
itself.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from domain.figures import Word, percent, quarter_of
from schemas.times import rfc3339
from services.gateway.described import described
from services.gateway.door import door_of, freshness, json_response
from services.gateway.figures import asking, forms, reading
from services.gateway.figures.asked import MERCHANT, answer, counted, lately, merchant_of, under_way
from services.gateway.filters import known_only, read_merchant

ENDS = [Word.PAID.value, Word.FAILED.value]

router = APIRouter()


@router.get("/figures/in-flight", summary="Money in flight", **described("get_in_flight"))
async def get_in_flight(request: Request) -> Response:
    """Payouts whose money is set aside and not paid yet: sent, about to be sent, or of unknown outcome."""
    merchant = await merchant_of(request)
    told = await under_way(request, merchant)
    return answer(request, told, forms.figure("in_flight", forms.in_flight(told.found)))


@router.get("/figures/waiting", summary="What waits", **described("get_waiting"))
async def get_waiting(request: Request) -> Response:
    """Payouts that wait for a reason, and for which."""
    merchant = await merchant_of(request)
    told = await under_way(request, merchant)
    by_reason = forms.waiting(told.found)
    counts = {reason: sum(count for _, count, _ in cells) for reason, cells in sorted(by_reason.items())}
    every = [cell for cells in by_reason.values() for cell in cells]
    return answer(request, told, forms.figure("waiting", every, by_reason=counts))


@router.get("/figures/unknown", summary="Unknown outcomes", **described("get_unknown"))
async def get_unknown(request: Request) -> Response:
    """Payouts of which nobody can say yet whether they were paid."""
    merchant = await merchant_of(request)
    told = await under_way(request, merchant)
    return answer(request, told, forms.figure("unknown", forms.unknown(told.found)))


@router.get("/figures/paid-today", summary="Paid today", **described("get_paid_today"))
async def get_paid_today(request: Request) -> Response:
    """Since midnight of a time zone; UTC unless one is named."""
    merchant = await merchant_of(request, "zone")
    zone = asking.read_zone(request.query_params)
    day, begun = asking.day_of(lately(request).now_ms(), zone)

    async def ask() -> Any:
        return await counted(request, merchant, begun, [Word.PAID.value])

    told = await lately(request).get(("paid", merchant, begun), ask)
    more = {"day": day, "zone": zone, "from": rfc3339(begun)}
    return answer(request, told, forms.figure("paid_today", reading.cells(told.found), **more))


@router.get("/figures/failure-rate", summary="Failure rate", **described("get_failure_rate"))
async def get_failure_rate(request: Request) -> Response:
    """Failed payouts in a hundred that ended, paid or failed; null while none has."""
    merchant = await merchant_of(request, "hours")
    hours = asking.read_hours(request.query_params)
    start = quarter_of(lately(request).now_ms() - hours * asking.HOUR_MS)

    async def ask() -> Any:
        return await counted(request, merchant, start, ENDS)

    told = await lately(request).get(("rate", merchant, start), ask)
    count = {word: sum(row["count"] for row in told.found if row["word"] == word) for word in ENDS}
    rate = percent(count["failed"], count["failed"] + count["paid"])
    return answer(
        request, told, {"figure": "failure_rate", "hours": hours, "from": rfc3339(start), **count, "percent": rate}
    )


@router.get("/figures/lag", summary="How far the views are behind the log", **described("get_lag"))
async def get_lag(request: Request) -> Response:
    """Of the whole log; needs no database, so it is there when the other figures are not."""
    known_only(request.query_params, MERCHANT)
    read_merchant(request.query_params, request.headers.get("x-merchant-id"))
    progress = door_of(request).progress
    told = freshness(request)
    body = {"figure": "lag", "records": progress.lag_records, "known": bool(progress.fresh_at)}
    return json_response({**body, "max_age_ms": told["max_age_ms"], "freshness": told})
