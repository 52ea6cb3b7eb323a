"""Idempotency keys: judged before everything else, the first answer byte for byte (IDM-02 to IDM-07)."""

import pytest

from domain.policy import Policy
from schemas.commands import AddRows, CancelPayout, EditPayout, OpenBatch, RequestPayout
from schemas.events import EventRecord
from schemas.words import RecordOutcome
from tests.support.given import START, Scene, contents, fact, form, is_quiet, is_refusal, start, told

DAY = 24 * 3_600_000


def answer(record: EventRecord) -> tuple[int, str, bool]:
    assert record.answer is not None
    return record.answer.status, record.answer.body, record.answer.replayed


def test_the_same_key_and_content_get_the_first_answer_again() -> None:
    """IDM-03, IDM-04: 200, the same bytes and version, marked; no second payout, and the second id is never used."""
    scene = Scene().merchant(USD=1_000)
    first, second = scene.request(100), scene.request(100)
    created = scene.given(first, key="k")
    before = contents(scene.book)
    replayed = scene.when(second, key="k")
    assert is_quiet(replayed)
    assert answer(replayed) == (200, answer(created)[1], True)
    assert (replayed.subject, replayed.answer.version) == (first.payout_id, 1)  # type: ignore[union-attr]
    assert replayed.remember is None
    assert contents(scene.book) == before


def test_the_stored_answer_never_changes_when_the_payout_moves_on() -> None:
    """IDM-03."""
    scene = Scene().merchant(USD=1_000)
    body = scene.request(100)
    created = scene.given(body, key="k")
    scene.given(EditPayout(payout_id=body.payout_id, description="later"))
    scene.given(start(body.payout_id))
    assert answer(scene.when(body, key="k"))[1] == answer(created)[1]


def test_a_402_replays_with_its_own_status_also_after_a_top_up() -> None:
    """IDM-03: a new try takes a new key."""
    scene = Scene().merchant(USD=1)
    body = scene.request(100)
    refused = scene.when(body, key="k")
    scene.credit(1_000)
    again = scene.when(scene.request(100), key="k")
    assert is_quiet(again)
    assert answer(again) == (402, answer(refused)[1], True)
    scene.given(scene.request(100), key="k2")


def test_other_content_under_the_same_key_is_a_conflict() -> None:
    """IDM-05: nothing happens and nothing new is remembered; the first answer stays."""
    scene = Scene().merchant(USD=1_000)
    created = scene.given(scene.request(100), key="k")
    record = scene.when(scene.request(200), key="k", content="other")
    assert is_refusal(record, 409, "idempotency_conflict")
    assert record.remember is None
    assert answer(scene.when(scene.request(100), key="k"))[1] == answer(created)[1]


def test_the_key_is_judged_before_validation_and_balance() -> None:
    """IDM-06: a replay is never a 402 or a 400, even if the request would be refused by now."""
    scene = Scene().merchant(USD=100)
    scene.given(scene.request(100), key="k")
    assert answer(scene.when(scene.request(100), key="k"))[0] == 200
    assert is_refusal(scene.when(scene.request(0, "XXX"), key="k", content="other"), 409, "idempotency_conflict")


def test_a_key_belongs_to_its_merchant() -> None:
    """IDM-02."""
    scene = Scene().merchant(USD=1_000).merchant("zebra", USD=1_000)
    scene.given(scene.request(100), key="k")
    scene.given(scene.request(100), "zebra", key="k")


def test_a_400_stores_nothing() -> None:
    """IDM-03: the mended request may use the key."""
    scene = Scene().merchant(USD=1_000)
    record = scene.when(scene.request(0), key="k")
    assert is_refusal(record, 400, "validation_error")
    assert (record.remember, scene.book.keys) == (None, {})
    scene.given(scene.request(100), key="k", content="mended")


def test_a_404_and_a_412_store_nothing() -> None:
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending()
    assert scene.when(CancelPayout(payout_id=scene.mint()), key="k").remember is None
    assert scene.when(CancelPayout(payout_id=payout_id, match_version=9), key="k").remember is None


