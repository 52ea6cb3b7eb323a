"""One partition's worker, on a log and views in memory."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from runtime import metrics
from runtime.clock import ManualClock
from schemas.codec import encode
from schemas.commands import OpenMerchant
from services.projector import partition_worker
from services.projector.changes import Changes
from services.projector.limits import Limits
from services.projector.partition_worker import PartitionWorker
from services.projector.store import DisplacedError, Position
from tests.support.event_story import EventStory

PARTITION = 5


class MemoryLog:
    """A log that grows."""

    def __init__(self, records: Sequence[tuple[int, bytes | None]] = ()) -> None:
        self.records = list(records)
        self.position = 0
        self.seeks: list[int] = []

    def seek(self, partition: int, offset: int) -> None:
        self.seeks.append(offset)
        self.position = offset

    async def take(self, partition: int, limit: int) -> list[Any]:
        await asyncio.sleep(0.001)
        found = [(offset, value) for offset, value in self.records if offset >= self.position][:limit]
        if found:
            self.position = found[-1][0] + 1
        return [SimpleNamespace(offset=offset, value=value) for offset, value in found]

    def lag(self, partition: int) -> int:
        return sum(offset >= self.position for offset, _ in self.records)


class MemoryViews:
    """Views that keep their position only; `trouble` may raise before a write."""

    def __init__(self, trouble: Callable[[Changes], None] = lambda _: None) -> None:
        self.stand = Position(0, 0)
        self.sizes: list[int] = []
        self.trouble = trouble
        self.free = asyncio.Event()
        self.free.set()

    async def position(self, partition: int) -> Position:
        await asyncio.sleep(0)
        return self.stand

    async def apply(self, changes: Changes) -> None:
        await self.free.wait()
        self.trouble(changes)
        if changes.start != self.stand.next_offset:
            raise DisplacedError
        self.stand = Position(changes.next_offset, changes.next_source)
        self.sizes.append(changes.records)


def story(records: int) -> list[tuple[int, bytes | None]]:
    told = EventStory(1)
    for number in range(records):
        told.tell("acme", OpenMerchant(name=f"name {number}"))
    return [(offset, encode(record)) for offset, record in told.records]


@asynccontextmanager
async def running(log: MemoryLog, views: MemoryViews, limits: Limits | None = None) -> AsyncIterator[PartitionWorker]:
    worker = PartitionWorker(PARTITION, log, views, ManualClock(), limits or Limits())
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


async def test_all_records_are_written_in_order() -> None:
    log, views = MemoryLog(story(100)), MemoryViews()
    async with running(log, views):
        await until(lambda: sum(views.sizes) == 100)
    assert views.stand == Position(log.records[-1][0] + 1, 100)


async def test_a_record_that_is_alone_is_written_at_once() -> None:
    records = story(3)
    log, views = MemoryLog(records[:1]), MemoryViews()
    async with running(log, views):
        for count in (1, 2, 3):
            await until(lambda: sum(views.sizes) == count)  # noqa: B023  waited for inside the loop
            log.records = records[: count + 1]
    assert views.sizes == [1, 1, 1]


async def test_what_comes_in_while_the_database_works_goes_into_one_transaction_up_to_the_limit() -> None:
    log, views = MemoryLog(story(60)), MemoryViews()
    views.free.clear()
    async with running(log, views, Limits(records_max=40)):
        await until(lambda: log.position > log.records[40][0])
        views.free.set()
        await until(lambda: sum(views.sizes) == 60)
    assert views.sizes[:2] == [1, 40]


@pytest.mark.parametrize(
    "damage",
    [b"not json", None, b'{"v":1,"type":"unheard"}', "gap"],
)
async def test_a_record_that_cannot_be_projected_halts_the_partition_exactly_there(damage: bytes | str | None) -> None:
    """RUN-27: loudly, and everything before it is in the views."""
    records = story(30)
    if damage == "gap":
        del records[20]
    else:
        records[20] = (records[20][0], damage)  # type: ignore[assignment]
    log, views = MemoryLog(records), MemoryViews()
    async with running(log, views) as worker:
        await until(lambda: worker.halted is not None)
    assert views.stand.next_source == 20
    assert metrics.WRITER_HALTED.labels("projector", PARTITION)._value.get() == 1


async def test_a_version_that_is_not_known_halts_and_is_never_skipped() -> None:
    """RUN-27."""
    records = story(3)
    records[1] = (records[1][0], records[1][1].replace(b'"events"', b'"v":2,"events"'))  # type: ignore[union-attr]
    views = MemoryViews()
    async with running(MemoryLog(records), views) as worker:
        await until(lambda: worker.halted is not None)
    assert "version 2 is not known" in str(worker.halted)
    assert views.stand.next_source == 1


async def test_what_the_tables_refuse_halts_at_that_record_with_the_others_written() -> None:
    def refuse(changes: Changes) -> None:
        if changes.start <= records[10][0] < changes.next_offset:
            raise psycopg.errors.NotNullViolation("no")

    records = story(30)
    views = MemoryViews(refuse)
    async with running(MemoryLog(records), views) as worker:
        await until(lambda: worker.halted is not None)
    assert views.stand.next_source == 10


async def test_a_database_that_is_away_is_waited_for_and_the_offset_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(changes: Changes) -> None:
        if len(tries) < 3:
            tries.append(changes.start)
            raise psycopg.OperationalError("the server went away")

    monkeypatch.setattr(partition_worker, "AWAY_SECONDS_FIRST", 0.001)
    tries: list[int] = []
    views = MemoryViews(away)
    async with running(MemoryLog(story(5)), views) as worker:
        await until(lambda: sum(views.sizes) == 5)
    assert tries == [0, 0, 0]
    assert worker.halted is None


async def test_a_projector_that_was_displaced_drops_what_it_has_and_reads_the_position_again() -> None:
    """RELIABILITY T17."""

    def somebody_else(changes: Changes) -> None:
        if changes.start == 0:
            views.stand = Position(records[7][0], 7)

    records = story(20)
    log, views = MemoryLog(records), MemoryViews(somebody_else)
    async with running(log, views) as worker:
        await until(lambda: views.stand.next_source == 20)
    assert worker.halted is None
    assert log.seeks == [0, records[7][0]]
    assert sum(views.sizes) == 13


async def test_a_commit_whose_answer_was_lost_is_not_done_twice() -> None:
    def lose_the_answer(changes: Changes) -> None:
        if not views.sizes:
            views.stand = Position(changes.next_offset, changes.next_source)
            views.sizes.append(changes.records)
            raise psycopg.OperationalError("the connection broke after COMMIT")

    views = MemoryViews(lose_the_answer)
    async with running(MemoryLog(story(9)), views):
        await until(lambda: views.stand.next_source == 9)
    assert sum(views.sizes) == 9
