"""What is owed next: one thing per state and reason, and nothing is just stuck (LIF-13, LIF-15)."""

import itertools

import pytest

from domain.book import Batch
from domain.payout.next_step import Inquire, Nothing, RetryAt, Send, StartAttempt, Step, Wait, next_step
from domain.payout.state import UNFINISHED, Payout
from schemas.ids import attempt_reference
from schemas.words import BatchPhase, PayoutStatus, Reason

S, R = PayoutStatus, Reason


def payout(status: PayoutStatus, reason: Reason | None = None, batch_id: str | None = None) -> Payout:
    return Payout(
        id="p", merchant_id="m", amount_minor=1, currency="USD", created_at=0, updated_at=7, status=status, reason=reason,
        due_at=99, attempt_count=2, batch_id=batch_id,
    )  # fmt: skip


REFERENCE = attempt_reference("p", 2)
STEPS = [
    (S.PENDING, None, StartAttempt()),
    (S.PENDING, R.SCHEDULE, Wait(R.SCHEDULE, 99)),
    (S.PENDING, R.FUNDS, Wait(R.FUNDS)),
    (S.PROCESSING, None, Send("p", 2, 99)),
    (S.PROCESSING, R.RETRY, RetryAt(99)),
    (S.PROCESSING, R.IN_PROGRESS, Inquire("p", 2, 7)),
    (S.REQUIRES_ACTION, R.OUTCOME_UNKNOWN, Inquire("p", 2, 99)),
    (S.COMPLETED, None, Nothing()),
    (S.FAILED, None, Nothing()),
    (S.CANCELED, None, Nothing()),
    (S.REJECTED, R.INSUFFICIENT_FUNDS, Nothing()),
    (S.RETURNED, None, Nothing()),
]


@pytest.mark.parametrize(("status", "reason", "step"), STEPS)
def test_each_state_owes_one_thing(status: PayoutStatus, reason: Reason | None, step: Step) -> None:
    assert next_step(payout(status, reason), None) == step


@pytest.mark.parametrize(("status", "reason"), list(itertools.product(sorted(UNFINISHED), [None, *Reason])))
def test_nothing_that_is_unfinished_owes_nothing(status: PayoutStatus, reason: Reason | None) -> None:
    """LIF-15: it waits for a named reason, or somebody has to act."""
    assert not isinstance(next_step(payout(status, reason), None), Nothing)


def test_an_attempt_is_sent_under_its_lasting_reference() -> None:
    """RAI-03: the same one whenever it is looked at."""
    step = next_step(payout(S.PROCESSING), None)
    assert isinstance(step, Send)
    assert step.reference == REFERENCE


def test_an_unknown_outcome_is_asked_after_under_the_reference_that_was_sent() -> None:
    """LIF-12: never under a new one."""
    step = next_step(payout(S.REQUIRES_ACTION, R.OUTCOME_UNKNOWN), None)
    assert isinstance(step, Inquire)
    assert step.reference == REFERENCE


@pytest.mark.parametrize("phase", [None, *BatchPhase])
def test_a_row_is_free_by_the_release_of_its_batch(phase: BatchPhase | None) -> None:
    """BAT-02: without its batch in sight it waits."""
    batch = Batch(id="b", merchant_id="m", created_at=0, phase=phase) if phase else None
    step = next_step(payout(S.PENDING, batch_id="b"), batch)
    assert step == (StartAttempt() if phase is BatchPhase.RELEASED else Wait(R.UNSEALED))
