"""Raw request bodies, within limits of size and time.

Owns: 1 MiB of JSON in 10 s, 200 MiB of upload with 10 s between two pieces and not too slowly in all. Which content types are taken is
`runtime.http_content`. Must not know what the bytes mean.
"""

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request
from starlette.requests import ClientDisconnect

from runtime.http_content import JSON_TYPES, check_content
from services.ingest.problems import ProblemError

JSON_BYTES_MAX = 1024 * 1024
UPLOAD_BYTES_MAX = 200 * 1024 * 1024
BODY_SECONDS = 10.0
SLOW_SECONDS, SLOW_BYTES_A_SECOND = 30.0, 8 * 1024
"""An upload may take so long, and longer by what it has brought at this speed: a byte now and then holds no place for ever."""

_DRAIN_BYTES_MAX = 512 * 1024 * 1024
_DRAIN_SECONDS = 10.0
_CLOSE = {"Connection": "close"}


def has_body(request: Request) -> bool:
    """Whether the request announces a body that is not empty."""
    return "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"


async def read_json_bytes(request: Request, types: tuple[str, ...] = JSON_TYPES) -> bytes:
    """The whole body. Raises ProblemError 415 (type), 413 (size), 400 (not all of it within BODY_SECONDS)."""
    check_content(request, types)
    pieces = [piece async for piece in stream(request, JSON_BYTES_MAX, within_seconds=BODY_SECONDS)]
    return b"".join(pieces)


async def stream(
    request: Request, bytes_max: int, *, within_seconds: float | None = None, idle_seconds: float = BODY_SECONDS
) -> AsyncIterator[bytes]:
    """The body piece by piece. Raises ProblemError 413 past `bytes_max`, 400 when pieces stop coming or the client leaves.

    Without `within_seconds` it may take as long as it is not slower than SLOW_BYTES_A_SECOND.
    """
    await _check_announced(request, bytes_max)
    began = asyncio.get_running_loop().time()
    pieces, count = request.stream(), 0
    while True:
        ends = began + (SLOW_SECONDS + count / SLOW_BYTES_A_SECOND if within_seconds is None else within_seconds)
        piece = await _next_piece(pieces, ends, idle_seconds)
        if piece is None:
            return
        count += len(piece)
        if count > bytes_max:
            await _drain(pieces)
            raise _too_large(bytes_max)
        yield piece


async def _next_piece(pieces: AsyncIterator[bytes], ends: float, idle_seconds: float) -> bytes | None:
    idle = asyncio.get_running_loop().time() + idle_seconds
    try:
        async with asyncio.timeout_at(min(idle, ends)):
            return await anext(pieces, None)
    except TimeoutError:
        raise ProblemError("malformed_body", "The body did not arrive in time.", headers=_CLOSE) from None
    except ClientDisconnect:
        raise ProblemError("malformed_body", "The body ended early.", headers=_CLOSE) from None


async def _check_announced(request: Request, bytes_max: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > bytes_max:
        await _drain(request.stream())
        raise _too_large(bytes_max)


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    # A client (or the gateway) that is still sending would see a reset instead of the answer; so take in some of it first.
    left = _DRAIN_BYTES_MAX
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for piece in pieces:
                left -= len(piece)
                if left < 0:
                    return
    except (TimeoutError, ClientDisconnect):
        return


def _too_large(bytes_max: int) -> ProblemError:
    return ProblemError("payload_too_large", f"The body may have at most {bytes_max:,} bytes.", headers=_CLOSE)
