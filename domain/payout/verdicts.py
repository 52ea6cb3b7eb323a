"""What a provider's answer means for a payout as it stands now (LIF-10 to LIF-14, LIF-21).

Owns the sorting of one command's answers, each payout once. An answer that comes twice, late or to an attempt that is over means
nothing; one that contradicts what was decided is a contradiction. Must not know what follows from a verdict.
"""

from enum import StrEnum, auto
from itertools import groupby
from operator import itemgetter

from domain.case import Case
from domain.payout.attempts import STILL_IN_PROGRESS
from domain.payout.state import Payout
from schemas.commands import ProviderAnswer, RecordAnswers
from schemas.words import Outcome, PayoutStatus, Reason

S = PayoutStatus
Answered = tuple[Payout, ProviderAnswer]
Contradiction = tuple[Payout, ProviderAnswer, PayoutStatus]
"""A payout, the answer that does not fit, and the state that it contradicts."""


class Verdict(StrEnum):
    """What follows: paid, finally failed, tried again, nobody knows, the provider is at work, or a contradiction."""

    PAID = auto()
    FAILED = auto()
    RETRIED = auto()
    UNKNOWN = auto()
    PROGRESSING = auto()
    CONTRADICTED = auto()


DEFINITE = frozenset({Verdict.PAID, Verdict.FAILED, Verdict.RETRIED})
PROCESSING, SAID_PAID, CONTRADICTED = S.PROCESSING, Outcome.PAID, Verdict.CONTRADICTED
"""What is asked of every row of a file has a name of its own: to find the member of an enumeration takes longer than to compare with it."""


class Verdicts:
    """The answers of one command by verdict; the contradictions apart."""

    def __init__(self) -> None:
        """No answer yet."""
        self._taken: dict[str, tuple[Verdict, Answered]] = {}
        self.contradictions: list[Contradiction] = []

    def take(self, verdict: Verdict | None, payout: Payout, answer: ProviderAnswer) -> None:
        """Count an answer. Of several for one payout the first definite one holds, and `paid` before another try."""
        if verdict is None:
            return
        if verdict is CONTRADICTED:
            self.contradictions.append((payout, answer, payout.status))
            return
        earlier = self._taken.get(payout.id)
        if earlier is None or _outweighs(verdict, earlier[0]):
            self._taken[payout.id] = (verdict, (payout, answer))
        elif verdict in DEFINITE and (verdict is Verdict.PAID) is not (earlier[0] is Verdict.PAID):
            self.contradictions.append((payout, answer, S.COMPLETED if earlier[0] is Verdict.PAID else S.FAILED))

    def piles(self) -> dict[Verdict, list[Answered]]:
        """The answers of each verdict, in the order in which the payouts were first named."""
        piles: dict[Verdict, list[Answered]] = {}
        for verdict, run in groupby(self._taken.values(), itemgetter(0)):
            piles.setdefault(verdict, []).extend([answered for _, answered in run])
        return piles


def sort_answers(case: Case, body: RecordAnswers) -> Verdicts:
    """Judge every answer of the command. A payout of another merchant or batch than the command says is passed over."""
    verdicts = Verdicts()
    payouts = case.book.payouts.at_hand([answer.payout_id for answer in body.answers])
    merchant_id, batch_id, provider = case.merchant_id, body.batch_id, body.provider
    for answer in body.answers:
        payout = payouts.get(answer.payout_id)
        if payout is not None and payout.merchant_id == merchant_id and payout.batch_id == batch_id:
            verdicts.take(_verdict(case, payout, answer, provider), payout, answer)
    return verdicts


def _outweighs(verdict: Verdict, earlier: Verdict) -> bool:
    if earlier is Verdict.RETRIED:
        return verdict is Verdict.PAID
    return verdict in DEFINITE and earlier not in DEFINITE


def _verdict(case: Case, payout: Payout, answer: ProviderAnswer, provider: str) -> Verdict | None:
    if answer.attempt != payout.attempt_count or provider != payout.provider or not _is_open(payout, answer):
        return Verdict.CONTRADICTED if _contradicts(payout, answer, provider) else None
    match answer.outcome:
        case Outcome.PAID:
            return Verdict.PAID
        case Outcome.FAILED:
            again = answer.retryable and payout.attempt_count < case.policy.max_tries
            return Verdict.RETRIED if again else Verdict.FAILED
        case Outcome.IN_PROGRESS:
            return _verdict_in_progress(payout, answer)
        case Outcome.UNKNOWN:
            return Verdict.UNKNOWN if payout.status is S.PROCESSING or answer.inquiry else None


def _verdict_in_progress(payout: Payout, answer: ProviderAnswer) -> Verdict | None:
    """Once it was at work for too long, a further `in progress` is no answer: the next inquiry is owed."""
    if payout.status is S.REQUIRES_ACTION and payout.failure_code == STILL_IN_PROGRESS:
        return Verdict.UNKNOWN if answer.inquiry else None
    return None if payout.reason is Reason.IN_PROGRESS else Verdict.PROGRESSING


def _is_open(payout: Payout, answer: ProviderAnswer) -> bool:
    """Whether the payout still waits for an answer to its newest attempt.

    Between two tries only `paid` is news: then there must be no further try.
    """
    if payout.status is PROCESSING:
        return answer.outcome is SAID_PAID or payout.reason is not Reason.RETRY
    return payout.status is S.REQUIRES_ACTION


def _contradicts(payout: Payout, answer: ProviderAnswer, provider: str) -> bool:
    """Paid where this attempt is not what we hold paid, or failed where it is."""
    paid = payout.status in {S.COMPLETED, S.RETURNED}
    ours = answer.attempt == payout.attempt_count and provider == payout.provider
    if answer.outcome is Outcome.PAID:
        return not (paid and ours)
    return answer.outcome is Outcome.FAILED and paid and ours
