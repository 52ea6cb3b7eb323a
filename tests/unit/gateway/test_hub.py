"""The hub under joins and leaves at bad moments: no gap, no missed wake-up, nobody waits for another one's history (LIV-06, LIV-08)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import pytest

from runtime.http_problems import ProblemError
from services.gateway.live import arrivals as arrivals_module
from services.gateway.live.audience import FRAME_CHANGES, metrics
from services.gateway.live.cursor import Cursor
from services.gateway.live.frames import Frame
from services.gateway.live.hub import Hub
from services.gateway.live.subscription import Part, Subscription
from tests.unit.gateway.front import Row, change_row

TICK = 0.02


class Listener:
    """A client that keeps what it is told, and overflows after `takes` messages."""

    def __init__(self, takes: int = 1_000_000) -> None:
        self.messages: list[Any] = []
        self.takes = takes
        self.drains = 0

    @property
    def overflowed(self) -> bool:
        return len(self.messages) >= self.takes

    def put_state(self, subscription: Subscription, frame: Frame, state: Any) -> bool:
        if self.overflowed:
            return False
        self.messages.append(orjson.loads(frame.payload))
        return True

    def put_changes(self, subscription: Subscription, part: Part) -> bool:
        subscription.cursor = part.cursor
        return self.put_state(subscription, part.frame, None)

    @property
    def is_drained(self) -> bool:
        return False

    async def drained(self) -> None:
        self.drains += 1
        await asyncio.sleep(0)

    @property
    def versions(self) -> list[int]:
        return [change["version"] for message in self.messages for change in message.get("changes", ())]


class History:
    """Views with one change per offset. `gate` holds reads that begin at `held_from` or before; `broken` fails them."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.held_before = 1_000_000
        self.broken = False
        self.reads = 0
        self.asked: list[str] = []

    async def changes_between(
        self, start: tuple[int, int, int], end: int, wanted: Mapping[str, Sequence[str]], limit: int
    ) -> list[Row]:
        self.reads += 1
        if start[1] < self.held_before:
            await self.gate.wait()
        await asyncio.sleep(0)
        if self.broken:
            raise ProblemError("view_unavailable", "away")
        return [change_row(offset) for offset in range(start[1], end)][:limit]

    async def balances(self, merchant_id: str) -> list[Row]:
        self.asked.append(merchant_id)
        return [{"currency": "USD", "account": "available", "balance_minor": 5, "last_offset": 9}]

    async def merchant(self, merchant_id: str) -> Row:
        return {"main_currency": "USD"}


def _from(offset: int) -> Subscription:
    return Subscription("payouts:demo", "payouts", "demo", "demo", Cursor(0, offset))


async def _hub(history: Any, known: int) -> Hub:
    hub = Hub(history)
    await hub.advanced(0, known)
    await asyncio.sleep(TICK)
    return hub


async def _join(hub: Hub, client: Any, subscription: Subscription) -> None:
    await hub.join(client, subscription)


async def test_liv_06_a_second_viewer_that_leaves_during_a_join_makes_no_gap() -> None:
    history = History()
    hub = await _hub(history, 10)
    old, new, third, going = Listener(), Listener(), Listener(), _from(10)
    await _join(hub, old, going)
    history.gate.clear()
    joining = asyncio.create_task(_join(hub, new, _from(5)))
    await asyncio.sleep(TICK)
    history.gate.set()
    await asyncio.sleep(0)
    hub.leave(going)
    await joining
    for known in (11, 12, 13):
        await hub.advanced(0, known)
        await asyncio.sleep(TICK)
    assert new.versions == list(range(5, 13))
    await _join(hub, third, _from(13))
    await hub.advanced(0, 14)
    await asyncio.sleep(TICK)
    assert new.versions == list(range(5, 14))


async def test_liv_06_the_last_other_follower_leaves_while_the_join_holds_the_lock() -> None:
    history = History()
    hub = await _hub(history, 10)
    old, new, going = Listener(), Listener(), _from(10)
    await _join(hub, old, going)

    async def leaving(followers: Any, partition: int) -> None:
        hub.leave(going)

    hub._tell_states = leaving  # type: ignore[method-assign]
    await _join(hub, new, _from(5))
    await hub.advanced(0, 12)
    await asyncio.sleep(TICK)
    assert new.versions == list(range(5, 12))


async def test_liv_02_a_join_that_fails_does_not_swallow_the_wake_up_of_others() -> None:
    history = History()
    hub = await _hub(history, 10)
    first, second = Listener(), Listener()
    await _join(hub, first, _from(10))
    hold = asyncio.Event()

    async def failing(followers: Any, partition: int) -> None:
        await hold.wait()
        raise ProblemError("view_unavailable", "away")

    hub._tell_states, told = failing, hub._tell_states  # type: ignore[method-assign]
    joining = asyncio.create_task(_join(hub, second, _from(10)))
    await asyncio.sleep(TICK)
    await hub.advanced(0, 11)  # finds the lock of the partition taken
    hold.set()
    with pytest.raises(ProblemError):
        await joining
    hub._tell_states = told  # type: ignore[method-assign]
    await asyncio.sleep(TICK)
    assert first.versions == [10]


async def test_liv_08_a_far_behind_resume_does_not_hold_up_the_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals_module, "PAGE", 10)
    history = History()
    hub = await _hub(history, 95)
    live, late = Listener(), Listener()
    await _join(hub, live, _from(95))
    history.held_before = 90
    history.gate.clear()
    joining = asyncio.create_task(_join(hub, late, _from(0)))
    await asyncio.sleep(TICK)
    await hub.advanced(0, 96)
    await asyncio.sleep(TICK)
    assert live.versions == [95], "told while another one's history is read"
    history.gate.set()
    await joining
    await hub.advanced(0, 97)
    await asyncio.sleep(TICK)
    assert late.versions == list(range(97))
    assert late.drains >= 9, "each page waits for the client"
    assert live.versions == [95, 96]


async def test_liv_08_nothing_more_is_read_for_a_client_that_overflowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrivals_module, "PAGE", 10)
    history = History()
    hub = await _hub(history, 1000)
    await _join(hub, Listener(takes=2), _from(0))
    assert history.reads == 2


async def test_obs_01_only_changes_that_were_queued_are_counted_as_sent() -> None:
    before = metrics.FEED_SENT._value.get()
    hub = await _hub(History(), 200)
    await _join(hub, Listener(takes=1), _from(0))
    assert metrics.FEED_SENT._value.get() - before == FRAME_CHANGES


async def test_a_balance_is_read_once_for_all_who_follow_it() -> None:
    history = History()
    hub = await _hub(history, 10)
    clients = [Listener() for _ in range(5)]
    for client in clients:
        await _join(hub, client, Subscription("merchant:demo:balance", "balance", "demo", "demo", Cursor(0, 10)))
    history.asked.clear()
    await hub.advanced(0, 11)
    await asyncio.sleep(TICK)
    assert history.asked == ["demo"]
    assert [len(client.messages) for client in clients] == [1] * 5
