"""Provider answers become facts: paid, failed, tried again, in progress, unknown, or contradicted (LIF-10 to LIF-14, LIF-21).

Owns the one event per meaning, with its money and totals. A contradiction is recorded and moves no state and no money. What an answer
means is `domain.payout.verdicts`. Must not know a provider's codes.
"""

from itertools import groupby
from operator import attrgetter

from domain.batch.stop import fund_after, stopped_by_failure
from domain.case import Case, Decision, decided, repeated
from domain.ledger import postings
from domain.payout.state import Payout
from domain.payout.verdicts import Answered, Contradiction, Verdict, sort_answers
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
from schemas.words import PayoutStatus

S = PayoutStatus


def record_answers(case: Case, body: RecordAnswers) -> Decision:
    """Sort the answers and make one event per meaning; answers that mean nothing new make none."""
    verdicts = sort_answers(case, body)
    piles = verdicts.piles()
    events: list[AnyEvent] = []
    for verdict, make in _MAKERS:
        if verdict in piles:
            events += make(case, body, piles[verdict])
    events += (_contradicted(body, contradiction) for contradiction in verdicts.contradictions)
    if not events:
        return repeated(subject=body.batch_id)
    return decided(events, subject=body.batch_id or body.answers[0].payout_id)


def _completed(_case: Case, body: RecordAnswers, pile: list[Answered]) -> list[AnyEvent]:
    paid = [
        PaidPayout(payout_id=p.id, attempt=a.attempt, version=p.version + 1, provider_reference=a.provider_reference)
        for p, a in pile
    ]
    legs: list[Posting] = []
    for currency, (amount, fee) in _sums(pile).items():
        legs += postings.complete(amount, fee, currency, body.provider)
    totals = _totals(body, pile, S.COMPLETED)
    return [PayoutsCompleted(provider=body.provider, payouts=paid, postings=legs, totals=totals, batch_id=body.batch_id)]


def _failed(case: Case, body: RecordAnswers, pile: list[Answered]) -> list[AnyEvent]:
    """The holds are released in the same event; a batch may stop by it, and whoever waited for funds is funded right after."""
    freed = {currency: amount + fee for currency, (amount, fee) in _sums(pile).items()}
    event = PayoutsFailed(
        provider=body.provider,
        payouts=[_unpaid(p, a, due_at=None) for p, a in pile],
        postings=[leg for currency, total in freed.items() for leg in postings.release(total, currency)],
        totals=_totals(body, pile, S.FAILED),
        batch_id=body.batch_id,
    )
    stopped = stopped_by_failure(case, body.batch_id, [payout for payout, _ in pile])
    legs = [*event.postings, *(leg for one in stopped for leg in one.postings)]
    return [event, *stopped, *fund_after(case, body.batch_id if stopped else None, legs)]


def _retried(case: Case, body: RecordAnswers, pile: list[Answered]) -> list[AnyEvent]:
    retried = [_unpaid(p, a, due_at=case.policy.retry_at(case.now, p.id, p.attempt_count)) for p, a in pile]
    totals = _totals(body, pile, S.PROCESSING)
    return [RetriesScheduled(provider=body.provider, payouts=retried, totals=totals, batch_id=body.batch_id)]


def _unknown(case: Case, body: RecordAnswers, pile: list[Answered]) -> list[AnyEvent]:
    unknown = [_asked_again(case, p, a) for p, a in pile]
    totals = _totals(body, pile, S.REQUIRES_ACTION)
    return [OutcomesUnknown(provider=body.provider, payouts=unknown, totals=totals, batch_id=body.batch_id)]


def _asked_again(case: Case, payout: Payout, answer: ProviderAnswer) -> UnpaidPayout:
    asked = payout.status is S.REQUIRES_ACTION
    inquiry = payout.inquiry_count + 1 if asked else 0
    due_at = case.policy.inquire_at(case.now, inquiry)
    code = payout.failure_code if asked else None
    return _unpaid(payout, answer, due_at=due_at, inquiry=inquiry, code=code or answer.code or "outcome_unknown")


def _progressing(case: Case, body: RecordAnswers, pile: list[Answered]) -> list[AnyEvent]:
    progressing = [
        ProgressingPayout(payout_id=p.id, attempt=a.attempt, version=p.version + 1, provider_reference=a.provider_reference)
        for p, a in pile
    ]
    event = AttemptsInProgress(
        provider=body.provider,
        deadline_at=case.now + case.policy.in_progress_timeout_ms,
        payouts=progressing,
        totals=_totals(body, pile, S.PROCESSING),
        batch_id=body.batch_id,
    )
    return [event]


_MAKERS = (
    (Verdict.PAID, _completed),
    (Verdict.FAILED, _failed),
    (Verdict.RETRIED, _retried),
    (Verdict.UNKNOWN, _unknown),
    (Verdict.PROGRESSING, _progressing),
)


def _contradicted(body: RecordAnswers, contradiction: Contradiction) -> AnswerContradicted:
    payout, answer, status = contradiction
    return AnswerContradicted(
        payout_id=payout.id,
        attempt=answer.attempt,
        status=status,
        answer=answer.outcome,
        provider=body.provider,
        provider_reference=answer.provider_reference,
    )


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


def _sums(pile: list[Answered]) -> dict[str, tuple[int, int]]:
    """Currency to (amounts, fees), in minor units, in order of currency."""
    sums: dict[str, tuple[int, int]] = {}
    for currency, run in groupby((payout for payout, _ in pile), attrgetter("currency")):
        payouts = list(run)
        amount, fee = sums.get(currency, (0, 0))
        amount += sum([payout.amount_minor for payout in payouts])
        sums[currency] = (amount, fee + sum([payout.fee_minor for payout in payouts]))
    return dict(sorted(sums.items()))


def _totals(body: RecordAnswers, pile: list[Answered], target: PayoutStatus) -> list[TotalsDelta]:
    if body.batch_id is None:
        return []
    totals = Totals()
    totals.move_all((payout for payout, _ in pile), target)
    return totals.deltas()
