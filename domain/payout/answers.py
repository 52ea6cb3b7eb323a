"""Provider answers become facts: paid, failed, tried again, in progress, unknown, or contradicted (LIF-10 to LIF-14, LIF-21).

Owns what each answer means for a payout as it stands now. An answer that comes twice, late or to an attempt that is over changes
nothing; one that contradicts what was decided is recorded and moves no state and no money. Must not know a provider's codes.
"""

from msgspec import Struct

from domain.case import Case, Decision, decided, repeated
from domain.ledger import postings
from domain.payout.attempts import STILL_IN_PROGRESS
from domain.payout.state import Payout
from domain.payout.waiting import fund_waiting
from domain.totals import Totals
from schemas.commands import ProviderAnswer, RecordAnswers
from schemas.events import (
    AnswerContradicted,
    AnyEvent,
    AttemptsInProgress,
    OutcomesUnknown,
    PaidPayout,
    PayoutsCompleted,
    PayoutsFailed,
    Posting,
    ProgressingPayout,
    RetriesScheduled,
    TotalsDelta,
    UnpaidPayout,
)
from schemas.words import Outcome, PayoutStatus, Reason

S = PayoutStatus


class Verdicts(Struct):
    """The answers of one command, sorted by what they mean; each payout at most once."""

    paid: list[tuple[Payout, ProviderAnswer]]
    failed: list[tuple[Payout, ProviderAnswer]]
    retried: list[tuple[Payout, ProviderAnswer]]
    unknown: list[tuple[Payout, ProviderAnswer]]
    progressing: list[tuple[Payout, ProviderAnswer]]
    contradicted: list[tuple[Payout, ProviderAnswer]]


def record_answers(case: Case, body: RecordAnswers) -> Decision:
    """Sort the answers and make one event per meaning."""
    verdicts = _sort(case, body)
    events: list[AnyEvent] = []
    for make in (_completed, _failed, _retried, _unknown, _progressing):
        events.extend(make(case, body, verdicts))
    events.extend(_contradicted(body, verdicts))
    if not events:
        return repeated(subject=body.batch_id)
    return decided(events, subject=body.batch_id or body.answers[0].payout_id)


def _sort(case: Case, body: RecordAnswers) -> Verdicts:
    verdicts = Verdicts([], [], [], [], [], [])
    seen: set[str] = set()
    for answer in body.answers:
        payout = case.book.payouts.get(answer.payout_id)
        if payout is None or payout.merchant_id != case.merchant_id or payout.batch_id != body.batch_id or payout.id in seen:
            continue
        pile = _pile(case, verdicts, payout, answer)
        if pile is not None:
            seen.add(payout.id)
            pile.append((payout, answer))
    return verdicts


def _pile(
    case: Case, verdicts: Verdicts, payout: Payout, answer: ProviderAnswer
) -> list[tuple[Payout, ProviderAnswer]] | None:
    if not _is_open(payout, answer):
        return verdicts.contradicted if _contradicts(payout, answer) else None
    match answer.outcome:
        case Outcome.PAID:
            return verdicts.paid
        case Outcome.FAILED:
            again = answer.retryable and payout.attempt_count < case.policy.max_tries
            return verdicts.retried if again else verdicts.failed
        case Outcome.IN_PROGRESS:
            return _pile_in_progress(verdicts, payout, answer)
        case Outcome.UNKNOWN:
            news = payout.status is S.PROCESSING or answer.inquiry
            return verdicts.unknown if news else None


def _pile_in_progress(
    verdicts: Verdicts, payout: Payout, answer: ProviderAnswer
) -> list[tuple[Payout, ProviderAnswer]] | None:
    if payout.status is S.REQUIRES_ACTION and payout.failure_code == STILL_IN_PROGRESS:
        return verdicts.unknown if answer.inquiry else None
    return None if payout.reason is Reason.IN_PROGRESS else verdicts.progressing


def _is_open(payout: Payout, answer: ProviderAnswer) -> bool:
    """Whether the payout still waits for an answer to this very attempt."""
    if answer.attempt != payout.attempt_count:
        return False
    if payout.status is S.PROCESSING:
        return payout.reason in {None, Reason.IN_PROGRESS}
    return payout.status is S.REQUIRES_ACTION


def _contradicts(payout: Payout, answer: ProviderAnswer) -> bool:
    """Paid where we hold it unpaid, or failed where we hold this attempt paid."""
    if answer.outcome is Outcome.PAID:
        return not (payout.status in {S.COMPLETED, S.RETURNED} and answer.attempt == payout.attempt_count)
    return (
        answer.outcome is Outcome.FAILED
        and payout.status in {S.COMPLETED, S.RETURNED}
        and answer.attempt == payout.attempt_count
    )


