"""The idempotency key before the log: a repeated request is known before it is validated (IDM-03, IDM-05, IDM-06).

Owns one look-up per keyed request. It only saves work and gives the right error first; the processor is the final judge, so a view
that lags or cannot be read changes nothing about what is paid. Must not store anything.
"""

from fastapi import Response

from runtime.clock import Clock
from runtime.logging import logger
from services.ingest.answers import About, replay_of
from services.ingest.envelope import Envelope
from services.ingest.problems import ProblemError
from services.ingest.store import Store, StoredAnswer, ViewUnavailableError

CONFLICT = "This Idempotency-Key was used with other content; take a new key."

_log = logger(__name__)


class Keys:
    """Stored first answers by merchant and key."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Reads the projection; `clock` says which keys have expired."""
        self._store = store
        self._clock = clock

    async def replay(self, envelope: Envelope, about: About) -> Response | None:
        """The stored answer of this key, if it has one; None for a new, an expired or an undecided key.

        Raises ProblemError `idempotency_conflict` for a key that was used with other content.
        """
        stored = await self._stored(envelope)
        if stored is None:
            return None
        if stored.content_hash != envelope.content_hash:
            headers = {"Idempotency-Key": envelope.key} if envelope.key is not None else {}
            raise ProblemError("idempotency_conflict", CONFLICT, headers=headers)
        return replay_of(stored, about) if stored.status is not None else None

    async def _stored(self, envelope: Envelope) -> StoredAnswer | None:
        if envelope.key is None or envelope.key_is_new:
            return None
        try:
            stored = await self._store.stored_answer(envelope.merchant_id, envelope.key)
        except ViewUnavailableError as error:
            _log.warning("ingest.keys_unread", error=str(error))
            return None
        return stored if stored is not None and self._clock.now_ms() < stored.expires_at else None
