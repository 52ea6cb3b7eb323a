"""Where a replay ends: behind all records before the end, also when the end is a hole, and never later (RUN-25)."""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest

from schemas.codec import encode
from schemas.events import EventRecord
from services.projector.changes import Changes
from services.projector.limits import Limits
from services.projector.replay import ReplayHaltedError, _replay_all, _replay_one, _Until
from services.projector.store import Position
from tests.support.event_story import everything

pytestmark = pytest.mark.unit
SECONDS = 10.0


class Record(NamedTuple):
    offset: int
    value: bytes


class Source:
    """A partition's committed records; `at` runs over holes as Kafka's position does."""

    def __init__(self, records: Sequence[tuple[int, EventRecord]], stable: int) -> None:
        self.records, self.stable, self.position = records, stable, 0

    def seek(self, _partition: int, offset: int) -> None:
        self.position = offset

    def at(self, _partition: int) -> int:
        return self.position

    def lag(self, _partition: int) -> int:
        return 0

    async def take(self, _partition: int, limit: int) -> list[Record]:
        await asyncio.sleep(0)
        found = [Record(offset, encode(record)) for offset, record in self.records if offset >= self.position][:limit]
        self.position = found[-1].offset + 1 if found else self.stable
        return found


class Views:
    """Where the new views stand."""

    def __init__(self) -> None:
        self.stand = Position(0, 0)
        self.offsets: list[int] = []

    async def position(self, _partition: int) -> Position:
        return self.stand

    async def apply(self, changes: Changes) -> None:
        await asyncio.sleep(0)
        assert (changes.start, changes.start_source) == (self.stand.next_offset, self.stand.next_source)
        self.stand = Position(changes.next_offset, changes.next_source)
        self.offsets.append(changes.next_offset)


class Consumer:
    def pause(self, *_: object) -> None:
        """Nothing to hold."""


async def replay(source: Any, views: Any, end: int) -> None:
    async with asyncio.timeout(SECONDS):
        await _replay_one(Consumer(), _Until(source, views, end), 3, Limits(7))  # type: ignore[arg-type]


STORY = everything(3, steps=40).records
LAST = STORY[-1][0]
HOLE = next(left + 1 for (left, _), (right, _) in itertools.pairwise(STORY) if right > left + 1)


@pytest.mark.parametrize("end", [1, STORY[10][0] + 1, HOLE, HOLE + 1, LAST + 1, LAST + 2])
async def test_it_ends_behind_the_last_record_before_the_end(end: int) -> None:
    views = Views()
    await replay(Source(STORY, LAST + 2), views, end)
    assert views.stand.next_offset == max(offset for offset, _ in STORY if offset < end) + 1


async def test_views_that_stand_at_the_end_are_left_alone() -> None:
    views = Views()
    views.stand = Position(LAST + 1, len(STORY))
    await replay(Source(STORY, LAST + 2), views, LAST + 1)
    assert views.offsets == []


async def test_a_record_that_cannot_be_read_ends_it_too() -> None:
    class Unreadable(Source):
        async def take(self, partition: int, limit: int) -> list[Record]:
            return [
                one if one.offset != STORY[5][0] else Record(one.offset, b"{")
                for one in await super().take(partition, limit)
            ]

    views = Views()
    with pytest.raises(ReplayHaltedError, match="partition 3: CodecError"):
        await replay(Unreadable(STORY, LAST + 2), views, LAST + 1)
    assert views.stand.next_offset == STORY[4][0] + 1, "all before it is written"


class ByPartition:
    """The same story in several partitions: what has the methods of `Source` or `Views`, each call passed on to the partition's own."""

    def __init__(self, parts: dict[int, Any]) -> None:
        self._parts = parts

    def __getattr__(self, name: str) -> Any:
        def call(first: Any, *rest: object) -> Any:
            partition = first.partition if isinstance(first, Changes) else first
            return getattr(self._parts[partition], name)(first, *rest)

        return call


async def replay_several(sources: dict[int, Source], views: dict[int, Views], end: int) -> None:
    async with asyncio.timeout(SECONDS):
        await _replay_all(Consumer(), ByPartition(sources), ByPartition(views), dict.fromkeys(views, end))  # type: ignore[arg-type]


async def test_all_partitions_are_built_some_at_a_time() -> None:
    views = {partition: Views() for partition in range(5)}
    await replay_several({partition: Source(STORY, LAST + 2) for partition in views}, views, LAST + 1)
    assert {built.stand.next_offset for built in views.values()} == {LAST + 1}


async def test_a_partition_that_halts_ends_the_whole_rebuild_and_is_named() -> None:
    views = {partition: Views() for partition in range(3)}
    broken = [record for record in STORY if record is not STORY[5]]
    sources = {partition: Source(broken if partition == 1 else STORY, LAST + 2) for partition in views}
    with pytest.raises(ReplayHaltedError, match="partition 1"):
        await replay_several(sources, views, LAST + 1)
