"""Freshness while the broker comes and goes (RUN-19, API-17)."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from runtime.clock import SystemClock
from services.gateway import progress as progress_module
from services.gateway.progress import Progress


class Broker:
    """Readers of a broker that is away at first."""

    def __init__(self) -> None:
        self.away = True
        self.opened = self.closed = 0

    def reader(self, bootstrap: str) -> "Reader":
        self.opened += 1
        return Reader(self)


class Reader:
    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.started = False

    async def start(self, offsets: object) -> None:
        if self.broker.away:
            raise KafkaConnectionError("away")
        self.started = True

    async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        assert self.started, "never asked before it is started"
        if self.broker.away:
            raise KafkaConnectionError("away")
        return dict.fromkeys(partitions, 0)

    async def stop(self) -> None:
        self.broker.closed += 1


async def test_freshness_lives_on_when_the_broker_is_away_at_the_start_and_later(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    monkeypatch.setattr(progress_module, "EventReader", broker.reader)
    monkeypatch.setattr(progress_module, "ENDS_SECONDS", 0.01)
    progress = Progress("", "", "", 2, SystemClock())
    measuring = asyncio.create_task(progress._measure())
    await asyncio.sleep(0.05)
    assert not measuring.done()
    assert progress.fresh_at == 0
    broker.away = False
    await asyncio.sleep(0.05)
    first = progress.fresh_at
    assert first > 0
    broker.away = True
    await asyncio.sleep(0.05)
    broker.away = False
    await asyncio.sleep(0.05)
    assert progress.fresh_at > first
    assert broker.opened - broker.closed == 1, "every reader that failed is closed"
    measuring.cancel()


class StillReader:
    """The ends of partitions where nothing happens, and which of them have a record that the views lack."""

    def __init__(self, ends: dict[int, int], records: set[int]) -> None:
        self.now, self.records, self.read = ends, records, list[dict[int, tuple[int, int]]]()

    async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        return dict(self.now)

    async def holding(self, ranges: dict[int, tuple[int, int]]) -> set[int]:
        self.read.append(dict(ranges))
        return self.records & ranges.keys()


async def test_a_record_is_told_from_a_marker_where_nothing_moves() -> None:
    """A claim and the end of a transaction look like records: only reading tells. Before that nobody calls the views fresh."""
    progress = Progress("", "", "", 3, SystemClock())
    progress.next_offset = {1: 5, 2: 8}
    reader: Any = StillReader({0: 1, 1: 6, 2: 12}, records={0})
    lags = []
    for _ in range(4):
        await progress._compare(reader)
        lags.append(progress.lag_records)
    assert lags == [6, 1, 1, 1], "the plain record in partition 0; the marker in 1 and the aborted ones in 2 are none"
    assert progress.fresh_at == 0
    assert reader.read == [{0: (0, 1), 1: (5, 6), 2: (8, 12)}], "each stand is read once"
    progress.next_offset[0] = reader.now[0] = 1
    await progress._compare(reader)
    assert (progress.lag_records, progress.fresh_at > 0) == (0, True)
    reader.now[1] = 9
    await progress._compare(reader)
    assert progress.lag_records == 4, "it moves: a guess again"


async def test_views_that_are_ahead_of_the_log_are_not_fresh_although_they_are_heard_of_during_the_look() -> None:
    progress = Progress("", "", "", 1, SystemClock())

    class Hears(StillReader):
        async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
            progress.next_offset[0] = 105
            return await super().ends(partitions)

    reader: Any = Hears({0: 6}, records=set())
    for _ in range(3):
        await progress._compare(reader)
        assert progress.fresh_at == 0
