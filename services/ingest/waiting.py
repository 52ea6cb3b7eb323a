"""Waiting for decisions: which of our commands has been decided, and how.

Owns one reader over all partitions of `payouts.events`, from their ends at the start of this process, and a future per command that
somebody here waits for. An event record is decoded only if its header `cmd` names such a command; all others pass by as bytes. Must
not know what a decision means.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import NamedTuple

from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from runtime.event_log.reader import Contiguity, EventReader, LoggedEvent
from runtime.logging import logger
from schemas.codec import decode_event
from schemas.events import EventRecord

RECONNECT_SECONDS = 1.0
LOST = (KafkaError, TimeoutError, OSError)
"""The broker is away; it is waited for."""

_log = logger(__name__)


class Decided(NamedTuple):
    """A decision and where it stands on `payouts.events`."""

    record: EventRecord
    partition: int
    offset: int


class Waiting:
    """Futures by command id."""

    def __init__(self) -> None:
        """Nobody waits yet."""
        self._futures: dict[str, asyncio.Future[Decided]] = {}

    def __len__(self) -> int:
        """Commands waited for."""
        return len(self._futures)

    def expect(self, command_id: str) -> "asyncio.Future[Decided]":
        """A future for the decision of a command. Call before the append, or the decision can pass by unseen."""
        future: asyncio.Future[Decided] = asyncio.get_running_loop().create_future()
        self._futures[command_id] = future
        return future

    def forget(self, command_id: str) -> None:
        """Nobody waits for this command any more. Unknown ids are fine."""
        self._futures.pop(command_id, None)

    def saw(self, event: LoggedEvent) -> None:
        """An event record came by. Raises CodecError if it is one of ours and cannot be read."""
        future = self._futures.pop(event.command_id, None)
        if future is not None and not future.done():
            future.set_result(Decided(decode_event(event.value), event.partition, event.offset))


class DecisionReader:
    """Follows `payouts.events` and tells `Waiting` what it sees."""

    def __init__(
        self,
        open_reader: Callable[[], EventReader],
        partitions: int,
        waiting: Waiting,
        *,
        reconnect_seconds: float = RECONNECT_SECONDS,
    ) -> None:
        """`open_reader` makes a reader that is not started; a lost one is replaced by a new one at the same place."""
        self._open_reader = open_reader
        self._partitions = partitions
        self._waiting = waiting
        self._reconnect_seconds = reconnect_seconds
        self._reader: EventReader | None = None
        self._next: dict[int, int] = {}
        self._order = {partition: Contiguity(partition, None) for partition in range(partitions)}

    async def start(self) -> None:
        """Stand at the ends of all partitions. Must be done before the first command is appended. Raises KafkaError."""
        self._reader = self._open_reader()
        self._next = await self._reader.start_at_end(self._partitions)

    async def run(self) -> None:
        """Follow until canceled. A lost broker is waited for; a gap or an unreadable record is raised: halt, never skip."""
        while True:
            try:
                await self._follow()
            except OffsetOutOfRangeError:
                raise
            except LOST as error:
                _log.warning("ingest.events_lost", error=type(error).__name__)
                await self._reopen()

    async def stop(self) -> None:
        """Disconnect."""
        reader, self._reader = self._reader, None
        if reader is not None:
            with contextlib.suppress(*LOST):
                await reader.stop()

    async def _follow(self) -> None:
        while self._reader is not None:
            for event in await self._reader.poll():
                self._order[event.partition].check(event)
                self._next[event.partition] = event.offset + 1
                self._waiting.saw(event)

    async def _reopen(self) -> None:
        while True:
            await self.stop()
            await asyncio.sleep(self._reconnect_seconds)
            reader = self._open_reader()
            try:
                await reader.start(self._next)
            except LOST:
                with contextlib.suppress(*LOST):
                    await reader.stop()
            else:
                self._reader = reader
                return
