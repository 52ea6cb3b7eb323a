"""The rail to the provider simulator, over HTTP.

Owns the wire: what is asked where, bounds of time and size, and what each way of hearing nothing usable is. A cut line, a 5xx or an
unreadable body is unknown, never failed (RAI-04). Must not decide what follows.
"""

from collections.abc import Sequence
from typing import Any

import aiohttp
import orjson

from domain.book import BankAccount
from domain.payout.state import Payout
from runtime import failpoints
from services.processor.rails import simulator_bulk as bulk
from services.processor.rails import simulator_words as words
from services.processor.rails.provider import Request, Verdict, unknown
from services.processor.rails.simulator_words import BAD_REQUEST, CONFLICT, NOT_FOUND

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 30.0
REPLY_BYTES_MAX = 1024 * 1024
ENTRY_BYTES_MAX = 4 * 1024
"""What a bulk reply may take for each transfer, if that is more than REPLY_BYTES_MAX together."""
HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}
"""Of every request, so that none has to be put together for a call."""


class SimulatorProvider:
    """A pooled client; made inside a running loop."""

    name = "simulator"
    bulk_max = bulk.BULK_MAX

    def __init__(self, base_url: str, connections: int) -> None:
        """At most `connections` requests at once."""
        self._base_url = base_url.rstrip("/")
        limits = aiohttp.TCPConnector(limit=connections, keepalive_timeout=60)
        timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS)
        jar = aiohttp.DummyCookieJar()
        self._session = aiohttp.ClientSession(
            connector=limits, timeout=timeout, auto_decompress=False, headers=HEADERS, cookie_jar=jar
        )

    async def send(self, payout: Payout, reference: str, account: BankAccount | None) -> Verdict:
        """POST /transfers; a reference the provider holds with other content is asked after, never sent anew."""
        body = orjson.dumps(words.transfer(payout, reference, account))
        status, answer = await self._call("POST", "/transfers", body)
        if status == CONFLICT:
            return _shown(await self.inquire(payout, reference))
        return words.verdict(status, answer, payout, reference)

    async def inquire(self, payout: Payout, reference: str) -> Verdict:
        """GET /transfers/{reference}."""
        status, answer = await self._call("GET", f"/transfers/{reference}", None)
        if status == NOT_FOUND:
            return words.NOWHERE
        if status == BAD_REQUEST:  # it refuses the question; that says nothing about the payment
            return unknown("inquiry_refused", "The provider refused the question.")
        return words.verdict(status, answer, payout, reference)

    async def send_many(self, requests: Sequence[Request]) -> list[Verdict]:
        """POST /batchtransactions; what does not fit into the call was surely not sent."""
        body, count = bulk.transfers(requests)
        status, answer = await self._call("POST", "/batchtransactions", body, count)
        verdicts = bulk.of_sends(status, answer, requests[:count])
        await self._look_at_conflicts(requests, verdicts)
        return verdicts + [bulk.LATER] * (len(requests) - count)

    async def _look_at_conflicts(self, requests: Sequence[Request], verdicts: list[Verdict]) -> None:
        places = [place for place, verdict in enumerate(verdicts) if verdict is bulk.CONFLICT]
        found = await self.inquire_many([requests[place] for place in places]) if places else []
        for place, verdict in zip(places, found, strict=True):
            verdicts[place] = _shown(verdict)

    async def inquire_many(self, requests: Sequence[Request]) -> list[Verdict]:
        """POST /batchtransactions/inquiry."""
        body = bulk.references(requests)
        status, answer = await self._call("POST", "/batchtransactions/inquiry", body, len(requests))
        return bulk.of_questions(status, answer, requests)

    async def close(self) -> None:
        """Close the pool."""
        await self._session.close()

    async def _call(self, method: str, path: str, body: bytes | None, transfers: int = 1) -> tuple[int, Any]:
        """Status and JSON; a status of 0 is a request that never left, -1 one without a usable answer."""
        most = max(REPLY_BYTES_MAX, transfers * ENTRY_BYTES_MAX)
        try:
            async with self._session.request(method, self._base_url + path, data=body, allow_redirects=False) as response:
                await failpoints.reach("rails.sent")
                raw = await _read(response, most)
                return (response.status, orjson.loads(raw)) if raw is not None else (-1, "the answer is too long")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            return 0, type(error).__name__
        except (TimeoutError, aiohttp.ClientError, orjson.JSONDecodeError, OSError) as error:
            return -1, type(error).__name__


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes | None:
    """The whole body, in however many pieces it comes; None for one that is too long."""
    raw = await response.content.readany()
    while not response.content.at_eof() and len(raw) <= most:
        raw += await response.content.readany()
    return raw if len(raw) <= most else None


def _shown(verdict: Verdict) -> Verdict:
    """What the provider shows of a reference that it holds with other content."""
    return verdict if verdict.found and verdict.sent else bulk.CONFLICT
