"""Writes go on to ingest, as a stream, and its answer comes back byte for byte.

Owns which headers travel, and read-your-writes: an answer that names a position waits up to 100 ms for the views to pass it. Must not read
a body.
"""

from urllib.parse import quote

import aiohttp
from fastapi import Request, Response
from starlette.types import Scope
from yarl import URL

from runtime import failpoints
from runtime.http_problems import ProblemError
from services.gateway.progress import Progress

PROJECTION_SECONDS = 0.1
POSITION_HEADER = "Payflow-Position"
CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 900.0
POSITION_MAX = 40
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
    """A pooled client of a part behind the door; opened inside a running loop."""

    def __init__(self, url: str, progress: Progress, away: str = "log_unavailable") -> None:
        """Not open yet. `away` is the code of the problem when the part does not answer."""
        self._url = url.rstrip("/")
        self._progress = progress
        self._away = away
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool."""
        timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS)
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=30
        )  # the door bounds them: nobody waits for a connection
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def pass_on(self, request: Request) -> Response:
        """Send the request on and give the answer. Raises ProblemError 503 when nobody answers."""
        assert self._session is not None
        headers = [(name, value) for name, value in request.headers.items() if name not in HOP_BY_HOP]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        try:
            async with self._session.request(
                request.method,
                target(self._url, request.scope),
                headers=headers,
                data=request.stream() if has_body else None,
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            detail = f"The part that takes requests does not answer ({type(error).__name__}); try again with the same key."
            raise ProblemError(self._away, detail) from None
        await failpoints.reach("gateway.passed_on")
        await self._await_projection(answer.headers.get(POSITION_HEADER))
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in RELAYED_OUT}
        return Response(body, answer.status, kept)

    @property
    def session(self) -> aiohttp.ClientSession:
        """The pool, and `url` what it asks, for what is passed on in another way."""
        assert self._session is not None
        return self._session

    @property
    def url(self) -> str:
        """Where ingest is."""
        return self._url

    async def is_in_flight(self, subject: str, merchant_id: str | None) -> bool:
        """Whether ingest still waits for the decision on this id, of this merchant (None: of any); False when it cannot say (API-14)."""
        assert self._session is not None
        whose = {"merchant_id": merchant_id} if merchant_id is not None else None
        try:
            async with self._session.get(f"{self._url}/internal/in-flight/{subject}", params=whose) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def is_ready(self) -> bool:
        """Whether the part says that it is ready."""
        assert self._session is not None
        try:
            async with self._session.get(f"{self._url}/readyz") as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def _await_projection(self, position: str | None) -> None:
        place = parse_position(position or "")
        if place is not None:
            await self._progress.passed(*place, PROJECTION_SECONDS)


def parse_position(text: str) -> tuple[int, int] | None:
    """Partition and offset of `<partition>:<offset>`; None for what is not a position."""
    partition, _, offset = text.partition(":")
    if len(text) <= POSITION_MAX and all(part.isascii() and part.isdigit() for part in (partition, offset)):
        return int(partition), int(offset)
    return None


def target(base: str, scope: Scope) -> URL:
    """Where a request goes: the path and query it came with, never what its Host header makes of them."""
    path = quote(scope["path"], safe="/:@!$&'()*+,;=~")
    query = quote(scope["query_string"], safe="%/:?@!$&'()*+,;=~[]")
    return URL(f"{base}{path}?{query}" if query else f"{base}{path}", encoded=True)
