"""Timers of one partition: when a wait is over, a command says so on the log (LIF-10, LIF-12, LIF-13).

Owns the due times of unfinished payouts and the sweep behind them. Acts only by commands: a timer that fires twice, late or in a worker
that has lost its partition changes nothing, because the decision looks again. Must not decide.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from domain.book import Book
from domain.payout.state import Payout
from runtime.ids import mint
from schemas.commands import CHUNK_ROWS_MAX, CommandRecord, RetryDue, TimeOutAttempts
from schemas.words import PayoutStatus, Reason

SWEEP_MS = 30_000
GRACE_MS = 10_000


class Timers:
    """A heap of (due time, payouts and versions): what begins together is due together. A payout whose version is over is passed by."""

    def __init__(self) -> None:
        """Nothing is due."""
        self._heap: list[tuple[int, list[tuple[str, int]]]] = []
        self._swept_at = 0

    def note(self, payouts: Iterable[Payout]) -> None:
        """Remember the due times of payouts as they stand now."""
        processing = PayoutStatus.PROCESSING
        for due_at, run in groupby(payouts, attrgetter("due_at")):
            named = [(payout.id, payout.version) for payout in run if payout.status is processing]
            if due_at is not None and named:
                heapq.heappush(self._heap, (due_at, named))

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
            for payout in _standing(book, heapq.heappop(self._heap)[1]):
                single = payout.id if payout.batch_id is None else payout.batch_id
                groups[payout.reason is Reason.RETRY, payout.merchant_id, single][payout.id] = None
        return [
            _command(retry, merchant_id, book.payouts[ids[0]].batch_id, ids, now)
            for (retry, merchant_id, _), named in groups.items()
            for ids in _chunks(list(named))
        ]


def _standing(book: Book, named: list[tuple[str, int]]) -> list[Payout]:
    """Those of these payouts that still stand at these versions."""
    payouts = book.payouts.at_hand([payout_id for payout_id, _ in named])
    found = [(payouts.get(payout_id), version) for payout_id, version in named]
    return [payout for payout, version in found if payout is not None and payout.version == version]


def _command(retry: bool, merchant_id: str, batch_id: str | None, ids: list[str], now: int) -> CommandRecord:
    kind = RetryDue if retry else TimeOutAttempts
    return CommandRecord(
        id=mint(), merchant_id=merchant_id, at=now, body=kind(payout_ids=ids, batch_id=batch_id), actor="timer"
    )


def _chunks(ids: list[str]) -> Iterable[list[str]]:
    return (ids[start : start + CHUNK_ROWS_MAX] for start in range(0, len(ids), CHUNK_ROWS_MAX))
