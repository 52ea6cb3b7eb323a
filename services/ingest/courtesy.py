"""How files give way: while single requests come, chunks of files go one at a time, each after a pause (BAT-15).

Owns when, and how long. A chunk is work for six processes, and a single request waits behind it in each of them: with one on its way,
and half as much time again between two as one takes, it waits behind a small part of one. Without single requests nothing is held
back. Must not know commands or HTTP.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

POLITE_SECONDS = 1.0
"""So long after a single request files give way."""
PAUSE_SECONDS_MAX = 0.25
PAUSES = 1.5
"""A pause is so many times as long as the chunk before it took."""

Decision = asyncio.Future[Any]


class Courtesy:
    """One for all files of this process."""

    def __init__(self) -> None:
        """Nobody has asked for anything."""
        self._until = float("-inf")
        self._turn = asyncio.Lock()
        self._away: set[Decision] = set()
        self._took = 0.0

    def single_came(self) -> None:
        """A single request is here: give way from now on."""
        self._until = _now() + POLITE_SECONDS

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Around the sending of a chunk, first come, first served; it ends with `sent`, or nothing was sent."""
        if not self.is_due:
            yield
            return
        async with self._turn:
            while self._away and self.is_due:
                await asyncio.wait(self._away, timeout=self._until - _now())
            if self.is_due:
                await asyncio.sleep(min(self._took * PAUSES, PAUSE_SECONDS_MAX))
            yield

    def sent(self, decision: Decision) -> None:
        """A chunk went, and this is what will be decided of it."""
        start = _now()
        self._away.add(decision)

        def back(done: Decision) -> None:
            self._away.discard(done)
            self._took = _now() - start

        decision.add_done_callback(back)

    @property
    def is_due(self) -> bool:
        """Whether files give way now."""
        return _now() < self._until


def _now() -> float:
    return asyncio.get_running_loop().time()
