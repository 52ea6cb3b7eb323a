"""Rows that an event is about without naming each: they follow from the batch as it stood before (BAT-10, BAT-13).

Owns which rows those are, in order. Must not change anything.
"""

from collections.abc import Iterator

from checker.fold.book import Book
from checker.fold.names import Json, items, row_id
from checker.fold.state import Payout


def moved(book: Book, event: Json) -> list[Json]:
    """One item per payout the event moves, as `items` has them, and the rows that it means, each at its next version."""
    found = items(event)
    for payout in meant(book, event):
        found.append({"payout_id": payout.id, "version": payout.version + 1})
    return found


def meant(book: Book, event: Json) -> Iterator[Payout]:
    """The rows: of runs that wait or are funded, or all of a stopped batch that are pending."""
    match event.get("type"):
        case "batch_released":
            for run in event.get("waiting") or ():
                yield from _run(book, run, None)
        case "payouts_funded":
            for run in event.get("runs") or ():
                yield from _run(book, run, "funds")
        case "batch_stopped":
            batch = book.batches.get(event["batch_id"])
            last = batch.row_count if batch is not None else 0
            yield from (row for row in _rows(book, event["batch_id"], 1, last) if row.status == "pending")


def _run(book: Book, run: Json, reason: str | None) -> Iterator[Payout]:
    for row in _rows(book, run["batch_id"], run["first_row"], run["last_row"]):
        if (row.currency, row.status, row.reason) == (run["currency"], "pending", reason):
            yield row


def _rows(book: Book, batch_id: str, first: int, last: int) -> Iterator[Payout]:
    for number in range(first, last + 1):
        payout = book.payouts.get(row_id(batch_id, number))
        if payout is not None:
            yield payout
