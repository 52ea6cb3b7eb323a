"""What waits for a partition's writer: raw command records as Faust fetched them.

Owns the queue and its back-pressure: when it is full, fetching of this partition stops until it has drained. Must not read a record.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

TAKE_MAX = 500
FULL = 4000
DRAINED = 1000


class Waiting(NamedTuple):
    """One record of `payouts.commands`."""

    offset: int
    key: bytes | None
    value: bytes | None


class Inbox:
    """First in, first out. `on_full` and `on_drained` stop and resume the fetching."""

    def __init__(self, on_full: Callable[[], None], on_drained: Callable[[], None]) -> None:
        """Empty."""
        self._records: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._full = False
        self._on_full, self._on_drained = on_full, on_drained

    def __len__(self) -> int:
        """How many wait."""
        return len(self._records)

    def put(self, record: Waiting) -> None:
        """Take one in."""
        self._records.append(record)
        self._arrived.set()
        if not self._full and len(self._records) >= FULL:
            self._full = True
            self._on_full()

    async def take(self) -> list[Waiting]:
        """Wait for at least one record and give what is there, at most TAKE_MAX."""
        while not self._records:
            self._arrived.clear()
            await self._arrived.wait()
        taken = [self._records.popleft() for _ in range(min(TAKE_MAX, len(self._records)))]
        if self._full and len(self._records) <= DRAINED:
            self._full = False
            self._on_drained()
        return taken
