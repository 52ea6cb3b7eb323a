"""A running batch is stopped: rows that were not sent are called back, those that were go on (BAT-10, BAT-13).

Owns which rows those are, and the money that comes back with them. Must not know who asks, nor what the provider does with the others.
"""

from collections.abc import Sequence

from domain.book import Batch
from domain.case import Case, Decision, decided, json_answer, repeated
from domain.ledger import postings
from domain.payout.state import Payout
from domain.payout.waiting import Turn, fund_waiting
from domain.totals import Totals
from schemas.events import AnyEvent, BatchStopped, PayoutsFunded, Posting
from schemas.words import AVAILABLE, OnRowFailure, PayoutStatus, Reason

OK = 200
STOPPED = "batch_stopped"


class _Pending:
    """What the rows that are still pending add up to, per currency in minor units; one that waits for funds has no hold."""

    def __init__(self) -> None:
        self.totals = Totals()
        self.held: dict[str, int] = {}
        self.rows = self.waiting = 0

    def take(self, payout: Payout) -> None:
        self.rows += 1
        self.totals.move(payout.status, PayoutStatus.CANCELED, payout.currency, payout.amount_minor)
        if payout.reason is Reason.FUNDS:
            self.waiting += 1
        else:
            total = payout.amount_minor + payout.fee_minor
            self.held[payout.currency] = self.held.get(payout.currency, 0) + total


def stop_running(case: Case, batch: Batch, reason: str | None) -> Decision:
    """Somebody stops a running batch. With nothing left to call back it is a repeat; both are told what could not be stopped."""
    event = _stopped(case, batch, None, reason)
    count = event.row_count if event is not None else 0
    answer = json_answer(OK, _told(case, batch, count))
    if event is None:
        return repeated(subject=batch.id, answer=answer)
    events: list[AnyEvent] = [event, *fund_after(case, batch.id, event.postings)]
    return decided(events, subject=batch.id, answer=answer)


def stopped_by_failure(case: Case, batch_id: str | None, failed: Sequence[Payout]) -> list[BatchStopped]:
    """The event that stops a batch whose rows have failed, if it is one that stops for that; it does so once."""
    batch = case.book.batches.get(batch_id) if batch_id is not None else None
    if batch is None or batch.on_row_failure is not OnRowFailure.STOP or batch.stopped_at is not None:
        return []
    detail = f"Row {min(payout.row or 0 for payout in failed)} failed, and the batch stops at a failed row."
    event = _stopped(case, batch, STOPPED, detail)
    return [event] if event is not None else []


def fund_after(case: Case, batch_id: str | None, legs: Sequence[Posting]) -> list[PayoutsFunded]:
    """Who gets what these postings gave back; the rows of the batch `batch_id` are out of the queues by then."""
    freed: dict[str, int] = {}
    for leg in legs:
        if leg.account == AVAILABLE:
            freed[leg.currency] = freed.get(leg.currency, 0) + leg.amount_minor
    turn = Turn(without=batch_id)
    queued = {currency for merchant_id, currency in case.book.waiting if merchant_id == case.merchant_id}
    currencies = sorted({*freed, *(queued if batch_id is not None else ())})
    return [event for currency in currencies for event in fund_waiting(case, currency, freed.get(currency, 0), turn)]


def _stopped(case: Case, batch: Batch, code: str | None, detail: str | None) -> BatchStopped | None:
    pending = _Pending()
    for payout in case.book.payouts.rows(batch.id, 1, batch.row_count, PayoutStatus.PENDING):
        pending.take(payout)
    if not pending.rows:
        return None
    return BatchStopped(
        batch_id=batch.id,
        row_count=pending.rows,
        totals=pending.totals.deltas(),
        postings=[leg for currency, total in sorted(pending.held.items()) for leg in postings.release(total, currency)],
        waiting_rows=pending.waiting,
        code=code,
        detail=detail,
    )


def _told(case: Case, batch: Batch, stopped: int) -> dict[str, object]:
    """How many rows were stopped, and how many not: sent and not ended, or ended before."""
    in_flight = sum(
        1
        for status in (PayoutStatus.PROCESSING, PayoutStatus.REQUIRES_ACTION)
        for _ in case.book.payouts.rows(batch.id, 1, batch.row_count, status)
    )
    ended = batch.row_count - stopped - in_flight
    return {
        "batch_id": batch.id,
        "row_count": batch.row_count,
        "stopped": stopped,
        "not_stopped": in_flight + ended,
        "in_flight": in_flight,
        "ended": ended,
    }
