"""What every route has at hand.

Owns the collaborators, ETags, positions that reads wait for, whose data is asked for, and the common members of lists. Must not know any
single route.
"""

import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import msgspec
from fastapi import Request, Response

from runtime.http_problems import ProblemError, asked_path
from schemas.times import rfc3339
from schemas.words import Reason
from services.gateway.filters import OFFSET_MAX, PAGE_MAX, Paging, canonical_id, read_merchant
from services.gateway.leaving import BEHIND
from services.gateway.progress import Progress
from services.gateway.proxy import POSITION_HEADER, Proxy, parse_position
from services.gateway.store import Row, Store

READ_WAIT_SECONDS = 2.0
PLAIN_WAIT_SECONDS = 0.1
"""For what a merchant wrote a moment ago, of a read that names no position."""
V1 = "/api/v1/"
WEBHOOK_THEMES = frozenset({"webhooks", "deliveries"})
IDENTITY_THEMES = frozenset({"sessions", "keys", "users", "audit"})
TICKETS = "/api/v1/feed/tickets"
COLLECTIONS = {"payout": "payouts", "batch": "batches"}


@dataclass(frozen=True)
class Door:
    """Collaborators of the routes, built by `wiring`."""

    store: Store
    progress: Progress
    proxy: Proxy
    identity: Proxy | None = None
    """Where keys, people and sign-in are; None in an application without them."""
    webhooks: Proxy | None = None
    """The part that has `webhooks/` and `deliveries/`, reads too; None in an application without it."""
    parts: Mapping[str, Callable[[], Awaitable[bool]]] = field(default_factory=dict)
    """Whether each other part is ready, by name."""
    admin: Store | None = None
    """Reads the schema of people, keys and their trail; None in open mode, where there is none."""

    def proxy_of(self, path: str) -> Proxy:
        """Who takes requests to a canonical path."""
        theme = path.removeprefix(V1).partition("/")[0]
        if self.identity is not None and (theme in IDENTITY_THEMES or path == TICKETS):
            return self.identity
        return self.webhooks if self.webhooks is not None and theme in WEBHOOK_THEMES else self.proxy


def door_of(request: Request) -> Door:
    """The door of the app that serves this request."""
    door: Door = request.app.state.door
    return door


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON, deterministic for equal bodies."""
    return Response(msgspec.json.encode(body), status, dict(headers or {}), "application/json")


def tagged(request: Request, body: dict[str, Any]) -> Response:
    """JSON with a strong ETag; 304 if the client has it (API-20)."""
    etag = etag_of(body)
    held = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    headers = {"ETag": etag, **age(request)}
    if etag in held or held == ["*"]:
        return Response(status_code=304, headers=headers)
    return json_response(body, headers=headers)


def etag_of(payout: Mapping[str, Any]) -> str:
    """A payout's version, and behind a hyphen what can differ at the same version: the seal of its batch, its saved account.

    `If-Match` takes the part before the hyphen.
    """
    unsealed = "u" if payout["reason"] == Reason.UNSEALED.value else ""
    account = payout["bank_account"]
    variant = unsealed + (f"{zlib.crc32(msgspec.json.encode(account)):08x}" if account else "")
    return f'"{payout["version"]}-{variant}"' if variant else f'"{payout["version"]}"'


def etag_of_batch(batch: Mapping[str, Any]) -> str:
    """A batch's version, and behind a hyphen what else it shows: its rows move at the same version.

    `If-Match` takes the part before the hyphen.
    """
    return f'"{batch["version"]}-{zlib.crc32(msgspec.json.encode(batch)):08x}"'


def merchant_asked(request: Request) -> str | None:
    """The merchant of the header; None for any (open mode). Raises ProblemError 400 for a malformed one."""
    return read_merchant({}, request.headers.get("x-merchant-id"))


async def wait_for_position(request: Request) -> None:
    """A read that names a position waits until the views have passed it, at most 2 s (read your writes).

    Past that it is answered from what there is, and Payflow-Behind says how many places of the log are still missing.
    A plain read waits at most 0.1 s for what its merchant has written through this gateway.
    """
    named = request.headers.get(POSITION_HEADER)
    progress = door_of(request).progress
    if named is None:
        await wait_for_written(request)
        return
    position = parse_position(named)
    if position is None or position[0] >= progress.partitions:
        detail = f"must be <partition>:<offset> of one of {progress.partitions} partitions"
        fault = {"pointer": f"header/{POSITION_HEADER}", "code": "validation_error", "detail": detail}
        raise ProblemError("validation_error", f"The header {POSITION_HEADER} {detail}.", errors=[fault])
    if not await progress.passed(*position, READ_WAIT_SECONDS):
        setattr(request.state, BEHIND, progress.behind(*position))


async def wait_for_written(request: Request) -> None:
    """Wait, at most 0.1 s, until the views show what this request's merchant was told by this gateway to have written."""
    merchant_id = request.headers.get("x-merchant-id") or request.query_params.get("merchant_id")
    await door_of(request).progress.passed_written(merchant_id, PLAIN_WAIT_SECONDS)


