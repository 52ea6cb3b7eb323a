"""Taking ahead of the workers: nothing lies in the consumer, what is held is bounded, and trouble comes behind the records before it."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from services.projector import reading_ahead as module
from services.projector.reading_ahead import ReadingAhead


class Consumer:
    """As much of aiokafka's consumer as is asked; `lying` is what was fetched and not taken."""

    def __init__(self) -> None:
        self.lying: dict[int, list[Any]] = defaultdict(list)
        self.paused: set[int] = set()
        self.sought: list[tuple[int, int]] = []
        self.trouble: Exception | None = None

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.sought.append((place.partition, offset))

    def pause(self, place: TopicPartition) -> None:
        self.paused.add(place.partition)

    def resume(self, place: TopicPartition) -> None:
        self.paused.discard(place.partition)

    async def getmany(self, place: TopicPartition, *, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Any]]:
        for _ in range(timeout_ms):
            if self.trouble is not None:
                raise self.trouble
            if self.lying[place.partition] and place.partition not in self.paused:
                return {place: [self.lying[place.partition].pop(0)]}
            await asyncio.sleep(0.001)
        return {}

    def assignment(self) -> set[TopicPartition]:
        return set()


def record(offset: int, size: int = 10) -> Any:
    return SimpleNamespace(offset=offset, value=b"x" * size)


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not done():
            await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAIT_MS", 50)
    monkeypatch.setattr(module, "HELD_BYTES", 100)


async def test_nothing_lies_in_the_consumer_while_the_worker_is_busy() -> None:
    consumer: Any = Consumer()
    source = ReadingAhead(consumer)
    consumer.lying[0] = [record(0)]
    assert [one.offset for one in await source.take(0, 40)] == [0]
    consumer.lying[0] = [record(1), record(2)]
    await _until(lambda: not consumer.lying[0])
    assert source.lag(0) == 2
    assert source.at(0) == 1
    assert [one.offset for one in await source.take(0, 1)] == [1]
    assert [one.offset for one in await source.take(0, 40)] == [2]
    assert await source.take(0, 40) == []


async def test_fetching_stops_when_enough_is_held_and_goes_on_at_half_of_it() -> None:
    consumer: Any = Consumer()
    source = ReadingAhead(consumer)
    consumer.lying[0] = [record(offset, 20) for offset in range(20)]
    assert [one.offset for one in await source.take(0, 1)] == [0]
    await _until(lambda: 0 in consumer.paused)
    assert source.lag(0) in {
        4,
        5,
    }  # of 20 bytes: five come to what may be held, and the first may have been given before the last came
    seen = [0]
    while source.lag(0) > 3:
        seen += [one.offset for one in await source.take(0, 1)]
        assert 0 in consumer.paused
    seen += [one.offset for one in await source.take(0, 1)]
    assert 0 not in consumer.paused
    while len(seen) < 20:
        seen += [one.offset for one in await source.take(0, 40)]
    assert seen == list(range(20))


async def test_trouble_comes_behind_the_records_before_it_and_once() -> None:
    consumer: Any = Consumer()
    source = ReadingAhead(consumer)
    consumer.lying[0] = [record(0), record(1)]
    assert len(await source.take(0, 1)) == 1
    await _until(lambda: source.lag(0) == 1)
    consumer.trouble = OSError("away")
    await _until(lambda: source._held[0].fault is not None)
    assert [one.offset for one in await source.take(0, 40)] == [1]
    with pytest.raises(OSError, match="away"):
        await source.take(0, 40)
    consumer.trouble, consumer.lying[0] = None, [record(2)]
    assert [one.offset for one in await source.take(0, 40)] == [2]


async def test_a_seek_forgets_what_is_held_and_partitions_do_not_know_each_other() -> None:
    consumer: Any = Consumer()
    source = ReadingAhead(consumer)
    consumer.lying[0], consumer.lying[1] = [record(0), record(1)], [record(7)]
    assert len(await source.take(0, 1)) == 1
    await _until(lambda: source.lag(0) == 1)
    source.seek(0, 0)
    assert (source.lag(0), consumer.sought) == (0, [(0, 0)])
    consumer.lying[0] = [record(0)]
    assert [one.offset for one in await source.take(0, 40)] == [0]
    assert [one.offset for one in await source.take(1, 40)] == [7]
    source.hold(0)
    assert 0 in consumer.paused
    consumer.lying[1] = [record(8)]
    await _until(lambda: source.lag(1) == 1)
    source.forget(1)
    assert source.lag(1) == 0
