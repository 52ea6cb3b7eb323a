"""Figures add up to what became of the payouts, wherever transactions are cut (CON-01, CON-20, RUN-25)."""

from collections import Counter, defaultdict
from typing import Any

import pytest

from domain.figures import QUARTER_MS, WITHIN_SECONDS, Word, asked_at
from domain.payout.state import UNFINISHED
from schemas.words import PayoutStatus
from services.projector import figure_values
from services.projector.changes import Changes
from tests.support.event_story import PROVIDER, START, EventStory, everything
from tests.unit.projector.test_project import folded

ENDS = {Word.PAID: PayoutStatus.COMPLETED, Word.FAILED: PayoutStatus.FAILED}


def summed(parts: list[Changes], name: str) -> dict[Any, list[int]]:
    found: dict[Any, list[int]] = {}
    for changes in parts:
        for key, value in getattr(changes, name).items():
            numbers = value if isinstance(value, list) else [value]
            found[key] = [a + b for a, b in zip(found.get(key, [0] * len(numbers)), numbers, strict=True)]
    return found


@pytest.mark.parametrize("seed", range(6))
def test_what_was_paid_and_what_failed_is_what_the_book_has(seed: int) -> None:
    story = everything(seed)
    figures = summed(folded(story, 5), "figures")
    for word, status in ENDS.items():
        told: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for (merchant, _, counted, provider, currency, code), (count, amount) in figures.items():
            if counted == word and not code:
                assert provider == PROVIDER
                told[merchant, currency][0] += count
                told[merchant, currency][1] += amount
        true: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        for payout in story.book.payouts.values():
            if payout.status is status:
                true[payout.merchant_id, payout.currency][0] += 1
                true[payout.merchant_id, payout.currency][1] += payout.amount_minor
        assert told == true, word


@pytest.mark.parametrize("seed", range(6))
def test_every_payout_is_accepted_or_rejected_once_and_every_failure_has_its_code(seed: int) -> None:
    story = everything(seed)
    count: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for (_, _, word, _, _, code), (number, _) in summed(folded(story, 3), "figures").items():
        if word == Word.FAILED and code:
            codes[code] += number
        else:
            count[word] += number
    payouts = story.book.payouts.values()
    assert count[Word.ACCEPTED] + count[Word.REJECTED] == len(payouts)
    assert count[Word.CANCELED] == sum(payout.status is PayoutStatus.CANCELED for payout in payouts)
    assert codes == Counter(p.failure_code for p in payouts if p.status is PayoutStatus.FAILED)


@pytest.mark.parametrize("seed", range(6))
def test_rows_of_batches_and_single_payouts_that_ended_stand_by_state_as_in_the_book(seed: int) -> None:
    story = everything(seed)
    true: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for payout in story.book.payouts.values():
        if payout.batch_id is not None or payout.status not in UNFINISHED:
            cell = true[payout.merchant_id, payout.currency, payout.status.value]
            cell[0] += 1
            cell[1] += payout.amount_minor
    told = summed(folded(story, 4), "row_states")
    alone = [cell for cell in told if cell[2] == "canceled"]
    rows = Counter(p.merchant_id for p in story.book.payouts.values() if p.status is PayoutStatus.CANCELED)
    assert {m: sum(told[c][0] for c in alone if c[0] == m) for m in rows} == rows
    kept = {cell: numbers for cell, numbers in told.items() if numbers != [0, 0] and cell[2] != "canceled"}
    assert kept == {cell: numbers for cell, numbers in true.items() if cell[2] != "canceled"}


@pytest.mark.parametrize("name", ["figures", "paid_times", "row_states"])
def test_figures_do_not_depend_on_where_transactions_are_cut(name: str) -> None:
    story = everything(3)
    assert summed(folded(story, 1), name) == summed(folded(story, 10_000), name)


def test_the_time_to_paid_counts_from_the_id_and_every_paid_payout_once() -> None:
    story = everything(1)
    paid = [p for p in story.book.payouts.values() if p.status is PayoutStatus.COMPLETED]
    told = summed(folded(story, 2), "paid_times")
    assert sum(number for [number] in told.values()) == sum(asked_at(p.id) is not None for p in paid) > 0
    for _, starts_at, provider, seconds in told:
        assert (starts_at % QUARTER_MS, provider, seconds in WITHIN_SECONDS) == (0, PROVIDER, True)
        assert starts_at >= START - QUARTER_MS


def test_sums_past_64_bits_reach_the_database_as_text() -> None:
    """A column of 64 bits would stop the projection."""
    story = EventStory()
    story.open("acme", 100)
    changes = Changes(3, 0, 0)
    changes.figures["acme", 0, "accepted", "", "USD", ""] = [2, 2**64]
    changes.row_states["acme", "USD", "pending"] = [2, 2**64]
    assert [figure_values.figures(changes)[0]["amount_minor"], figure_values.row_states(changes)[0]["amount_minor"]] == [
        str(2**64)
    ] * 2
