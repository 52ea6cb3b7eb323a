"""The projector's side of the consumer group: which partitions are ours, and a worker for each.

Owns membership and where reading begins: never at Kafka's committed offsets, always at the views' own position. Must not know rows.
"""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Iterable, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition

from runtime import logging, metrics
from schemas.topics import EVENTS
from services.projector.partition_worker import SERVICE, PartitionWorker, Source

WAIT_MS = 500
"""How long one take waits for records; only the time between two looks at the lag."""

_log = logging.logger(__name__)


class LogSource:
    """Records of the partitions that the consumer owns, each partition taken on its own."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        """The consumer is started and stopped by its owner."""
        self._consumer = consumer

    def seek(self, partition: int, offset: int) -> None:
        """Go on at an events offset."""
        self._consumer.seek(place_of(partition), offset)
        self._consumer.resume(place_of(partition))

    def hold(self, partition: int) -> None:
        """Take nothing until somebody seeks."""
        self._consumer.seek(place_of(partition), 0)  # a position, so that the consumer does not look for a committed one
        self._consumer.pause(place_of(partition))

    def forget(self, partition: int) -> None:
        """The partition is not ours any more; there is nothing to let go of here."""

    async def take(self, partition: int, limit: int) -> Sequence["ConsumerRecord[bytes, bytes]"]:
        """What is there, at most `limit`; waits WAIT_MS for something. Raises KafkaError."""
        place = place_of(partition)
        found = await self._consumer.getmany(place, timeout_ms=WAIT_MS, max_records=limit)
        return list(found.get(place, ()))

    def at(self, partition: int) -> int:
        """The offset that is read next: behind all that was taken, and behind markers that were passed."""
        place = place_of(partition)
        state = self._consumer._subscription.subscription.assignment.state_value(place)  # noqa: SLF001  position() would wait
        return int(state.position) if state.has_valid_position else 0

    def lag(self, partition: int) -> int:
        """Offsets between what was taken and the last stable one; markers of transactions count until they are passed."""
        place = place_of(partition)
        if place not in self._consumer.assignment():
            return 0
        end = self._consumer.last_stable_offset(place)
        state = self._consumer._subscription.subscription.assignment.state_value(place)  # noqa: SLF001  position() would wait
        return max(0, end - state.position) if end is not None and state.has_valid_position else 0


class Projector(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    """A member of the group; runs one worker per partition that is assigned to it."""

    def __init__(
        self, consumer: AIOKafkaConsumer, source: LogSource, make_worker: Callable[[int, Source], PartitionWorker]
    ) -> None:
        """Nothing happens before run()."""
        self._consumer, self._source, self._make_worker = consumer, source, make_worker
        self.workers: dict[int, PartitionWorker] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Be a member until `stop` is set. What was not committed then is done again by the next owner."""
        self._consumer.subscribe([EVENTS.name], listener=self)
        await self._consumer.start()
        try:
            await stop.wait()
        finally:
            await self._end(list(self._tasks))
            await self._consumer.stop()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Start a worker per partition; it reads its position itself, so a database that is away does not hold up the group."""
        for place in sorted(assigned):
            self._source.hold(place.partition)
            worker = self._make_worker(place.partition, self._source)
            self.workers[place.partition] = worker
            task = asyncio.create_task(worker.run())
            task.add_done_callback(functools.partial(_say_death, place.partition))
            self._tasks[place.partition] = task
        _log.info("projection.assigned", partitions=sorted(self._tasks))

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """End the workers before somebody else may begin. A transaction under way is rolled back."""
        await self._end([place.partition for place in revoked])

    async def _end(self, partitions: Iterable[int]) -> None:
        ended = [self._tasks.pop(partition) for partition in partitions if partition in self._tasks]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        for partition in partitions:
            self.workers.pop(partition, None)
            self._source.forget(partition)
            _forget_lag(partition)


def _say_death(partition: int, task: "asyncio.Task[None]") -> None:
    """A worker that ended by an error of its own would otherwise leave its partition behind in silence."""
    if not task.cancelled() and task.exception() is not None:
        metrics.WRITER_HALTED.labels(SERVICE, partition).set(1)
        _log.error("projection.died", partition=partition, exc_info=task.exception())


def _forget_lag(partition: int) -> None:
    for gauge in (metrics.LAG_RECORDS, metrics.LAG_SECONDS, metrics.WRITER_HALTED):
        with contextlib.suppress(KeyError):
            gauge.remove(SERVICE, str(partition))


def place_of(partition: int) -> TopicPartition:
    """A partition of the events, as the consumer names it."""
    return TopicPartition(EVENTS.name, partition)
