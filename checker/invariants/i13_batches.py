"""I13, batches: which rows the balance covers at the seal, and what a batch is stopped for (BAT-10, BAT-13).

Owns these two judgements. Must not know how rows move.
"""

from checker.evidence import Record
from checker.fold.book import Book
from checker.fold.names import Json, events_of, row_id
from checker.fold.state import Batch


def wrong_cover(book: Book, event: Json) -> str | None:
    """Funded all or nothing no row waits; as available, per currency, all from the first that does not fit, or all behind a queue."""
    batch = book.batches.get(event["batch_id"])
    if batch is None:
        return None
    told = {run["currency"]: run["first_row"] for run in event.get("waiting") or ()}
    if batch.opened.get("funding", "all_or_nothing") != "as_available":
        return f"rows of {sorted(told)} wait, and it is funded all or nothing" if told else None
    due = _first_waiting(book, batch, event["row_count"])
    return None if told == due else f"the first rows that wait are {told}, the balance gives {due}"


def _first_waiting(book: Book, batch: Batch, row_count: int) -> dict[str, int]:
    """Currency to the first row that does not fit."""
    left: dict[str, int] = {}
    first: dict[str, int] = {}
    for row in range(1, row_count + 1):
        payout = book.payouts.get(row_id(batch.id, row))
        if payout is None or payout.currency in first:
            continue
        place = (batch.merchant, payout.currency)
        have = 0 if book.waiting.get(place, 0) else book.balance(*place, "available")
        left.setdefault(payout.currency, have)
        if payout.total > left[payout.currency]:
            first[payout.currency] = row
        left[payout.currency] -= payout.total
    return first


def wrong_stop(book: Book, record: Record, event: Json, asked: Json) -> str | None:
    """Somebody asked for it, or a row has failed for good and the batch is one that stops for that."""
    body = asked.get("body") or {}
    if body.get("type") == "cancel_batch":
        return None if event.get("detail") == body.get("reason") else "the reason is not the command's"
    batch = book.batches.get(event["batch_id"])
    stops = batch is not None and batch.opened.get("on_row_failure", "continue") == "stop"
    failed = any(
        one.get("type") == "payouts_failed" and one.get("batch_id") == event["batch_id"] for one in events_of(record.value)
    )
    return None if stops and failed else f"nobody asked for it (stops at a failure: {stops}, a row failed: {failed})"
