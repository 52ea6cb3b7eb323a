"""Counters of lists, what needs somebody, and charts (CON-01, CON-07, CON-20).

Owns their routes. Must not count anything itself, or say what a level of attention means: that is the law's.
"""

from typing import Any

from fastapi import APIRouter, Request, Response

from schemas.times import rfc3339
from services.gateway import rows as row_forms
from services.gateway.described import described
from services.gateway.door import door_of
from services.gateway.figures import asking, attention, charts, forms, reading
from services.gateway.figures.asked import answer, asks, lately, merchant_of
from services.gateway.ranked import Place, ranked_batches

DAY_HOURS = 24
ATTENTION_MAX = 50

router = APIRouter()


@router.get("/figures/payouts", summary="Payouts by state and attention", **described("get_payout_counters"))
async def get_payout_counters(request: Request) -> Response:
    """How many there are of each; rows of batches and single payouts."""
    merchant = await merchant_of(request)
    store = door_of(request).store

    async def ask() -> Any:
        under_way = await reading.rows(store, reading.UNDER_WAY, merchant)
        return under_way, await reading.rows(store, reading.ENDED, merchant)

    told = await lately(request).get(("payouts", merchant), ask)
    by_status = forms.payouts_by_status(*told.found)
    body = {"by_attention": forms.payouts_by_attention(*told.found), "by_status": by_status}
    return answer(request, told, {"figure": "payouts", **body})


@router.get("/figures/batches", summary="Batches by state and attention", **described("get_batch_counters"))
async def get_batch_counters(request: Request) -> Response:
    """How many there are of each."""
    merchant = await merchant_of(request)
    told = await lately(request).get(("batches", merchant), asks(request, reading.KINDS_OF_BATCHES, merchant))
    return answer(request, told, {"figure": "batches", **forms.batch_counters(told.found)})


@router.get("/attention", summary="What needs somebody, worst first", **described("get_attention"))
async def get_attention(request: Request) -> Response:
    """At most 50 of each kind: the views when they are behind, unknown outcomes (oldest first), refused and failed (newest first)."""
    merchant = await merchant_of(request)
    progress = door_of(request).progress

    async def ask() -> Any:
        return await _attention(request, merchant)

    told = await lately(request).get(("attention", merchant), ask)
    age = int(str(progress.freshness()["max_age_ms"]))
    behind = attention.views(age, progress.fresh_at, known=bool(progress.fresh_at))
    results = attention.listed(behind, told.found)
    return answer(request, told, {"count": len(results), "results": results})


async def _attention(request: Request, merchant: str | None) -> list[attention.Item]:
    store = door_of(request).store
    start = lately(request).now_ms() - DAY_HOURS * asking.HOUR_MS
    unknown = await reading.rows(store, reading.UNKNOWN_ALONE, merchant, limit=ATTENTION_MAX)
    failed = await reading.rows(store, reading.FAILED_ALONE, merchant, limit=ATTENTION_MAX, start=start)
    found = await ranked_batches(store, merchant, ("action_required", "warning"), Place(), ATTENTION_MAX)
    cells = await store.cells([row["id"] for row in found])
    batches = [attention.batch(row_forms.batch(row, cells[row["id"]])) for row in found]
    alone = [attention.unknown_payout(row) for row in unknown] + [attention.failed_payout(row) for row in failed]
    return attention.listed(alone, batches)


@router.get("/insights", summary="Volume, success, time to paid and failures over time", **described("get_insights"))
async def get_insights(request: Request) -> Response:
    """From figures that were counted with the payouts; `since` says from when on there are any."""
    merchant = await merchant_of(request, "from", "to", "step", "zone", "provider", "currency")
    chart = asking.read_chart(request.query_params, lately(request).now_ms())
    store = door_of(request).store

    async def ask() -> Any:
        queries = (reading.VOLUME, reading.TIMES, reading.CODES, reading.PROVIDERS, reading.FIRST)
        return [await reading.rows(store, query, merchant, **chart._asdict()) for query in queries]

    told = await lately(request).get(("insights", merchant, chart), ask)
    volume, times, codes, providers, [first] = told.found
    body: dict[str, object] = {
        "from": rfc3339(chart.start),
        "to": rfc3339(chart.end),
        "step": chart.step,
        "zone": chart.zone,
        "since": rfc3339(first["starts_at"]) if first["starts_at"] is not None else None,
        "points": charts.points(volume, times),
        "time_to_paid": charts.time_to_paid(times),
        "codes": [{name: row[name] for name in ("word", "provider", "code", "count")} for row in codes],
        "providers": [row["provider"] for row in providers],
    }
    return answer(request, told, body)
