"""Reading `payouts.events`: committed records only, in order, without gap.

Owns positions and the gap check that every reader makes: source offsets follow each other by one, or somebody halts. Must not know
what an event means.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from runtime.event_log import connection
from schemas.topics import EVENTS

CALL_SECONDS = 15.0
SHORT_SECONDS = (0.5, 1.0, 2.0)
"""Pauses before a log that seems shorter than it was is believed to be."""
HISTORY_MS = 20
"""How long a reader of the past waits for records before it looks where it stands: behind the last record is a transaction's marker, and
passing that wakes nobody."""
SOURCE_HEADER = "src"
COMMAND_HEADER = "cmd"


class GapFoundError(Exception):
    """Source offsets do not follow each other: events were lost, doubled or damaged. Halt, never skip."""

    def __init__(self, text: str, partition: int | None = None) -> None:
        """`partition` is where, for those who read several."""
        super().__init__(text)
        self.partition = partition


class LoggedEvent(NamedTuple):
    """One record as it stands on the log. `value` is the encoded EventRecord."""

    partition: int
    offset: int
    source_offset: int
    command_id: str
    value: bytes


def logged(record: "ConsumerRecord[bytes, bytes]") -> LoggedEvent:
    """The parts that readers need. Raises GapFoundError for a record without its headers: it is not one of ours."""
    headers = dict(record.headers)
    try:
        source, command = int(headers[SOURCE_HEADER]), headers[COMMAND_HEADER].decode()
    except (KeyError, ValueError, TypeError, AttributeError) as error:  # a header can be null
        text = f"events {record.partition}@{record.offset} has no source offset: {error}"
        raise GapFoundError(text, record.partition) from error
    return LoggedEvent(record.partition, record.offset, source, command, record.value or b"")


class Contiguity:
    """Checks source offsets of one partition. `expected` is the next one; None until the first is seen."""

    def __init__(self, partition: int, expected: int | None = 0) -> None:
        """Expects `expected` first."""
        self.partition = partition
        self.expected = expected

    def check(self, event: LoggedEvent) -> None:
        """Accept the event or raise GapFoundError."""
        if self.expected is not None and event.source_offset != self.expected:
            place = f"events {event.partition}@{event.offset}"
            text = f"{place}: source offset {event.source_offset}, expected {self.expected}"
            raise GapFoundError(text, event.partition)
        self.expected = event.source_offset + 1


class EventReader:
    """Reads given partitions from given offsets, without a group."""

    def __init__(self, bootstrap: str, *, wait_ms: int = 100) -> None:
        """`wait_ms` is how long the broker may wait for something to send."""
        self._consumer: AIOKafkaConsumer = connection.reader(bootstrap, fetch_max_wait_ms=wait_ms)

    async def start(self, offsets: Mapping[int, int]) -> None:
        """Begin at `offsets` (partition to events offset)."""
        async with asyncio.timeout(CALL_SECONDS):
            await self._consumer.start()
        self._assign(offsets)

    async def start_at_end(self, partitions: int) -> dict[int, int]:
        """Begin behind the last committed record of every partition; returns those positions."""
        async with asyncio.timeout(CALL_SECONDS):
            await self._consumer.start()
        ends = await self.ends(range(partitions))
        self._assign(ends)
        return ends

    def _assign(self, offsets: Mapping[int, int]) -> None:
        self._consumer.assign([_place(partition) for partition in offsets])
        for partition, offset in offsets.items():
            self._consumer.seek(_place(partition), offset)

    async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """The last stable offset of each partition: what is before it is committed or aborted for good."""
        places = [_place(partition) for partition in partitions]
        async with asyncio.timeout(CALL_SECONDS):
            found = await self._consumer.end_offsets(places)
        return {place.partition: offset for place, offset in found.items()}

    def seek(self, partition: int, offset: int) -> None:
        """Go on at `offset` of an assigned partition."""
        self._consumer.seek(_place(partition), offset)

    def lag(self, partition: int) -> int:
        """Offsets between what was taken and the last stable one; markers of transactions count until they are passed."""
        place = _place(partition)
        end = self._consumer.last_stable_offset(place)
        state = self._consumer._subscription.subscription.assignment.state_value(place)  # noqa: SLF001  position() would wait
        return max(0, end - state.position) if end is not None and state.has_valid_position else 0

    async def poll(
        self,
        timeout_ms: int = 200,
        max_records: int | None = None,
        *,
        before: int | None = None,
        only: Iterable[int] = (),
    ) -> list[LoggedEvent]:
        """What has come in, per partition in order; empty after `timeout_ms` without anything. Nothing from `before` on is looked at.

        `only` names partitions to take from; those of others wait for their own call.
        """
        places = [_place(partition) for partition in only]
        found = await self._consumer.getmany(*places, timeout_ms=timeout_ms, max_records=max_records)
        records = (record for records in found.values() for record in records)
        return [logged(record) for record in records if before is None or record.offset < before]

    async def holding(self, ranges: Mapping[int, tuple[int, int]]) -> set[int]:
        """Which partitions have any committed record between two offsets: markers and what was aborted are none. Moves the reader.

        What was deleted there counts as a record.
        """
        self._assign({partition: start for partition, (start, _) in ranges.items()})
        left, found = dict(ranges), set[int]()
        async with asyncio.timeout(CALL_SECONDS):
            while left:
                try:
                    came = await self._consumer.getmany(timeout_ms=100)
                    found |= {place.partition for place, records in came.items() if records}
                except OffsetOutOfRangeError as error:
                    found |= {place.partition for place in error.args[0]}
                left = {p: (_, end) for p, (_, end) in left.items() if p not in found and await self.position(p) < end}
        self._assign({})
        return found

    async def position(self, partition: int) -> int:
        """The offset that is read next. Transaction markers count, so compare this, not the last record, with an end."""
        async with asyncio.timeout(CALL_SECONDS):
            return int(await self._consumer.position(_place(partition)))

    async def stop(self) -> None:
        """Disconnect."""
        async with asyncio.timeout(CALL_SECONDS):
            await self._consumer.stop()


async def history(bootstrap: str, partition: int, start: int, end: int | None = None) -> AsyncIterator[list[LoggedEvent]]:
    """The committed events of one partition from `start` to before `end`, by default the end as it is now, in lists.

    Raises GapFoundError if the log does not reach that far or no longer has `start`: there is nothing to go on from (RUN-28).
    """
    reader = EventReader(bootstrap, wait_ms=50)
    try:
        await reader.start({partition: start})
        stable = await _end_behind(reader, partition, start if end is None else end)
        end = stable if end is None else end
        while await reader.position(partition) < end:
            if events := await reader.poll(HISTORY_MS, before=end):
                yield events
    except OffsetOutOfRangeError as error:
        raise GapFoundError(f"events {partition}@{start} is not there any more: the log was cut") from error
    finally:
        await reader.stop()


async def _end_behind(reader: EventReader, partition: int, start: int) -> int:
    """The stable end, which is not before `start`; a broker that has just come up is given time to know it."""
    end = -1
    for pause in SHORT_SECONDS:
        end = (await reader.ends([partition]))[partition]
        if end >= start:
            return end
        await asyncio.sleep(pause)
    raise GapFoundError(f"events {partition} end at {end}, but {start} is next: the log was cut or made anew")


def _place(partition: int) -> TopicPartition:
    return TopicPartition(EVENTS.name, partition)
