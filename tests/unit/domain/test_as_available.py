"""A batch that is funded as available: rows are held in order until one does not fit; the others wait (BAT-10, OPS-05)."""

import pytest

from domain.book import Book
from domain.evolve import evolve
from schemas.commands import CancelPayout, EditPayout, SealBatch
from schemas.events import BatchReleased, PayoutsFunded, RowRun
from schemas.ids import row_payout_id
from schemas.words import BatchPhase, Funding, OnInsufficientFunds, Reason
from tests.support.given import (
    ACME,
    Scene,
    answers,
    contents,
    fact,
    facts,
    form,
    is_quiet,
    postings_of,
    queue_of,
    said,
    start,
    told,
)

AVAILABLE = Funding.AS_AVAILABLE
WAIT = OnInsufficientFunds.WAIT


def test_rows_are_held_until_one_does_not_fit_and_no_one_overtakes() -> None:
    """The third row would fit, and waits: the second came before it. What is held is one posting pair per currency."""
    scene = Scene().merchant(USD=150, EUR=1_000)
    batch_id = scene.batch(form(100), form(60), form(10), form(5, "EUR"), funding=AVAILABLE)
    record = scene.given(SealBatch(batch_id=batch_id))
    event = fact(record, BatchReleased)
    assert event.waiting == [RowRun(batch_id=batch_id, currency="USD", first_row=2, last_row=4, count=2)]
    assert [leg[:3] for leg in postings_of(event)] == [
        ("available", -5, "EUR"),
        ("held", 5, "EUR"),
        ("available", -100, "USD"),
        ("held", 100, "USD"),
    ]
    rows = [scene.payout(row_payout_id(batch_id, row)) for row in (1, 2, 3, 4)]
    assert [(row.reason, row.version) for row in rows] == [(None, 1), (Reason.FUNDS, 2), (Reason.FUNDS, 2), (None, 1)]
    view = told(record)
    assert (view["phase"], view["waiting_rows"], view["attention"]) == ("released", 2, "warning")


def test_what_waits_is_not_started_and_what_is_held_is() -> None:
    scene = Scene().merchant(USD=100)
    batch_id, ids = scene.released(form(100), form(60), funding=AVAILABLE)
    record = scene.given(start(*ids, batch_id=batch_id))
    assert [item.payout_id for item in record.events[0].attempts] == ids[:1]  # type: ignore[union-attr]


def test_with_enough_money_nothing_differs_from_all_or_nothing() -> None:
    scene = Scene().merchant(USD=300)
    batch_id = scene.batch(form(100), form(200), funding=AVAILABLE)
    event = fact(scene.given(SealBatch(batch_id=batch_id)), BatchReleased)
    assert (event.waiting, scene.held(), scene.book.waiting) == ([], 300, {})


def test_with_nothing_there_all_wait_and_the_batch_is_taken_all_the_same() -> None:
    scene = Scene().merchant()
    batch_id, ids = scene.released(form(1), form(2), funding=AVAILABLE)
    assert scene.book.batches[batch_id].phase is BatchPhase.RELEASED
    assert (queue_of(scene.book, ACME), scene.held()) == (ids, 0)


def test_money_that_comes_in_goes_to_the_first_rows_as_one_run() -> None:
    scene = Scene().merchant()
    batch_id, ids = scene.released(form(10), form(20), form(30), funding=AVAILABLE)
    event = fact(scene.credit(35), PayoutsFunded)
    assert (event.payouts, event.runs) == (
        [],
        [RowRun(batch_id=batch_id, currency="USD", first_row=1, last_row=2, count=2)],
    )
    assert [scene.payout(payout_id).version for payout_id in ids] == [3, 3, 2]
    assert (scene.held(), scene.available(), queue_of(scene.book, ACME)) == (30, 5, ids[2:])
    fact(scene.credit(25), PayoutsFunded)
    assert (scene.held(), scene.book.waiting) == (60, {})


def test_rows_wait_since_their_seal_between_payouts_of_their_own() -> None:
    """Who waited before the seal comes first, though the rows were added earlier; who comes later is behind them."""
    scene = Scene().merchant()
    batch_id = scene.batch(form(10), form(10), funding=AVAILABLE)
    scene.now += 1
    first = scene.pending(10, on_insufficient_funds=WAIT)
    scene.now += 1
    scene.given(SealBatch(batch_id=batch_id))
    scene.now += 1
    last = scene.pending(10, on_insufficient_funds=WAIT)
    rows = [row_payout_id(batch_id, row) for row in (1, 2)]
    assert queue_of(scene.book, ACME) == [first, *rows, last]
    event = fact(scene.credit(30), PayoutsFunded)
    assert ([item.payout_id for item in event.payouts], [run.count for run in event.runs]) == ([first], [2])


