"""Answers of a moment ago, given again: however many look at a page, the database is asked once.

Owns how long one is good, and that the same is asked for once at a time. What was asked for keeps the freshness it had then. Must not know
what is asked.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from runtime.clock import Clock
from schemas.times import rfc3339
from services.gateway.progress import Progress

GOOD_SECONDS = 2.0
KEPT_MAX = 1000


class Told(NamedTuple):
    """What was found, and when the views last had all events before it was asked (ms UTC)."""

    found: Any
    fresh_at: int
    at: float


class Lately:
    """Keeps the last KEPT_MAX answers for GOOD_SECONDS."""

    def __init__(self, progress: Progress, clock: Clock) -> None:
        """Nothing is kept yet."""
        self._progress, self._clock = progress, clock
        self._kept: OrderedDict[Any, Told] = OrderedDict()
        self._asking: dict[Any, asyncio.Task[Told]] = {}

    async def get(self, key: object, ask: Callable[[], Awaitable[Any]]) -> Told:
        """What `ask` finds, or found a moment ago under this key. Raises what `ask` raises; that is not kept."""
        kept = self._kept.get(key)
        if kept is not None and self._clock.monotonic() - kept.at < GOOD_SECONDS:
            return kept
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(key, ask))
            task.add_done_callback(lambda done: self._done(key, done))
        return await asyncio.shield(task)

    def now_ms(self) -> int:
        """The time by which days and windows are told (ms UTC)."""
        return self._clock.now_ms()

    def freshness(self, fresh_at: int) -> dict[str, object]:
        """`fresh_at` as the member of an answer."""
        now = self._clock.now_ms()
        return {"timestamp": rfc3339(fresh_at), "source": "projection", "max_age_ms": max(now - fresh_at, 0)}

    async def _ask(self, key: object, ask: Callable[[], Awaitable[Any]]) -> Told:
        at, fresh_at = self._clock.monotonic(), int(str(self._progress.freshness()["timestamp_ms"]))
        told = Told(await ask(), fresh_at, at)
        self._kept[key] = told
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return told

    def _done(self, key: object, task: "asyncio.Task[Told]") -> None:
        self._asking.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever waits has it; nobody may be left to