def test_a_refused_move_is_remembered() -> None:
    """IDM-03: a 409 of the state replays with its own status, also when the state has changed since."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.processing()
    refused = scene.when(CancelPayout(payout_id=payout_id), key="k")
    again = scene.when(CancelPayout(payout_id=payout_id), key="k")
    assert is_quiet(again)
    assert answer(again) == (409, answer(refused)[1], True)


def test_a_refusal_that_speaks_of_the_moment_is_not_kept() -> None:
    """A chunk that came too early may come again under its key when its place is there."""
    scene = Scene().merchant()
    batch_id = scene.batch()
    early = AddRows(batch_id=batch_id, first_row=2, rows=[form(2)])
    assert is_refusal(scene.when(early, key="k"), 409, "row_gap")
    scene.given(AddRows(batch_id=batch_id, first_row=1, rows=[form(1)]))
    scene.given(early, key="k")


def test_a_key_is_free_again_after_its_time() -> None:
    """IDM-07: to the millisecond; the new payout has its own id, the old one does not change."""
    scene = Scene().merchant(USD=1_000)
    first, second = scene.request(100), scene.request(100)
    created = scene.given(first, key="k")
    assert created.remember is not None
    assert created.remember.expires_at == START + DAY
    scene.now = START + DAY - 1
    assert is_quiet(scene.when(second, key="k"))
    before = scene.payout(first.payout_id)
    scene.now = START + DAY
    third = scene.request(100)
    assert told(scene.given(third, key="k"))["id"] == third.payout_id
    assert scene.payout(first.payout_id) == before
    assert answer(scene.when(second, key="k"))[1] != answer(created)[1]


def test_an_expired_key_takes_other_content() -> None:
    """IDM-07: never a conflict with what is forgotten."""
    scene = Scene(Policy(key_ttl_ms=10)).merchant(USD=1_000)
    scene.given(scene.request(100), key="k")
    scene.now += 10
    scene.given(scene.request(200), key="k", content="other")


def test_a_204_replays_without_a_body() -> None:
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending()
    scene.given(CancelPayout(payout_id=payout_id), key="k")
    assert answer(scene.when(CancelPayout(payout_id=payout_id), key="k")) == (200, "", True)


def test_without_a_key_nothing_is_remembered() -> None:
    scene = Scene().merchant(USD=1_000)
    assert scene.given(scene.request(100)).remember is None


@pytest.mark.parametrize("merchant", ["acme", "zebra"])
def test_an_equal_request_while_the_first_is_in_flight(merchant: str) -> None:
    """IDM-06: a submitted batch is decided by its seal; until then an equal request is told its batch, another one the conflict."""
    scene = Scene().merchant().merchant("zebra")
    batch_id = scene.mint()
    scene.given(OpenBatch(batch_id=batch_id, submit=True), key="k")
    equal = scene.when(OpenBatch(batch_id=scene.mint(), submit=True), merchant, key="k")
    other = scene.when(OpenBatch(batch_id=scene.mint(), submit=True), merchant, key="k", content="other")
    if merchant == "zebra":
        assert equal.outcome is RecordOutcome.DECIDED
    else:
        assert is_quiet(equal)
        assert (equal.answer, equal.subject) == (None, batch_id)
    assert is_refusal(other, 409, "idempotency_conflict")


def test_every_concurrent_equal_request_gets_the_one_answer() -> None:
    """IDM-06: of many, exactly one creates; the others never see a 402, though the balance covers only one."""
    scene = Scene().merchant(USD=100)
    asked: list[RequestPayout] = [scene.request(100) for _ in range(10)]
    records = [scene.when(body, key="k") for body in asked]
    assert [answer(record)[0] for record in records] == [201] + [200] * 9
    assert {answer(record)[1] for record in records} == {answer(records[0])[1]}
    assert fact(records[0], type(records[0].events[0]))
    assert scene.held() == 100
