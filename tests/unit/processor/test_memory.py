"""What a writer may forget, and when: only what the projection has for good."""

from collections.abc import Sequence

import pytest

from domain.book import Book
from schemas.commands import (
    AddRows,
    CancelPayout,
    Command,
    CreditMerchant,
    OpenBatch,
    OpenMerchant,
    RequestPayout,
    SealBatch,
)
from schemas.forms import PayoutForm
from schemas.ids import row_payout_id
from schemas.words import Outcome
from services.processor.checkpoint import Checkpoint
from services.processor.memory import Memory
from tests.support.given import Scene, answers, form, said, start

PAYOUT, BATCH = "019b0000-000a-7000-8000-000000000000", "019b0000-000b-7000-8000-000000000000"
ROWS = [row_payout_id(BATCH, row) for row in (1, 2)]
OPEN = [OpenMerchant(name="A"), CreditMerchant(credit_id=PAYOUT, amount_minor=10_000, currency="USD", reference="credit")]
FILE: list[Command] = [
    OpenBatch(batch_id=BATCH),
    AddRows(batch_id=BATCH, first_row=1, rows=[form(reference="one"), form(reference="two")]),
    SealBatch(batch_id=BATCH),
]


def after(bodies: Sequence[Command], *, polls: int) -> Memory:
    """A memory in which these commands were decided, each of `polls` polls folded as a whole before it stands."""
    scene, memory = Scene(), Memory(Checkpoint(Book(), 0, 0))
    size = -(-len(bodies) // polls)
    for first in range(0, len(bodies), size):
        records = [scene.given(body) for body in bodies[first : first + size]]
        touched = [memory.fold(record) for record in records]
        for offset, (record, moved) in enumerate(zip(records, touched, strict=True), first):
            memory.stand(record, moved, offset)
    return memory


def single(text: str = "one") -> PayoutForm:
    return form(reference=text)


@pytest.mark.parametrize("polls", [1, 4])
def test_an_ended_payout_and_its_reference_are_forgotten_once_they_are_projected(polls: int) -> None:
    """Also when it was born and ended in the same poll: nothing may stay for ever."""
    memory = after([*OPEN, RequestPayout(payout_id=PAYOUT, form=single()), CancelPayout(payout_id=PAYOUT)], polls=polls)
    memory.forget(3)
    assert PAYOUT in memory.book.payouts, "its end is not projected yet"
    memory.forget(4)
    assert (memory.book.payouts, memory.book.references, memory.book.credits) == ({}, {}, {})


def test_a_reference_may_go_as_soon_as_its_payout_is_projected() -> None:
    """It never changes, and the projection has it; the payout stays while it is unfinished."""
    memory = after([*OPEN, *FILE], polls=5)
    memory.forget(3)
    assert set(memory.book.references) == {("acme", "one"), ("acme", "two")}
    memory.forget(4)
    assert not memory.book.references
    assert set(memory.book.payouts) == set(ROWS)


def test_the_rows_of_a_chunk_are_forgotten_as_they_end() -> None:
    memory = after(
        [
            *OPEN,
            *FILE,
            start(*ROWS, batch_id=BATCH),
            answers(said(ROWS[0], Outcome.PAID), batch_id=BATCH),
            answers(said(ROWS[1], Outcome.PAID), batch_id=BATCH),
        ],
        polls=8,
    )
    assert memory.forget(7) == 1 + 2 + 1, "the credit, two references, the first row"
    assert set(memory.book.payouts) == {ROWS[1]}
    memory.forget(8)
    assert not memory.book.payouts


def test_what_was_fetched_goes_at_the_next_occasion_unless_it_changes_before() -> None:
    memory = after([*OPEN, RequestPayout(payout_id=PAYOUT, form=single()), CancelPayout(payout_id=PAYOUT)], polls=1)
    memory.book.references["acme", "old"] = PAYOUT
    memory.visit([("references", ("acme", "old")), ("payouts", PAYOUT)])
    memory.forget(0)
    assert ("acme", "old") not in memory.book.references
    assert PAYOUT in memory.book.payouts, "it has changed, and the projection has not seen that"
