"""What a partition's payouts owe now: which to start, which to send, which to ask about and when.

Owns turning `next_step` into piles and times. Must not call anybody: it is plain data, so fairness and flow control can be tried alone.
"""

import heapq
from collections.abc import Collection, Iterable
from itertools import islice

from domain.book import Book
from domain.payout.next_step import Inquire, Send, StartAttempt, Wait, next_step
from domain.payout.state import UNFINISHED, Payout
from schemas.events import StartedAttempt
from schemas.ids import attempt_reference
from schemas.words import PayoutStatus, Reason
from services.processor.rails.lanes import Lane, Lanes

POLL_WAITS_MS = (1_000, 2_000, 5_000, 15_000)


class Worklist:
    """Piles of one partition. `open` are attempts on the log that wait for an answer, `starting` those asked for."""

    def __init__(self, book: Book, group_max: int = 1) -> None:
        """Empty; look() fills it. With a `group_max` above 1 rows of batches are sent in groups of so many."""
        self._book, self._in_groups = book, group_max > 1
        self.ready = Lanes(group_max)
        self.to_send: dict[str, None] = {}
        self.rows_to_send: dict[str, None] = {}
        self.open: set[str] = set()
        self.starting: set[str] = set()
        self._questions: list[tuple[int, str, int]] = []
        self._scheduled: list[tuple[int, str, int]] = []
        self._polls: dict[str, int] = {}
        self._named: dict[str, StartedAttempt] = {}

    def look(self, payout_ids: Collection[str]) -> None:
        """Look again at payouts that changed; ended ones leave the book."""
        self.starting.difference_update(payout_ids)
        self.open.difference_update(payout_ids)
        self._look_at(self._book.payouts.each(payout_ids))

    def look_at_all(self) -> None:
        """Look at the whole book for the first time."""
        self._look_at(self._book.payouts.values())

    def _look_at(self, payouts: Iterable[Payout]) -> None:
        for payout in payouts:
            if payout.status in UNFINISHED:
                self._place(payout)
            else:
                del self._book.payouts[payout.id]
                self._polls.pop(payout.id, None)
                self._named.pop(payout.id, None)

    def _place(self, payout: Payout) -> None:
        batch = self._book.batches.get(payout.batch_id) if payout.batch_id else None
        match next_step(payout, batch):
            case Send():
                self.open.add(payout.id)
                pile = self.rows_to_send if self._in_groups and payout.batch_id is not None else self.to_send
                pile[payout.id] = None
            case StartAttempt():
                self.ready.put(_lane(payout), [payout.id])
            case Wait(reason=Reason.SCHEDULE, until=int(until)):
                heapq.heappush(self._scheduled, (until, payout.id, payout.version))
            case Inquire(at=int(at)):
                wait = self._poll_wait(payout.id) if payout.status is PayoutStatus.PROCESSING else 0
                heapq.heappush(self._questions, (at + wait, payout.id, payout.version))
            case _:
                pass

    def name(self, attempts: Iterable[StartedAttempt]) -> None:
        """Keep the references that the log names for open attempts, until they are sent or their payouts end."""
        self._named.update((attempt.payout_id, attempt) for attempt in attempts if attempt.payout_id in self.open)

    def take_reference(self, payout: Payout) -> str:
        """The reference of the payout's attempt: the one on the log at its first send, made anew (the same) later."""
        named = self._named.pop(payout.id, None)
        if named is not None and named.attempt == payout.attempt_count:
            return named.reference
        return attempt_reference(payout.id, payout.attempt_count)

    def poll_again(self, payout: Payout, now: int) -> None:
        """An inquiry brought no news, or did not get through: ask again after the next wait."""
        heapq.heappush(self._questions, (now + self._poll_wait(payout.id), payout.id, payout.version))

    def start_later(self, payout_ids: Iterable[str], at: int) -> None:
        """A start was passed over, since the writer's clock was behind ours or for another reason: try it again at `at` (ms UTC)."""
        for payout_id in payout_ids:
            payout = self._book.payouts.get(payout_id)
            if payout is not None and _may_start(payout):
                heapq.heappush(self._scheduled, (at, payout_id, payout.version))

    def _poll_wait(self, payout_id: str) -> int:
        polls = self._polls.get(payout_id, 0)
        self._polls[payout_id] = polls + 1
        return POLL_WAITS_MS[min(polls, len(POLL_WAITS_MS) - 1)]

    def release(self, now: int) -> None:
        """Scheduled payouts whose time has come go to their lane."""
        while (payout := self._next(self._scheduled, now)) is not None:
            if _may_start(payout):
                self.ready.put(_lane(payout), [payout.id])

    def due(self, now: int, most: int) -> list[Payout]:
        """Payouts to ask about now, at most `most`; the others stay due."""
        asked: list[Payout] = []
        while len(asked) < most and (payout := self._next(self._questions, now)) is not None:
            asked.append(payout)
        return asked

    def _next(self, heap: list[tuple[int, str, int]], now: int) -> Payout | None:
        """The next payout that is due and has not moved on."""
        while heap and heap[0][0] <= now:
            _, payout_id, version = heapq.heappop(heap)
            payout = self._book.payouts.get(payout_id)
            if payout is not None and payout.version == version:
                return payout
        return None

    def take_sends(self) -> list[Payout]:
        """The attempts to send now, each once."""
        taken, self.to_send = self.to_send, {}
        return [self._book.payouts[payout_id] for payout_id in taken if payout_id in self.open]

    def take_group(self, most: int) -> list[Payout]:
        """Rows to send by one call, each once, in the order they were opened."""
        while self.rows_to_send:
            taken = list(islice(self.rows_to_send, most))
            for payout_id in taken:
                del self.rows_to_send[payout_id]
            if still := [self._book.payouts[payout_id] for payout_id in taken if payout_id in self.open]:
                return still
        return []

    def take_ready(self, most: int) -> tuple[Lane, list[str]] | None:
        """Payouts to start, of one lane; those that have moved on meanwhile, or wait for funds, are passed over."""
        taken = self.ready.take(most)
        if taken is None:
            return None
        lane, payout_ids = taken
        payouts = self._book.payouts.at_hand(payout_ids)
        still = [i for i in payout_ids if (p := payouts.get(i)) is not None and _may_start(p)]
        self.starting.update(still)
        return lane, still

    @property
    def in_flight(self) -> int:
        """Attempts asked for or open."""
        return len(self.open) + len(self.starting)


def _may_start(payout: Payout) -> bool:
    """What waits for funds is never asked for; it comes again once it is funded."""
    return payout.status is PayoutStatus.PENDING and payout.reason is not Reason.FUNDS


def _lane(payout: Payout) -> Lane:
    return payout.merchant_id, payout.batch_id
