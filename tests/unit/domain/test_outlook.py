"""What happens next, who must act, and whether paying again is safe: never safe while nobody knows (TML-02, LIF-17, LIF-19)."""

import itertools

import pytest

from domain.payout import attempts
from domain.payout.attention import OF_WAITING, level_of
from domain.payout.failures import MEANINGS, Actor, Moved, failure_of
from domain.payout.outlook import Outlook, attention, batch_outlook, outlook
from domain.payout.state import Payout
from schemas.words import BatchPhase, PayoutStatus, Reason
from services.processor.rails.failure_codes import CODES

ID = "01a1fce3-eadb-73ce-b132-dc140c212c12"


def payout(status: PayoutStatus, reason: Reason | None = None, **given: object) -> Payout:
    """A single payout."""
    plain: dict[str, object] = {
        "id": ID,
        "merchant_id": "demo",
        "amount_minor": 1,
        "currency": "USD",
        "created_at": 1,
        "updated_at": 1,
    }
    plain |= {"status": status, "reason": reason, "version": 1, "attempt_count": 1}
    return Payout(**{**plain, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(("status", "reason"), list(itertools.product(PayoutStatus, [None, *Reason])))
def test_every_state_has_its_words_and_paying_again_is_safe_only_where_nothing_was_or_will_be_paid(
    status: PayoutStatus, reason: Reason | None
) -> None:
    found = outlook(payout(status, reason), None)
    assert found.text.endswith(".")
    ended = {PayoutStatus.FAILED, PayoutStatus.CANCELED, PayoutStatus.REJECTED, PayoutStatus.RETURNED}
    assert found.retry_safe is (status in ended)
    for batch_id in (None, "b"):
        one = payout(status, reason, batch_id=batch_id)
        shown = Reason.UNSEALED if batch_id and status is PayoutStatus.PENDING else reason
        level, why = attention(one, None)
        assert level == level_of(status, shown)
        assert (why is None) is (level == "none")


@pytest.mark.parametrize(
    ("one", "step", "who", "at"),
    [
        (payout(PayoutStatus.PENDING, Reason.SCHEDULE, due_at=9), "wait_schedule", Actor.NOBODY, 9),
        (payout(PayoutStatus.PENDING, Reason.FUNDS), "wait_funds", Actor.MERCHANT, None),
        (payout(PayoutStatus.PENDING), "send", Actor.NOBODY, None),
        (payout(PayoutStatus.PENDING, batch_id="b"), "wait_unsealed", Actor.MERCHANT, None),
        (payout(PayoutStatus.PROCESSING, due_at=9), "answer", Actor.PROVIDER, 9),
        (payout(PayoutStatus.PROCESSING, Reason.RETRY, due_at=9), "retry", Actor.NOBODY, 9),
        (payout(PayoutStatus.PROCESSING, Reason.IN_PROGRESS, due_at=9), "inquire", Actor.PROVIDER, 9),
        (payout(PayoutStatus.REQUIRES_ACTION, Reason.OUTCOME_UNKNOWN, due_at=9), "inquire", Actor.NOBODY, 9),
        (payout(PayoutStatus.REQUIRES_ACTION, Reason.OUTCOME_UNKNOWN), "ask_provider", Actor.OPERATOR, None),
        (payout(PayoutStatus.FAILED, failure_code="payee_unknown"), "none", Actor.MERCHANT, None),
        (payout(PayoutStatus.COMPLETED), "none", Actor.NOBODY, None),
    ],
)
def test_the_next_step_when_and_by_whom(one: Payout, step: str, who: Actor, at: int | None) -> None:
    found = outlook(one, None)
    assert (found.step, found.who, found.at) == (step, who, at)


def test_lif_19_every_code_that_the_rails_and_the_law_give_has_a_meaning() -> None:
    given = {failure.code for failure in CODES.values()} | {attempts.NO_ANSWER, attempts.STILL_IN_PROGRESS}
    assert given | {"provider_unreachable", "not_found", "insufficient_funds", "declaration_mismatch"} <= MEANINGS.keys()
    assert all(meaning.payee_text.endswith(".") and meaning.remedy.endswith(".") for meaning in MEANINGS.values())


@pytest.mark.parametrize("code", [*MEANINGS, "never_heard_of"])
def test_lif_19_whether_money_moved_follows_from_the_state_not_from_the_code(code: str) -> None:
    unknown, failed = failure_of(PayoutStatus.REQUIRES_ACTION, code), failure_of(PayoutStatus.FAILED, code)
    assert unknown is not None
    assert failed is not None
    assert (unknown.money_moved, unknown.retry_safe) == (Moved.UNKNOWN, False)
    assert (failed.money_moved, failed.retry_safe) == (Moved.NO, True)


def test_lif_17_attention_is_raised_with_the_reason() -> None:
    def level(one: Payout) -> tuple[str, str | None]:
        return attention(one, None)

    assert level(payout(PayoutStatus.REQUIRES_ACTION, Reason.OUTCOME_UNKNOWN)) == (
        "action_required",
        "Its outcome is unknown",
    )
    assert level(payout(PayoutStatus.FAILED, failure_reason="The account is closed.")) == (
        "warning",
        "The account is closed.",
    )
    assert level(payout(PayoutStatus.PENDING, Reason.FUNDS)) == ("warning", "It waits for money")
    assert level(payout(PayoutStatus.PENDING, Reason.APPROVAL))[0] == "info"
    assert level(payout(PayoutStatus.PENDING, Reason.SCHEDULE, due_at=5)) == ("none", None)
    assert level(payout(PayoutStatus.COMPLETED)) == ("none", None)


def test_lif_17_what_waits_for_a_person_has_a_level_and_what_waits_for_time_has_none() -> None:
    for reason in OF_WAITING:
        assert outlook(payout(PayoutStatus.PENDING, reason), None).who in {Actor.MERCHANT, Actor.OPERATOR}
    assert outlook(payout(PayoutStatus.PENDING, Reason.SCHEDULE), None).who is Actor.NOBODY


def counts(**given: int) -> dict[str, int]:
    """Rows by state."""
    return {status.value: 0 for status in PayoutStatus} | given


@pytest.mark.parametrize(
    ("phase", "held", "step", "who"),
    [
        (BatchPhase.OPEN, counts(pending=3), "seal", Actor.MERCHANT),
        (BatchPhase.REFUSED, counts(canceled=3), "none", Actor.MERCHANT),
        (BatchPhase.RELEASED, counts(pending=1, completed=2, failed=1), "pay", Actor.NOBODY),
        (BatchPhase.RELEASED, counts(requires_action=1, completed=2), "inquire", Actor.OPERATOR),
        (BatchPhase.RELEASED, counts(failed=1, completed=2), "send_failed_again", Actor.MERCHANT),
        (BatchPhase.RELEASED, counts(completed=3), "none", Actor.NOBODY),
    ],
)
def test_the_next_step_of_a_batch(phase: BatchPhase, held: dict[str, int], step: str, who: Actor) -> None:
    found: Outlook = batch_outlook(phase, held)
    assert (found.step, found.who) == (step, who)
    assert found.retry_safe is (phase is BatchPhase.REFUSED), "a batch with paid rows is never sent again as a whole"
