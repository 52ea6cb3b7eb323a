"""What the processor counts of its decisions.

Owns the step from a decided record to metrics. Must not change anything.
"""

from collections import Counter
from collections.abc import Collection

from domain.book import Book
from domain.payout.state import Payout
from runtime import metrics
from schemas.events import EventRecord, RowsAdded
from schemas.words import PayoutStatus


def count(book: Book, record: EventRecord, touched: Collection[str]) -> list[Payout]:
    """Count one record, the rows that are new in it and the moves; returns the touched payouts in processing, as they stand now."""
    metrics.COMMANDS.labels(record.command_type, record.outcome).inc()
    states = [PayoutStatus.PENDING for event in record.events if isinstance(event, RowsAdded) for _ in event.rows]
    processing = []
    for payout in book.payouts.each(touched):
        states.append(payout.status)
        if payout.status is PayoutStatus.COMPLETED:
            metrics.END_TO_END.observe((record.at - payout.created_at) / 1000)
        elif payout.status is PayoutStatus.PROCESSING:
            processing.append(payout)
    for status, moves in Counter(states).items():
        metrics.PAYOUTS.labels(status).inc(moves)
    return processing
