"""A batch's version: what it counts, and what is refused under another one (BAT-13, API-23)."""

import pytest

from schemas.commands import AddRows, CancelBatch, EditPayout, SealBatch
from schemas.events import BatchCanceled, BatchStopped
from schemas.words import BatchPhase, Funding, OnRowFailure
from tests.support.given import Scene, answers, declared, fact, facts, form, is_quiet, is_refusal, said, start, told


def version(scene: Scene, batch_id: str) -> int:
    return scene.book.batches[batch_id].version


def chunk(batch_id: str, first_row: int, **more: int) -> AddRows:
    return AddRows(batch_id=batch_id, first_row=first_row, rows=[form(first_row)], **more)


def test_each_change_of_the_batch_itself_is_the_next_version() -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch()
    seen = [version(scene, batch_id)]
    for body in (chunk(batch_id, 1), chunk(batch_id, 2), SealBatch(batch_id=batch_id), CancelBatch(batch_id=batch_id)):
        scene.given(body)
        seen.append(version(scene, batch_id))
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("end", [CancelBatch, SealBatch])
def test_a_batch_that_is_dropped_or_refused_is_at_its_next_version(end: type[CancelBatch | SealBatch]) -> None:
    scene = Scene().merchant()
    batch_id = scene.batch(form(100))
    scene.when(end(batch_id=batch_id))
    assert scene.book.batches[batch_id].phase in {BatchPhase.CANCELED, BatchPhase.REFUSED}
    assert version(scene, batch_id) == 3


def test_what_becomes_of_rows_leaves_the_version_as_it_is() -> None:
    """They are funded, edited, sent, paid and fail."""
    scene = Scene().merchant(USD=200)
    batch_id, ids = scene.released(form(100), form(100), form(300), funding=Funding.AS_AVAILABLE)
    seen = version(scene, batch_id)
    scene.credit(300)
    scene.given(EditPayout(payout_id=ids[1], description="other"))
    scene.given(start(*ids, batch_id=batch_id))
    scene.given(answers(said(ids[0], "paid", 1), said(ids[1], "failed", 1), said(ids[2], "unknown", 1), batch_id=batch_id))
    assert version(scene, batch_id) == seen == 3


def test_a_batch_that_stops_for_a_failed_row_is_at_its_next_version() -> None:
    scene = Scene().merchant(USD=200)
    batch_id, ids = scene.released(form(100), form(100), on_row_failure=OnRowFailure.STOP)
    scene.given(start(ids[0], batch_id=batch_id))
    scene.given(answers(said(ids[0], "failed", 1), batch_id=batch_id))
    assert version(scene, batch_id) == 4


def test_refusals_and_repeats_are_no_change() -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(form(1))
    for body in (chunk(batch_id, 1), chunk(batch_id, 7), chunk(batch_id, 1, match_version=9)):
        scene.when(body)
        assert version(scene, batch_id) == 2


def test_answers_tell_the_version_after() -> None:
    """In the body, and for the ETag."""
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch()
    for number, body in enumerate((chunk(batch_id, 1), chunk(batch_id, 2), SealBatch(batch_id=batch_id)), 2):
        record = scene.given(body)
        assert record.answer is not None
        assert (record.answer.version, told(record)["version"]) == (number, number)
    repeat = scene.when(chunk(batch_id, 1))
    assert (told(repeat)["row_count"], told(repeat)["version"]) == (2, 4)


@pytest.mark.parametrize("kind", [SealBatch, CancelBatch])
@pytest.mark.parametrize("released", [False, True])
def test_a_stale_version_is_refused_and_the_current_one_acts(kind: type[SealBatch | CancelBatch], released: bool) -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.released(form(1))[0] if released else scene.batch(form(1))
    if released and kind is SealBatch:
        return  # a repeat: below
    stands = version(scene, batch_id)
    for stale in (stands - 1, stands + 1):
        by_header = scene.when(kind(batch_id=batch_id, match_version=stale))
        assert is_refusal(by_header, 412, "precondition_failed", f"names version {stale}; the batch is at version {stands}.")
        assert told(by_header)["version"] == stands
        by_body = scene.when(kind(batch_id=batch_id, expected_version=stale))
        assert is_refusal(by_body, 409, "version_conflict", f"is {stale}; the batch is at version {stands}.")
        assert told(by_body)["version"] == stands
    assert version(scene, batch_id) == stands
    scene.given(kind(batch_id=batch_id, match_version=[7, stands], expected_version=stands))
    assert version(scene, batch_id) == stands + 1


