"""What each fact adds to the figures: counts and sums per quarter of an hour, the time to paid, rows of batches by state (CON-01, CON-20).

Everything follows from the event record itself, so a rebuild gives the same figures (RUN-25), and the work is per event, not per payout.
Sums have no bound that a column of 64 bits would keep: they are numeric. Must not know SQL, or who looks at figures.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from domain.figures import ID_HEAD, Word, asked_at, quarter_of, within
from schemas import events
from schemas.events import EventRecord, Posting, TotalsDelta
from schemas.words import HELD, EntryType, PayoutStatus
from services.projector.changes import Changes
from services.projector.copy_text import storable


class Tally:
    """The figures of one record while they are added."""

    __slots__ = ("_changes", "_merchant_id", "at", "starts_at")

    def __init__(self, changes: Changes, record: EventRecord) -> None:
        """Adds to `changes`."""
        self._changes, self._merchant_id = changes, record.merchant_id
        self.at, self.starts_at = record.at, quarter_of(record.at)

    def add(
        self, word: Word, count: int, *, currency: str = "", amount_minor: int = 0, provider: str = "", code: str = ""
    ) -> None:
        """So many more, worth so much."""
        key = (self._merchant_id, self.starts_at, word.value, storable(provider), currency, storable(code))
        cell = self._changes.figures.setdefault(key, [0, 0])
        cell[0] += count
        cell[1] += amount_minor

    def took(self, provider: str, payout_ids: Iterable[str]) -> None:
        """How long these payouts took to be paid. Rows of a batch share the part of their ids that holds the time."""
        for head, number in Counter(payout_id[:ID_HEAD] for payout_id in payout_ids).items():
            asked = asked_at(head)
            if asked is not None:
                key = (self._merchant_id, self.starts_at, storable(provider), within(self.at - asked))
                self._changes.paid_times[key] = self._changes.paid_times.get(key, 0) + number

    def move(self, totals: Iterable[TotalsDelta]) -> None:
        """Rows of batches went from state to state."""
        for delta in totals:
            self.stand(delta.status, delta.currency, delta.count, delta.amount_minor)

    def stand(self, status: PayoutStatus, currency: str, count: int, amount_minor: int) -> None:
        """So many more are in a state."""
        cell = self._changes.row_states.setdefault((self._merchant_id, currency, status.value), [0, 0])
        cell[0] += count
        cell[1] += amount_minor


def count(changes: Changes, record: EventRecord) -> None:
    """Add what one record says."""
    tally = Tally(changes, record)
    for event in record.events:
        writer = _WRITERS.get(type(event))
        if writer is not None:
            writer(tally, event)
        tally.move(getattr(event, "totals", ()))


def _accepted(tally: Tally, event: events.PayoutAccepted) -> None:
    tally.add(Word.ACCEPTED, 1, currency=event.form.currency, amount_minor=event.form.amount_minor)


def _rejected(tally: Tally, event: events.PayoutRejected) -> None:
    form = event.form
    tally.add(Word.REJECTED, 1, currency=form.currency, amount_minor=form.amount_minor, code=event.code)
    tally.stand(PayoutStatus.REJECTED, form.currency, 1, form.amount_minor)


def _rows_added(tally: Tally, event: events.RowsAdded) -> None:
    for delta in event.totals:
        tally.add(Word.ACCEPTED, delta.count, currency=delta.currency, amount_minor=delta.amount_minor)


def _completed(tally: Tally, event: events.PayoutsCompleted) -> None:
    _ended(tally, event, Word.PAID, PayoutStatus.COMPLETED, _sums(event.postings, EntryType.PAYOUT_COMPLETED))
    tally.took(event.provider, (item.payout_id for item in event.payouts))


def _failed(tally: Tally, event: events.PayoutsFailed) -> None:
    _ended(tally, event, Word.FAILED, PayoutStatus.FAILED, _sums(event.postings, EntryType.PAYOUT_RELEASE))
    for code, number in Counter(item.code for item in event.payouts).items():
        tally.add(Word.FAILED, number, provider=event.provider, code=code)


def _ended(
    tally: Tally,
    event: events.PayoutsCompleted | events.PayoutsFailed,
    word: Word,
    status: PayoutStatus,
    sums: dict[str, int],
) -> None:
    """Count payouts that ended; those of a batch are moved by its totals."""
    for currency, number in _counts(event, status, sums).items():
        amount = sums.get(currency, 0)
        tally.add(word, number, currency=currency, amount_minor=amount, provider=event.provider)
        if event.batch_id is None:
            tally.stand(status, currency, number, amount)


def _unknown(tally: Tally, event: events.OutcomesUnknown) -> None:
    for code, number in Counter(item.code for item in event.payouts if not item.inquiry).items():
        tally.add(Word.UNKNOWN, number, provider=event.provider, code=code)


def _canceled(tally: Tally, event: events.PayoutCanceled) -> None:
    """One that waited for funds had no hold, so its event says no currency."""
    tally.add(Word.CANCELED, 1)
    if event.batch_id is None:
        currency, amount = next(iter(_sums(event.postings, EntryType.PAYOUT_RELEASE).items()), ("", 0))
        tally.stand(PayoutStatus.CANCELED, currency, 1, amount)


def _rows_canceled(tally: Tally, event: events.BatchRefused | events.BatchCanceled | events.BatchStopped) -> None:
    if event.row_count:
        code = None if isinstance(event, events.BatchCanceled) else event.code
        tally.add(Word.CANCELED, event.row_count, code=code or "")


def _sums(postings: Iterable[Posting], entry_type: EntryType) -> dict[str, int]:
    """What left `held` by this kind of entry, per currency."""
    found: dict[str, int] = {}
    for posting in postings:
        if posting.entry_type is entry_type and posting.account == HELD:
            found[posting.currency] = found.get(posting.currency, 0) - posting.amount_minor
    return found


def _counts(
    event: events.PayoutsCompleted | events.PayoutsFailed, status: PayoutStatus, sums: dict[str, int]
) -> dict[str, int]:
    """How many of each currency: a batch's event says so; the payouts of another are of the one currency of its postings."""
    told = {delta.currency: delta.count for delta in event.totals if delta.status is status}
    return told or {next(iter(sums), ""): len(event.payouts)}


_WRITERS: dict[type, Callable[[Tally, Any], None]] = {
    events.PayoutAccepted: _accepted,
    events.PayoutRejected: _rejected,
    events.RowsAdded: _rows_added,
    events.PayoutsCompleted: _completed,
    events.PayoutsFailed: _failed,
    events.OutcomesUnknown: _unknown,
    events.PayoutCanceled: _canceled,
    events.BatchRefused: _rows_canceled,
    events.BatchCanceled: _rows_canceled,
    events.BatchStopped: _rows_canceled,
}
