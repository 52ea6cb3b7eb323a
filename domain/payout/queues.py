"""The queues of those who wait for funds: who stands in which, since when (LIF-04, OPS-05).

Owns the order: by the time from which one waits, then id. A payout of its own has a place; the waiting rows of a batch share one per
currency, by the time of the seal, so that a million of them take no more room than one. Must not know why money becomes available.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from operator import attrgetter

from msgspec import structs

from domain.book import Batch, Book, Waiter
from domain.payout.state import Payout
from schemas.events import RowRun
from schemas.words import PayoutStatus, Reason

_order = attrgetter("since", "id")


def enqueue(book: Book, payout: Payout, since: int) -> None:
    """Put a payout that waits since `since` (ms UTC) into its queue; one of no batch that is in it stays where it is."""
    queue = book.waiting.setdefault((payout.merchant_id, payout.currency), [])
    own = payout.batch_id or payout.id
    place = bisect_left(queue, (since, own), key=_order)
    known = queue[place] if queue[place : place + 1] and _order(queue[place]) == (since, own) else None
    if payout.batch_id is None:
        queue[place:place] = [Waiter(since=since, id=own)] if known is None else []
        return
    row = payout.row or 0
    if known is None:
        queue.insert(place, Waiter(since=since, id=own, rows=1, first_row=row, last_row=row))
    else:
        first, last = min(known.first_row, row), max(known.last_row, row)
        queue[place] = structs.replace(known, rows=known.rows + 1, first_row=first, last_row=last)


def enqueue_rows(book: Book, merchant_id: str, run: RowRun, since: int) -> None:
    """Put the rows of a run, which wait from now on, into their queue."""
    queue = book.waiting.setdefault((merchant_id, run.currency), [])
    waiter = Waiter(since=since, id=run.batch_id, rows=run.count, first_row=run.first_row, last_row=run.last_row)
    queue.insert(bisect_left(queue, _order(waiter), key=_order), waiter)


def leave(book: Book, payout: Payout) -> int:
    """Take a payout out of its queue, and say since when (ms UTC) it stood there; 0 for one that does not wait, which is no error."""
    if payout.reason is not Reason.FUNDS:
        return 0
    found = place_of(book, payout)
    if found is None:
        return 0
    behind = payout.row or 0 if payout.row == found.first_row else 0
    _shrink(book, (payout.merchant_id, payout.currency), found, 1, behind=behind)
    return found.since


def leave_all(book: Book, payouts: Iterable[Payout]) -> None:
    """The same for many of no batch at once, in one pass over each queue."""
    gone: dict[tuple[str, str], set[str]] = {}
    for payout in payouts:
        gone.setdefault((payout.merchant_id, payout.currency), set()).add(payout.id)
    for key, ids in gone.items():
        _keep(book, key, [waiter for waiter in book.waiting.get(key, ()) if waiter.id not in ids])


def leave_rows(book: Book, merchant_id: str, run: RowRun) -> None:
    """Take the rows of a run, before which none waits, out of their queue."""
    key = merchant_id, run.currency
    for waiter in book.waiting.get(key, ()):
        if waiter.id == run.batch_id:
            _shrink(book, key, waiter, run.count, behind=run.last_row)
            return


def leave_batch(book: Book, merchant_id: str, batch_id: str) -> None:
    """Take all rows of a batch out of all queues of its merchant."""
    for key in [key for key in book.waiting if key[0] == merchant_id]:
        _keep(book, key, [waiter for waiter in book.waiting[key] if waiter.id != batch_id])


def date_queues(book: Book) -> None:
    """Rows that were put in without a time wait since their batch was released: known once the batches are in the book."""
    for queue in book.waiting.values():
        for place, waiter in enumerate(queue):
            if waiter.rows and not waiter.since and (batch := book.batches.get(waiter.id)) is not None:
                queue[place] = structs.replace(waiter, since=batch.released_at or 0)
        queue.sort(key=_order)


def place_of(book: Book, payout: Payout) -> Waiter | None:
    """The place that a waiting payout stands at, alone or with other rows of its batch."""
    own = payout.batch_id or payout.id
    queue = book.waiting.get((payout.merchant_id, payout.currency), ())
    return next((waiter for waiter in queue if waiter.id == own), None)


def rows_in_queue(book: Book, batch: Batch) -> int:
    """How many rows of a batch wait for funds."""
    queues = (queue for (merchant_id, _), queue in book.waiting.items() if merchant_id == batch.merchant_id)
    return sum(waiter.rows for queue in queues for waiter in queue if waiter.id == batch.id)


def members(book: Book, waiter: Waiter, currency: str) -> Iterator[Payout]:
    """The payouts that stand at a place of the queue of `currency`, in order."""
    if waiter.rows:
        yield from waiting_rows(book, waiter.id, currency, waiter.first_row, waiter.last_row)
    else:
        yield book.payouts[waiter.id]


def waiting_rows(book: Book, batch_id: str, currency: str, first_row: int, last_row: int) -> Iterator[Payout]:
    """The rows of a batch that wait for funds in a currency, in order; they may be changed as they come."""
    for payout in book.payouts.rows(batch_id, first_row, last_row, PayoutStatus.PENDING):
        if payout.currency == currency and payout.reason is Reason.FUNDS:
            yield payout


def _shrink(book: Book, key: tuple[str, str], waiter: Waiter, count: int, *, behind: int = 0) -> None:
    """So many less wait, the first of them behind the row `behind` if that is given.

    The place names the very first row: it is sought once here, and not by every decision that looks at the queue.
    """
    queue = book.waiting[key]
    place = queue.index(waiter)
    if waiter.rows > count:
        left = waiting_rows(book, waiter.id, key[1], behind + 1, waiter.last_row) if behind else iter(())
        first = next((payout.row or 0 for payout in left), waiter.first_row)
        queue[place] = structs.replace(waiter, rows=waiter.rows - count, first_row=first)
    else:
        _keep(book, key, queue[:place] + queue[place + 1 :])


def _keep(book: Book, key: tuple[str, str], staying: list[Waiter]) -> None:
    """An empty queue is no queue."""
    if staying:
        book.waiting[key] = staying
    else:
        book.waiting.pop(key, None)
