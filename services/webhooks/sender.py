"""One POST to an endpoint, and what came of it.

Owns the HTTP client: no redirect is followed, no proxy or cookie is used, an answer is read up to a bound, and all of it ends within the
time-out (WHK-02, SEC-09). Must not know deliveries.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from msgspec import Struct
from yarl import URL

from domain.webhooks.addresses import url_fault
from domain.webhooks.schedule import is_success, retry_after_ms
from runtime.clock import Clock
from services.webhooks.guard import Guard, PinnedResolver, RefusedAddressError

ANSWER_BYTES_MAX = 2_000
"""How much of an answer is kept; the rest is not read."""
ANSWER_SECONDS = 2.0
SOCKETS_MAX = 1024
KEEP_ALIVE_SECONDS = 15
HEADERS = {"Content-Type": "application/json", "User-Agent": "Payflow-Webhooks/1", "Accept-Encoding": "identity"}


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one try. No `code` means that no answer came, and `error` says why."""

    at: int
    duration_ms: int
    code: int | None = None
    error: str | None = None
    answer: str | None = None
    retry_after_ms: int | None = None

    @property
    def good(self) -> bool:
        """Whether the receiver has it."""
        return is_success(self.code)


class Sender:
    """A pooled client; opened inside a running loop."""

    def __init__(
        self, guard: Guard, clock: Clock, *, seconds: float, plain: bool, trust: ssl.SSLContext | None = None
    ) -> None:
        """`seconds` bounds one try as a whole; `plain` allows http; `trust` takes the place of the system's authorities."""
        self._guard, self._clock, self._seconds, self._plain, self._trust = guard, clock, seconds, plain, trust
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool."""
        connector = aiohttp.TCPConnector(
            resolver=PinnedResolver(),
            use_dns_cache=False,
            limit=SOCKETS_MAX,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            ssl=self._trust if self._trust is not None else True,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )

    async def close(self) -> None:
        """Close the pool and the guard's threads."""
        if self._session is not None:
            await self._session.close()
        self._guard.close()

    async def check(self, url: str) -> None:
        """Raise RefusedAddressError for an address that nothing would be sent to, TimeoutError when its name takes too long."""
        async with asyncio.timeout(self._seconds):
            await self._addresses(url)

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> Outcome:
        """POST the body. Never raises for what the receiver or the network does."""
        at, started = self._clock.now_ms(), self._clock.monotonic()
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._post(url, body, headers)
        except TimeoutError:
            found = {"error": f"no answer within {self._seconds:g} s"}
        except RefusedAddressError as error:
            found = {"error": f"refused: {error}"}
        except (aiohttp.ClientError, OSError, ValueError) as error:
            found = {"error": _in_words(error)}
        return Outcome(at=at, duration_ms=int((self._clock.monotonic() - started) * 1000), **found)

    async def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
        assert self._session is not None
        target, addresses = await self._addresses(url)
        with self._guard.pin(target.host or "", addresses):
            async with self._session.post(
                target, data=body, headers={**HEADERS, **headers}, allow_redirects=False
            ) as response:
                wait = retry_after_ms(response.headers.get("Retry-After"), self._clock.now_ms())
                answer = await _read(response)
                error = None if is_success(response.status) else f"answered {response.status}"
                return {"code": response.status, "answer": answer, "error": error, "retry_after_ms": wait}

    async def _addresses(self, url: str) -> tuple[URL, tuple[str, ...]]:
        """Checked anew for each delivery: the name can point elsewhere since the last one.

        The host is read as the client reads it, and an address that two readers take differently is refused.
        """
        if (fault := url_fault(url, plain=self._plain)) is not None:
            raise RefusedAddressError(f"the address {fault}")
        target = URL(url)
        if (target.host or "").rstrip(".") != (urlsplit(url).hostname or "").rstrip("."):
            raise RefusedAddressError("the host can be read in two ways")
        return target, await self._guard.addresses(target.host or "")


async def _read(response: aiohttp.ClientResponse) -> str:
    """The beginning of the answer as text that can be kept. A receiver that never ends its answer has answered all the same."""
    taken = bytearray()
    with contextlib.suppress(aiohttp.ClientError, OSError):
        async with asyncio.timeout(ANSWER_SECONDS):
            async for chunk in response.content.iter_any():
                taken += chunk
                if len(taken) >= ANSWER_BYTES_MAX:
                    break
    return taken[:ANSWER_BYTES_MAX].decode(errors="replace").replace("\x00", "\ufffd")


def _in_words(error: BaseException) -> str:
    """Which kind of trouble; never the text, which can name addresses of ours."""
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return f"TLS failed ({type(error).__name__})"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "no connection"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "the connection was cut"
    return f"failed ({type(error).__name__})"
