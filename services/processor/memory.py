"""What a writer remembers of its partition, and what it may forget.

Owns the book with its position, and eviction: what has ended leaves memory only once the projection has passed its last event, so that
memory and projection together always know everything. Must not read the projection itself.
"""

from collections import deque
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Any

from domain.evolve import evolve
from domain.payout.state import UNFINISHED
from schemas.events import (
    BatchCanceled,
    BatchRefused,
    BatchReleased,
    EventRecord,
    MerchantCredited,
    PayoutAccepted,
    RowsAdded,
)
from services.processor.checkpoint import Checkpoint

KINDS = ("payouts", "references", "keys", "credits", "batches")
"""What may be forgotten, by the names that the book has for it."""
FETCHED = -1
"""In place of an offset: it came from the projection, so the projection has it."""
ENDED_BATCHES_KEPT = 10_000
"""Their rows still name them for long; beyond so many the oldest are fetched again when they are named."""


class Memory:
    """A book, the source offset expected next (`next_source`) and the events offset to read next (`next_offset`)."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Starts from a checkpoint."""
        self.book = checkpoint.book
        self.next_source = checkpoint.next_source
        self.next_offset = checkpoint.next_offset
        self.forgotten_to = 0
        """The projection was seen at this events offset when something was forgotten: it must never be read at an older one."""
        self._passed_at: dict[str, dict[Hashable, int]] = {kind: {} for kind in KINDS}
        self._queue: deque[tuple[int, str, Sequence[Hashable]]] = deque()
        self._ended_batches: dict[str, None] = {}

    def fold(self, record: EventRecord) -> list[str]:
        """Apply one record that stands, or is about to stand, on the log; returns the payouts it touched."""
        return evolve(self.book, record)

    def stand(self, record: EventRecord, touched: Collection[str], offset: int) -> None:
        """The folded record stands at `offset` for good: go on behind it, and let go of what it ended once that is projected."""
        self.next_source, self.next_offset = record.source_offset + 1, offset + 1
        for kind, keys in self._forgettable(record, touched):
            self._mark(kind, keys, offset)

    def visit(self, names: Iterable[tuple[str, Hashable]]) -> None:
        """What was fetched from the projection may be forgotten at the next occasion, unless it changes before."""
        for kind, key in names:
            if key not in self._passed_at[kind]:
                self._mark(kind, [key], FETCHED)

    def forget(self, projected: int) -> int:
        """Drop what has ended before the projection's next offset; returns how many were dropped."""
        dropped, self.forgotten_to = 0, max(projected, self.forgotten_to)
        while self._queue and self._queue[0][0] < projected:
            offset, kind, keys = self._queue.popleft()
            passed_at = self._passed_at[kind]
            gone = [key for key in keys if passed_at.get(key) == offset]
            for key in gone:
                del passed_at[key]
            dropped += self._drop(kind, gone)
        return dropped

    def _mark(self, kind: str, keys: Sequence[Hashable], offset: int) -> None:
        self._passed_at[kind].update(dict.fromkeys(keys, offset))
        if offset == FETCHED:
            self._queue.appendleft((offset, kind, keys))
        else:
            self._queue.append((offset, kind, keys))

    def _forgettable(self, record: EventRecord, touched: Collection[str]) -> Iterable[tuple[str, Sequence[Hashable]]]:
        """What the record ends, and references that it brings: they never change, so the projection knows all of them by then."""
        merchant_id = record.merchant_id
        chunks = self.book.payouts.chunks(touched)
        if ended := [payout.id for payouts in chunks for payout in payouts if payout.status not in UNFINISHED]:
            yield "payouts", ended
        if record.remember is not None:
            yield "keys", [(merchant_id, record.remember.key)]
        for event in record.events:
            match event:
                case RowsAdded():
                    yield "references", [(merchant_id, form.reference) for form in event.rows if form.reference is not None]
                case PayoutAccepted():
                    yield "references", [(merchant_id, event.form.reference)]
                case MerchantCredited():
                    yield "credits", [(merchant_id, event.reference)]
                case BatchReleased() | BatchRefused() | BatchCanceled():
                    yield "batches", [event.batch_id]

    def _drop(self, kind: str, keys: Sequence[Any]) -> int:
        if kind == "batches":
            return sum(self._drop_oldest_batch(key) for key in keys)
        if kind == "payouts":
            return self._drop_payouts(keys)
        known = getattr(self.book, kind)
        return sum(known.pop(key, None) is not None for key in keys)

    def _drop_oldest_batch(self, ended: str) -> int:
        self._ended_batches[ended] = None
        if len(self._ended_batches) <= ENDED_BATCHES_KEPT:
            return 0
        oldest = next(iter(self._ended_batches))
        del self._ended_batches[oldest]
        return int(self.book.batches.pop(oldest, None) is not None)

    def _drop_payouts(self, payout_ids: Sequence[str]) -> int:
        """What is unfinished stays, unless it was fetched only because somebody named another partition's payout."""
        payouts, merchants = self.book.payouts, self.book.merchants
        before = len(payouts)
        for payout_id in payouts.drop(payout_ids, UNFINISHED):
            if payouts[payout_id].merchant_id not in merchants:
                del payouts[payout_id]
        return before - len(payouts)
