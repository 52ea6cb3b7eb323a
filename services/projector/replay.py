"""Building views from offset 0 up to a given end, with the same worker that keeps the live ones up (RUN-25).

Owns where a replay ends and that a halt ends it too. Reads without a group, so the live projector is not disturbed. Must not know what
is compared afterwards.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from runtime.clock import SystemClock
from runtime.event_log import connection
from schemas.topics import EVENTS
from services.projector.changes import Changes
from services.projector.consumer import LogSource
from services.projector.limits import Limits
from services.projector.partition_worker import PartitionWorker
from services.projector.store import Position, Store

BEYOND_SECONDS = 0.05


class ReplayHaltedError(Exception):
    """A record cannot be projected; the views end before it."""


class _Until:
    """Source and views of one partition that end at an events offset."""

    def __init__(self, source: LogSource, store: Store, end: int) -> None:
        self._source, self._store, self._end = source, store, end
        self.done = asyncio.Event()
        self.seek, self.lag = source.seek, source.lag

    async def take(self, partition: int, limit: int) -> Sequence["ConsumerRecord[bytes, bytes]"]:
        """What is there before the end."""
        records = await self._source.take(partition, limit)
        before = [record for record in records if record.offset < self._end]
        if records and not before:
            await asyncio.sleep(BEYOND_SECONDS)
        return before

    async def position(self, partition: int) -> Position:
        """Where the new views stand."""
        position = await self._store.position(partition)
        self._mark(position.next_offset)
        return position

    async def apply(self, changes: Changes) -> None:
        """Write, and see whether that was all."""
        await self._store.apply(changes)
        self._mark(changes.next_offset)

    def _mark(self, next_offset: int) -> None:
        if next_offset >= self._end:
            self.done.set()


async def replay(bootstrap: str, store: Store, ends: Mapping[int, int], limits: Callable[[], Limits] = Limits) -> None:
    """Project partitions (number to events offset where to end) one after the other. Raises ReplayHaltedError."""
    if not ends:
        return
    consumer = connection.reader(bootstrap)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(EVENTS.name, partition) for partition in ends])
        source = LogSource(consumer)
        for partition in ends:
            source.hold(partition)
        for partition, end in sorted(ends.items()):
            await _replay_one(consumer, _Until(source, store, end), partition, limits())
    finally:
        await consumer.stop()


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
