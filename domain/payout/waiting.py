"""Payouts that wait for funds: first in, first out, and no one overtakes (LIF-04, OPS-05).

Owns who gets the hold when money becomes available. Must not know why it became available.
"""

from bisect import insort

from domain.book import Book
from domain.case import Case
from domain.ledger import postings
from domain.payout.state import Payout
from schemas.events import FundedPayout, PayoutsFunded
from schemas.words import AVAILABLE, Reason

FUNDED_MAX = 5000
"""At most this many in one event, to keep the record small; the rest are funded by the next change of the balance."""


def fund_waiting(case: Case, currency: str, freed_minor: int, changed: dict[str, int] | None = None) -> list[PayoutsFunded]:
    """The event that funds those who now fit, or none.

    `freed_minor` is what the command's earlier events add to `available`; `changed` maps a payout to its new total, or to 0 if it
    left the queue.
    """
    queue = case.book.waiting.get((case.merchant_id, currency))
    if not queue:
        return []
    available = case.book.balance(case.merchant_id, currency, AVAILABLE) + freed_minor
    funded, total = _fitting(case, queue, available, changed or {})
    return [PayoutsFunded(payouts=funded, postings=postings.hold(total, currency))] if funded else []


def _fitting(case: Case, queue: list[str], available: int, changed: dict[str, int]) -> tuple[list[FundedPayout], int]:
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
    """Put a payout into its queue, ordered by acceptance time and id."""
    queue = book.waiting.setdefault((payout.merchant_id, payout.currency), [])
    if payout.id not in queue:
        insort(queue, payout.id, key=lambda payout_id: _order(book, payout_id))


def leave(book: Book, payout: Payout) -> None:
    """Take a payout out of its queue; one that is not in it is no error."""
    queue = book.waiting.get((payout.merchant_id, payout.currency))
    if queue and payout.id in queue:
        queue.remove(payout.id)


def _order(book: Book, payout_id: str) -> tuple[int, str]:
    return book.payouts[payout_id].created_at, payout_id
