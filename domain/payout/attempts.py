"""Attempts begin, begin again, or run out of time (LIF-09, LIF-10, LIF-12).

Owns which payouts may be tried now. A payout that may not is passed over in silence: the command came late, twice or too early, and
that is no fault. Must not know what a provider is.
"""

from collections.abc import Iterable, Sequence

from domain.case import Case, Decision, decided, repeated
from domain.payout.state import Payout
from domain.totals import Totals
from schemas.commands import RetryDue, StartAttempts, TimeOutAttempts
from schemas.events import AnyEvent, AttemptsStarted, OutcomesUnknown, StartedAttempt, TotalsDelta, UnpaidPayout
from schemas.ids import attempt_reference
from schemas.words import BatchPhase, PayoutStatus, Reason

NO_ANSWER = "no_answer"
STILL_IN_PROGRESS = "still_in_progress"


def start_attempts(case: Case, body: StartAttempts) -> Decision:
    """The first attempt of payouts that are free to be paid."""
    free = _free(case, _named(case, body.payout_ids, body.batch_id), body.batch_id)
    return _decision([_started(case, free, body.provider, body.batch_id)] if free else [], free, body.batch_id)


def retry_due(case: Case, body: RetryDue) -> Decision:
    """The next attempt of payouts whose wait is over."""
    due = [payout for payout in _named(case, body.payout_ids, body.batch_id) if _may_retry(case, payout)]
    events = [_started(case, payouts, provider, body.batch_id) for provider, payouts in _by_provider(due)]
    return _decision(events, due, body.batch_id)


def time_out_attempts(case: Case, body: TimeOutAttempts) -> Decision:
    """No word in time: the outcome is unknown. Nothing is failed, released or sent again."""
    late = [payout for payout in _named(case, body.payout_ids, body.batch_id) if _is_late(case, payout)]
    events = [_timed_out(case, payouts, provider, body.batch_id) for provider, payouts in _by_provider(late)]
    return _decision(events, late, body.batch_id)


def _decision(events: Sequence[AnyEvent], payouts: list[Payout], batch_id: str | None) -> Decision:
    if not events:
        return repeated(subject=batch_id)
    return decided([*events], subject=batch_id or payouts[0].id)


def _by_provider(payouts: list[Payout]) -> list[tuple[str, list[Payout]]]:
    """The payouts of each provider; an event speaks of one."""
    found: dict[str, list[Payout]] = {}
    for payout in payouts:
        found.setdefault(payout.provider or "", []).append(payout)
    return sorted(found.items())


def _started(case: Case, payouts: list[Payout], provider: str, batch_id: str | None) -> AttemptsStarted:
    return AttemptsStarted(
        provider=provider,
        deadline_at=case.now + case.policy.processing_timeout_ms,
        attempts=[_next_attempt(payout) for payout in payouts],
        totals=_totals(payouts, PayoutStatus.PROCESSING, batch_id),
        batch_id=batch_id,
    )


def _timed_out(case: Case, payouts: list[Payout], provider: str, batch_id: str | None) -> OutcomesUnknown:
    return OutcomesUnknown(
        provider=provider,
        payouts=[_late(case, payout) for payout in payouts],
        totals=_totals(payouts, PayoutStatus.REQUIRES_ACTION, batch_id),
        batch_id=batch_id,
    )


def _totals(payouts: list[Payout], target: PayoutStatus, batch_id: str | None) -> list[TotalsDelta]:
    if batch_id is None:
        return []
    totals = Totals()
    totals.move_all(payouts, target)
    return totals.deltas()


def _next_attempt(payout: Payout) -> StartedAttempt:
    attempt = payout.attempt_count + 1
    reference = attempt_reference(payout.id, attempt)
    return StartedAttempt(payout_id=payout.id, attempt=attempt, version=payout.version + 1, reference=reference)


def _late(case: Case, payout: Payout) -> UnpaidPayout:
    waited_long = payout.reason is Reason.IN_PROGRESS
    return UnpaidPayout(
        payout_id=payout.id,
        attempt=payout.attempt_count,
        version=payout.version + 1,
        code=STILL_IN_PROGRESS if waited_long else NO_ANSWER,
        reason="The provider has not said how it ended." if waited_long else "The provider did not answer in time.",
        due_at=case.policy.inquire_at(case.now, 0),
    )


def _named(case: Case, payout_ids: Iterable[str], batch_id: str | None) -> list[Payout]:
    """The merchant's payouts of these ids and this batch, each once."""
    once, merchant_id = dict.fromkeys(payout_ids), case.merchant_id
    payouts = case.book.payouts.at_hand(once)
    found = [payouts[payout_id] for payout_id in once if payout_id in payouts]
    return [payout for payout in found if payout.merchant_id == merchant_id and payout.batch_id == batch_id]


def _free(case: Case, payouts: list[Payout], batch_id: str | None) -> list[Payout]:
    """Those that may start, of payouts of this batch, or of none."""
    pending, released = PayoutStatus.PENDING, _is_released(case, batch_id)
    return [p for p in payouts if p.status is pending and released and (p.reason is None or _has_come(case, p))]


def _is_released(case: Case, batch_id: str | None) -> bool:
    """Whether payouts of this batch, or of none, may be paid at all."""
    batch = case.book.batches.get(batch_id) if batch_id is not None else None
    return batch_id is None or (batch is not None and batch.phase is BatchPhase.RELEASED)


def _has_come(case: Case, payout: Payout) -> bool:
    """Whether the time has come that a single payout was held back to."""
    scheduled = payout.batch_id is None and payout.reason is Reason.SCHEDULE
    return scheduled and payout.due_at is not None and payout.due_at <= case.now


def _may_retry(case: Case, payout: Payout) -> bool:
    waits = payout.status is PayoutStatus.PROCESSING and payout.reason is Reason.RETRY
    return waits and payout.due_at is not None and payout.due_at <= case.now


def _is_late(case: Case, payout: Payout) -> bool:
    open_attempt = payout.status is PayoutStatus.PROCESSING and payout.reason in {None, Reason.IN_PROGRESS}
    return open_attempt and payout.due_at is not None and payout.due_at <= case.now
