"""Taking events into the book: which act belongs to which type of event.

Owns that table. An event of a type that is not in it changes nothing here; the invariants say so. Must not judge.
"""

from checker.evidence import Record
from checker.fold import accounts, births, moves
from checker.fold.book import Book
from checker.fold.names import Json, events_of


def apply(book: Book, record: Record, event: Json) -> None:
    """Take in one event of a record."""
    act = ACTS.get(str(event.get("type")))
    if act is not None:
        act(book, record, event)
    book.post(record, event)


def take(book: Book, record: Record) -> None:
    """Take in a whole record."""
    book.begin()
    for event in events_of(record.value):
        apply(book, record, event)
    book.end(record)


ACTS = {
    "merchant_opened": births.merchant_opened,
    "bank_account_added": births.bank_account_added,
    "merchant_changed": accounts.merchant_changed,
    "bank_account_changed": accounts.bank_account_changed,
    "merchant_credited": births.merchant_credited,
    "payout_accepted": births.payout_accepted,
    "payout_rejected": births.payout_rejected,
    "batch_opened": births.batch_opened,
    "rows_added": births.rows_added,
    "payouts_funded": moves.payouts_funded,
    "batch_released": moves.batch_released,
    "batch_refused": moves.batch_ended,
    "batch_canceled": moves.batch_ended,
    "batch_stopped": moves.batch_stopped,
    "payout_edited": moves.payout_edited,
    "payout_canceled": moves.payout_canceled,
    **dict.fromkeys(moves.ANSWERS, moves.attempted),
}