def test_rows_are_added_under_a_version() -> None:
    """BAT-13: editing a draft."""
    scene = Scene().merchant()
    batch_id = scene.batch(form(1))
    assert is_refusal(scene.when(chunk(batch_id, 2, match_version=1)), 412, "precondition_failed")
    assert is_refusal(scene.when(chunk(batch_id, 9, match_version=1)), 412, "precondition_failed"), "before the gap"
    scene.given(chunk(batch_id, 2, match_version=2))
    assert is_quiet(scene.when(chunk(batch_id, 2, match_version=2))), "rows that are there are a repeat"


def test_if_match_comes_before_the_body_and_both_before_the_state() -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id, _ = scene.released(form(1))
    both = {"match_version": 9, "expected_version": 9}
    wrong = CancelBatch(batch_id=batch_id, expected_phase=BatchPhase.OPEN, **both)
    assert is_refusal(scene.when(wrong), 412, "precondition_failed")
    wrong = CancelBatch(batch_id=batch_id, expected_phase=BatchPhase.OPEN, expected_version=3)
    assert is_refusal(scene.when(wrong), 409, "version_conflict", "The batch is released, not open")
    foreign = scene.merchant("zebra").batch(merchant="zebra")
    assert is_refusal(scene.when(CancelBatch(batch_id=foreign, **both)), 404, "not_found")
    dropped = scene.batch(form(1))
    scene.given(CancelBatch(batch_id=dropped))
    assert is_refusal(scene.when(SealBatch(batch_id=dropped, match_version=2)), 412, "precondition_failed")
    assert is_refusal(scene.when(SealBatch(batch_id=dropped, match_version=3)), 409, "batch_sealed")


def test_what_is_done_is_a_repeat_under_any_version() -> None:
    """As of payouts: the first one has made another version of it."""
    scene = Scene().merchant(USD=1_000)
    dropped = scene.batch(form(1))
    fact(scene.given(CancelBatch(batch_id=dropped, expected_version=2)), BatchCanceled)
    again = scene.when(CancelBatch(batch_id=dropped, match_version=2, expected_version=2))
    assert is_quiet(again)
    assert again.answer is not None
    assert again.answer.status == 204
    sealed = scene.batch(form(1))
    scene.given(SealBatch(batch_id=sealed, expected_version=2))
    assert is_quiet(scene.when(SealBatch(batch_id=sealed, expected_version=2)))
    fact(scene.given(CancelBatch(batch_id=sealed, expected_version=3)), BatchStopped)
    stopped = scene.when(CancelBatch(batch_id=sealed, expected_version=3))
    assert is_quiet(stopped)
    assert told(stopped)["stopped"] == 0


def test_who_drops_a_batch_that_was_refused_meanwhile_is_told() -> None:
    scene = Scene().merchant()
    batch_id = scene.batch(form(100))
    scene.when(SealBatch(batch_id=batch_id, declaration=declared(7)))
    assert is_refusal(scene.when(CancelBatch(batch_id=batch_id, expected_version=2)), 409, "version_conflict")
    assert is_quiet(scene.when(CancelBatch(batch_id=batch_id, expected_version=3)))


def test_a_chunk_under_a_version_that_is_old_does_not_refuse_a_batch_that_somebody_submits() -> None:
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(form(1), submit=True, key="k")
    record = scene.when(chunk(batch_id, 2, match_version=9))
    assert facts(record) == ["CommandRefused"]
    assert scene.book.batches[batch_id].phase is BatchPhase.OPEN
