"""Payouts that wait for funds: first in, first out, in the same record as the money (OPS-05, LED-06)."""

import pytest

from domain.payout import queues, waiting
from schemas.events import PayoutsFunded
from schemas.words import OnInsufficientFunds, Outcome, Reason
from tests.support.given import ACME, START, Scene, answers, fact, facts, postings_of, queue_of, said

WAIT = OnInsufficientFunds.WAIT


def funded(record: object) -> list[str]:
    return [item.payout_id for item in fact(record, PayoutsFunded).payouts]  # type: ignore[arg-type]


def test_a_credit_funds_those_who_fit_first_in_first_out() -> None:
    """API-29: strictly; a small one does not overtake a big one that does not fit yet."""
    scene = Scene().merchant()
    first, big, small = (scene.pending(amount, on_insufficient_funds=WAIT) for amount in (100, 500, 10))
    record = scene.credit(300)
    assert facts(record) == ["MerchantCredited", "PayoutsFunded"]
    assert funded(record) == [first]
    assert (scene.available(), scene.held()) == (200, 100)
    assert queue_of(scene.book, ACME, "USD") == [big, small]
    assert funded(scene.credit(310)) == [big, small]
    assert scene.available() == 0
    assert scene.book.waiting == {}


def test_one_event_holds_for_all_it_funds() -> None:
    scene = Scene().merchant()
    for _ in range(3):
        scene.pending(100, on_insufficient_funds=WAIT)
    event = fact(scene.credit(300), PayoutsFunded)
    assert postings_of(event) == [("available", -300, "USD", "payout_hold"), ("held", 300, "USD", "payout_hold")]


def test_nobody_who_waits_is_overtaken_by_one_who_would_wait_too() -> None:
    scene = Scene().merchant(USD=50)
    big = scene.pending(100, on_insufficient_funds=WAIT)
    small = scene.pending(10, on_insufficient_funds=WAIT)
    assert scene.payout(small).reason is Reason.FUNDS
    assert queue_of(scene.book, ACME) == [big, small]


def test_who_fits_and_finds_no_queue_does_not_wait() -> None:
    scene = Scene().merchant(USD=100)
    assert scene.payout(scene.pending(100, on_insufficient_funds=WAIT)).reason is None


def test_queues_are_per_merchant_and_currency() -> None:
    scene = Scene().merchant().merchant("zebra")
    dollars = scene.pending(100, on_insufficient_funds=WAIT)
    euros = scene.pending(100, "EUR", on_insufficient_funds=WAIT)
    foreign = scene.pending(100, merchant="zebra", on_insufficient_funds=WAIT)
    assert funded(scene.credit(100, "EUR")) == [euros]
    assert [scene.payout(payout_id).reason for payout_id in (dollars, foreign)] == [Reason.FUNDS, Reason.FUNDS]


def test_the_order_is_by_acceptance_and_then_by_id() -> None:
    """The same after a recovery, which reads payouts in any order."""
    scene = Scene().merchant()
    late_id, early_id = (scene.mint(), scene.mint())[::-1]
    for payout_id in (late_id, early_id):
        scene.given(scene.request(100, payout_id=payout_id, on_insufficient_funds=WAIT))
    scene.now += 1
    third = scene.pending(100, on_insufficient_funds=WAIT)
    assert queue_of(scene.book, ACME) == [early_id, late_id, third]
    scene.book.waiting.clear()
    for payout_id in (third, late_id, early_id, third):
        payout = scene.payout(payout_id)
        queues.enqueue(scene.book, payout, payout.created_at)
    assert queue_of(scene.book, ACME) == [early_id, late_id, third]


def test_a_funded_payout_goes_on_to_wait_for_its_schedule() -> None:
    """LIF-04: one reason after the other."""
    scene = Scene().merchant()
    soon = scene.pending(100, on_insufficient_funds=WAIT, release_at=START + 1_000)
    later = scene.pending(100, on_insufficient_funds=WAIT, release_at=START + 9_000)
    scene.now += 1_000
    scene.credit(200)
    assert (scene.payout(soon).reason, scene.payout(soon).due_at) == (None, None)
    assert (scene.payout(later).reason, scene.payout(later).due_at) == (Reason.SCHEDULE, START + 9_000)


def test_a_failed_payout_funds_the_next_one() -> None:
    """LIF-11: released and held again in one record."""
    scene = Scene().merchant(USD=100)
    failing = scene.processing(100)
    waits = scene.pending(100, on_insufficient_funds=WAIT)
    record = scene.given(answers(said(failing, Outcome.FAILED, code="closed")))
    assert facts(record) == ["PayoutsFailed", "PayoutsFunded"]
    assert (funded(record), scene.held()) == ([waits], 100)


def test_a_very_long_queue_is_funded_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """One record stays small; the rest follows with the next change of the balance, in order."""
    monkeypatch.setattr(waiting, "FUNDED_MAX", 2)
    scene = Scene().merchant()
    ids = [scene.pending(10, on_insufficient_funds=WAIT) for _ in range(3)]
    assert funded(scene.credit(1_000)) == ids[:2]
    assert funded(scene.credit(1)) == ids[2:]
