"""Small JSON bodies of the gateway's own routes, within limits of size and time (SEC-10).

Owns that a body is one JSON object of known members. Must not know what they mean.
"""

import asyncio
from typing import Any

import orjson
from fastapi import Request
from starlette.requests import ClientDisconnect

from runtime.http_problems import ProblemError

BODY_BYTES_MAX = 4096
BODY_SECONDS = 10.0


async def read_object(request: Request, known: frozenset[str]) -> dict[str, Any]:
    """The body as an object. Raises ProblemError 413 past BODY_BYTES_MAX, 400 for what is none, comes too slowly or has other members."""
    pieces, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for piece in request.stream():
                pieces.append(piece)
                size += len(piece)
                if size > BODY_BYTES_MAX:
                    raise ProblemError("payload_too_large", f"The body may have at most {BODY_BYTES_MAX} bytes.")
        read = orjson.loads(b"".join(pieces))
    except (TimeoutError, ClientDisconnect, orjson.JSONDecodeError):
        raise unreadable(known) from None
    if not isinstance(read, dict):
        raise unreadable(known)
    for name in read:
        if name not in known:
            raise invalid(f"/{name[:64]}", f"is not known here; known: {', '.join(sorted(known))}")
    return read


def unreadable(known: frozenset[str]) -> ProblemError:
    """400 for a body that is no JSON object."""
    members = " and ".join(sorted(known))
    return ProblemError("malformed_body", f"The body cannot be read; send a JSON object with {members}.")


def invalid(pointer: str, detail: str) -> ProblemError:
    """400 naming the member."""
    fault = {"pointer": pointer, "code": "validation_error", "detail": detail}
    return ProblemError("validation_error", f"{pointer} {detail}.", errors=[fault])
