"""Reading one request about webhooks: whose it is, and its JSON, within limits.

Owns both. The merchant is the one of the header X-Merchant-Id, which the gateway has checked and set; without it open mode means
`demo`, as elsewhere (SEC-04). Must not know
what is asked.
"""

import asyncio
from typing import TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from domain.access.principal import OPEN, decode
from domain.intake.content import JsonFault, parse_json
from domain.intake.faults import Fault, as_errors
from domain.intake.headers import read_merchant
from runtime.http_content import check_content
from runtime.http_problems import ProblemError
from runtime.inner_door import PRINCIPAL_HEADER
from schemas.ids import is_uuid

OPEN_MERCHANT = "demo"
BODY_BYTES_MAX = 256 * 1024
BODY_SECONDS = 10.0
_CLOSE = {"Connection": "close"}

T = TypeVar("T")


def merchant_of(request: Request) -> str:
    """Whose request it is. Raises ProblemError 400 for a malformed header, or one that was sent twice."""
    named = request.headers.getlist("x-merchant-id")
    if not named:
        return OPEN_MERCHANT
    found = read_merchant(named[0])
    if len(named) > 1:
        raise problem_of([Fault(pointer="header/X-Merchant-Id", detail="was sent twice; send it once")])
    if isinstance(found, Fault):
        raise problem_of([found])
    return found


def actor_of(request: Request) -> str:
    """Who asks, as the gateway has checked. Without it this is open mode: only then does the inner door let others in (SEC-01).

    Raises ProblemError 401.
    """
    text = request.headers.get(PRINCIPAL_HEADER)
    try:
        return OPEN.actor if text is None else decode(text).actor
    except ValueError:
        raise ProblemError("unauthorized", "Send the request to the gateway.") from None


def id_of(text: str, what: str) -> str:
    """An id in canonical form. Raises ProblemError 404: what nobody can have is not there."""
    lowered = text.lower()
    if not is_uuid(lowered):
        raise not_found(what)
    return lowered


def not_found(what: str) -> ProblemError:
    """The one answer for what is unknown, malformed or another merchant's."""
    return ProblemError("not_found", f"There is no such {what}.")


def problem_of(faults: list[Fault]) -> ProblemError:
    """All faults of a request as one problem."""
    place = faults[0].pointer.replace("header/", "The header ") or "The body"
    more = f" ({len(faults) - 1} more; see errors)" if len(faults) > 1 else ""
    return ProblemError("validation_error", f"{place} {faults[0].detail}.{more}", errors=as_errors(faults))


def wanted(read: T | list[Fault]) -> T:
    """What was read, or all its faults as a problem."""
    if isinstance(read, list):
        raise problem_of(read)
    return read


async def content_of(request: Request, *, optional: bool = False) -> object:
    """The parsed JSON body; None for none where it is optional. Raises ProblemError 400, 413, 415."""
    headers = request.headers
    if optional and headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers:
        return None
    check_content(request)
    try:
        return parse_json(await _body(request))
    except JsonFault as fault:
        errors = [{"pointer": "", "code": "malformed_body", "detail": str(fault)}]
        raise ProblemError("malformed_body", f"{str(fault)[:1].upper()}{str(fault)[1:]}.", errors=errors) from None


async def _body(request: Request) -> bytes:
    taken = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                taken += piece
                if len(taken) > BODY_BYTES_MAX:
                    raise ProblemError(
                        "payload_too_large", f"The body may have at most {BODY_BYTES_MAX:,} bytes.", headers=_CLOSE
                    )
    except TimeoutError:
        raise ProblemError("malformed_body", "The body did not arrive in time.", headers=_CLOSE) from None
    except ClientDisconnect:
        raise ProblemError("malformed_body", "The body ended early.", headers=_CLOSE) from None
    return bytes(taken)
