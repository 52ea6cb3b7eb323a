"""Writes go on to ingest, as a stream, and its answer comes back byte for byte.

Owns which headers travel, and read-your-writes: an answer that names a position waits up to 100 ms for the views to pass it. Must not read
a body.
"""

import aiohttp
from fastapi import Request, Response

from runtime import failpoints
from runtime.http_problems import ProblemError
from services.gateway.progress import Progress

PROJECTION_SECONDS = 0.1
CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 900.0
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "host",
    }
)
RELAYED_OUT = HOP_BY_HOP | {"content-length", "content-encoding", "server", "date"}


class Proxy:
    """A pooled client of ingest; opened inside a running loop."""

    def __init__(self, ingest_url: str, progress: Progress) -> None:
        """Not open yet."""
        self._url = ingest_url.rstrip("/")
        self._progress = progress
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool."""
        timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS)
        connector = aiohttp.TCPConnector(limit=512, keepalive_timeout=30)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def pass_on(self, request: Request) -> Response:
        """Send the request to ingest and give its answer. Raises ProblemError 503 when ingest is away."""
        assert self._session is not None
        headers = [(name, value) for name, value in request.headers.items() if name not in HOP_BY_HOP]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        url = f"{self._url}{request.url.path}"
        try:
            async with self._session.request(
                request.method,
                url,
                params=request.url.query or None,
                headers=headers,
                data=request.stream() if has_body else None,
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            detail = f"The part that takes requests does not answer ({type(error).__name__}); try again with the same key."
            raise ProblemError("log_unavailable", detail) from None
        await failpoints.reach("gateway.passed_on")
        await self._await_projection(answer.headers.get("Payflow-Position"))
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in RELAYED_OUT}
        return Response(body, answer.status, kept)

    async def is_in_flight(self, payout_id: str) -> bool:
        """Whether ingest still waits for the decision on this id (API-14); False when it cannot say."""
        assert self._session is not None
        try:
            async with self._session.get(f"{self._url}/internal/in-flight/{payout_id}") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def is_ready(self) -> bool:
        """Whether ingest says that it is ready."""
        assert self._session is not None
        try:
            async with self._session.get(f"{self._url}/readyz") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _await_projection(self, position: str | None) -> None:
        partition, _, offset = (position or "").partition(":")
        if partition.isdigit() and offset.isdigit():
            await self._progress.passed(int(partition), int(offset), PROJECTION_SECONDS)