def _completed(_case: Case, body: RecordAnswers, verdicts: Verdicts) -> list[AnyEvent]:
    if not verdicts.paid:
        return []
    paid = [
        PaidPayout(payout_id=p.id, attempt=a.attempt, version=p.version + 1, provider_reference=a.provider_reference)
        for p, a in verdicts.paid
    ]
    legs: list[Posting] = []
    for currency, (amount, fee) in _sums(verdicts.paid).items():
        legs += postings.complete(amount, fee, currency, body.provider)
    totals = _totals(body, verdicts.paid, S.COMPLETED)
    return [PayoutsCompleted(provider=body.provider, payouts=paid, postings=legs, totals=totals, batch_id=body.batch_id)]


def _failed(case: Case, body: RecordAnswers, verdicts: Verdicts) -> list[AnyEvent]:
    if not verdicts.failed:
        return []
    freed = {currency: amount + fee for currency, (amount, fee) in _sums(verdicts.failed).items()}
    event = PayoutsFailed(
        provider=body.provider,
        payouts=[_unpaid(p, a, due_at=None) for p, a in verdicts.failed],
        postings=[leg for currency, total in freed.items() for leg in postings.release(total, currency)],
        totals=_totals(body, verdicts.failed, S.FAILED),
        batch_id=body.batch_id,
    )
    return [event, *(funded for currency, total in freed.items() for funded in fund_waiting(case, currency, total))]


def _retried(case: Case, body: RecordAnswers, verdicts: Verdicts) -> list[AnyEvent]:
    if not verdicts.retried:
        return []
    retried = [_unpaid(p, a, due_at=case.policy.retry_at(case.now, p.id, p.attempt_count)) for p, a in verdicts.retried]
    totals = _totals(body, verdicts.retried, S.PROCESSING)
    return [RetriesScheduled(provider=body.provider, payouts=retried, totals=totals, batch_id=body.batch_id)]


def _unknown(case: Case, body: RecordAnswers, verdicts: Verdicts) -> list[AnyEvent]:
    if not verdicts.unknown:
        return []
    unknown = [_asked_again(case, p, a) for p, a in verdicts.unknown]
    totals = _totals(body, verdicts.unknown, S.REQUIRES_ACTION)
    return [OutcomesUnknown(provider=body.provider, payouts=unknown, totals=totals, batch_id=body.batch_id)]


def _asked_again(case: Case, payout: Payout, answer: ProviderAnswer) -> UnpaidPayout:
    asked = payout.status is S.REQUIRES_ACTION
    inquiry = payout.inquiry_count + 1 if asked else 0
    since = payout.processing_started_at or case.now
    due_at = case.policy.inquire_at(case.now, since, inquiry)
    code = payout.failure_code if asked else None
    return _unpaid(payout, answer, due_at=due_at, inquiry=inquiry, code=code or answer.code or "outcome_unknown")


def _progressing(case: Case, body: RecordAnswers, verdicts: Verdicts) -> list[AnyEvent]:
    if not verdicts.progressing:
        return []
    progressing = [
        ProgressingPayout(payout_id=p.id, attempt=a.attempt, version=p.version + 1, provider_reference=a.provider_reference)
        for p, a in verdicts.progressing
    ]
    totals = _totals(body, verdicts.progressing, S.PROCESSING)
    deadline_at = case.now + case.policy.in_progress_timeout_ms
    return [
        AttemptsInProgress(
            provider=body.provider, deadline_at=deadline_at, payouts=progressing, totals=totals, batch_id=body.batch_id
        )
    ]


def _contradicted(body: RecordAnswers, verdicts: Verdicts) -> list[AnyEvent]:
    return [
        AnswerContradicted(
            payout_id=p.id,
            attempt=a.attempt,
            status=p.status,
            answer=a.outcome,
            provider=body.provider,
            provider_reference=a.provider_reference,
        )
        for p, a in verdicts.contradicted
    ]


def _unpaid(
    payout: Payout, answer: ProviderAnswer, *, due_at: int | None, inquiry: int = 0, code: str | None = None
) -> UnpaidPayout:
    return UnpaidPayout(
        payout_id=payout.id,
        attempt=answer.attempt,
        version=payout.version + 1,
        code=code or answer.code or "unspecified",
        reason=answer.reason,
        due_at=due_at,
        inquiry=inquiry,
    )


def _sums(pile: list[tuple[Payout, ProviderAnswer]]) -> dict[str, tuple[int, int]]:
    """Currency to (amounts, fees), in minor units, in order of currency."""
    sums: dict[str, tuple[int, int]] = {}
    for payout, _ in pile:
        amount, fee = sums.get(payout.currency, (0, 0))
        sums[payout.currency] = (amount + payout.amount_minor, fee + payout.fee_minor)
    return dict(sorted(sums.items()))


def _totals(body: RecordAnswers, pile: list[tuple[Payout, ProviderAnswer]], target: PayoutStatus) -> list[TotalsDelta]:
    if body.batch_id is None:
        return []
    totals = Totals()
    for payout, _ in pile:
        totals.move(payout.status, target, payout.currency, payout.amount_minor)
    return totals.deltas()
