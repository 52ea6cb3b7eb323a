"""EditPayout: acts with the hold following, refuses in order of precedence, stays quiet when nothing changes."""

from typing import Any

import pytest

from schemas.commands import CancelPayout, EditPayout
from schemas.events import PayoutEdited, PayoutsFunded
from schemas.words import OnInsufficientFunds, PayoutStatus, Reason
from tests.support.given import (
    ACME,
    START,
    Scene,
    fact,
    facts,
    form,
    is_quiet,
    is_refusal,
    postings_of,
    queue_of,
    start,
    told,
)

WAIT = OnInsufficientFunds.WAIT
PHONE = {"type": "mobile_money", "msisdn": "+256700000001"}


def test_an_edit_changes_what_it_names_and_nothing_else() -> None:
    """API-21."""
    scene = Scene().merchant(USD=10_000)
    payout_id = scene.pending(1_000, description="old", reference="r")
    scene.now += 5
    record = scene.given(EditPayout(payout_id=payout_id, description="new"))
    view = told(record)
    assert (view["description"], view["amount"], view["reference"], view["version"]) == ("new", "10.00", "r", 2)
    assert (view["created_at"], view["updated_at"]) == ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.005Z")
    assert record.answer is not None
    assert (record.answer.status, record.answer.version) == (200, 2)
    assert scene.payout(payout_id).recipient == form().recipient


@pytest.mark.parametrize(
    ("amount", "postings", "balances"),
    [
        ("15.00", [("available", -500, "USD", "payout_hold"), ("held", 500, "USD", "payout_hold")], (500, 1_500)),
        ("4.00", [("held", -600, "USD", "payout_release"), ("available", 600, "USD", "payout_release")], (1_600, 400)),
    ],
)
def test_the_hold_follows_the_amount(
    amount: str, postings: list[tuple[str, int, str, str]], balances: tuple[int, int]
) -> None:
    """API-21, LED-06: only the difference moves, in the same decision."""
    scene = Scene().merchant(USD=2_000)
    payout_id = scene.pending(1_000)
    record = scene.given(EditPayout(payout_id=payout_id, amount=amount))
    assert postings_of(fact(record, PayoutEdited)) == postings
    assert (scene.available(), scene.held()) == balances


def test_a_new_currency_moves_the_whole_hold() -> None:
    scene = Scene().merchant(USD=1_000, EUR=700)
    payout_id = scene.pending(1_000)
    scene.given(EditPayout(payout_id=payout_id, amount="7.00", currency="EUR"))
    assert (scene.available("USD"), scene.held("USD")) == (1_000, 0)
    assert (scene.available("EUR"), scene.held("EUR")) == (0, 700)


def test_an_edit_that_is_not_covered_changes_nothing() -> None:
    """API-21: 402 with what is there."""
    scene = Scene().merchant(USD=1_500)
    payout_id = scene.pending(1_000)
    record = scene.when(EditPayout(payout_id=payout_id, amount_minor=1_501))
    assert is_refusal(record, 402, "insufficient_funds", "needs 5.01 USD more")
    assert told(record)["available_minor"] == 500
    assert scene.payout(payout_id).version == 1
    scene.given(EditPayout(payout_id=payout_id, amount_minor=1_500))


def test_a_scheduled_payout_can_be_edited() -> None:
    """The dispatch delay is the window for recalls; it stays as it was."""
    scene = Scene().merchant(USD=5_000)
    payout_id = scene.pending(release_at=START + 2_000)
    scene.given(EditPayout(payout_id=payout_id, recipient=PHONE))
    payout = scene.payout(payout_id)
    assert (payout.recipient, payout.reason, payout.due_at) == (PHONE, Reason.SCHEDULE, START + 2_000)


def test_a_saved_account_replaces_a_recipient_and_the_other_way_round() -> None:
    """API-06: exactly one of the two."""
    scene = Scene().merchant(USD=5_000)
    payout_id, account = scene.pending(), scene.account()
    view = told(scene.given(EditPayout(payout_id=payout_id, bank_account_id=account)))
    assert (view["recipient_details"], view["bank_account"]["id"]) == (None, account)
    view = told(scene.given(EditPayout(payout_id=payout_id, recipient=PHONE)))
    assert (view["recipient_details"], view["bank_account_id"], view["bank_account"]) == (PHONE, None, None)


