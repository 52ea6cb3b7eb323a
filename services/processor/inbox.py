"""What waits for a partition's writer: raw command records as Faust fetched them.

Owns the queue and its back-pressure: when it is full, fetching of this partition stops until it has drained. Must not read a record.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import NamedTuple

TAKE_MAX = 500
TAKE_BYTES_MAX = 8 * 1024 * 1024
"""What is taken at once is written at once: it must fit the broker's time."""
TURNS_APART = 8
"""Faust hands over what it fetched together one by one, about five turns of the loop apart: then nothing more of it comes."""
TURNS_MAX = 64
FULL = 4000
FULL_BYTES = 64 * 1024 * 1024


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
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._full = False
        self._fault: Exception | None = None
        self._on_full, self._on_drained = on_full, on_drained

    def __len__(self) -> int:
        """How many wait."""
        return len(self._records)

    def put(self, record: Waiting) -> None:
        """Take one in. While it is full every record says so again: a rebalance resumes the fetching without asking."""
        self._records.append(record)
        self._bytes += _size(record)
        self._arrived.set()
        if len(self._records) >= FULL or self._bytes >= FULL_BYTES:
            self._full = True
            self._on_full()

    def break_off(self, fault: Exception) -> None:
        """Whoever takes next gets this error instead of records."""
        self._fault = fault
        self._arrived.set()

    async def take(self) -> list[Waiting]:
        """Wait for at least one record and give what came with it, at most TAKE_MAX and about TAKE_BYTES_MAX."""
        while not self._records and self._fault is None:
            self._arrived.clear()
            await self._arrived.wait()
        await self._gather()
        if self._fault is not None:
            fault, self._fault = self._fault, None
            raise fault
        taken = list(self._pop())
        if self._full and len(self._records) <= FULL // 4 and self._bytes <= FULL_BYTES // 4:
            self._full = False
            self._on_drained()
        return taken

    async def _gather(self) -> None:
        """Records that were fetched together shall be decided together: each decision has its price."""
        known, quiet = len(self._records), 0
        for _ in range(TURNS_MAX):
            quiet = quiet + 1 if len(self._records) == known else 0
            if quiet >= TURNS_APART or len(self._records) >= TAKE_MAX or self._fault is not None:
                return
            known = len(self._records)
            await asyncio.sleep(0)

    def _pop(self) -> Iterator[Waiting]:
        most, size = TAKE_MAX, 0
        while self._records and most and size < TAKE_BYTES_MAX:
            record = self._records.popleft()
            most, size = most - 1, size + _size(record)
            self._bytes -= _size(record)
            yield record


def _size(record: Waiting) -> int:
    return len(record.value or b"") + len(record.key or b"")
