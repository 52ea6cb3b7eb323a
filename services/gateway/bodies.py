"""Small JSON bodies of the gateway's own routes, within limits of size and time (SEC-10), read by the one law (ERR-04).

Owns that a body is one JSON object of known members. What is JSON at all is `domain.intake.content`. Must not know what the members mean.
"""

import asyncio
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from domain.intake.content import JsonFault, parse_json
from runtime.http_content import check_content
from runtime.http_problems import ProblemError

BODY_BYTES_MAX = 4096
BODY_SECONDS = 10.0
_CLOSE = {"Connection": "close"}


async def read_object(request: Request, known: frozenset[str]) -> dict[str, Any]:
    """The body as an object; a fraction in it is a JsonFraction.

    Raises ProblemError 415 for another content type or coding, 413 past BODY_BYTES_MAX, 400 for what is no object, comes too slowly or
    has other members.
    """
    check_content(request)
    read = _parsed(await _bytes(request, known), known)
    if not isinstance(read, dict):
        raise unreadable(known)
    for name in read:
        if name not in known:
            raise invalid(f"/{name[:64]}", f"is not known here; known: {', '.join(sorted(known))}")
    return read


async def _bytes(request: Request, known: frozenset[str]) -> bytes:
    taken = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                taken += piece
                if len(taken) > BODY_BYTES_MAX:
                    detail = f"The body may have at most {BODY_BYTES_MAX} bytes."
                    raise ProblemError("payload_too_large", detail, headers=_CLOSE)
    except (TimeoutError, ClientDisconnect):
        raise unreadable(known) from None
    return bytes(taken)


def _parsed(body: bytes, known: frozenset[str]) -> object:
    if not body:
        raise unreadable(known)
    try:
        return parse_json(body)
    except JsonFault as fault:
        errors = [{"pointer": "", "code": "malformed_body", "detail": str(fault)}]
        raise ProblemError("malformed_body", f"{str(fault)[:1].upper()}{str(fault)[1:]}.", errors=errors) from None


def unreadable(known: frozenset[str]) -> ProblemError:
    """400 for a body that is no JSON object."""
    members = " and ".join(sorted(known))
    return ProblemError("malformed_body", f"The body cannot be read; send a JSON object with {members}.")


def invalid(pointer: str, detail: str) -> ProblemError:
    """400 naming the member."""
    fault = {"pointer": pointer, "code": "validation_error", "detail": detail}
    return ProblemError("validation_error", f"{pointer} {detail}.", errors=[fault])
