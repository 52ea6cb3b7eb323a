"""What every route has at hand, and the one way from a command to an answer.

Owns the order: an equal request that runs now, the stored answer, the log. Must not know any single route.
"""

import asyncio
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from fastapi import Request, Response

from runtime.clock import Clock
from schemas.commands import Command
from schemas.currencies import Currencies
from services.ingest.answers import About, pending_response, response_of
from services.ingest.chunks import ROWS_AT_ONCE
from services.ingest.drafts.store import DraftStore
from services.ingest.envelope import Envelope
from services.ingest.idempotency import Keys
from services.ingest.in_flight import InFlight
from services.ingest.staging.store import Staging
from services.ingest.store import Store
from services.ingest.submitting import Submitter, joined, within

PAYOUTS = "/api/v1/payouts"
BATCHES = "/api/v1/batches"


@dataclass(frozen=True)
class Edge:
    """Collaborators of the routes, built by `wiring`."""

    clock: Clock
    store: Store
    keys: Keys
    in_flight: InFlight
    submitter: Submitter
    currencies: Currencies
    dispatch_delay_ms: int
    staging: Staging
    temp_dir: str | None = None
    drafts: DraftStore | None = None
    chunk_rows: int = ROWS_AT_ONCE
    """Into chunks of so many a batch is cut that comes whole."""
    numbering: "WeakValueDictionary[str, asyncio.Lock]" = field(default_factory=WeakValueDictionary)
    """One number at a time for rows of a batch that come without one; by batch id."""

    def release_at(self) -> int | None:
        """Until when (ms UTC) a single payout can be recalled; None when it is sent at once."""
        return self.clock.now_ms() + self.dispatch_delay_ms if self.dispatch_delay_ms else None

    async def known(self, envelope: Envelope, about: About, wait_seconds: float) -> Response | None:
        """The answer to a request whose key is known already, finished ones first; None for a new one. Raises ProblemError 409."""
        return await self.keys.replay(envelope, about) or await self.running(envelope, about, wait_seconds)

    async def running(self, envelope: Envelope, about: About, wait_seconds: float) -> Response | None:
        """The answer of an equal request that this process is bringing to the log now; None if there is none."""
        first = self.submitter.running(envelope.merchant_id, envelope.key, envelope.content_hash)
        return response_of(await joined(first, wait_seconds), about, joined=True) if first is not None else None

    async def decide(
        self, envelope: Envelope, body: Command, about: About, wait_seconds: float, *, subject: str, makes: bool = True
    ) -> Response:
        """Append the command and answer its decision, or 202 past the wait. `makes`: the subject is new with this command."""
        first = await self.running(envelope, about, wait_seconds)
        if first is not None:
            return first
        submission = await self.submitter.submit(envelope.wrap(body), subject if makes else None)
        decided = await within(submission.decision, wait_seconds)
        return pending_response(subject, about) if decided is None else response_of(decided, about)


def edge_of(request: Request) -> Edge:
    """The edge of the app that serves this request."""
    edge: Edge = request.app.state.edge
    return edge
