"""Payouts free to be sent, in lanes, taken in turn (BAT-15).

Owns fairness: a batch is one lane, a merchant's single payouts are one, and each lane gives a part before the next one is asked. Must not
know what becomes of what it gives.
"""

from collections import deque
from collections.abc import Iterable

LANE_PART = 100

Lane = tuple[str, str | None]
"""Merchant and batch; no batch for single payouts."""


class Lanes:
    """First in, first out within a lane; lanes in turn."""

    def __init__(self, rows_part: int = LANE_PART) -> None:
        """Empty. A batch gives `rows_part` in its turn, if that is more than LANE_PART: what one call to the provider takes."""
        self._rows_part = max(LANE_PART, rows_part)
        self._lanes: dict[Lane, deque[str]] = {}
        self._turn: deque[Lane] = deque()
        self.count = 0

    def put(self, lane: Lane, payout_ids: Iterable[str]) -> None:
        """Add payouts at the end of their lane."""
        queue = self._lanes.get(lane)
        if queue is None:
            queue = self._lanes[lane] = deque()
            self._turn.append(lane)
        before = len(queue)
        queue.extend(payout_ids)
        self.count += len(queue) - before

    def take(self, most: int) -> tuple[Lane, list[str]] | None:
        """At most `most` payouts of the lane whose turn it is, or None when all are empty."""
        if not self._turn or most <= 0:
            return None
        lane = self._turn.popleft()
        queue = self._lanes[lane]
        part = LANE_PART if lane[1] is None else self._rows_part
        taken = [queue.popleft() for _ in range(min(most, part, len(queue)))]
        self.count -= len(taken)
        if queue:
            self._turn.append(lane)
        else:
            del self._lanes[lane]
        return lane, taken
