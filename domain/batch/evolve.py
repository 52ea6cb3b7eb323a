"""Facts move a batch and its rows.

Owns how a batch grows and ends in the book, and that each such fact is its next version. Must not know why.
"""

from typing import Any

from msgspec import structs

from domain.book import Batch, Book
from domain.payout.evolve import canceled, waits
from domain.payout.queues import enqueue_rows, leave_batch
from schemas.events import BatchCanceled, BatchOpened, BatchRefused, BatchReleased, BatchStopped, RowsAdded
from schemas.ids import row_payout_id
from schemas.words import BatchPhase, PayoutStatus


def opened(event: BatchOpened, merchant_id: str, at: int) -> Batch:
    """The batch that an opening brings into being."""
    return Batch(
        id=event.batch_id,
        merchant_id=merchant_id,
        created_at=at,
        name=event.name,
        reference=event.reference,
        funding=event.funding,
        on_row_failure=event.on_row_failure,
        declaration=event.declaration,
        source=event.source,
        submit=event.submit,
        idempotency_key=event.key,
    )


def advanced(batch: Batch, **changes: Any) -> Batch:
    """The batch after a change of its own: the next version."""
    return structs.replace(batch, version=batch.version + 1, **changes)


def rows_added(book: Book, event: RowsAdded, merchant_id: str, at: int) -> None:
    """The rows are pending and count towards the batch's sums."""
    ids = book.payouts.add_rows(event.batch_id, merchant_id, event.first_row, event.rows, at)
    for payout_id, form in zip(ids, event.rows, strict=True):
        if form.reference is not None:
            book.references[merchant_id, form.reference] = payout_id
    book.batches[event.batch_id] = _grown(book.batches[event.batch_id], event)


def released(book: Book, event: BatchReleased, merchant_id: str, at: int) -> list[str]:
    """The batch is released. Returns the ids of the rows that wait for funds from now on; the others do not change."""
    batch = book.batches[event.batch_id]
    book.batches[event.batch_id] = advanced(batch, phase=BatchPhase.RELEASED, released_at=at)
    touched = []
    for run in event.waiting:
        for payout in book.payouts.rows(run.batch_id, run.first_row, run.last_row):
            if payout.currency == run.currency:
                book.payouts[payout.id] = waits(payout, at)
                touched.append(payout.id)
        enqueue_rows(book, merchant_id, run, at)
    return touched


def stopped(book: Book, event: BatchStopped, merchant_id: str, at: int) -> list[str]:
    """The rows that were not sent are canceled; their references stay taken (IDM-08). Returns their ids."""
    batch = book.batches[event.batch_id]
    book.batches[event.batch_id] = advanced(batch, stopped_at=at)
    leave_batch(book, merchant_id, event.batch_id)
    touched = []
    for payout in book.payouts.rows(event.batch_id, 1, batch.row_count, PayoutStatus.PENDING):
        book.payouts[payout.id] = canceled(payout, payout.version + 1, at, event.code, event.detail)
        touched.append(payout.id)
    return touched


def refused(book: Book, event: BatchRefused, at: int) -> list[str]:
    """The batch is refused and its rows canceled. Returns all row ids."""
    book.batches[event.batch_id] = advanced(book.batches[event.batch_id], phase=BatchPhase.REFUSED)
    return _cancel_rows(book, event.batch_id, event.row_count, at, event.code, event.detail)


def dropped(book: Book, event: BatchCanceled, at: int) -> list[str]:
    """The batch was dropped and its rows canceled. Returns all row ids."""
    book.batches[event.batch_id] = advanced(book.batches[event.batch_id], phase=BatchPhase.CANCELED)
    return _cancel_rows(book, event.batch_id, event.row_count, at, None, event.reason)


def row_ids(batch_id: str, row_count: int) -> list[str]:
    """The payout ids of rows 1 to `row_count`."""
    return [row_payout_id(batch_id, row) for row in range(1, row_count + 1)]


def _cancel_rows(book: Book, batch_id: str, row_count: int, at: int, code: str | None, detail: str | None) -> list[str]:
    """Cancel all rows; their references are free again, so that the corrected batch can use them."""
    touched = row_ids(batch_id, row_count)
    for payout_id in touched:
        payout = book.payouts[payout_id]
        if payout.reference is not None:
            book.references.pop((payout.merchant_id, payout.reference), None)
        book.payouts[payout_id] = canceled(payout, payout.version + 1, at, code, detail)
    return touched


def _grown(batch: Batch, event: RowsAdded) -> Batch:
    counts, sums = dict(batch.counts), dict(batch.sums_minor)
    for delta in event.totals:
        counts[delta.currency] = counts.get(delta.currency, 0) + delta.count
        sums[delta.currency] = sums.get(delta.currency, 0) + delta.amount_minor
    row_count = event.first_row + len(event.rows) - 1
    refused_rows = event.refused_rows or batch.refused_rows
    return advanced(batch, row_count=row_count, counts=counts, sums_minor=sums, refused_rows=refused_rows)
