"""CancelPayout: acts with the hold released, refuses in order of precedence, stays quiet on a repeat."""

from schemas.commands import CancelPayout
from schemas.events import PayoutCanceled, PayoutsFunded
from schemas.words import OnInsufficientFunds
from tests.support.given import START, Scene, fact, facts, form, is_quiet, is_refusal, postings_of, start, told

WAIT = OnInsufficientFunds.WAIT


def test_a_cancel_releases_the_hold_in_the_same_event() -> None:
    """API-24: 204 with no body; the record stays readable."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(400)
    scene.now += 7
    record = scene.given(CancelPayout(payout_id=payout_id, reason="typo"))
    assert postings_of(fact(record, PayoutCanceled)) == [
        ("held", -400, "USD", "payout_release"),
        ("available", 400, "USD", "payout_release"),
    ]
    assert record.answer is not None
    assert (record.answer.status, record.answer.body) == (204, "")
    payout = scene.payout(payout_id)
    assert (payout.status, payout.canceled_at, payout.failure_reason, payout.version) == ("canceled", START + 7, "typo", 2)
    assert (scene.available(), scene.held()) == (1_000, 0)


def test_a_second_cancel_is_quiet_and_releases_nothing() -> None:
    """API-24, LIF-11: also under a version that is old by now."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(400)
    scene.given(CancelPayout(payout_id=payout_id))
    record = scene.when(CancelPayout(payout_id=payout_id, match_version=1))
    assert is_quiet(record)
    assert record.answer is not None
    assert record.answer.status == 204
    assert scene.available() == 1_000


def test_refusals_in_order_of_precedence() -> None:
    scene = Scene().merchant(USD=1_000).merchant("zebra", USD=1_000)
    payout_id, foreign = scene.processing(100), scene.pending(merchant="zebra")
    assert is_refusal(scene.when(CancelPayout(payout_id=scene.mint(), match_version=9)), 404, "not_found")
    assert is_refusal(scene.when(CancelPayout(payout_id=foreign, match_version=9)), 404, "not_found")
    stale = CancelPayout(payout_id=payout_id, match_version=9, expected_version=9)
    assert is_refusal(scene.when(stale), 412, "precondition_failed")
    assert is_refusal(scene.when(CancelPayout(payout_id=payout_id, expected_version=9)), 409, "version_conflict")
    assert is_refusal(
        scene.when(CancelPayout(payout_id=payout_id, match_version=2)),
        409,
        "invalid_state_transition",
        "cannot go from processing to canceled; legal moves from processing: completed, failed, requires_action",
    )


def test_unknown_and_foreign_get_the_same_404() -> None:
    """API-20."""
    scene = Scene().merchant(USD=1_000).merchant("zebra", USD=1_000)
    foreign = scene.pending(merchant="zebra")
    bodies = [told(scene.when(CancelPayout(payout_id=payout_id))) for payout_id in (foreign, scene.mint())]
    assert bodies[0] == bodies[1]


def test_a_payout_that_has_started_is_not_canceled() -> None:
    """Between two tries neither (LIF-10)."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(100)
    scene.given(start(payout_id))
    assert is_refusal(scene.when(CancelPayout(payout_id=payout_id)), 409, "invalid_state_transition")
    assert scene.held() == 100


def test_a_waiting_payout_is_canceled_and_those_behind_it_move_up() -> None:
    """OPS-05: it held nothing, but it stood in front."""
    scene = Scene().merchant(USD=100)
    big = scene.pending(1_000, on_insufficient_funds=WAIT)
    small = scene.pending(60, on_insufficient_funds=WAIT)
    record = scene.given(CancelPayout(payout_id=big))
    assert facts(record) == ["PayoutCanceled", "PayoutsFunded"]
    assert fact(record, PayoutCanceled).postings == []
    assert [item.payout_id for item in fact(record, PayoutsFunded).payouts] == [small]
    assert scene.book.waiting == {}


def test_money_that_a_cancel_frees_goes_to_those_who_wait() -> None:
    scene = Scene().merchant(USD=100)
    held = scene.pending(100)
    waiting = scene.pending(100, on_insufficient_funds=WAIT)
    scene.given(CancelPayout(payout_id=held))
    assert (scene.payout(waiting).reason, scene.held()) == (None, 100)


def test_a_row_of_a_released_batch_is_canceled_alone() -> None:
    scene = Scene().merchant(USD=300)
    batch_id, (first, second) = scene.released(form(100), form(200))
    event = fact(scene.given(CancelPayout(payout_id=first)), PayoutCanceled)
    assert event.batch_id == batch_id
    assert [(t.status.value, t.count, t.amount_minor) for t in event.totals] == [("canceled", 1, 100), ("pending", -1, -100)]
    assert (scene.status(second), scene.held()) == ("pending", 200)


def test_a_row_of_an_unsealed_batch_is_not_canceled_alone() -> None:
    scene = Scene().merchant(USD=300)
    scene.batch(form(100))
    row = next(iter(scene.book.payouts))
    assert is_refusal(scene.when(CancelPayout(payout_id=row)), 409, "invalid_state_transition", "drop the batch instead")


def test_a_canceled_reference_stays_taken() -> None:
    """IDM-08: unique for ever."""
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(reference="r")
    scene.given(CancelPayout(payout_id=payout_id))
    assert is_refusal(scene.when(scene.request(reference="r")), 409, "duplicate_reference", payout_id)
