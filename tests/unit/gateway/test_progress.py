"""Freshness while the broker comes and goes (RUN-19, API-17)."""

import asyncio
from collections.abc import Iterable

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