def test_refusals_in_order_of_precedence() -> None:
    """Unknown, stale If-Match, stale expected_version, state, fields, funds; each with all that follow it wrong too."""
    scene = Scene().merchant(USD=1_000).merchant("zebra", USD=1_000)
    payout_id, foreign = scene.processing(1_000), scene.pending(merchant="zebra")
    wrong: dict[str, Any] = {"currency": "XXX", "amount": "1.234"}
    assert is_refusal(scene.when(EditPayout(payout_id=scene.mint(), match_version=9, **wrong)), 404, "not_found")
    assert is_refusal(scene.when(EditPayout(payout_id=foreign, match_version=9, **wrong)), 404, "not_found")
    stale = EditPayout(payout_id=payout_id, match_version=9, expected_version=9, **wrong)
    assert is_refusal(scene.when(stale), 412, "precondition_failed", "version 9; the payout is at version 2")
    stale = EditPayout(payout_id=payout_id, match_version=2, expected_version=9, **wrong)
    assert is_refusal(scene.when(stale), 409, "version_conflict", "is at version 2")
    current = EditPayout(payout_id=payout_id, match_version=2, expected_version=2, **wrong)
    assert is_refusal(scene.when(current), 409, "invalid_state_transition", "Only pending payouts can be updated.")


@pytest.mark.parametrize(
    ("edit", "pointer"),
    [
        ({"currency": "XXX", "amount": "1"}, "/currency"),
        ({"currency": "EUR"}, "/amount"),
        ({"amount": "1.234"}, "/amount"),
        ({"amount": "0"}, "/amount"),
        ({"amount_minor": 0}, "/amount"),
        ({"amount": "1.00", "amount_minor": 101}, "/amount"),
        ({"recipient": PHONE, "bank_account_id": "a"}, "/recipient_details"),
    ],
)
def test_a_field_that_only_the_payout_can_judge_is_named(edit: dict[str, Any], pointer: str) -> None:
    """API-09, API-10: the edge does not know the payout's currency."""
    scene = Scene().merchant(USD=5_000, EUR=5_000)
    payout_id = scene.pending()
    record = scene.when(EditPayout(payout_id=payout_id, **edit))
    assert is_refusal(record, 400, "validation_error")
    assert [error["pointer"] for error in told(record)["errors"]] == [pointer]
    assert scene.payout(payout_id).version == 1


def test_an_account_that_cannot_be_paid_to_is_refused() -> None:
    scene = Scene().merchant(USD=5_000)
    edit = EditPayout(payout_id=scene.pending(), bank_account_id=scene.account(verified=False))
    assert is_refusal(scene.when(edit), 400, "bank_account_unusable")


def test_amounts_that_agree_may_be_sent_together() -> None:
    """API-10."""
    scene = Scene().merchant(USD=5_000)
    payout_id = scene.pending()
    scene.given(EditPayout(payout_id=payout_id, amount="20.00", amount_minor=2_000))
    assert scene.held() == 2_000


def test_an_edit_that_changes_nothing_is_quiet() -> None:
    """LIF-03: the version stays, and no event says otherwise."""
    scene = Scene().merchant(USD=5_000)
    payout_id = scene.pending(1_000, description="same")
    record = scene.when(EditPayout(payout_id=payout_id, amount="10.00", currency="USD", description="same", match_version=1))
    assert is_quiet(record)
    assert told(record)["version"] == 1


def test_of_two_editors_with_the_same_version_one_is_told() -> None:
    """API-22, API-23."""
    scene = Scene().merchant(USD=5_000)
    payout_id = scene.pending()
    scene.given(EditPayout(payout_id=payout_id, description="first", match_version=1))
    assert is_refusal(
        scene.when(EditPayout(payout_id=payout_id, description="second", match_version=1)), 412, "precondition_failed"
    )
    assert scene.payout(payout_id).description == "first"


def test_a_row_of_a_released_batch_can_be_edited_and_its_totals_follow() -> None:
    """LIF-16: Scene adds up the totals after every record."""
    scene = Scene().merchant(USD=1_000, EUR=1_000)
    batch_id, (first, second) = scene.released(form(100), form(200))
    event = fact(scene.given(EditPayout(payout_id=first, amount_minor=150)), PayoutEdited)
    assert [(total.currency, total.count, total.amount_minor) for total in event.totals] == [("USD", 0, 50)]
    event = fact(scene.given(EditPayout(payout_id=second, amount_minor=300, currency="EUR")), PayoutEdited)
    assert [(t.currency, t.count, t.amount_minor) for t in event.totals] == [("EUR", 1, 300), ("USD", -1, -200)]
    assert event.batch_id == batch_id
    assert fact(scene.given(EditPayout(payout_id=first, description="x")), PayoutEdited).totals == []


