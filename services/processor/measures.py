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

PROCESSING, COMPLETED = PayoutStatus.PROCESSING, PayoutStatus.COMPLETED


def count(book: Book, record: EventRecord, touched: Collection[str]) -> list[Payout]:
    """Count one record, the rows that are new in it and the moves; returns the touched payouts in processing, as they stand now."""
    metrics.COMMANDS.labels(record.command_type, record.outcome).inc()
    states = Counter({PayoutStatus.PENDING: sum(len(event.rows) for event in record.events if isinstance(event, RowsAdded))})
    processing = list[Payout]()
    for payouts in book.payouts.chunks(touched):
        here = Counter([payout.status for payout in payouts])
        states.update(here)
        if COMPLETED in here:
            _time(record.at, [payout.created_at for payout in payouts if payout.status is COMPLETED])
        if PROCESSING in here:
            processing += [payout for payout in payouts if payout.status is PROCESSING]
    for status, moves in (+states).items():
        metrics.PAYOUTS.labels(status).inc(moves)
    return processing


def _time(paid_at: int, created_at: list[int]) -> None:
    """How long payouts took that were paid now; those of a file came in a few hundred at a time."""
    for at, times in Counter(created_at).items():
        metrics.END_TO_END.observe((paid_at - at) / 1000, times)
