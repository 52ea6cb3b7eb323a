"""Building views from offset 0 up to a given end, with the same worker that keeps the live ones up (RUN-25).

Owns where a replay ends and that a halt ends it too: also a log that is shorter than the views say. Reads without a group, so the live
projector is not disturbed. Must not know what is compared afterwards.
"""

import asyncio
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from runtime import failpoints
from runtime.clock import SystemClock
from runtime.event_log import connection
from schemas.topics import EVENTS
from services.projector.changes import Changes
from services.projector.consumer import LogSource
from services.projector.limits import Limits
from services.projector.partition_worker import PartitionWorker
from services.projector.store import Position, Store

ASK_SECONDS = 15.0
AT_ONCE = 2
"""Partitions built at the same time: while the database writes one's rows, the other's are folded."""
RECORDS_MAX, CHANGES_MAX = 2_000, 30_000
"""A transaction's most. Nobody waits for the rows, so they are large: a payout's attempt and answer become one write of its row."""


class ReplayHaltedError(Exception):
    """A record cannot be projected; the views end before it."""


class _Until:
    """Source and views of one partition that end at an events offset."""

    def __init__(self, source: LogSource, store: Store, end: int) -> None:
        self._source, self._store, self._end = source, store, end
        self._passed = False
        self._given = self._written = 0
        self.done = asyncio.Event()
        self.lag = source.lag

    def seek(self, partition: int, offset: int) -> None:
        """Go on at an events offset; what was given before does not count."""
        self._passed, self._given = False, offset
        self._source.seek(partition, offset)

    async def take(self, partition: int, limit: int) -> Sequence["ConsumerRecord[bytes, bytes]"]:
        """What is there before the end; nothing once it was passed."""
        if self._passed:
            await asyncio.get_running_loop().create_future()  # until the worker is ended, or begins again after trouble
        records = await self._source.take(partition, limit)
        before = [record for record in records if record.offset < self._end]
        self._given = max([self._given, *(record.offset + 1 for record in before)])
        self._passed = len(before) < len(records) or self._source.at(partition) >= self._end
        self._mark()
        return before

    async def position(self, partition: int) -> Position:
        """Where the new views stand."""
        position = await self._store.position(partition)
        self._written = position.next_offset
        if self._written >= self._end:
            self.done.set()
        return position

    async def apply(self, changes: Changes) -> None:
        """Write, and see whether that was all."""
        await self._store.apply(changes)
        self._written = changes.next_offset
        self._mark()

    def _mark(self) -> None:
        """All before the end was given and written; the end itself may be a hole."""
        if self._passed and self._written >= self._given:
            self.done.set()


async def replay(bootstrap: str, store: Store, ends: Mapping[int, int]) -> None:
    """Project partitions (number to events offset where to end), AT_ONCE at a time. Raises ReplayHaltedError."""
    if not ends:
        return
    consumer = connection.reader(bootstrap)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(EVENTS.name, partition) for partition in ends])
        await _check_ends(consumer, ends)
        source = LogSource(consumer)
        for partition in ends:
            source.hold(partition)
        await _replay_all(consumer, source, store, ends)
    finally:
        await consumer.stop()


async def _replay_all(consumer: AIOKafkaConsumer, source: LogSource, store: Store, ends: Mapping[int, int]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(partition: int, end: int) -> None:
        async with places:
            await _replay_one(consumer, _Until(source, store, end), partition, Limits(RECORDS_MAX, CHANGES_MAX))
            await failpoints.reach("rebuild.mid")

    try:
        async with asyncio.TaskGroup() as group:
            for partition, end in sorted(ends.items()):
                group.create_task(one(partition, end))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None


async def _check_ends(consumer: AIOKafkaConsumer, ends: Mapping[int, int]) -> None:
    """A log that ends before the views would be waited for without end (RUN-28)."""
    places = [TopicPartition(EVENTS.name, partition) for partition in ends]
    async with asyncio.timeout(ASK_SECONDS):
        stable = await consumer.end_offsets(places)
    for place, end in stable.items():
        if end < ends[place.partition]:
            where = f"events {place.partition} end at {end}, the views stand at {ends[place.partition]}"
            raise ReplayHaltedError(f"{where}: the log was cut or made anew")


async def _replay_one(consumer: AIOKafkaConsumer, until: _Until, partition: int, limits: Limits) -> None:
    worker = PartitionWorker(partition, until, until, SystemClock(), limits)
    tasks = (asyncio.create_task(worker.run()), asyncio.create_task(until.done.wait()))
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    consumer.pause(TopicPartition(EVENTS.name, partition))
    if worker.halted is not None:
        raise ReplayHaltedError(f"partition {partition}: {type(worker.halted).__name__}: {worker.halted}") from worker.halted