async def own_payout(request: Request, payout_id: str) -> Row | None:
    """The payout if the views have it and it is this merchant's."""
    merchant, known = merchant_asked(request), canonical_id(payout_id)
    row = await door_of(request).store.payout(known) if known else None
    return row if row is not None and merchant in {None, row["merchant_id"]} else None


async def undecided(request: Request, what: str, asked_id: str) -> Response:
    """What the views do not have: 202 while this merchant's request for it is undecided (API-14), else 404.

    Unknown, malformed and another merchant's id are the same 404.
    """
    subject = canonical_id(asked_id)
    if subject is None or not await door_of(request).proxy.is_in_flight(subject, merchant_asked(request)):
        raise ProblemError("not_found", f"There is no such {what}.")
    headers = {"Location": f"/api/v1/{COLLECTIONS[what]}/{subject}", "Retry-After": "1"}
    return json_response({"id": subject, "status": "undecided"}, 202, headers)


def freshness(request: Request) -> dict[str, object]:
    """When the views last had all events (API-17)."""
    found = door_of(request).progress.freshness()
    return {
        "timestamp": rfc3339(int(str(found["timestamp_ms"]))),
        "source": found["source"],
        "max_age_ms": found["max_age_ms"],
    }


def age(request: Request) -> dict[str, str]:
    """How old the views are, whole seconds, for an answer whose body does not say so."""
    return {"Age": str(int(str(door_of(request).progress.freshness()["max_age_ms"])) // 1000)}


def listing(
    request: Request,
    results: list[dict[str, Any]],
    count: int | None,
    paging: Paging,
    cursors: Sequence[str] | None = None,
) -> Response:
    """A page: `results` may hold one row more than the page, which only says that there is a next one.

    `cursors` are the places behind each row where its id alone is none.
    """
    shown = results[: paging.limit]
    more = len(results) > paging.limit
    cursor = (str(shown[-1]["id"]) if cursors is None else cursors[len(shown) - 1]) if more else None
    body = {
        "count": count,
        "next": _next(request, paging, cursor) if cursor is not None else None,
        "previous": _link(request, paging, -1) if paging.offset else None,
        "results": shown,
        "next_cursor": cursor,
        "freshness": freshness(request),
    }
    links = {"next": body["next"], "prev": body["previous"]}
    named = ", ".join(f'<{address}>; rel="{relation}"' for relation, address in links.items() if address is not None)
    return json_response(body, headers={"Link": named} if named else None)


def _next(request: Request, paging: Paging, cursor: str) -> str:
    """The next page in the way this one was asked for; by cursor where pages and offsets end."""
    last = paging.page == PAGE_MAX or paging.offset + paging.limit > OFFSET_MAX
    if not paging.by_cursor and not last:
        return _link(request, paging, 1)
    query = {name: value for name, value in request.query_params.items() if name not in {"page", "offset"}}
    return f"{asked_path(request)}?{urlencode({**query, 'limit': str(paging.limit), 'cursor': cursor})}"


def _link(request: Request, paging: Paging, step: int) -> str:
    query = dict(request.query_params)
    if paging.page is not None:
        query["page"] = str(paging.page + step)
    else:
        query |= {"limit": str(paging.limit), "offset": str(max(paging.offset + step * paging.limit, 0))}
    return f"{asked_path(request)}?{urlencode(query)}"
