"""The clients of the in-memory log: what the product's own Kafka clients offer, over the simulated network.

Owns the same contracts as runtime.event_log and runtime.dead_letters; tests/contract holds both to one suite. Must not know what is on the log.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError

from runtime import failpoints
from runtime.dead_letters import DeadLetters
from runtime.event_log.claim import LEASE_SECONDS, OPEN_SECONDS, WRITE_SECONDS, refusals
from runtime.event_log.fence import Decided
from runtime.event_log.producer import APPEND_SECONDS, LogUnavailableError
from runtime.event_log.reader import CALL_SECONDS, LoggedEvent
from schemas.codec import encode
from schemas.commands import CommandRecord
from schemas.topics import partition_of
from tests.simulation.broker import Broker, Command, DeadLetter, Event, Partition
from tests.simulation.network import Network

LOG = "log"
PAGE = 40
STAKE = Decided(b"", b"a new writer", -1, "")


class Log:
    """The log as one process reaches it."""

    def __init__(self, broker: Broker, network: Network) -> None:
        self.broker, self.network = broker, network

    def ask(self, effect: Any, *args: Any, seconds: float = CALL_SECONDS) -> Any:
        """A call to the broker; trouble is a KafkaError."""
        return self.network.call(LOG, effect, *args, seconds=seconds, error=KafkaConnectionError)

    def partition(self, number: int) -> Partition:
        return self.broker.partitions[number]

    async def commands_end(self, partition: int) -> int:
        """The end of one partition of the commands."""
        return await self.ask(lambda: len(self.partition(partition).commands))

    async def commands_from(self, partition: int, start: int) -> list[Command]:
        """What stands from `start` on; waits for something."""
        place = self.partition(partition)
        while len(place.commands) <= start:
            await self._wait(place.command_waiters)
        return await self.ask(lambda: place.commands[start : start + PAGE * 5])

    async def events_from(self, partition: int, start: int, most: int = PAGE) -> tuple[list[Event], int]:
        """Committed events from `start`, and where to go on; waits for something new."""
        place = self.partition(partition)
        while place.stable <= start:
            await self._wait(place.event_waiters)
        return await self.ask(place.read, start, most)

    async def history(self, partition: int, start: int) -> AsyncIterator[list[LoggedEvent]]:
        """The committed events of one partition from `start` to the end as it is now, in lists."""
        place = self.partition(partition)
        end, at = await self.ask(lambda: place.stable), start
        while at < end:
            events, at = await self.ask(place.read, at, 1 + int(self.network.rng.random() * PAGE))
            logged = [as_logged(partition, event) for event in events if event.offset < end]
            if logged:
                yield logged

    async def _wait(self, waiters: list[Any]) -> None:
        future = self.network.loop.create_future()
        waiters.append(lambda: future.done() or future.set_result(None))
        await future


def as_logged(partition: int, event: Event) -> LoggedEvent:
    """An event as readers get it."""
    return LoggedEvent(partition, event.offset, event.source_offset, event.command_id, event.value)


class MemoryFence:
    """runtime.event_log.fence.EpochFence over the in-memory log."""

    def __init__(self, log: Log, partition: int) -> None:
        self._log, self.partition = log, partition
        self._epoch, self._told_at = -1, 0.0

    async def open(self) -> None:
        """Become the only writer: for the coordinator, then for the partition."""
        place, loop = self._log.partition(self.partition), self._log.network.loop
        self._epoch = await self._log.ask(place.init_producer, seconds=OPEN_SECONDS)
        with refusals():
            await self._log.ask(lambda: place.produce(self._epoch, [STAKE], loop.clock), seconds=OPEN_SECONDS)
            await self._log.ask(lambda: place.end(self._epoch, committed=False), seconds=OPEN_SECONDS)
        self._told_at = loop.clock

    def history(self, start: int) -> AsyncIterator[list[LoggedEvent]]:
        """Valid events from `start` to the end."""
        return self._log.history(self.partition, start)

    async def begin(self) -> None:
        """Nothing that anybody could see: the write renews by itself."""

    async def write(self, records: Sequence[Decided]) -> list[int]:
        """Append all in order; returns the offset of each. Raises FencedError, or another error: unknown, some may be there."""
        with refusals():
            return await asyncio.wait_for(self._append(list(records)), WRITE_SECONDS)

    async def _append(self, records: list[Decided]) -> list[int]:
        place, loop = self._log.partition(self.partition), self._log.network.loop
        if loop.clock - self._told_at > LEASE_SECONDS:
            began = loop.clock
            await self._timed(lambda: place.renew(self._epoch))
            self._told_at = began
        offsets = list[int]()
        for part in self._batches(records):
            base = await self._timed(partial(place.write, self._epoch, part))
            offsets += range(base, base + len(part))
            await failpoints.reach("processor.mid_write")
        return offsets

    def _batches(self, records: list[Decided]) -> list[list[Decided]]:
        """Cut at random: each batch is on the log whole or not at all, all of them together are not."""
        if len(records) < 2 or self._log.network.rng.random() < 0.5:
            return [records]
        cut = 1 + int(self._log.network.rng.random() * (len(records) - 1))
        return [records[:cut], records[cut:]]

    async def affirm(self) -> None:
        """Ask the coordinator."""
        with refusals():
            await self._timed(lambda: self._log.partition(self.partition).renew(self._epoch))

    def drop(self) -> None:
        """Nothing to let go of."""

    def _timed(self, effect: Any) -> Any:
        return self._log.network.call(LOG, effect, seconds=WRITE_SECONDS, error=TimeoutError)


class MemoryCommandLog:
    """runtime.event_log.producer.CommandLog over the in-memory log."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def append(self, record: CommandRecord) -> tuple[int, int]:
        """Append one command; returns its partition and offset."""
        [position] = await self.append_many([record])
        return position

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        """Append commands in order; returns their positions. Raises LogUnavailableError."""
        if not records:
            return []
        sent = [(record.merchant_id.encode(), encode(record), self._place(record)) for record in records]
        landing = len(sent)
        if len(sent) > 1 and self._log.network.weather.get(LOG) and self._log.network.rng.random() < 0.02:
            landing = int(self._log.network.rng.random() * len(sent))
        try:
            done = await self._log.ask(self._land, sent[:landing], seconds=APPEND_SECONDS)
        except KafkaError as error:
            raise LogUnavailableError(f"the log did not confirm: {type(error).__name__}") from error
        if landing < len(sent):
            raise LogUnavailableError(f"the log did not confirm: {KafkaTimeoutError.__name__}")
        return done

    async def append_whole(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        """Append commands of one merchant, at least one: all of them are on the log or none. Raises LogUnavailableError."""
        if len({record.merchant_id for record in records}) != 1:
            raise ValueError("commands of several merchants cannot be one")
        sent = [(record.merchant_id.encode(), encode(record), self._place(record)) for record in records]
        try:
            return await self._log.ask(self._land, sent, seconds=APPEND_SECONDS)
        except KafkaError as error:
            raise LogUnavailableError(f"the log did not confirm: {type(error).__name__}") from error

    def _place(self, record: CommandRecord) -> int:
        return partition_of(record.merchant_id, len(self._log.broker.partitions))

    def _land(self, sent: list[tuple[bytes, bytes, int]]) -> list[tuple[int, int]]:
        return [(place, self._log.partition(place).append(key, value)) for key, value, place in sent]


class MemoryDeadLetters(DeadLetters):
    """runtime.dead_letters.DeadLetters with the in-memory log under it: all but the producer is the product's own."""

    def __init__(self, log: Log) -> None:
        super().__init__("in memory")
        self._producer: Any = MemoryProducer(log)


class MemoryProducer:
    """As much of aiokafka's producer as dead letters use; it refuses what that one refuses."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def send_and_wait(
        self, topic: str, value: bytes | None = None, *, key: bytes | None = None, headers: list[tuple[str, bytes]]
    ) -> None:
        """Append one record. Raises KafkaError, or AssertionError for a record with neither key nor value."""
        assert not (value is None and key is None), "Need at least one: key or value"
        letter = DeadLetter(topic, key, value, tuple(headers))
        await self._log.ask(self._log.broker.dead_letters.append, letter, seconds=APPEND_SECONDS)


class MemoryReader:
    """runtime.event_log.reader.EventReader over the in-memory log."""

    def __init__(self, log: Log, *, idle: bool = False) -> None:
        self._log, self._idle = log, idle
        self._next: dict[int, int] = {}

    async def start(self, offsets: Mapping[int, int]) -> None:
        """Begin at `offsets`."""
        await self._log.ask(lambda: None)
        self._next = dict(offsets)

    async def start_at_end(self, partitions: int) -> dict[int, int]:
        """Begin behind the last committed record of every partition."""
        self._next = await self.ends(range(partitions))
        return dict(self._next)

    async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """The last stable offset of each partition."""
        numbers = list(partitions)
        return await self._log.ask(lambda: {number: self._log.partition(number).stable for number in numbers})

    async def poll(self, timeout_ms: int = 200, max_records: int | None = None) -> list[LoggedEvent]:
        """What has come in. Without `idle` it waits for something: an empty answer would only cost steps."""
        while all(self._log.partition(number).stable <= at for number, at in self._next.items()):
            if self._idle:
                await asyncio.sleep(timeout_ms / 1000)
                break
            await self._wait()
        found: list[LoggedEvent] = []
        for number, at in list(self._next.items()):
            if self._log.partition(number).stable > at:
                events, self._next[number] = await self._log.ask(self._log.partition(number).read, at, max_records or PAGE)
                found += [as_logged(number, event) for event in events]
        return found

    async def position(self, partition: int) -> int:
        """The offset that is read next."""
        return self._next[partition]

    async def stop(self) -> None:
        """Nothing to let go of."""

    async def _wait(self) -> None:
        future = self._log.network.loop.create_future()
        for number in self._next:
            self._log.partition(number).event_waiters.append(lambda: future.done() or future.set_result(None))
        await future
