"""What an upstream tried and may not do goes into the audit trail (INB-02, AUD-01), which is kept by another service.

Owns the way there: the inner door of the identity service, asked until the row is durable. A refused record is answered after it, so that
nothing is refused in silence; read again after a crash it is told again, with the same place. Must not know how the trail is kept.
"""

import asyncio
from typing import Protocol

import aiohttp
import msgspec

from domain.access.principal import Principal, encode
from runtime.inner_door import SECRET_HEADER
from runtime.logging import logger
from schemas.ids import is_merchant_id

ACTION = "inbox.foreign_merchant"
PATH = "/internal/audit"
ASK_SECONDS = 5.0
RETRY_SECONDS = 1.0
WRITTEN = 204

_log = logger(__name__)


class Trail(Protocol):
    """Where refused acts are written down."""

    async def refused(self, upstream: str, place: str, merchant_id: str, reason: str) -> None:
        """Return once it is durable that `upstream` tried to act for a merchant at `place` (topic/partition/offset)."""


class AuditTrail:
    """The identity service, over HTTP; opened inside a running loop."""

    def __init__(self, url: str, secret: str | None) -> None:
        """Not open yet. `secret` opens the inner door; None where it stands open."""
        self._url = url.rstrip("/") + PATH
        self._headers = {"Content-Type": "application/json", **({SECRET_HEADER: secret} if secret is not None else {})}
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ASK_SECONDS))

    async def close(self) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def refused(self, upstream: str, place: str, merchant_id: str, reason: str) -> None:
        """Write it down, however long that takes: the upstream's partition waits, and nobody else."""
        telling = {
            "principal": encode(Principal(kind="inbox", id=upstream)),
            "action": ACTION,
            "subject": place,
            "merchant": merchant_id if is_merchant_id(merchant_id) else "",
            "reason": reason,
            "outcome": "refused",
        }
        while (why := await self._tell(msgspec.json.encode(telling))) is not None:
            _log.warning("inbox.audit_waits", upstream=upstream, place=place, why=why)
            await asyncio.sleep(RETRY_SECONDS)

    async def _tell(self, body: bytes) -> str | None:
        """None once it is written, else why it is not."""
        assert self._session is not None
        try:
            async with self._session.post(self._url, data=body, headers=self._headers) as answer:
                return None if answer.status == WRITTEN else f"answered {answer.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__
