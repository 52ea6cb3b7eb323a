"""Committed offsets: a hint for lag tools and a short re-read, a proof of membership, and the pulse of Faust's consumer thread.

Owns the commits. The truth is on the events topic; a commit only ever trails it. A consumer thread was once seen hanging after a broker's
death, so a process that cannot commit for DEAD_SECONDS ends itself and the supervisor starts it again (DESIGN section 7, trap 17).
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

import faust
from faust.types import TP

from runtime.clock import Clock
from runtime.logging import logger

EVERY_SECONDS = 2.0
COMMIT_SECONDS = 5.0
DEAD_SECONDS = 30.0
EXIT_CODE = 70

log = logger(__name__)


class Hint:
    """Commits the positions that `positions` gives (partition to next offset) for one topic."""

    def __init__(self, app: faust.App, topic: str, clock: Clock, positions: Callable[[], Mapping[int, int]]) -> None:
        """Nothing is committed yet."""
        self._app, self._topic, self._clock, self._positions = app, topic, clock, positions
        self._alive_at = clock.monotonic()

    async def is_member(self, partition: int, position: int) -> bool:
        """Prove membership by a commit: it carries member and generation, so the broker refuses it from a zombie."""
        place = TP(self._topic, partition)
        if place not in self._app.consumer.assignment():
            return False
        return bool(await self._commit({place: position}))

    async def run(self) -> None:
        """Commit every EVERY_SECONDS, for ever."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            await self._beat()

    async def _beat(self) -> None:
        try:
            mine = self._app.consumer.assignment()
            offsets = {TP(self._topic, partition): at for partition, at in self._positions().items() if at}
            known = {place: at for place, at in offsets.items() if place in mine}
            if await (self._commit(known) if known else self._touch()):
                self._alive_at = self._clock.monotonic()
        except Exception as error:  # noqa: BLE001  any trouble counts as no pulse
            log.warning("hint.failed", error=type(error).__name__)
        if self._clock.monotonic() - self._alive_at > DEAD_SECONDS:
            log.critical("hint.dead", seconds=DEAD_SECONDS)
            logging.shutdown()
            os._exit(EXIT_CODE)

    async def _touch(self) -> bool:
        """With nothing to commit, a word from the consumer's thread shows that it is not stuck."""
        async with asyncio.timeout(COMMIT_SECONDS):
            await self._app.consumer._thread.call_thread(_answer)  # noqa: SLF001  no ack involved
        return True

    async def _commit(self, offsets: Mapping[TP, int]) -> object:
        async with asyncio.timeout(COMMIT_SECONDS):
            thread = self._app.consumer._thread  # noqa: SLF001  no ack involved
            return await thread.call_thread(_commit_of, thread, offsets)


async def _commit_of(thread: Any, offsets: Mapping[TP, int]) -> bool:
    """Run by the consumer's thread: a rebalance may have taken all away since we looked, and Faust's driver crashes on an empty commit."""
    held = thread.assignment()
    mine = {place: at for place, at in offsets.items() if place in held}
    return bool(mine) and await thread._commit(mine)  # noqa: SLF001  from its own thread


async def _answer() -> None:
    """What the thread is asked to run."""