def test_rows_wait_behind_a_queue_that_is_there_even_if_they_would_fit() -> None:
    scene = Scene().merchant(USD=50)
    big = scene.pending(100, on_insufficient_funds=WAIT)
    _, ids = scene.released(form(10), funding=AVAILABLE)
    assert queue_of(scene.book, ACME) == [big, *ids]


def test_a_failed_rows_money_goes_to_the_next_row() -> None:
    scene = Scene().merchant(USD=10)
    batch_id, ids = scene.released(form(10), form(10), funding=AVAILABLE)
    scene.given(start(ids[0], batch_id=batch_id))
    record = scene.given(answers(said(ids[0], "failed", 1, code="c"), batch_id=batch_id))
    assert facts(record) == ["PayoutsFailed", "PayoutsFunded"]
    assert scene.payout(ids[1]).reason is None


def test_a_waiting_row_that_is_canceled_lets_the_next_ones_in() -> None:
    scene = Scene().merchant(USD=10)
    _, ids = scene.released(form(50), form(4), form(6), funding=AVAILABLE)
    record = scene.given(CancelPayout(payout_id=ids[0]))
    [run] = fact(record, PayoutsFunded).runs
    assert ((run.first_row, run.last_row, run.count), scene.held(), scene.book.waiting) == ((2, 3, 2), 10, {})


@pytest.mark.parametrize("currency", ["USD", "EUR"])
def test_a_waiting_row_can_be_edited_and_is_funded_if_it_fits_now(currency: str) -> None:
    scene = Scene().merchant(USD=10, EUR=10)
    _, ids = scene.released(form(50), form(4), funding=AVAILABLE)
    record = scene.given(EditPayout(payout_id=ids[0], amount_minor=6, currency=currency))
    assert (told(record)["version"], told(record)["reason"]) == (4, None)
    assert (scene.payout(ids[0]).version, scene.payout(ids[1]).reason, scene.book.waiting) == (4, None, {})


def test_a_waiting_row_takes_its_place_along_into_another_currency() -> None:
    scene = Scene().merchant()
    batch_id = scene.batch(form(10), form(10, "EUR"), form(10), funding=AVAILABLE)
    scene.given(SealBatch(batch_id=batch_id))
    ids = [row_payout_id(batch_id, row) for row in (1, 2, 3)]
    scene.now += 1
    later = scene.pending(5, "EUR", on_insufficient_funds=WAIT)
    scene.given(EditPayout(payout_id=ids[0], amount_minor=5, currency="EUR"))
    assert (queue_of(scene.book, ACME, "EUR"), queue_of(scene.book, ACME)) == ([ids[0], ids[1], later], [ids[2]])


def test_a_second_seal_says_how_many_wait_now() -> None:
    scene = Scene().merchant()
    batch_id, _ = scene.released(form(10), form(10), funding=AVAILABLE)
    scene.credit(10)
    record = scene.when(SealBatch(batch_id=batch_id))
    assert is_quiet(record)
    assert told(record)["waiting_rows"] == 1


def test_many_rows_that_wait_are_one_place_in_the_queue() -> None:
    """Memory and the record stay small; the run is a count, not a list."""
    scene = Scene().merchant()
    batch_id = scene.batch(*[form(1)] * 500, funding=AVAILABLE)
    record = scene.given(SealBatch(batch_id=batch_id))
    assert [run.count for run in fact(record, BatchReleased).waiting] == [500]
    assert [waiter.rows for waiter in scene.book.waiting[ACME, "USD"]] == [500]


def test_the_book_follows_from_the_log() -> None:
    scene = Scene().merchant(USD=10)
    _, ids = scene.released(form(10), form(20, "EUR"), form(30), funding=AVAILABLE)
    scene.credit(20, "EUR")
    scene.given(EditPayout(payout_id=ids[2], amount_minor=3))
    folded = Book()
    for record in scene.records:
        evolve(folded, record)
    assert contents(folded) == contents(scene.book)
