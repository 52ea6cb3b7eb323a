"""Tells the audit trail, which identity keeps, what was done to webhooks: each act at least once, oldest first (AUD-01).

Owns the waiting while identity is away; nothing else waits for it. The trail knows each act by its id, so a repeat adds nothing. Must not
know what was done.
"""

import asyncio
from collections.abc import Sequence

import aiohttp
import msgspec

from domain.webhooks.acts import Act
from runtime import metrics
from runtime.inner_door import SECRET_HEADER
from runtime.logging import logger
from services.webhooks.act_book import ActBook
from services.webhooks.database import AWAY

AT_ONCE = 10
"""Each has up to some 4 KB, and identity takes 64 KiB at once."""
LOOK_SECONDS = 1.0
AWAY_SECONDS = 5.0
PATH = "/internal/acts"
TIMEOUT = aiohttp.ClientTimeout(total=10.0)

_log = logger(__name__)


class NotTakenError(Exception):
    """The trail did not take the acts; `str(error)` says why, without what was sent."""


class TrailTeller:
    """Runs beside the dispatcher; two processes do no harm."""

    def __init__(self, book: ActBook, identity_url: str, secret: str | None) -> None:
        """`secret` opens identity's inner door."""
        self._book, self._url = book, f"{identity_url.rstrip('/')}{PATH}"
        self._headers = {"Content-Type": "application/json", **({SECRET_HEADER: secret} if secret is not None else {})}

    async def run(self) -> None:
        """Until cancelled."""
        async with aiohttp.ClientSession(timeout=TIMEOUT, headers=self._headers) as session:
            while True:
                pause = LOOK_SECONDS
                try:
                    while await self.once(session) == AT_ONCE:
                        pass
                except (*AWAY, aiohttp.ClientError, NotTakenError) as error:
                    why = str(error) if isinstance(error, NotTakenError) else type(error).__name__
                    _log.warning("webhooks.acts_wait", why=why, remedy="see that identity runs; nothing is lost meanwhile")
                    pause = AWAY_SECONDS
                await asyncio.sleep(pause)

    async def once(self, session: aiohttp.ClientSession) -> int:
        """Tell the oldest acts; how many. Raises NotTakenError, aiohttp.ClientError, one of AWAY."""
        acts = await self._book.waiting(AT_ONCE)
        metrics.ACTS_WAITING.set(await self._book.count() if acts else 0)
        if acts:
            await self._tell(session, acts)
            await self._book.forget(acts)
            metrics.ACTS_WAITING.set(await self._book.count())
        return len(acts)

    async def _tell(self, session: aiohttp.ClientSession, acts: Sequence[Act]) -> None:
        async with session.post(self._url, data=msgspec.json.encode({"acts": acts}), allow_redirects=False) as answer:
            if answer.status != 204:
                raise NotTakenError(f"identity answered {answer.status}")
