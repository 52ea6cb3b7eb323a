"""Payouts that wait for funds: first in, first out, and no one overtakes (LIF-04, OPS-05).

Owns who gets the hold when money becomes available, and the order of the queues: by acceptance time, then id. Must not know why money
became available.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from domain.book import Book
from domain.case import Case
from domain.ledger import postings
from domain.payout.state import Payout
from schemas.events import FundedPayout, PayoutsFunded
from schemas.words import AVAILABLE, Reason

FUNDED_MAX = 5000
"""At most this many in one event, to keep the record small; the rest are funded by the next change of the balance."""


def fund_waiting(
    case: Case,
    currency: str,
    freed_minor: int,
    changed: dict[str, int] | None = None,
    *,
    joining: Payout | None = None,
) -> list[PayoutsFunded]:
    """The event that funds those who now fit, or none.

    `freed_minor` is what the command's earlier events add to `available`; `changed` maps a payout to its new total, or to 0 if it
    left the queue; `joining` enters this queue by the same command.
    """
    queue: Sequence[str] = case.book.waiting.get((case.merchant_id, currency), ())
    if joining is not None:
        place = _place(case.book, queue, joining)
        queue = [*queue[:place], joining.id, *queue[place:]]
    if not queue:
        return []
    available = case.book.balance(case.merchant_id, currency, AVAILABLE) + freed_minor
    funded, total = _fitting(case, queue, available, changed or {})
    return [PayoutsFunded(payouts=funded, postings=postings.hold(total, currency))] if funded else []


def _fitting(case: Case, queue: Sequence[str], available: int, changed: dict[str, int]) -> tuple[list[FundedPayout], int]:
    funded: list[FundedPayout] = []
    total = 0
    for payout_id in queue[:FUNDED_MAX]:
        payout = case.book.payouts[payout_id]
        need = changed.get(payout_id, payout.amount_minor + payout.fee_minor)
        if total + need > available:
            break
        if need:
            funded.append(_funded(payout, case.now, edited=payout_id in changed))
            total += need
    return funded, total


def _funded(payout: Payout, now: int, *, edited: bool) -> FundedPayout:
    reason = Reason.SCHEDULE if payout.due_at is not None and payout.due_at > now else None
    return FundedPayout(payout_id=payout.id, version=payout.version + (2 if edited else 1), reason=reason)


def enqueue(book: Book, payout: Payout) -> None:
    """Put a payout that is in the book into its queue; one that is in it stays where it is."""
    queue = book.waiting.setdefault((payout.merchant_id, payout.currency), [])
    place = _place(book, queue, payout)
    if queue[place : place + 1] != [payout.id]:
        queue.insert(place, payout.id)


def leave(book: Book, payout: Payout) -> None:
    """Take a payout out of its queue; one that is not in it is no error. An empty queue is no queue."""
    leave_all(book, [payout] if payout.reason is Reason.FUNDS else [])


def leave_all(book: Book, payouts: Iterable[Payout]) -> None:
    """The same for many at once, in one pass over each queue."""
    gone: dict[tuple[str, str], set[str]] = {}
    for payout in payouts:
        gone.setdefault((payout.merchant_id, payout.currency), set()).add(payout.id)
    for key, ids in gone.items():
        staying = [payout_id for payout_id in book.waiting.pop(key, ()) if payout_id not in ids]
        if staying:
            book.waiting[key] = staying


def _place(book: Book, queue: Sequence[str], payout: Payout) -> int:
    return bisect_left(queue, (payout.created_at, payout.id), key=lambda other: (book.payouts[other].created_at, other))
