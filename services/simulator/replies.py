"""Replies, honest and spoilt.

Owns how an answer goes over the wire, and every way in which it may not. Must not know what it says.
"""

import orjson
from aiohttp import web

from services.simulator import scenario

GARBAGE = b"<html>try again</html"
UNHEARD: frozenset[scenario.Reply] = frozenset({"lost", "cut", "garbage"})
"""Whoever asked gets nothing out of these."""


async def give(request: web.Request, view: object, reply: scenario.Reply) -> web.StreamResponse:
    """What the sender hears instead of `view`."""
    match reply:
        case "lost":
            return _lost(request)
        case "cut":
            return await _cut(request, orjson.dumps(view))
        case "garbage":
            return web.Response(body=GARBAGE, content_type="application/json")
        case _:
            return json(*spoilt(view, reply))


def spoilt(view: object, reply: scenario.Reply) -> tuple[object, int]:
    """What stands in the place of `view`, and under which status."""
    match reply:
        case "busy":
            return {"code": "provider_busy"}, 429
        case "error":
            return {"code": "internal"}, 500
        case "other_amount" if isinstance(view, dict):
            return {**view, "amount": "1"}, 200
        case "says_failed" if isinstance(view, dict):
            return {**view, "status": "failed", "code": scenario.FINAL_CODES[0]}, 200
        case _:
            return view, 200


def json(body: object, status: int = 200) -> web.Response:
    """An answer as it should be."""
    headers = {"Retry-After": "1"} if status == 429 else None
    return web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type="application/json")


def _lost(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request, body: bytes) -> web.StreamResponse:
    """It ends in the middle of what it promised."""
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
