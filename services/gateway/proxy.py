"""Writes go on to the service that takes them, as a stream, and its answer comes back byte for byte, except for masked payees.

Owns which headers travel (the checked principal and our own secret, never the client's credential), and that the place on the log of
each answered write is noted, for the reads that come after it. Must not read a request's body.
"""

from urllib.parse import quote

import aiohttp
import orjson
from fastapi import Request, Response
from starlette.types import Scope
from yarl import URL

from domain.access.principal import Principal, encode
from runtime import failpoints
from runtime.http_problems import ASKED_HEADER, ProblemError, asked_path
from runtime.http_trace import HEADER as TRACE
from runtime.inner_door import PRINCIPAL_HEADER, SECRET_HEADER
from services.gateway.access.asked import PRINCIPAL
from services.gateway.access.sight import shown_body
from services.gateway.progress import Progress

POSITION_HEADER = "Payflow-Position"
CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 900.0
READ_TIMEOUT = aiohttp.ClientTimeout(total=3.0)
"""Of what one of our own answers is made complete with: without it that says what is missing."""
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
ABOUT_A_BODY = frozenset({"content-length", "expect"})
CREDENTIALS = frozenset({"authorization", "cookie", "x-csrf-token"})
RELAYED_OUT = HOP_BY_HOP | {"content-length", "content-encoding", "server", "date"}


class Proxy:
    """A pooled client of a part behind the front door; opened inside a running loop."""

    def __init__(
        self,
        url: str,
        progress: Progress,
        secret: str | None = None,
        *,
        away: str = "log_unavailable",
        keeps_cookies: bool = False,
    ) -> None:
        """Not open yet. `secret` opens the part's inner door; `away` is the problem's code when it does not answer.

        `keeps_cookies` is for the one that signs people in.
        """
        self._url = url.rstrip("/")
        self._progress = progress
        self._inner = {SECRET_HEADER: secret} if secret is not None else {}
        self._left_out = HOP_BY_HOP | (CREDENTIALS - {"cookie"} if keeps_cookies else CREDENTIALS)
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
        """Send the request on and give its answer. Raises ProblemError 503 when nobody answers."""
        assert self._session is not None
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        try:
            async with self._session.request(
                request.method,
                target(self._url, request.scope),
                headers=self.headers_for(request, body=has_body),
                data=request.stream() if has_body else None,
                allow_redirects=False,
            ) as answer:
                body = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            detail = f"The part that takes requests does not answer ({type(error).__name__}); try again with the same key."
            raise ProblemError(self._away, detail) from None
        await failpoints.reach("gateway.passed_on")
        place = parse_position(answer.headers.get(POSITION_HEADER, ""))
        if place is not None:
            self._progress.written.note(request.headers.get("x-merchant-id"), place)
        response = Response(shown_body(body), answer.status)
        kept = [(name.lower(), value) for name, value in answer.headers.items() if name.lower() not in RELAYED_OUT]
        response.raw_headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept]
        return response

    def headers_for(self, request: Request, *, body: bool = True) -> list[tuple[str, str]]:
        """What of a request's headers goes on, with what opens the inner door and who the guard says it is.

        Without `body` nothing may announce one: the service would take the next request on the line, somebody else's, for it.
        """
        left_out = self._left_out if body else self._left_out | ABOUT_A_BODY
        kept = [(name, value) for name, value in request.headers.items() if name not in left_out]
        return [*kept, *self._inner.items(), (ASKED_HEADER, asked_path(request)), *_who(request.scope)]

    async def post(self, path: str, body: dict[str, str]) -> tuple[int, bytes]:
        """Ask the service something of our own. Raises ProblemError 503 when it is away."""
        assert self._session is not None
        headers = {**self._inner, "Content-Type": "application/json"}
        try:
            async with self._session.post(f"{self._url}{path}", data=orjson.dumps(body), headers=headers) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProblemError(self._away, f"A part of Payflow does not answer ({type(error).__name__}).") from None

    async def read(self, path: str, query: dict[str, str], request: Request, merchant_id: str) -> tuple[int, bytes]:
        """Ask the part a question in the name of who asks us, about a merchant. Raises ProblemError 503 when it is away."""
        assert self._session is not None
        headers = {**self._inner, **dict(_who(request.scope)), "X-Merchant-Id": merchant_id}
        headers |= {TRACE: trace} if (trace := request.headers.get(TRACE)) is not None else {}
        try:
            async with self._session.get(
                f"{self._url}{path}", params=query, headers=headers, timeout=READ_TIMEOUT
            ) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ProblemError(self._away, f"A part of Payflow does not answer ({type(error).__name__}).") from None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The pool, and `url` what it asks, for what is passed on in another way."""
        assert self._session is not None
        return self._session

    @property
    def url(self) -> str:
        """Where the part is."""
        return self._url

    async def is_in_flight(self, subject: str, merchant_id: str | None) -> bool:
        """Whether ingest still waits for the decision on this id, of this merchant (None: of any); False when it cannot say (API-14)."""
        assert self._session is not None
        whose = {"merchant_id": merchant_id} if merchant_id is not None else None
        try:
            address = f"{self._url}/internal/in-flight/{subject}"
            async with self._session.get(address, params=whose, headers=self._inner) as answer:
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


def _who(scope: Scope) -> list[tuple[str, str]]:
    principal = scope.get("state", {}).get(PRINCIPAL)
    return [(PRINCIPAL_HEADER, encode(principal))] if isinstance(principal, Principal) else []


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
