"""Reading one request at the identity service's door: its body, who asks, and what is at hand.

Owns the limits of a body (64 KiB, 10 s, JSON without encoding; SEC-10) and the principal that the gateway has checked. Must not know
any route.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from domain.access.principal import OPEN, Principal, decode
from domain.intake.content import JsonFault, parse_json
from domain.intake.faults import Fault, as_errors, step
from runtime.clock import Clock
from runtime.http_content import check_content
from runtime.http_problems import ProblemError
from runtime.inner_door import PRINCIPAL_HEADER
from services.identity.database import Database
from services.identity.oidc import Provider
from services.identity.passwords import Passwords

BODY_BYTES_MAX = 64 * 1024
BODY_SECONDS = 10.0


@dataclass(frozen=True)
class Desk:
    """Collaborators of the routes, built by `wiring`. `open_mode`: a request without a principal is anybody's."""

    database: Database
    passwords: Passwords
    clock: Clock
    session_ms: int
    open_mode: bool
    provider: Provider | None = None


def desk_of(request: Request) -> Desk:
    """The desk of the app that serves this request."""
    desk: Desk = request.app.state.desk
    return desk


def principal_of(request: Request) -> Principal:
    """Who asks, as the gateway has checked. Raises ProblemError 401."""
    text = request.headers.get(PRINCIPAL_HEADER)
    if text is None and desk_of(request).open_mode:
        return OPEN
    try:
        return decode(text or "")
    except ValueError:
        raise ProblemError("unauthorized", "Send the request to the gateway.") from None


async def content(request: Request, empty: object = None) -> object:
    """The parsed JSON body; `empty` where there is none. Raises ProblemError 400, 413, 415."""
    body = await _body(request)
    if not body:
        return empty
    check_content(request)
    try:
        return parse_json(body)
    except JsonFault as fault:
        raise ProblemError("malformed_body", f"{str(fault)[:1].upper()}{str(fault)[1:]}.") from None


async def fields(request: Request, *names: str) -> dict[str, str]:
    """The body as an object of exactly these texts. Raises ProblemError 400."""
    read = await content(request)
    if not isinstance(read, Mapping):
        raise refused([Fault(pointer="", detail="must be a JSON object")])
    faults = [Fault(pointer=step(name), detail="is not a known field") for name in read if name not in names]
    faults += [
        Fault(pointer=f"/{name}", detail="is required, as text") for name in names if not isinstance(read.get(name), str)
    ]
    if faults:
        raise refused(faults)
    return {name: str(read[name]) for name in names}


async def _body(request: Request) -> bytes:
    pieces: list[bytes] = []
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                pieces.append(piece)
                if sum(map(len, pieces)) > BODY_BYTES_MAX:
                    detail = f"The body may have at most {BODY_BYTES_MAX:,} bytes."
                    raise ProblemError("payload_too_large", detail, headers={"Connection": "close"})
    except (TimeoutError, ClientDisconnect):
        raise ProblemError("malformed_body", "The body did not arrive in time.", headers={"Connection": "close"}) from None
    return b"".join(pieces)


def refused(faults: list[Fault]) -> ProblemError:
    """400 with all faults."""
    first = faults[0]
    return ProblemError("validation_error", f"{first.pointer or 'The body'} {first.detail}.", errors=as_errors(faults))


def told(body: object, status: int = 200) -> Response:
    """A JSON answer that nobody keeps: it can hold a secret that is shown once."""
    return Response(msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, "application/json")
