"""What a poll asks the views for: what memory lacks, and nothing that cannot be there."""

from typing import Any

import pytest

from domain.book import Batch, Book
from schemas.commands import AddRows, CancelPayout, Command, CommandRecord, OpenBatch, SealBatch
from schemas.ids import row_payout_id
from schemas.words import BatchPhase
from services.processor.lookups import Lookups, OlderProjectionError
from services.processor.ports import Lacking
from tests.support.given import form

BATCH = "019b0000-000b-7000-8000-000000000000"
ROWS = [row_payout_id(BATCH, row) for row in (1, 2)]
SMALL: list[Command] = [
    OpenBatch(batch_id=BATCH, submit=True),
    AddRows(batch_id=BATCH, first_row=1, rows=[form(reference="one"), form()]),
    SealBatch(batch_id=BATCH),
]


class Views:
    """A projection that has one batch or none, and notes what it is asked."""

    def __init__(self, phase: BatchPhase | None = None, stands: int = 0) -> None:
        self.asked: list[Lacking] = []
        self._phase, self._stands = phase, stands

    async def fill(self, book: Book, lacking: Lacking, partition: int) -> int:
        assert partition == 3
        self.asked.append(lacking)
        if self._phase is not None and BATCH in lacking.batches:
            book.batches[BATCH] = Batch(id=BATCH, merchant_id="m", created_at=1, phase=self._phase)
        return self._stands


def records(bodies: list[Command]) -> list[CommandRecord]:
    return [CommandRecord(id=str(n), merchant_id="m", at=1, body=body, key="k") for n, body in enumerate(bodies)]


async def fetch(views: Views, book: Book, bodies: list[Command], **more: Any) -> list[tuple[str, Any]]:
    projection: Any = views
    return await Lookups(projection, 3).fetch(book, records(bodies), **more)


async def test_the_rows_of_a_batch_that_is_opened_in_the_same_poll_are_not_asked_for() -> None:
    views = Views()
    assert await fetch(views, Book(), SMALL) == []
    assert views.asked == [Lacking(set(), {BATCH}, {("m", "k")}, {("m", "one")}, set())]


@pytest.mark.parametrize("phase", list(BatchPhase))
async def test_they_are_asked_for_once_the_batch_turns_out_to_be_there(phase: BatchPhase) -> None:
    """A file that is sent again long after: memory has let go of its batch. Or memory is old, and another writer has begun it."""
    views = Views(phase)
    assert ("batches", BATCH) in await fetch(views, Book(), SMALL)
    [first, second] = views.asked
    assert first.payouts == set()
    assert second.payouts == set(ROWS)


async def test_the_rows_of_an_open_batch_in_memory_are_not_asked_for_and_those_of_others_are() -> None:
    views, book = Views(), Book()
    book.batches[BATCH] = Batch(id=BATCH, merchant_id="m", created_at=1)
    await fetch(views, book, SMALL[1:])
    book.batches[BATCH] = Batch(id=BATCH, merchant_id="m", created_at=1, phase=BatchPhase.RELEASED)
    await fetch(views, book, SMALL[1:])
    await fetch(views, Book(), SMALL[1:])
    assert [asked.payouts for asked in views.asked] == [set(), set(ROWS), set(ROWS)]


async def test_what_memory_has_costs_no_question_and_older_views_are_not_believed() -> None:
    views, book = Views(stands=7), Book()
    book.batches[BATCH] = Batch(id=BATCH, merchant_id="m", created_at=1)
    assert await Lookups(views, 3).fetch(book, []) == []  # type: ignore[arg-type]
    assert views.asked == []
    with pytest.raises(OlderProjectionError, match="went back to 7"):
        await fetch(views, book, [CancelPayout(payout_id=ROWS[0])], not_before=8)
