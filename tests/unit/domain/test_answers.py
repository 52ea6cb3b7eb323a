"""RecordAnswers: what each answer of a provider does, and that what comes twice, late or crosswise does nothing (LIF-10 to LIF-14, LIF-21)."""

from typing import Any

import pytest

from domain.policy import Policy
from schemas.commands import CancelPayout, RecordAnswers, RetryDue, StartAttempts, TimeOutAttempts
from schemas.events import (
    AnswerContradicted,
    AttemptsInProgress,
    OutcomesUnknown,
    PayoutsCompleted,
    PayoutsFailed,
    RetriesScheduled,
)
from schemas.words import Outcome, PayoutStatus, Reason
from tests.support.given import START, Scene, answers, fact, facts, form, is_quiet, postings_of, said, start

O = Outcome  # noqa: E741  the tables below read better with one letter


def one(amount_minor: int = 100, policy: Policy | None = None) -> tuple[Scene, str]:
    """A scene with one open attempt; 1,000 were there."""
    scene = Scene(policy).merchant(USD=1_000)
    return scene, scene.processing(amount_minor)


def unknown(scene: Scene, payout_id: str) -> None:
    scene.now += 30_000
    scene.given(TimeOutAttempts(payout_ids=[payout_id]))


def test_paid_completes_and_moves_the_hold_to_the_provider() -> None:
    """LED-06."""
    scene, payout_id = one()
    scene.now += 9
    event = fact(scene.given(answers(said(payout_id, O.PAID, provider_reference="ref"))), PayoutsCompleted)
    assert postings_of(event) == [
        ("held", -100, "USD", "payout_completed"),
        ("clearing:bank", 100, "USD", "payout_completed"),
    ]
    payout = scene.payout(payout_id)
    assert (payout.status, payout.bank_reference_id, payout.completed_at) == ("completed", "ref", START + 9)
    assert (payout.reason, payout.due_at, payout.version) == (None, None, 3)
    assert (scene.available(), scene.held()) == (900, 0)


def test_a_final_failure_fails_and_releases_in_the_same_event() -> None:
    """LIF-11."""
    scene, payout_id = one()
    event = fact(scene.given(answers(said(payout_id, O.FAILED, code="closed", reason="Account closed"))), PayoutsFailed)
    assert postings_of(event) == [("held", -100, "USD", "payout_release"), ("available", 100, "USD", "payout_release")]
    payout = scene.payout(payout_id)
    assert (payout.status, payout.failure_code, payout.failure_reason) == ("failed", "closed", "Account closed")
    assert (payout.failed_at, payout.due_at, scene.available()) == (START, None, 1_000)


def test_a_retryable_failure_is_tried_three_times_in_all_and_then_fails() -> None:
    """LIF-10, LIF-11: 10 s and 30 s apart, give or take 20 %; released once, at the end."""
    scene, payout_id = one()
    waits = []
    for attempt in (1, 2):
        answer = said(payout_id, O.FAILED, attempt, retryable=True, code="busy")
        [item] = fact(scene.given(answers(answer)), RetriesScheduled).payouts
        payout = scene.payout(payout_id)
        assert (payout.status, payout.reason, payout.failure_code) == ("processing", Reason.RETRY, "busy")
        assert scene.held() == 100
        assert item.due_at is not None
        waits.append(item.due_at - scene.now)
        scene.now = item.due_at
        scene.given(RetryDue(payout_ids=[payout_id]))
    assert 8_000 <= waits[0] <= 12_000
    assert 24_000 <= waits[1] <= 36_000
    assert facts(scene.given(answers(said(payout_id, O.FAILED, 3, retryable=True, code="busy")))) == ["PayoutsFailed"]
    assert (scene.status(payout_id), scene.payout(payout_id).attempt_count, scene.available()) == ("failed", 3, 1_000)


def test_the_number_of_tries_is_policy() -> None:
    scene, payout_id = one(policy=Policy(max_tries=1))
    assert facts(scene.given(answers(said(payout_id, O.FAILED, retryable=True)))) == ["PayoutsFailed"]


def test_in_progress_waits_an_hour_and_does_not_start_it_anew() -> None:
    """LIF-12."""
    scene, payout_id = one()
    event = fact(scene.given(answers(said(payout_id, O.IN_PROGRESS, provider_reference="ref"))), AttemptsInProgress)
    assert event.deadline_at == START + 3_600_000
    payout = scene.payout(payout_id)
    assert (payout.status, payout.reason, payout.bank_reference_id) == ("processing", Reason.IN_PROGRESS, "ref")
    scene.now += 60_000
    assert is_quiet(scene.when(answers(said(payout_id, O.IN_PROGRESS, inquiry=True))))
    assert scene.payout(payout_id).due_at == START + 3_600_000
    scene.given(answers(said(payout_id, O.PAID, inquiry=True)))
    assert scene.payout(payout_id).bank_reference_id == "ref"


