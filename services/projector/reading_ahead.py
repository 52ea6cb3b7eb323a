"""Records taken out of the consumer ahead of their workers.

As long as records of one partition lie in aiokafka's consumer untaken, it fetches for nobody (0.1 s), and then it leaves that partition out
of the fetch: everybody waited behind a file's rows. Here nothing lies there, and a partition of which enough is held is not fetched.
Owns what is held, and when fetching stops and goes on. Must not know rows.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from services.projector.consumer import WAIT_MS, LogSource, place_of

HELD_BYTES = 2 * 1024 * 1024
"""Of one partition. Fetching goes on at half of it, which is more than is written while a fetch is under way."""
TAKEN_MAX = 10_000


class Held:
    """What was taken for one partition and not given yet."""

    def __init__(self) -> None:
        """Nothing."""
        self.records: deque[ConsumerRecord[bytes, bytes]] = deque()
        self.size = 0
        self.stopped = False
        self.fault: Exception | None = None
        self.task: asyncio.Task[None] | None = None
        self.arrived = asyncio.Event()

    def add(self, records: Sequence["ConsumerRecord[bytes, bytes]"]) -> None:
        """Behind what is there."""
        self.records += records
        self.size += sum(len(record.value or b"") for record in records)
        if records:
            self.arrived.set()

    def give(self, limit: int) -> list["ConsumerRecord[bytes, bytes]"]:
        """The first ones, at most `limit`."""
        given = [self.records.popleft() for _ in range(min(limit, len(self.records)))]
        self.size -= sum(len(record.value or b"") for record in given)
        return given

    def news(self) -> bool:
        """Whether there is something to give or to raise."""
        return bool(self.records) or self.fault is not None


class ReadingAhead(LogSource):
    """The same as a LogSource to those who take."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        """The consumer is started and stopped by its owner."""
        super().__init__(consumer)
        self._held: dict[int, Held] = {}

    def seek(self, partition: int, offset: int) -> None:
        """Go on at an events offset; what is held is forgotten."""
        self.forget(partition)
        super().seek(partition, offset)

    def hold(self, partition: int) -> None:
        """Take nothing until somebody seeks."""
        self.forget(partition)
        super().hold(partition)

    async def take(self, partition: int, limit: int) -> Sequence["ConsumerRecord[bytes, bytes]"]:
        """What is there, at most `limit`; waits WAIT_MS for something. Raises KafkaError behind the last record before it."""
        held = self._held.setdefault(partition, Held())
        self._read_on(partition, held)
        if not held.news():
            held.arrived.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WAIT_MS / 1000):
                    await held.arrived.wait()
        if held.fault is not None and not held.records:
            fault, held.fault = held.fault, None
            raise fault
        given = held.give(limit)
        self._read_on(partition, held)
        return given

    def at(self, partition: int) -> int:
        """The offset that is given next."""
        held = self._held.get(partition)
        return held.records[0].offset if held is not None and held.records else super().at(partition)

    def lag(self, partition: int) -> int:
        """Offsets between what was given and the last stable one."""
        held = self._held.get(partition)
        return super().lag(partition) + (len(held.records) if held is not None else 0)

    def _read_on(self, partition: int, held: Held) -> None:
        if held.task is not None and not held.task.done():
            return
        if held.fault is not None or (held.stopped and held.size > HELD_BYTES // 2):
            return
        if held.stopped:
            held.stopped = False
            self._consumer.resume(place_of(partition))
        held.task = asyncio.create_task(self._read(partition, held))

    async def _read(self, partition: int, held: Held) -> None:
        """Until enough is held, or there is trouble, which is raised to whoever takes next."""
        try:
            while held.size < HELD_BYTES:
                held.add(await super().take(partition, TAKEN_MAX))
            self._consumer.pause(place_of(partition))
            held.stopped = True
        except Exception as error:  # noqa: BLE001  it is the worker's to judge
            held.fault = error
            held.arrived.set()

    def forget(self, partition: int) -> None:
        """The partition is not ours any more, or is begun again: what is held of it is not needed."""
        held = self._held.pop(partition, None)
        if held is not None and held.task is not None:
            held.task.cancel()
