"""Waiting for decisions: which of our commands has been decided, and how.

Owns one reader over all partitions of `payouts.events`, from their ends at the start of this process, and a future per command that
somebody here waits for. An event record is decoded only if its header `cmd` names such a command; all others pass by as bytes. A
partition with a record that cannot be followed is lost until this process starts again; the others are followed on. Must not know
what a decision means.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import NamedTuple

from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from runtime import metrics
from runtime.event_log.reader import Contiguity, EventReader, GapFoundError, LoggedEvent
from runtime.logging import logger
from schemas.codec import CodecError, decode_event
from schemas.events import EventRecord
from schemas.topics import partition_of
from services.ingest.backlog import Backlog

RECONNECT_SECONDS = 1.0
LOST = (KafkaError, TimeoutError, OSError)
"""The broker is away; it is waited for."""

_log = logger(__name__)


class Decided(NamedTuple):
    """A decision and where it stands on `payouts.events`."""

    record: EventRecord
    partition: int
    offset: int


class Decision(asyncio.Future[Decided]):
    """Done when the command is decided. `lost` is done once nobody looks for it any more: it may be decided all the same."""

    def __init__(self, partition: int, backlog: Backlog, rows: int) -> None:
        """Not decided yet. `partition` is where its decision will stand; it counts as `rows` of `backlog` until then."""
        super().__init__(loop=asyncio.get_running_loop())
        self.partition, self.backlog, self.rows = partition, backlog, rows
        self.lost: asyncio.Future[None] = self.get_loop().create_future()


class DecisionsLostError(Exception):
    """The decisions of a partition are not followed any more, until this process is started again."""


class Waiting:
    """Futures by command id."""

    def __init__(self, partitions: int = 1) -> None:
        """Nobody waits yet. `partitions` is how many the log has."""
        self.partitions = partitions
        self.lost: set[int] = set()
        """Partitions whose decisions are not followed any more."""
        self.passed: dict[int, int] = {}
        """The next offset of each partition that is followed: every decision that this process has told of stands before it."""
        self._futures: dict[str, Decision] = {}

    def expect(self, command_id: str, merchant_id: str, backlog: Backlog, rows: int = 1) -> Decision:
        """A future for the decision of a command. Call before the append, or the decision can pass by unseen.

        Raises DecisionsLostError if it would not be seen.
        """
        decision = Decision(self.followed(merchant_id), backlog, rows)
        backlog.add(rows)
        self._futures[command_id] = decision
        return decision

    def followed(self, merchant_id: str) -> int:
        """The partition of a merchant's decisions. Raises DecisionsLostError if it is not followed."""
        partition = partition_of(merchant_id, self.partitions)
        if partition in self.lost:
            raise DecisionsLostError(f"the decisions of partition {partition} are not followed")
        return partition

    def forget(self, command_id: str) -> None:
        """Nobody waits for this command any more. Unknown ids are fine."""
        self._leave(command_id)

    def saw(self, event: LoggedEvent) -> None:
        """An event record came by. Raises CodecError if it is one of ours and cannot be read."""
        if event.command_id in self._futures:
            decided = Decided(decode_event(event.value), event.partition, event.offset)
            decision = self._leave(event.command_id)
            if decision is not None and not decision.done():
                decision.set_result(decided)
        self.passed[event.partition] = event.offset + 1

    def lose(self, partition: int) -> None:
        """The decisions of this partition will not be seen: who waits for one waits no longer."""
        self.lost.add(partition)
        for command_id, decision in list(self._futures.items()):
            if decision.partition == partition:
                self._leave(command_id)
                if not decision.lost.done():
                    decision.lost.set_result(None)

    def _leave(self, command_id: str) -> Decision | None:
        decision = self._futures.pop(command_id, None)
        if decision is not None:
            decision.backlog.leave(decision.rows)
        return decision


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
        """Follow until canceled. A lost broker is waited for; a gap or an unreadable record loses its partition: halt, never skip."""
        while True:
            try:
                await self._follow()
            except OffsetOutOfRangeError as error:
                await self._go_on_without((place.partition for place in error.args[0]), error)
            except GapFoundError as error:
                if error.partition is None:
                    raise
                await self._go_on_without([error.partition], error)
            except LOST as error:
                _log.warning("ingest.events_lost", error=type(error).__name__)
                await self._reopen(self._reconnect_seconds)

    async def stop(self) -> None:
        """Disconnect."""
        reader, self._reader = self._reader, None
        if reader is not None:
            with contextlib.suppress(*LOST):
                await reader.stop()

    async def _follow(self) -> None:
        while self._reader is not None:
            for event in await self._reader.poll():
                self._take(event)

    def _take(self, event: LoggedEvent) -> None:
        self._order[event.partition].check(event)
        try:
            self._waiting.saw(event)
        except CodecError as error:
            text = f"events {event.partition}@{event.offset} cannot be read: {error}"
            raise GapFoundError(text, event.partition) from error
        self._next[event.partition] = event.offset + 1

    async def _go_on_without(self, partitions: Iterable[int], error: Exception) -> None:
        """The others are read on from where they stand, so nothing of them passes by unseen."""
        for partition in partitions:
            self._next.pop(partition, None)
            self._waiting.passed.pop(partition, None)
            self._waiting.lose(partition)
            metrics.WRITER_HALTED.labels("ingest", partition).set(1)
            why = f"{type(error).__name__}: {error}"
            _log.critical("ingest.partition_lost", partition=partition, why=why, remedy="runbook: a halted partition")
        await self._reopen(0)

    async def _reopen(self, pause: float) -> None:
        while True:
            await self.stop()
            await asyncio.sleep(pause)
            pause = self._reconnect_seconds
            if not self._next:
                await asyncio.Event().wait()  # all are lost: nothing is left to follow
            reader = self._open_reader()
            try:
                await reader.start(self._next)
            except LOST:
                with contextlib.suppress(*LOST):
                    await reader.stop()
            else:
                self._reader = reader
                return