def test_an_indefinite_answer_makes_the_outcome_unknown() -> None:
    """LIF-12: money and attempt stay as they are."""
    scene, payout_id = one()
    [item] = fact(scene.given(answers(said(payout_id, O.UNKNOWN, code="http_502"))), OutcomesUnknown).payouts
    assert (item.code, item.inquiry, item.due_at) == ("http_502", 0, START + 30_000)
    assert (scene.status(payout_id), scene.held(), scene.payout(payout_id).attempt_count) == ("requires_action", 100, 1)


def test_inquiries_wait_longer_and_longer_and_end_after_three_days() -> None:
    """LIF-12: 30 s, 1, 2, 5, 15, 30 min, then hourly until 72 h; then only people ask, and it still is not failed."""
    scene, payout_id = one()
    unknown(scene, payout_id)
    first, waits = scene.now, []
    while (due_at := scene.payout(payout_id).due_at) is not None:
        waits.append((due_at - scene.now) // 1_000)
        scene.now = due_at
        [item] = fact(scene.given(answers(said(payout_id, O.UNKNOWN, inquiry=True))), OutcomesUnknown).payouts
        assert item.inquiry == len(waits)
    assert waits[:8] == [30, 60, 120, 300, 900, 1_800, 3_600, 3_600]
    assert set(waits[6:]) == {3_600}
    assert 72 * 3_600 <= (scene.now - first) // 1_000 < 73 * 3_600
    assert (scene.status(payout_id), scene.payout(payout_id).failure_code, scene.held()) == (
        "requires_action",
        "no_answer",
        100,
    )


def test_inquiries_are_owed_also_after_days_of_standstill() -> None:
    """The waits count, not the clock: an outage of a week does not leave the payout to people at the first try."""
    scene, payout_id = one()
    unknown(scene, payout_id)
    scene.now += 7 * 24 * 3_600_000
    scene.given(answers(said(payout_id, O.UNKNOWN, inquiry=True)))
    assert scene.payout(payout_id).due_at == scene.now + 60_000


def test_a_late_word_of_the_send_is_no_inquiry() -> None:
    """LIF-14: the send's own unknown, after the time-out, does not count as having asked."""
    scene, payout_id = one()
    unknown(scene, payout_id)
    assert is_quiet(scene.when(answers(said(payout_id, O.UNKNOWN))))


@pytest.mark.parametrize(
    ("outcome", "more", "status", "name"),
    [
        (O.PAID, {}, "completed", "PayoutsCompleted"),
        (O.FAILED, {"code": "closed"}, "failed", "PayoutsFailed"),
        (O.FAILED, {"code": "busy", "retryable": True}, "processing", "RetriesScheduled"),
        (O.IN_PROGRESS, {}, "processing", "AttemptsInProgress"),
    ],
)
def test_an_inquiry_ends_the_unknown(outcome: Outcome, more: dict[str, Any], status: str, name: str) -> None:
    """LIF-12: by a definite answer, or by word that the provider is at work."""
    scene, payout_id = one()
    unknown(scene, payout_id)
    assert facts(scene.given(answers(said(payout_id, outcome, inquiry=True, **more)))) == [name]
    assert scene.status(payout_id) == status
    assert scene.payout(payout_id).inquiry_count == 0


def test_at_work_for_an_hour_twice_is_not_an_endless_loop() -> None:
    """LIF-12: once `in progress` took too long, only a definite answer ends it; every further one counts as an inquiry."""
    scene, payout_id = one()
    scene.given(answers(said(payout_id, O.IN_PROGRESS)))
    scene.now += 3_600_000
    scene.given(TimeOutAttempts(payout_ids=[payout_id]))
    [item] = fact(scene.given(answers(said(payout_id, O.IN_PROGRESS, inquiry=True))), OutcomesUnknown).payouts
    assert (item.inquiry, item.code) == (1, "still_in_progress")
    assert is_quiet(scene.when(answers(said(payout_id, O.IN_PROGRESS))))
    scene.given(answers(said(payout_id, O.PAID, inquiry=True)))


def ended(outcome: Outcome) -> tuple[Scene, str]:
    scene, payout_id = one()
    scene.given(answers(said(payout_id, outcome, code="c")))
    return scene, payout_id


@pytest.mark.parametrize("outcome", [O.PAID, O.FAILED])
def test_the_same_answer_again_is_quiet(outcome: Outcome) -> None:
    """LIF-14: no second effect; and a word that says nothing definite is no contradiction."""
    scene, payout_id = ended(outcome)
    for again in (outcome, O.UNKNOWN, O.IN_PROGRESS):
        assert is_quiet(scene.when(answers(said(payout_id, again, inquiry=True))))


@pytest.mark.parametrize(("first", "then"), [(O.PAID, O.FAILED), (O.FAILED, O.PAID)])
def test_a_late_contradiction_is_recorded_and_moves_nothing(first: Outcome, then: Outcome) -> None:
    """LIF-21."""
    scene, payout_id = ended(first)
    before, balances = scene.payout(payout_id), dict(scene.book.balances)
    event = fact(scene.given(answers(said(payout_id, then, provider_reference="late"))), AnswerContradicted)
    assert (event.status, event.answer, event.attempt) == (before.status, then, 1)
    assert (event.provider, event.provider_reference) == ("bank", "late")
    assert (scene.payout(payout_id), scene.book.balances) == (before, balances)


def second_try() -> tuple[Scene, str]:
    scene, payout_id = one()
    scene.given(answers(said(payout_id, O.FAILED, retryable=True, code="busy")))
    scene.now += 12_000
    scene.given(RetryDue(payout_ids=[payout_id]))
    return scene, payout_id


def test_an_answer_to_an_older_attempt_does_not_touch_the_newer_one() -> None:
    """LIF-14: what agrees is quiet, what contradicts is recorded."""
    scene, payout_id = second_try()
    before = scene.payout(payout_id)
    assert is_quiet(scene.when(answers(said(payout_id, O.FAILED, 1))))
    assert is_quiet(scene.when(answers(said(payout_id, O.UNKNOWN, 1))))
    assert facts(scene.given(answers(said(payout_id, O.PAID, 1)))) == ["AnswerContradicted"]
    assert scene.payout(payout_id) == before


def test_paid_twice_under_two_references_is_a_contradiction() -> None:
    """LIF-21: the second payment is found, not hidden."""
    scene, payout_id = second_try()
    scene.given(answers(said(payout_id, O.PAID, 2)))
    assert facts(scene.given(answers(said(payout_id, O.PAID, 1)))) == ["AnswerContradicted"]
    assert is_quiet(scene.when(answers(said(payout_id, O.FAILED, 1))))


def test_paid_between_two_tries_ends_it_and_there_is_no_further_try() -> None:
    """LIF-12: what is known to be paid is never sent again."""
    scene, payout_id = one()
    scene.given(answers(said(payout_id, O.FAILED, retryable=True, code="busy")))
    assert is_quiet(scene.when(answers(said(payout_id, O.UNKNOWN))))
    assert is_quiet(scene.when(answers(said(payout_id, O.FAILED, code="closed"))))
    scene.given(answers(said(payout_id, O.PAID)))
    scene.now += 10**6
    assert is_quiet(scene.when(RetryDue(payout_ids=[payout_id])))
    assert (scene.status(payout_id), scene.held(), scene.available()) == ("completed", 0, 900)


def test_an_answer_for_a_payout_that_was_never_sent_moves_nothing() -> None:
    """LIF-01: no skipping; `paid` is a contradiction, all else is noise."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(100)
    for attempt in (0, 1):
        assert facts(scene.given(answers(said(payout_id, O.PAID, attempt)))) == ["AnswerContradicted"]
    for outcome in (O.FAILED, O.UNKNOWN, O.IN_PROGRESS):
        assert is_quiet(scene.when(answers(said(payout_id, outcome))))
    assert scene.status(payout_id) == "pending"
    scene.given(CancelPayout(payout_id=payout_id))
    assert facts(scene.given(answers(said(payout_id, O.PAID)))) == ["AnswerContradicted"]


def test_another_providers_word_is_not_the_answer() -> None:
    """The money went to one provider's clearing account, and only that one can say what became of it."""
    scene, payout_id = one()
    assert is_quiet(scene.when(answers(said(payout_id, O.FAILED), provider="other")))
    assert facts(scene.given(answers(said(payout_id, O.PAID), provider="other"))) == ["AnswerContradicted"]
    assert scene.status(payout_id) == "processing"


def test_a_foreign_merchant_or_batch_is_passed_over() -> None:
    scene, payout_id = one()
    scene.merchant("zebra")
    assert is_quiet(scene.when(answers(said(payout_id, O.PAID)), "zebra"))
    assert is_quiet(scene.when(answers(said(payout_id, O.PAID), batch_id=scene.mint())))
    assert is_quiet(scene.when(answers(said(scene.mint(), O.PAID))))


IN_ONE_RECORD = [
    ([O.UNKNOWN, O.PAID], "completed", ["PayoutsCompleted"]),
    ([O.IN_PROGRESS, O.FAILED], "failed", ["PayoutsFailed"]),
    ([O.PAID, O.UNKNOWN], "completed", ["PayoutsCompleted"]),
    ([O.PAID, O.PAID], "completed", ["PayoutsCompleted"]),
    ([O.FAILED, O.FAILED], "failed", ["PayoutsFailed"]),
    ([O.PAID, O.FAILED], "completed", ["PayoutsCompleted", "AnswerContradicted"]),
    ([O.FAILED, O.PAID], "failed", ["PayoutsFailed", "AnswerContradicted"]),
]


@pytest.mark.parametrize(("outcomes", "status", "names"), IN_ONE_RECORD)
def test_several_answers_for_one_payout_in_one_record(outcomes: list[Outcome], status: str, names: list[str]) -> None:
    """LIF-14, LIF-21: one effect; a definite word beats an indefinite one, and a contradiction is not lost."""
    scene, payout_id = one()
    record = scene.given(answers(*(said(payout_id, outcome) for outcome in outcomes)))
    assert (scene.status(payout_id), facts(record)) == (status, names)
    if "AnswerContradicted" in names:
        contradicted = fact(record, AnswerContradicted)
        assert (contradicted.status, contradicted.answer) == (status, outcomes[1])


def test_a_retry_and_a_payment_in_one_record_is_a_payment() -> None:
    scene, payout_id = one()
    record = scene.given(answers(said(payout_id, O.FAILED, retryable=True), said(payout_id, O.PAID)))
    assert (facts(record), scene.status(payout_id)) == (["PayoutsCompleted"], "completed")


def test_an_old_contradiction_does_not_hide_the_answer_beside_it() -> None:
    scene, payout_id = second_try()
    record = scene.given(answers(said(payout_id, O.PAID, 1), said(payout_id, O.PAID, 2)))
    assert facts(record) == ["PayoutsCompleted", "AnswerContradicted"]
    assert scene.status(payout_id) == "completed"


def test_a_batchs_answers_make_one_event_per_meaning_with_sums_per_currency() -> None:
    """Chunks everywhere: Scene checks that totals and holds follow."""
    scene = Scene().merchant(USD=1_000, EUR=1_000)
    batch_id, ids = scene.released(form(10), form(20), form(30, "EUR"), form(40), form(50), form(60))
    scene.given(start(*ids, batch_id=batch_id))
    outcomes = [O.PAID, O.PAID, O.PAID, O.FAILED, O.UNKNOWN, O.IN_PROGRESS]
    record = scene.given(answers(*(said(i, o, code="c") for i, o in zip(ids, outcomes, strict=True)), batch_id=batch_id))
    assert facts(record) == ["PayoutsCompleted", "PayoutsFailed", "OutcomesUnknown", "AttemptsInProgress"]
    assert [(leg[0], leg[1], leg[2]) for leg in postings_of(record.events[0])] == [
        ("held", -30, "EUR"),
        ("clearing:bank", 30, "EUR"),
        ("held", -30, "USD"),
        ("clearing:bank", 30, "USD"),
    ]
    assert record.subject == batch_id
    assert [scene.status(i) for i in ids] == ["completed"] * 3 + ["failed", "requires_action", "processing"]


def test_a_fee_goes_to_fees() -> None:
    """LED-06: a payout with a fee, as a later policy will make it, is paid and released whole."""
    from msgspec.structs import replace

    for outcome, legs in (
        (O.PAID, [("held", -100), ("clearing:bank", 100), ("held", -7), ("fees", 7)]),
        (O.FAILED, [("held", -107), ("available", 107)]),
    ):
        scene, payout_id = one()
        scene.book.payouts[payout_id] = replace(scene.payout(payout_id), fee_minor=7)
        scene.book.balances["acme", "USD", "held"] += 7
        scene.book.balances["acme", "USD", "available"] -= 7
        record = scene.given(answers(said(payout_id, outcome)))
        assert [leg[:2] for leg in postings_of(record.events[0])] == legs


def test_an_empty_record_is_quiet() -> None:
    scene = Scene().merchant()
    assert is_quiet(scene.when(RecordAnswers(provider="bank", answers=[])))


def test_the_clearing_account_is_the_providers() -> None:
    """LED-02: house clearing per provider."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(100)
    scene.given(StartAttempts(provider="mobile", payout_ids=[payout_id]))
    scene.given(answers(said(payout_id, O.PAID), provider="mobile"))
    assert scene.book.balance("acme", "USD", "clearing:mobile") == 100
    assert scene.payout(payout_id).status is PayoutStatus.COMPLETED
