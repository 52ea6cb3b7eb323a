"""Timers: whatever is due is said once, for payouts that still stand as they stood, in chunks of one batch."""

from typing import Any

from msgspec import structs

from domain.book import Book
from domain.payout.state import Payout
from schemas.commands import CHUNK_ROWS_MAX, CommandRecord, RetryDue, TimeOutAttempts
from schemas.ids import row_payout_id
from schemas.words import PayoutStatus, Reason
from services.processor.timers import SWEEP_MS, Timers

BATCH, SINGLE = "019b0000-000b-7000-8000-000000000000", "019b0000-000a-7000-8000-000000000000"


def sent(row: int | None = None, due_at: int | None = 50, **more: Any) -> Payout:
    """A payout in processing that is due at 50; a row of a batch, or the single one."""
    identity: dict[str, Any] = (
        {"id": SINGLE} if row is None else {"id": row_payout_id(BATCH, row), "batch_id": BATCH, "row": row}
    )
    given = {"merchant_id": "acme", "amount_minor": 1, "currency": "USD", "created_at": 1, "updated_at": 1, "version": 2}
    return Payout(**{**identity, **given, "status": PayoutStatus.PROCESSING, "due_at": due_at, **more})


def book_of(*payouts: Payout) -> Book:
    book = Book()
    for payout in payouts:
        book.payouts[payout.id] = payout
    return book


def ids(command: CommandRecord) -> list[str]:
    assert isinstance(command.body, RetryDue | TimeOutAttempts)
    return command.body.payout_ids


def test_what_is_due_is_said_once_and_by_kind_and_batch() -> None:
    payouts = [sent(1), sent(2), sent(3, reason=Reason.RETRY), sent(), sent(4, due_at=51), sent(5, due_at=None)]
    timers, book = Timers(), book_of(*payouts)
    timers.note(payouts)
    timers.note([payouts[0]])
    assert timers.due(book, 49) == []
    told = timers.due(book, 50)
    assert [(type(one.body), one.body.batch_id, ids(one)) for one in told] == [  # type: ignore[union-attr]
        (TimeOutAttempts, BATCH, [payouts[0].id, payouts[1].id]),
        (RetryDue, BATCH, [payouts[2].id]),
        (TimeOutAttempts, None, [SINGLE]),
    ]
    assert [ids(one) for one in timers.due(book, 10**9)] == [[payouts[4].id]]
    assert timers.due(book, 10**9) == []


def test_what_has_gone_on_or_is_gone_is_passed_by() -> None:
    payouts = [sent(1), sent(2), sent(3)]
    timers = Timers()
    timers.note(payouts)
    on = structs.replace(payouts[1], version=3)
    assert [ids(one) for one in timers.due(book_of(payouts[0], on), 50)] == [[payouts[0].id]]


def test_only_what_is_in_processing_is_noted() -> None:
    asked = sent(2, status=PayoutStatus.REQUIRES_ACTION)
    timers = Timers()
    timers.note([asked])
    assert timers.due(book_of(asked), 50) == []


def test_a_sweep_finds_what_was_missed() -> None:
    timers, book = Timers(), book_of(sent(1), sent())
    timers.sweep(book, SWEEP_MS)
    assert sorted(payout_id for one in timers.due(book, SWEEP_MS) for payout_id in ids(one)) == [
        SINGLE,
        row_payout_id(BATCH, 1),
    ]


def test_many_are_said_in_chunks() -> None:
    payouts = [sent(row) for row in range(1, CHUNK_ROWS_MAX + 2)]
    timers = Timers()
    timers.note(payouts)
    assert [len(ids(one)) for one in timers.due(book_of(*payouts), 50)] == [CHUNK_ROWS_MAX, 1]
