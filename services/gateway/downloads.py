"""Files that ingest makes (results, faults, templates) go out as they come in, piece by piece, and are never held whole.

Owns that stream, and which addresses have files. Which headers travel is `proxy`'s, who may have a file the matrix's. An answer that is
JSON goes out whole, as this request may see it. Must not read a file.
"""

from collections.abc import AsyncIterator

import aiohttp
from fastapi import Request, Response
from starlette.responses import StreamingResponse

from runtime.http_problems import ProblemError
from services.gateway.access.sight import shown_body
from services.gateway.proxy import RELAYED_OUT, Proxy, target

PIECE = 256 * 1024
READS = frozenset({"GET", "HEAD"})
THEMES = ("/api/v1/uploads/", "/api/v1/batches/")


def is_file(path: str) -> bool:
    """Whether a read of this canonical path, which no route of the gateway's own has, can give a file."""
    return path.startswith(THEMES)


async def pass_out(proxy: Proxy, request: Request) -> Response:
    """The answer of ingest to a read. Raises ProblemError 503 when ingest is away."""
    try:
        answer = await proxy.session.get(
            target(proxy.url, request.scope), headers=proxy.headers_for(request, body=False), allow_redirects=False
        )
        whole = await answer.read() if "json" in answer.content_type else None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        detail = f"The part that keeps files does not answer ({type(error).__name__}); try again."
        raise ProblemError("staging_unavailable", detail) from None
    kept = {name: value for name, value in answer.headers.items() if name.lower() not in RELAYED_OUT}
    if whole is not None:
        return Response(shown_body(whole), answer.status, kept)
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
