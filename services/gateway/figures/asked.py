"""What every route of figures asks first, and how it answers.

Owns the merchant of a request, the answers of a moment ago, and the freshness that each answer names. Must not know a figure.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request, Response

from services.gateway.door import door_of, json_response, wait_for_position
from services.gateway.figures import reading
from services.gateway.figures.lately import Lately, Told
from services.gateway.filters import known_only, read_merchant

MERCHANT = frozenset({"merchant_id"})


async def merchant_of(request: Request, *more: str) -> str | None:
    """The merchant asked about; None for all that the credential has. Raises ProblemError 400."""
    await wait_for_position(request)
    known_only(request.query_params, MERCHANT | frozenset(more))
    return read_merchant(request.query_params, request.headers.get("x-merchant-id"))


def lately(request: Request) -> Lately:
    """The answers of a moment ago."""
    found: Lately = request.app.state.lately
    return found


async def under_way(request: Request, merchant: str | None) -> Told:
    """Payouts that have not ended, counted."""
    return await lately(request).get(("under way", merchant), asks(request, reading.UNDER_WAY, merchant))


def asks(request: Request, query: str, merchant: str | None) -> Callable[[], Awaitable[Any]]:
    """Asks the views this, when it is called."""
    store = door_of(request).store
    return lambda: reading.rows(store, query, merchant)


async def counted(request: Request, merchant: str | None, start: int, words: list[str]) -> Any:
    """What was counted since a moment (ms UTC)."""
    return await reading.rows(door_of(request).store, reading.COUNTED, merchant, start=start, words=words)


def answer(request: Request, told: Told, body: dict[str, object]) -> Response:
    """A figure with how old the views were when it was counted."""
    return json_response({**body, "freshness": lately(request).freshness(told.fresh_at)})
