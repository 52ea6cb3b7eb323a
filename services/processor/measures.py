"""What the processor counts of its decisions.

Owns the step from a decided record to metrics. Must not change anything.
"""

from collections import Counter
from collections.abc import Iterable

from domain.book import Book
from domain.payout.state import Payout
from runtime import metrics
from schemas.events import EventRecord
from schemas.words import PayoutStatus


def count(book: Book, record: EventRecord, touched: Iterable[str]) -> list[Payout]:
    """Count one record and the moves in it; returns the touched payouts as they stand now."""
    metrics.COMMANDS.labels(record.command_type, record.outcome).inc()
    payouts = [book.payouts[payout_id] for payout_id in touched]
    for status, moves in Counter(payout.status for payout in payouts).items():
        metrics.PAYOUTS.labels(status).inc(moves)
    for payout in payouts:
        if payout.status is PayoutStatus.COMPLETED:
            metrics.END_TO_END.observe((record.at - payout.created_at) / 1000)
    return payouts
