"""What every route has at hand.

Owns the collaborators, ETags, positions that reads wait for, and the common members of lists. Must not know any single route.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import Request, Response

from runtime.http_problems import ProblemError
from schemas.times import rfc3339
from services.gateway.filters import Paging
from services.gateway.progress import Progress
from services.gateway.proxy import Proxy
from services.gateway.store import Store

POSITION_HEADER = "Payflow-Position"
READ_WAIT_SECONDS = 2.0


@dataclass(frozen=True)
class Door:
    """Collaborators of the routes, built by `wiring`."""

    store: Store
    progress: Progress
    proxy: Proxy


def door_of(request: Request) -> Door:
    """The door of the app that serves this request."""
    door: Door = request.app.state.door
    return door


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON, deterministic for equal bodies."""
    return Response(msgspec.json.encode(body), status, dict(headers or {}), "application/json")


def tagged(request: Request, body: dict[str, Any]) -> Response:
    """JSON with a strong ETag of its version; 304 if the client has it (API-20)."""
    etag = f'"{body["version"]}"'
    if etag in [part.strip() for part in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers={"ETag": etag})
    return json_response(body, headers={"ETag": etag})


async def wait_for_position(request: Request) -> None:
    """A read that names a position waits until the views have passed it, at most 2 s (read your writes)."""
    named = request.headers.get(POSITION_HEADER)
    if named is None:
        return
    partition, colon, offset = named.partition(":")
    if not (colon and partition.isdigit() and offset.isdigit() and len(named) <= 40):
        fault = {
            "pointer": f"header/{POSITION_HEADER}",
            "code": "validation_error",
            "detail": "must be <partition>:<offset>",
        }
        raise ProblemError("validation_error", f"The header {POSITION_HEADER} must be <partition>:<offset>.", errors=[fault])
    await door_of(request).progress.passed(int(partition), int(offset), READ_WAIT_SECONDS)


def freshness(request: Request) -> dict[str, object]:
    """When the views last had all events (API-17)."""
    found = door_of(request).progress.freshness()
    return {
        "timestamp": rfc3339(int(str(found["timestamp_ms"]))),
        "source": found["source"],
        "max_age_ms": found["max_age_ms"],
    }


def listing(request: Request, results: list[dict[str, Any]], count: int | None, paging: Paging) -> Response:
    """A page: `results` may hold one row more than the page, which only says that there is a next one."""
    shown = results[: paging.limit]
    more = len(results) > paging.limit
    cursor = str(shown[-1]["id"]) if more else None
    body = {
        "count": count,
        "next": _link(request, paging, 1) if more and not paging.by_cursor else _cursor_link(request, cursor),
        "previous": _link(request, paging, -1) if paging.offset else None,
        "results": shown,
        "next_cursor": cursor,
        "freshness": freshness(request),
    }
    return json_response(body)


def _link(request: Request, paging: Paging, step: int) -> str:
    query = dict(request.query_params)
    if paging.page is not None:
        query["page"] = str(paging.page + step)
    else:
        query |= {"limit": str(paging.limit), "offset": str(max(paging.offset + step * paging.limit, 0))}
    return f"{_path(request)}?{urlencode(query)}"


def _cursor_link(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    return f"{_path(request)}?{urlencode({**dict(request.query_params), 'cursor': cursor})}"


def _path(request: Request) -> str:
    return str(request.scope.get("asked_path", request.url.path))
