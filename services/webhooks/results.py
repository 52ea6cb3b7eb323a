"""What came of tries, written down together: many tries that end at about the same time share one transaction.

Owns waiting for the database. Nothing is kept here longer than its try lasts: who sent waits until it is written, so what waits is bounded
by what is under way. Must not judge an answer.
"""

import asyncio

from runtime import metrics
from runtime.clock import Clock
from runtime.logging import logger
from services.webhooks.database import AWAY
from services.webhooks.judgement import tell
from services.webhooks.queue import Queue, Result

TOGETHER_MAX = 200
AWAY_SECONDS = 0.5
DISABLED_BY = ("failing", "gone")

_log = logger(__name__)


class Results:
    """Collects results; run() writes them."""

    def __init__(self, queue: Queue, clock: Clock) -> None:
        """Nothing is written before run(). What an alert counts stands at 0 from the start: its first rise is one."""
        for why in DISABLED_BY:
            metrics.WEBHOOKS_DISABLED.labels(why)
        self._queue, self._clock = queue, clock
        self._waiting: list[tuple[Result, asyncio.Future[None]]] = []
        self._some = asyncio.Event()

    async def keep(self, result: Result) -> None:
        """Returns once the result is durable (or belongs to somebody else by now)."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((result, written))
        self._some.set()
        await written

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._some.wait()
            part, self._waiting = self._waiting[:TOGETHER_MAX], self._waiting[TOGETHER_MAX:]
            if not self._waiting:
                self._some.clear()
            await self._write([result for result, _ in part])
            for _, written in part:
                if not written.done():
                    written.set_result(None)

    async def _write(self, results: list[Result]) -> None:
        while True:
            try:
                disabled = await self._queue.write(results, self._clock.now_ms())
            except AWAY as error:
                _log.warning("webhooks.results_wait", error=type(error).__name__, count=len(results))
                await asyncio.sleep(AWAY_SECONDS)
            else:
                break
        tell(disabled)