def test_a_row_of_an_unsealed_batch_cannot_be_edited() -> None:
    """Its batch's sums and its chunk's repeat would no longer be what was sent; the batch is dropped instead."""
    scene = Scene().merchant(USD=1_000)
    batch_id = scene.batch(form(100))
    row = next(iter(scene.book.payouts))
    assert row.startswith(batch_id[:-8])
    assert is_refusal(
        scene.when(EditPayout(payout_id=row, amount_minor=1)), 409, "invalid_state_transition", "drop the batch instead"
    )


def test_a_waiting_payout_asks_for_more_or_less_and_holds_nothing() -> None:
    """OPS-05."""
    scene = Scene().merchant(USD=100)
    payout_id = scene.pending(1_000, on_insufficient_funds=WAIT)
    assert facts(scene.given(EditPayout(payout_id=payout_id, amount_minor=2_000))) == ["PayoutEdited"]
    assert scene.held() == 0
    record = scene.given(EditPayout(payout_id=payout_id, amount_minor=100))
    assert facts(record) == ["PayoutEdited", "PayoutsFunded"]
    assert [(item.payout_id, item.version) for item in fact(record, PayoutsFunded).payouts] == [(payout_id, 4)]
    assert (told(record)["version"], told(record)["reason"], scene.held()) == (4, None, 100)
    assert record.answer is not None
    assert record.answer.version == 4
    assert scene.book.waiting == {}


def test_money_that_an_edit_frees_goes_to_those_who_wait() -> None:
    """OPS-05: in the same record, first in first out."""
    scene = Scene().merchant(USD=1_000)
    held = scene.pending(1_000)
    first, second = (scene.pending(300, on_insufficient_funds=WAIT) for _ in range(2))
    record = scene.given(EditPayout(payout_id=held, amount_minor=600))
    assert [item.payout_id for item in fact(record, PayoutsFunded).payouts] == [first]
    assert scene.payout(second).reason is Reason.FUNDS


def test_money_that_leaves_a_currency_goes_to_those_who_wait_there() -> None:
    scene = Scene().merchant(USD=1_000, EUR=1_000)
    held = scene.pending(1_000)
    waiting = scene.pending(900, on_insufficient_funds=WAIT)
    record = scene.given(EditPayout(payout_id=held, amount_minor=1_000, currency="EUR"))
    assert [item.payout_id for item in fact(record, PayoutsFunded).payouts] == [waiting]


def test_a_waiting_payout_takes_its_age_along_into_another_currency() -> None:
    """OPS-05: behind older ones, before younger ones; and those behind it in the old queue move up."""
    scene = Scene().merchant(USD=500, EUR=10)
    older = scene.pending(100, "EUR", on_insufficient_funds=WAIT)
    scene.now += 1
    moving = scene.pending(900, on_insufficient_funds=WAIT)
    scene.now += 1
    younger = scene.pending(100, "EUR", on_insufficient_funds=WAIT)
    behind = scene.pending(400, on_insufficient_funds=WAIT)
    record = scene.given(EditPayout(payout_id=moving, amount_minor=50, currency="EUR"))
    assert [item.payout_id for item in fact(record, PayoutsFunded).payouts] == [behind]
    assert queue_of(scene.book, ACME, "EUR") == [older, moving, younger]
    record = scene.credit(140, "EUR")
    assert [item.payout_id for item in fact(record, PayoutsFunded).payouts] == [older, moving]


def test_a_waiting_payout_that_is_covered_in_another_currency_is_funded_at_once() -> None:
    scene = Scene().merchant(USD=1, EUR=500)
    payout_id = scene.pending(400, on_insufficient_funds=WAIT)
    record = scene.given(EditPayout(payout_id=payout_id, amount_minor=500, currency="EUR"))
    assert facts(record) == ["PayoutEdited", "PayoutsFunded"]
    assert (scene.held("EUR"), scene.payout(payout_id).reason, scene.book.waiting) == (500, None, {})


def test_an_edit_never_moves_a_state() -> None:
    """API-22: neither back nor forth, also when the payout has started meanwhile."""
    scene = Scene().merchant(USD=5_000)
    payout_id = scene.pending()
    scene.given(start(payout_id))
    scene.when(EditPayout(payout_id=payout_id, amount_minor=1))
    assert scene.payout(payout_id).status is PayoutStatus.PROCESSING
    canceled = scene.pending()
    scene.given(CancelPayout(payout_id=canceled))
    scene.when(EditPayout(payout_id=canceled, amount_minor=1))
    assert scene.payout(canceled).status is PayoutStatus.CANCELED
