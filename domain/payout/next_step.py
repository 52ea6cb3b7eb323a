"""What is owed next for a payout: by the provider's side, by time, or by nobody.

Owns the one answer to "what now" for rails, timers and explanations. Must not do it.
"""

from msgspec import Struct

from domain.book import Batch
from domain.payout.state import Payout
from schemas.ids import attempt_reference
from schemas.words import BatchPhase, PayoutStatus, Reason


class Nothing(Struct, frozen=True, tag=True, gc=False):
    """It has ended, or only people can move it."""


class Wait(Struct, frozen=True, tag=True, gc=False):
    """It waits for a named reason; `until` (ms UTC) when time alone ends it."""

    reason: Reason
    until: int | None = None


class StartAttempt(Struct, frozen=True, tag=True, gc=False):
    """Put an attempt on the log."""


class Send(Struct, frozen=True, tag=True, gc=False):
    """Send this attempt under its reference; no word by `deadline_at` makes the outcome unknown."""

    payout_id: str
    attempt: int
    deadline_at: int | None

    @property
    def reference(self) -> str:
        """The attempt's; made when it is asked for, since most who look at a step do not send it."""
        return attempt_reference(self.payout_id, self.attempt)


class RetryAt(Struct, frozen=True, tag=True, gc=False):
    """Try again at this time (ms UTC)."""

    at: int | None


class Inquire(Struct, frozen=True, tag=True, gc=False):
    """Ask the provider about this attempt's reference, not before `at`; None means that only people ask now."""

    payout_id: str
    attempt: int
    at: int | None

    @property
    def reference(self) -> str:
        """The one it was sent under."""
        return attempt_reference(self.payout_id, self.attempt)


Step = Nothing | Wait | StartAttempt | Send | RetryAt | Inquire


def next_step(payout: Payout, batch: Batch | None) -> Step:
    """The one thing owed. `batch` is the payout's batch, None for a single payout."""
    match payout.status:
        case PayoutStatus.PENDING:
            return _of_pending(payout, batch)
        case PayoutStatus.PROCESSING:
            return _of_processing(payout)
        case PayoutStatus.REQUIRES_ACTION:
            return Inquire(payout.id, payout.attempt_count, payout.due_at)
        case _:
            return Nothing()


def _of_pending(payout: Payout, batch: Batch | None) -> Step:
    if payout.batch_id is not None and (batch is None or batch.phase is not BatchPhase.RELEASED):
        return Wait(Reason.UNSEALED)
    if payout.reason is not None:
        return Wait(payout.reason, payout.due_at if payout.reason is Reason.SCHEDULE else None)
    return StartAttempt()


def _of_processing(payout: Payout) -> Step:
    if payout.reason is Reason.RETRY:
        return RetryAt(payout.due_at)
    if payout.reason is Reason.IN_PROGRESS:
        return Inquire(payout.id, payout.attempt_count, payout.updated_at)
    return Send(payout.id, payout.attempt_count, payout.due_at)


def next_attempt(payout_status: PayoutStatus, reason: Reason | None, attempt_count: int) -> int | None:
    """The number of the attempt that runs or is asked about, or that comes next; None for a payout that has ended."""
    if payout_status is PayoutStatus.PENDING or (payout_status is PayoutStatus.PROCESSING and reason is Reason.RETRY):
        return attempt_count + 1
    return attempt_count if payout_status in {PayoutStatus.PROCESSING, PayoutStatus.REQUIRES_ACTION} else None
