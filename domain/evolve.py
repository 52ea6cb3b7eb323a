"""Facts change the book: the one place where memory moves.

Owns which fact touches what. Folding the same records in order gives the same book, in the processor, in rails and in a test. Must not
decide anything.
"""

from collections.abc import Iterable
from typing import assert_never

from domain.batch import evolve as batch_evolve
from domain.book import Book, KeyRecord
from domain.merchant import evolve as merchant_evolve
from domain.payout import evolve as payout_evolve
from domain.payout.queues import enqueue, leave, leave_all, leave_rows, waiting_rows
from schemas import events
from schemas.events import AnyEvent, EventRecord, Posting
from schemas.words import Reason


def evolve(book: Book, record: EventRecord) -> list[str]:
    """Apply all facts of one record in place; returns the ids of the payouts that changed, in order.

    New rows of a batch are not among them: until its release nobody owes them anything. That changes no row either, but those that it
    leaves to wait for funds: whoever waits for it looks at the batch.

    Raises IllegalMoveError (a damaged log or a bug) or KeyError for a payout that the book should hold and does not.
    """
    touched: list[str] = []
    for event in record.events:
        touched += _apply(book, event, record)
        _post(book, record.merchant_id, getattr(event, "postings", ()))
    if record.remember is not None:
        kept = record.remember
        book.keys[record.merchant_id, kept.key] = KeyRecord(
            content_hash=kept.content_hash, expires_at=kept.expires_at, answer=record.answer, subject=record.subject
        )
    return touched


def _post(book: Book, merchant_id: str, legs: Iterable[Posting]) -> None:
    for leg in legs:
        account = (merchant_id, leg.currency, leg.account)
        book.balances[account] = book.balances.get(account, 0) + leg.amount_minor


def _apply(book: Book, event: AnyEvent, record: EventRecord) -> list[str]:  # noqa: PLR0912  the list of all facts
    at, merchant_id = record.at, record.merchant_id
    match event:
        case events.MerchantOpened():
            book.merchants[merchant_id] = merchant_evolve.opened(event, merchant_id)
        case events.BankAccountAdded():
            book.keep_account(merchant_evolve.saved(event, merchant_id))
        case events.MerchantChanged():
            book.merchants[merchant_id] = merchant_evolve.changed(event, merchant_id)
        case events.BankAccountChanged():
            book.keep_account(merchant_evolve.account_changed(event, merchant_id))
        case events.MerchantCredited():
            book.credits[merchant_id, event.reference] = event.credit_id
        case events.PayoutAccepted() | events.PayoutRejected():
            return _born(book, event, merchant_id, at)
        case events.PayoutsFunded():
            return _funded(book, event, merchant_id, at)
        case events.BatchOpened():
            book.batches[event.batch_id] = batch_evolve.opened(event, merchant_id, at)
        case events.RowsAdded():
            batch_evolve.rows_added(book, event, merchant_id, at)
        case events.BatchReleased():
            return batch_evolve.released(book, event, merchant_id, at)
        case events.BatchRefused():
            return batch_evolve.refused(book, event, at)
        case events.BatchCanceled():
            return batch_evolve.dropped(book, event, at)
        case events.BatchStopped():
            return batch_evolve.stopped(book, event, merchant_id, at)
        case events.AttemptsStarted():
            return _started(book, event, at)
        case events.PayoutsCompleted():
            return _completed(book, event, at)
        case events.PayoutsFailed() | events.RetriesScheduled() | events.OutcomesUnknown():
            return _unpaid(book, event, at)
        case events.AttemptsInProgress():
            for item in event.payouts:
                payout = book.payouts[item.payout_id]
                book.payouts[item.payout_id] = payout_evolve.progressing(payout, event, item, at)
            return [item.payout_id for item in event.payouts]
        case events.PayoutEdited():
            return _edited(book, event, at)
        case events.PayoutCanceled():
            payout = book.payouts[event.payout_id]
            leave(book, payout)
            book.payouts[event.payout_id] = payout_evolve.canceled(payout, event.version, at, detail=event.reason)
            return [event.payout_id]
        case events.AnswerContradicted() | events.CommandRefused():
            pass
        case _:
            assert_never(event)
    return []


def _born(book: Book, event: events.PayoutAccepted | events.PayoutRejected, merchant_id: str, at: int) -> list[str]:
    payout = payout_evolve.born(event, merchant_id, at)
    book.payouts[payout.id] = payout
    if payout.reference is not None and isinstance(event, events.PayoutAccepted):
        book.references[merchant_id, payout.reference] = payout.id
    if payout.reason is Reason.FUNDS:
        enqueue(book, payout, payout.created_at)
    return [payout.id]


def _started(book: Book, event: events.AttemptsStarted, at: int) -> list[str]:
    started = [attempt.payout_id for attempt in event.attempts]
    payouts = book.payouts.at_hand(started)
    for attempt in event.attempts:
        payouts[attempt.payout_id] = payout_evolve.started(payouts[attempt.payout_id], event, attempt, at)
    return started


def _completed(book: Book, event: events.PayoutsCompleted, at: int) -> list[str]:
    completed = [paid.payout_id for paid in event.payouts]
    payouts = book.payouts.at_hand(completed)
    for paid in event.payouts:
        payouts[paid.payout_id] = payout_evolve.completed(payouts[paid.payout_id], paid, at)
    return completed


def _funded(book: Book, event: events.PayoutsFunded, merchant_id: str, at: int) -> list[str]:
    funded = [item.payout_id for item in event.payouts]
    leave_all(book, book.payouts.each(funded))
    for item in event.payouts:
        book.payouts[item.payout_id] = payout_evolve.funded(book.payouts[item.payout_id], item, at)
    for run in event.runs:
        for payout in waiting_rows(book, run.batch_id, run.currency, run.first_row, run.last_row):
            book.payouts[payout.id] = payout_evolve.funded_row(payout, at)
            funded.append(payout.id)
        leave_rows(book, merchant_id, run)
    return funded


def _edited(book: Book, event: events.PayoutEdited, at: int) -> list[str]:
    """A payout that waits for funds keeps its place by age, also in the queue of its new currency."""
    payout = book.payouts[event.payout_id]
    since = leave(book, payout)
    book.payouts[payout.id] = payout_evolve.edited(payout, event.form, event.version, at)
    if payout.reason is Reason.FUNDS:
        enqueue(book, book.payouts[payout.id], since)
    return [payout.id]


def _unpaid(
    book: Book, event: events.PayoutsFailed | events.RetriesScheduled | events.OutcomesUnknown, at: int
) -> list[str]:
    match event:
        case events.PayoutsFailed():
            move = payout_evolve.failed
        case events.RetriesScheduled():
            move = payout_evolve.retried
        case events.OutcomesUnknown():
            move = payout_evolve.unknown
    for item in event.payouts:
        book.payouts[item.payout_id] = move(book.payouts[item.payout_id], item, at)
    return [item.payout_id for item in event.payouts]
