"""What each fact about payouts that are there writes.

Owns the state after each kind of move, as `domain.payout.evolve` has it; a test holds the two together. Must not know SQL.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from schemas import events
from schemas.words import PayoutStatus, Reason
from services.projector.birth_rows import recipient_text
from services.projector.moves import Move
from services.projector.scene import Scene
from services.projector.steps import Edit, Fund, Funded, RowReason

S = PayoutStatus
T = TypeVar("T", events.StartedAttempt, events.PaidPayout, events.ProgressingPayout)


def payouts_funded(scene: Scene, event: events.PayoutsFunded) -> None:
    """Payouts, and rows of batches, get the hold that they waited for."""
    first = scene.skip(len(event.payouts))
    funded = [Funded(idx, item.payout_id, item.version, item.reason) for idx, item in enumerate(event.payouts, first)]
    if funded:
        scene.changes.steps.append(Fund(cause=scene.cause, payouts=funded))
    for run in event.runs:
        _run_funded(scene, run)
    count = len(funded) + sum(run.count for run in event.runs)
    only = event.payouts[0].payout_id if len(funded) == count == 1 else None
    scene.posted(event.postings, payouts=count, payout_id=only)


def _run_funded(scene: Scene, run: events.RowRun) -> None:
    step = RowReason(cause=scene.cause, first_idx=scene.skip(run.count), run=run, before=Reason.FUNDS, after=None)
    scene.changes.steps.append(step)
    scene.waits(run.batch_id, -run.count)
    scene.batch_moved(run.batch_id, "funded", first_row=run.first_row, row_count=run.count)


def attempts_started(scene: Scene, event: events.AttemptsStarted) -> None:
    """Attempts are open; the first one says since when the payout is processing."""

    def started(item: events.StartedAttempt) -> Move:
        return Move(
            expects=item.version - 1,
            version=item.version,
            status=S.PROCESSING,
            updated_at=scene.at,
            due_at=event.deadline_at,
            provider=event.provider,
            attempt_count=item.attempt,
            inquiry_count=0,
            processing_started_at=scene.at,
        )

    for item, after in _alike(event.attempts, started):
        scene.moved(item.payout_id, event.batch_id, after, item.attempt)
    scene.counted(event.batch_id, event.totals)


def _alike(items: Iterable[T], make: Callable[[T], Move]) -> Iterator[tuple[T, Move]]:
    """Each item with its state. Most of an event are the same attempt of the same version: neighbours that are share one."""
    version = attempt = -1
    for item in items:
        if item.version != version or item.attempt != attempt:
            version, attempt, after = item.version, item.attempt, make(item)
        yield item, after


def payouts_completed(scene: Scene, event: events.PayoutsCompleted) -> None:
    """The provider paid."""

    def paid(item: events.PaidPayout) -> Move:
        return Move(
            expects=item.version - 1,
            version=item.version,
            status=S.COMPLETED,
            updated_at=scene.at,
            completed_at=scene.at,
        )

    for item, after in _alike(event.payouts, paid):
        scene.moved(item.payout_id, event.batch_id, after, item.attempt, item.provider_reference)
    scene.counted(event.batch_id, event.totals)
    only = event.payouts[0].payout_id if len(event.payouts) == 1 else None
    scene.posted(event.postings, payouts=len(event.payouts), payout_id=only, batch_id=event.batch_id)


def payouts_failed(scene: Scene, event: events.PayoutsFailed) -> None:
    """It ended without money paid; the holds are released."""
    _unpaid(scene, event, S.FAILED, None, failed_at=scene.at)
    only = event.payouts[0].payout_id if len(event.payouts) == 1 else None
    scene.posted(event.postings, payouts=len(event.payouts), payout_id=only, batch_id=event.batch_id)


def retries_scheduled(scene: Scene, event: events.RetriesScheduled) -> None:
    """A further try is owed."""
    _unpaid(scene, event, S.PROCESSING, Reason.RETRY)


def outcomes_unknown(scene: Scene, event: events.OutcomesUnknown) -> None:
    """Nobody can say how it ended."""
    _unpaid(scene, event, S.REQUIRES_ACTION, Reason.OUTCOME_UNKNOWN)


def _unpaid(
    scene: Scene,
    event: events.PayoutsFailed | events.RetriesScheduled | events.OutcomesUnknown,
    status: PayoutStatus,
    reason: Reason | None,
    failed_at: int | None = None,
) -> None:
    for item in event.payouts:
        after = Move(
            expects=item.version - 1,
            version=item.version,
            status=status,
            updated_at=scene.at,
            reason=reason,
            due_at=item.due_at if failed_at is None else None,
            failure_code=item.code,
            failure_reason=item.reason,
            inquiry_count=item.inquiry,
            failed_at=failed_at,
        )
        scene.moved(item.payout_id, event.batch_id, after, item.attempt)
    scene.counted(event.batch_id, event.totals)


def attempts_in_progress(scene: Scene, event: events.AttemptsInProgress) -> None:
    """The provider is at work."""

    def accepted(item: events.ProgressingPayout) -> Move:
        return Move(
            expects=item.version - 1,
            version=item.version,
            status=S.PROCESSING,
            updated_at=scene.at,
            reason=Reason.IN_PROGRESS,
            due_at=event.deadline_at,
            inquiry_count=0,
        )

    for item, after in _alike(event.payouts, accepted):
        scene.moved(item.payout_id, event.batch_id, after, item.attempt, item.provider_reference)
    scene.counted(event.batch_id, event.totals)


def payout_edited(scene: Scene, event: events.PayoutEdited) -> None:
    """A pending payout has a new form, and its hold follows."""
    form = event.form
    scene.changes.steps.append(
        Edit(
            cause=scene.cause,
            idx=scene.skip(1),
            payout_id=event.payout_id,
            version=event.version,
            amount_minor=form.amount_minor,
            currency=form.currency,
            recipient=recipient_text(form),
            bank_account_id=form.bank_account_id,
            description=form.description,
        )
    )
    scene.counted(event.batch_id, event.totals)
    scene.posted(event.postings, payouts=1, payout_id=event.payout_id, batch_id=event.batch_id)


def payout_canceled(scene: Scene, event: events.PayoutCanceled) -> None:
    """A pending payout was called back."""
    after = Move(
        expects=event.version - 1,
        version=event.version,
        status=S.CANCELED,
        updated_at=scene.at,
        failure_reason=event.reason,
        canceled_at=scene.at,
    )
    scene.moved(event.payout_id, event.batch_id, after)
    scene.counted(event.batch_id, event.totals)
    if event.batch_id is not None and not event.postings:
        scene.waits(event.batch_id, -1)  # it had no hold: it waited for funds
    scene.posted(event.postings, payouts=1, payout_id=event.payout_id, batch_id=event.batch_id)
