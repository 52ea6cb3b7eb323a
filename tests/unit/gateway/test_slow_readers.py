"""Clients that stall, overflow, leave and come back with their last cursor hear every change once and in order (LIV-06, LIV-08)."""

import asyncio
from random import Random
from typing import Any

import orjson
import pytest

from services.gateway.live import arrivals as arrivals_module
from services.gateway.live import audience as audience_module
from services.gateway.live import backlog as backlog_module
from services.gateway.live.client import Client
from services.gateway.live.cursor import Cursor, parse
from services.gateway.live.hub import Hub
from services.gateway.live.subscription import Subscription
from tests.unit.gateway.front import change_row
from tests.unit.gateway.lines import MemoryLine

COMMITS, READERS = 60, 6


class Views:
    """`stands` offsets are committed, each with as many changes as `sizes` says; a read takes a moment."""

    def __init__(self, draws: Random) -> None:
        self.stands = 0
        self.sizes = [draws.randrange(1, 9) for _ in range(COMMITS)]

    async def changes_between(self, start: tuple[int, int, int], end: int, wanted: Any, limit: int) -> list[dict[str, Any]]:
        assert end <= self.stands, "asked ahead of the views"
        await asyncio.sleep(0)
        places = [(offset, idx) for offset in range(start[1], end) for idx in range(self.sizes[offset])]
        return [change_row(*place, version=_version(*place)) for place in places if place >= start[1:]][:limit]


def _version(offset: int, idx: int) -> int:
    return offset * 100 + idx


class Reader:
    """One that reads what its line has taken, and that a fair coin stalls. `heard` are the versions as they came."""

    def __init__(self, hub: Hub) -> None:
        self.hub, self.cursor, self.overflows = hub, Cursor(3, 0), 0
        self.heard: list[int] = []
        self.joining: asyncio.Task[None] | None = None

    def connect(self) -> None:
        self.line = MemoryLine()
        self.read = 0
        self.client = Client(self.line.hang_up, self.line)
        self.subscription = Subscription("payouts:demo", "payouts", "demo", "demo", self.cursor)
        self.joining = asyncio.create_task(self.hub.join(self.client, self.subscription))

    def take(self) -> None:
        """Everything that the line has taken is read, also what came before an overflow."""
        for frame in self.line.taken[self.read :]:
            message = orjson.loads(frame.payload)
            self.heard += [change["version"] for change in message["changes"]]
            self.cursor = parse(message["cursor"]) or self.cursor
        self.read = len(self.line.taken)

    async def leave(self) -> None:
        self.take()
        if self.joining:
            self.joining.cancel()
            await asyncio.wait({self.joining})
        self.hub.leave(self.subscription)

    async def step(self, draws: Random) -> None:
        """Stall, go on, or come back."""
        self.line.ready = draws.random() < 0.5
        if self.line.ready:
            self.line.open()
        self.take()
        if self.client.overflowed or draws.random() < 0.02:
            self.overflows += self.client.overflowed
            await self.leave()
            self.connect()


@pytest.mark.parametrize("seed", range(25))
async def test_liv_06_every_change_is_heard_once_whoever_stalls_when(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals_module, "PAGE", 7)
    monkeypatch.setattr(arrivals_module, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(arrivals_module, "NEAR_PLACES", 5)
    monkeypatch.setattr(audience_module, "FRAME_CHANGES", 3)
    monkeypatch.setattr(audience_module, "FRAMES_AT_ONCE", 4)
    monkeypatch.setattr(backlog_module, "BYTES_MAX", 6000)
    draws = Random(seed)
    views: Any = Views(draws)
    hub = Hub(views)
    readers = [Reader(hub) for _ in range(READERS)]
    for reader in readers:
        reader.connect()
    while views.stands < COMMITS:
        views.stands += 1
        await hub.advanced(3, views.stands)
        for _ in range(draws.randrange(6)):
            await asyncio.sleep(0)
        for reader in readers:
            await reader.step(draws)
    async with asyncio.timeout(5):
        while any(reader.cursor < Cursor(3, COMMITS - 1, views.sizes[-1]) for reader in readers):
            for reader in readers:
                await reader.step(draws)
            await asyncio.sleep(0)
    happened = [_version(offset, idx) for offset in range(COMMITS) for idx in range(views.sizes[offset])]
    assert [reader.heard for reader in readers] == [happened] * READERS
    await asyncio.gather(*(reader.leave() for reader in readers))
    assert sum(reader.overflows for reader in readers) > 0
    assert not hub._followers[3]
