"""Timers of one partition: when a wait is over, a command says so on the log (LIF-10, LIF-12, LIF-13).

Owns the due times of unfinished payouts and the sweep behind them. Acts only by commands: a timer that fires twice, late or in a worker
that has lost its partition changes nothing, because the decision looks again. Must not decide.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable

from domain.book import Book
from domain.payout.state import Payout
from runtime.ids import mint
from schemas.commands import CHUNK_ROWS_MAX, CommandRecord, RetryDue, TimeOutAttempts
from schemas.words import PayoutStatus, Reason

SWEEP_MS = 30_000
GRACE_MS = 10_000


class Timers:
    """A heap of (due time, payout, version); an entry whose version is over is passed by."""

    def __init__(self) -> None:
        """Nothing is due."""
        self._heap: list[tuple[int, str, int]] = []
        self._swept_at = 0

    def note(self, payouts: Iterable[Payout]) -> None:
        """Remember the due times of payouts as they stand now."""
        for payout in payouts:
            if payout.due_at is not None and payout.status is PayoutStatus.PROCESSING:
                heapq.heappush(self._heap, (payout.due_at, payout.id, payout.version))

    def sweep(self, book: Book, now: int) -> None:
        """Every SWEEP_MS look at all payouts in processing for one that is overdue and was missed, so that none is ever lost."""
        if now - self._swept_at >= SWEEP_MS:
            self._swept_at = now
            processing = book.payouts.in_state(PayoutStatus.PROCESSING)
            self.note(p for p in processing if p.due_at is not None and p.due_at + GRACE_MS < now)

    def due(self, book: Book, now: int) -> list[CommandRecord]:
        """The commands for all that is due at `now` (ms UTC), in chunks of one batch; each payout version once."""
        groups: dict[tuple[bool, str, str | None], dict[str, None]] = defaultdict(dict)
        while self._heap and self._heap[0][0] <= now:
            _, payout_id, version = heapq.heappop(self._heap)
            payout = book.payouts.get(payout_id)
            if payout is not None and payout.version == version:
                single = payout.id if payout.batch_id is None else payout.batch_id
                groups[payout.reason is Reason.RETRY, payout.merchant_id, single][payout_id] = None
        return [
            _command(retry, merchant_id, book.payouts[ids[0]].batch_id, ids, now)
            for (retry, merchant_id, _), named in groups.items()
            for ids in _chunks(list(named))
        ]


def _command(retry: bool, merchant_id: str, batch_id: str | None, ids: list[str], now: int) -> CommandRecord:
    kind = RetryDue if retry else TimeOutAttempts
    return CommandRecord(
        id=mint(), merchant_id=merchant_id, at=now, body=kind(payout_ids=ids, batch_id=batch_id), actor="timer"
    )


def _chunks(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + CHUNK_ROWS_MAX] for start in range(0, len(ids), CHUNK_ROWS_MAX))
