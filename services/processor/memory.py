"""What a writer remembers of its partition, and what it may forget.

Owns the book with its position, and eviction: what has ended leaves memory only once the projection has passed its last event, so that
memory and projection together always know everything. Must not read the projection itself.
"""

from collections import deque
from collections.abc import Hashable, Iterable

from domain.evolve import evolve
from domain.payout.state import UNFINISHED
from schemas.events import BatchCanceled, BatchRefused, BatchReleased, EventRecord, MerchantCredited
from services.processor.checkpoint import Checkpoint

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
        self._passed_at: dict[Hashable, int] = {}
        self._queue: deque[tuple[int, Hashable]] = deque()
        self._ended_batches: dict[str, None] = {}

    def fold(self, record: EventRecord) -> list[str]:
        """Apply one record that stands, or is about to stand, on the log; returns the payouts it touched."""
        return evolve(self.book, record)

    def stand(self, record: EventRecord, touched: Iterable[str], offset: int) -> None:
        """The folded record stands at `offset` for good: go on behind it, and let go of what it ended once that is projected."""
        self.next_source, self.next_offset = record.source_offset + 1, offset + 1
        for name in self._forgettable(record, touched):
            self._mark(name, offset)

    def visit(self, names: Iterable[Hashable]) -> None:
        """What was fetched from the projection may be forgotten at the next occasion, unless it changes before."""
        for name in names:
            if name not in self._passed_at:
                self._mark(name, -1)

    def forget(self, projected: int) -> int:
        """Drop what has ended before the projection's next offset; returns how many were dropped."""
        dropped, self.forgotten_to = 0, max(projected, self.forgotten_to)
        while self._queue and self._queue[0][0] < projected:
            offset, name = self._queue.popleft()
            if self._passed_at.get(name) == offset:
                del self._passed_at[name]
                dropped += self._drop(name)
        return dropped

    def _mark(self, name: Hashable, offset: int) -> None:
        self._passed_at[name] = offset
        if offset < 0:
            self._queue.appendleft((offset, name))
        else:
            self._queue.append((offset, name))

    def _forgettable(self, record: EventRecord, touched: Iterable[str]) -> Iterable[Hashable]:
        for payout_id in touched:
            payout = self.book.payouts[payout_id]
            if payout.status not in UNFINISHED:
                yield "payouts", payout_id
            if payout.reference is not None:
                yield "references", (record.merchant_id, payout.reference)
        if record.remember is not None:
            yield "keys", (record.merchant_id, record.remember.key)
        for event in record.events:
            if isinstance(event, MerchantCredited):
                yield "credits", (record.merchant_id, event.reference)
            elif isinstance(event, BatchReleased | BatchRefused | BatchCanceled):
                yield "batches", event.batch_id

    def _drop(self, name: Hashable) -> int:
        assert isinstance(name, tuple)
        kind, key = name
        if kind == "batches":
            return self._drop_oldest_batch(key)
        if kind == "payouts" and self._is_unfinished(key):
            return 0
        return int(getattr(self.book, kind).pop(key, None) is not None)

    def _drop_oldest_batch(self, ended: str) -> int:
        self._ended_batches[ended] = None
        if len(self._ended_batches) <= ENDED_BATCHES_KEPT:
            return 0
        oldest = next(iter(self._ended_batches))
        del self._ended_batches[oldest]
        return int(self.book.batches.pop(oldest, None) is not None)

    def _is_unfinished(self, payout_id: str) -> bool:
        """What is unfinished stays, unless it was fetched only because somebody named another partition's payout."""
        payout = self.book.payouts.get(payout_id)
        return payout is not None and payout.status in UNFINISHED and payout.merchant_id in self.book.merchants
