"""Files that ingest makes (results, faults, templates) go out as they come in, piece by piece, and are never held whole.

Owns that stream. Which headers travel is `proxy`'s. Must not read a body.
"""

from collections.abc import AsyncIterator

import aiohttp
from fastapi import Request, Response
from starlette.responses import StreamingResponse

from runtime.http_problems import ProblemError
from services.gateway.proxy import HOP_BY_HOP, RELAYED_OUT, target

PIECE = 256 * 1024
READS = frozenset({"GET", "HEAD"})


async def pass_out(session: aiohttp.ClientSession, base: str, request: Request) -> Response:
    """The answer of ingest to a read. Raises ProblemError 503 when ingest is away."""
    headers = [(name, value) for name, value in request.headers.items() if name not in HOP_BY_HOP]
    try:
        answer = await session.get(target(base, request.scope), headers=headers, allow_redirects=False)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        detail = f"The part that keeps files does not answer ({type(error).__name__}); try again."
        raise ProblemError("staging_unavailable", detail) from None
    kept = {name: value for name, value in answer.headers.items() if name.lower() not in RELAYED_OUT}
    if answer.content_length is not None:
        kept["Content-Length"] = str(answer.content_length)
    if request.method == "HEAD":
        answer.close()
        return Response(status_code=answer.status, headers=kept)
    return StreamingResponse(_pieces(answer), answer.status, kept)


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """A stream that breaks off breaks the client's too: the length that was promised is not reached."""
    async with answer:
        async for piece in answer.content.iter_chunked(PIECE):
            yield piece
