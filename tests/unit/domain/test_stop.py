"""A running batch is stopped, by a failed row or by somebody: what was not sent is called back, the rest goes on (BAT-10, BAT-13)."""

from schemas.commands import CancelBatch
from schemas.events import BatchStopped, PayoutsFunded
from schemas.words import Funding, OnInsufficientFunds, OnRowFailure
from tests.support.given import Scene, answers, fact, facts, form, is_quiet, postings_of, said, start, told

STOP = OnRowFailure.STOP


def test_a_failed_row_cancels_those_that_were_not_sent() -> None:
    """Row 2 is on its way and goes on; rows 3 and 4 are canceled with a code that says why, and their money is free."""
    scene = Scene().merchant(USD=1_000)
    batch_id, ids = scene.released(form(100), form(200), form(300), form(400), on_row_failure=STOP)
    scene.given(start(*ids[:2], batch_id=batch_id))
    record = scene.given(answers(said(ids[0], "failed", 1, code="closed"), batch_id=batch_id))
    event = fact(record, BatchStopped)
    assert (event.row_count, event.code) == (2, "batch_stopped")
    assert event.detail == "Row 1 failed, and the batch stops at a failed row."
    assert [leg[:3] for leg in postings_of(event)] == [("held", -700, "USD"), ("available", 700, "USD")]
    assert [scene.payout(payout_id).status for payout_id in ids] == ["failed", "processing", "canceled", "canceled"]
    assert (scene.payout(ids[3]).failure_code, scene.held(), scene.available()) == ("batch_stopped", 200, 800)
    assert scene.book.batches[batch_id].stopped_at == scene.now


def test_it_stops_once_and_what_was_sent_may_still_be_paid_or_fail() -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id, ids = scene.released(*[form(10)] * 4, on_row_failure=STOP)
    scene.given(start(*ids[:3], batch_id=batch_id))
    scene.given(answers(said(ids[0], "failed", 1), batch_id=batch_id))
    record = scene.given(answers(said(ids[1], "failed", 1), said(ids[2], "paid", 1), batch_id=batch_id))
    assert facts(record) == ["PayoutsCompleted", "PayoutsFailed"]


def test_a_try_that_is_repeated_and_an_unknown_outcome_stop_nothing() -> None:
    """Only what has failed for good is a failed row."""
    scene = Scene().merchant(USD=1_000)
    batch_id, ids = scene.released(*[form(10)] * 3, on_row_failure=STOP)
    scene.given(start(*ids[:2], batch_id=batch_id))
    words = (said(ids[0], "failed", 1, retryable=True), said(ids[1], "unknown", 1))
    record = scene.given(answers(*words, batch_id=batch_id))
    assert "BatchStopped" not in facts(record)
    assert scene.payout(ids[2]).status == "pending"


def test_by_default_a_failed_row_stops_nothing() -> None:
    """BAT-15."""
    scene = Scene().merchant(USD=1_000)
    batch_id, ids = scene.released(form(10), form(10))
    scene.given(start(ids[0], batch_id=batch_id))
    assert facts(scene.given(answers(said(ids[0], "failed", 1), batch_id=batch_id))) == ["PayoutsFailed"]


def test_the_money_of_a_stopped_batch_goes_to_whoever_waits_and_its_own_rows_are_out_of_the_queue() -> None:
    scene = Scene().merchant(USD=20)
    batch_id, ids = scene.released(form(10), form(10), form(500), funding=Funding.AS_AVAILABLE, on_row_failure=STOP)
    other = scene.pending(15, on_insufficient_funds=OnInsufficientFunds.WAIT)
    scene.given(start(ids[0], batch_id=batch_id))
    record = scene.given(answers(said(ids[0], "failed", 1), batch_id=batch_id))
    assert (fact(record, BatchStopped).row_count, fact(record, BatchStopped).waiting_rows) == (2, 1)
    assert [item.payout_id for item in fact(record, PayoutsFunded).payouts] == [other]
    assert (scene.held(), scene.available(), scene.book.waiting) == (15, 5, {})


def test_a_running_batch_that_is_stopped_is_told_what_could_not_be() -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id, ids = scene.released(*[form(10)] * 4)
    scene.given(start(*ids[:2], batch_id=batch_id))
    scene.given(answers(said(ids[0], "paid", 1), batch_id=batch_id))
    record = scene.given(CancelBatch(batch_id=batch_id, reason="the wrong month"))
    assert told(record) == {
        "batch_id": batch_id,
        "row_count": 4,
        "stopped": 2,
        "not_stopped": 2,
        "in_flight": 1,
        "ended": 1,
    }
    assert [scene.payout(payout_id).status for payout_id in ids] == ["completed", "processing", "canceled", "canceled"]
    assert (scene.payout(ids[3]).failure_code, scene.payout(ids[3]).failure_reason) == (None, "the wrong month")


def test_to_stop_it_again_changes_nothing() -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id, _ = scene.released(form(10), form(10))
    scene.given(CancelBatch(batch_id=batch_id))
    record = scene.when(CancelBatch(batch_id=batch_id))
    assert is_quiet(record)
    assert (told(record)["stopped"], told(record)["not_stopped"]) == (0, 2)


def test_references_of_stopped_rows_stay_taken() -> None:
    """IDM-08: the rows were accepted and released; a canceled payout keeps its reference for ever."""
    scene = Scene().merchant(USD=1_000)
    batch_id, _ = scene.released(form(10, reference="a"))
    scene.given(CancelBatch(batch_id=batch_id))
    assert told(scene.when(scene.request(10, form=form(10, reference="a"))))["code"] == "duplicate_reference"
