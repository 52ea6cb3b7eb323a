"""The operation as a whole, over all merchants: what is under way at each provider, what waits and why, how far the views are.

Owns the two forms that REST answers and the feed's channels `providers` and `ops` tell alike (LIV-03, CON-01). Sums only within a
currency. Must not know who asks.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from domain.payout.view import amounts
from schemas.times import rfc3339, rfc3339_or_none
from schemas.words import PayoutStatus, Reason
from services.gateway.described import described
from services.gateway.door import door_of, freshness, json_response, wait_for_position
from services.gateway.filters import known_only
from services.gateway.progress import Progress
from services.gateway.store import Row, Store

AT_PROVIDER = frozenset({PayoutStatus.PROCESSING.value, PayoutStatus.REQUIRES_ACTION.value})
"""States in which money may be on its way."""
CLEARING = "clearing:"

IsReady = Callable[[], Awaitable[bool]]

router = APIRouter()


async def providers(store: Store) -> dict[str, object]:
    """Each provider that was ever used: what it has now, what it does not answer, and what went through it."""
    unfinished, cleared = await store.unfinished(), await store.cleared()
    by_provider: dict[str, list[Row]] = defaultdict(list)
    for row in unfinished:
        if row["provider"] is not None and row["status"] in AT_PROVIDER:
            by_provider[row["provider"]].append(row)
    for row in cleared:
        by_provider.setdefault(row["account"].removeprefix(CLEARING), [])
    results = [_provider(name, by_provider[name], cleared) for name in sorted(by_provider)]
    return {"count": len(results), "results": results}


def _provider(name: str, unfinished: Sequence[Row], cleared: Sequence[Row]) -> dict[str, object]:
    unknown = [row for row in unfinished if row["status"] == PayoutStatus.REQUIRES_ACTION]
    asked = [row for row in unfinished if row["status"] == PayoutStatus.PROCESSING]
    through = [row for row in cleared if row["account"] == CLEARING + name]
    return {
        "provider": name,
        "processing": _count(asked),
        "in_progress": _count(row for row in asked if row["reason"] == Reason.IN_PROGRESS),
        "retry": _count(row for row in asked if row["reason"] == Reason.RETRY),
        "unknown": _count(unknown),
        "oldest_processing_at": _oldest(asked),
        "oldest_unknown_at": _oldest(unknown),
        "in_flight": _sums(unfinished),
        "cleared": [amounts(int(row["amount_minor"]), row["currency"]) for row in through],
    }


async def operation(store: Store, progress: Progress, parts: Mapping[str, IsReady]) -> dict[str, object]:
    """What is unfinished by state and by why it waits, the money in flight, the views' position, and which parts answer."""
    unfinished = await store.unfinished()
    waits: dict[str, int] = defaultdict(int)
    for row in unfinished:
        if row["reason"] is not None:
            waits[row["reason"]] += row["count"]
    unknown = [row for row in unfinished if row["status"] == PayoutStatus.REQUIRES_ACTION]
    states = (PayoutStatus.PENDING, PayoutStatus.PROCESSING, PayoutStatus.REQUIRES_ACTION)
    return {
        "counts": {status.value: _count(row for row in unfinished if row["status"] == status) for status in states},
        "waits": dict(sorted(waits.items())),
        "in_flight": _sums(row for row in unfinished if row["status"] in AT_PROVIDER),
        "waiting": _sums(row for row in unfinished if row["status"] == PayoutStatus.PENDING),
        "oldest_unknown_at": _oldest(unknown),
        "lag_ms": progress.freshness()["max_age_ms"],
        "lag_records": progress.lag_records,
        "fresh_at": rfc3339(progress.fresh_at) if progress.fresh_at else None,
        "position": {str(partition): offset for partition, offset in sorted(progress.next_offset.items())},
        "parts": {name: await is_ready() for name, is_ready in parts.items()},
    }


def _count(found: Any) -> int:
    return sum(row["count"] for row in found)


def _oldest(found: Sequence[Row]) -> str | None:
    return rfc3339_or_none(min((row["oldest_at"] for row in found), default=None))


def _sums(found: Any) -> list[dict[str, object]]:
    sums: dict[str, tuple[int, int]] = {}
    for row in found:
        count, amount = sums.get(row["currency"], (0, 0))
        sums[row["currency"]] = (count + row["count"], amount + int(row["amount_minor"]))
    return [{"count": count, **amounts(amount, currency)} for currency, (count, amount) in sorted(sums.items())]


@router.get("/providers", summary="Providers and what each has under way", **described("list_providers"))
async def list_providers(request: Request) -> Response:
    """Over all merchants; the same that the feed's channel `providers` tells."""
    await wait_for_position(request)
    known_only(request.query_params, frozenset())
    return json_response({**await providers(door_of(request).store), "freshness": freshness(request)})


@router.get("/operations", summary="What is unfinished, why, and how far the views are", **described("get_operation"))
async def get_operation(request: Request) -> Response:
    """Over all merchants; the same that the feed's channel `ops` tells."""
    await wait_for_position(request)
    known_only(request.query_params, frozenset())
    door = door_of(request)
    body = await operation(door.store, door.progress, door.parts)
    return json_response({**body, "freshness": freshness(request)})
