"""Many who come at once, as after a restart: one reading for all, and none waits for another (LIV-06, LIV-08, LIV-09)."""

import asyncio

import pytest

from services.gateway.live import arrivals
from tests.unit.gateway.test_hub import TICK, History, Listener, _from, _hub


class Stuck(Listener):
    """One whose line takes nothing more until `room` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.room = asyncio.Event()

    async def drained(self) -> None:
        await self.room.wait()


async def test_a_crowd_that_comes_from_one_place_is_one_reading() -> None:
    history = History()
    hub = await _hub(history, 40)
    crowd = [Listener() for _ in range(200)]
    await asyncio.gather(*(hub.join(client, _from(0)) for client in crowd))
    assert all(client.versions == list(range(40)) for client in crowd)
    assert history.reads <= 2
    await hub.advanced(0, 41)
    await asyncio.sleep(TICK)
    assert all(client.versions == list(range(41)) for client in crowd)


async def test_the_live_ones_do_not_wait_for_a_crowd() -> None:
    history = History()
    hub = await _hub(history, 40)
    live, crowd = Listener(), [Listener() for _ in range(50)]
    await hub.join(live, _from(40))
    history.held_before = 30
    history.gate.clear()
    coming = [asyncio.create_task(hub.join(client, _from(0))) for client in crowd]
    await asyncio.sleep(TICK)
    await hub.advanced(0, 41)
    await asyncio.sleep(TICK)
    assert live.versions == [40]
    history.gate.set()
    await asyncio.gather(*coming)
    assert all(client.versions == list(range(41)) for client in crowd)


async def test_who_reads_slowly_holds_up_nobody_and_goes_on_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals, "PATIENCE_SECONDS", 0.01)
    hub = await _hub(History(), 120)
    slow, fast = Stuck(), Listener()
    waiting = asyncio.create_task(hub.join(slow, _from(0)))
    async with asyncio.timeout(2):
        await hub.join(fast, _from(1))
    assert fast.versions == list(range(1, 120))
    assert not waiting.done()
    slow.room.set()
    await waiting
    await hub.advanced(0, 121)
    await asyncio.sleep(TICK)
    assert slow.versions == list(range(121))


async def test_who_goes_while_it_comes_is_no_follower_and_the_others_are() -> None:
    history = History()
    hub = await _hub(history, 40)
    history.gate.clear()
    stays, goes = Listener(), Listener()
    coming = [asyncio.create_task(hub.join(client, _from(0))) for client in (stays, goes)]
    await asyncio.sleep(TICK)
    coming[1].cancel()
    history.gate.set()
    await asyncio.wait(coming)
    assert coming[1].cancelled()
    await hub.advanced(0, 41)
    await asyncio.sleep(TICK)
    assert stays.versions == list(range(41))
    assert len(hub._followers[0]) == 1
    assert 40 not in goes.versions
