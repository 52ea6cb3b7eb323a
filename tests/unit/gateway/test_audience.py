"""Who is told what: a frame is made once for all who are owed the same, and each hears every change of its own once (LIV-06)."""

import asyncio
from typing import Any

import orjson
import pytest

from services.gateway.live import audience as audience_module
from services.gateway.live.audience import FRAME_CHANGES, Audience
from services.gateway.live.cursor import Cursor
from services.gateway.live.frames import Frame
from services.gateway.live.subscription import Part, Subscription
from tests.unit.gateway.front import PAYOUT_ID, change_row


class Hearer:
    """A client that takes `takes` frames, then has overflowed."""

    def __init__(self, takes: int = 1000) -> None:
        self.frames: list[Frame] = []
        self.takes = takes

    @property
    def overflowed(self) -> bool:
        return len(self.frames) >= self.takes

    def put_changes(self, subscription: Subscription, part: Part) -> bool:
        subscription.cursor = part.cursor
        if self.overflowed:
            return False
        self.frames.append(part.frame)
        return True

    def put_state(self, subscription: Subscription, frame: Frame, state: Any) -> bool:
        self.frames.append(frame)
        return True

    @property
    def told(self) -> list[Any]:
        return [orjson.loads(frame.payload) for frame in self.frames]

    @property
    def heard(self) -> list[int]:
        return [change["version"] for message in self.told for change in message["changes"]]


def _follow(audience: Audience, kind: str, subject: str, offset: int = 0, **given: Any) -> tuple[Any, Subscription]:
    hearer: Any = given.get("hearer", Hearer())
    subscription = Subscription(given.get("name", f"{kind}:{subject}"), kind, subject, "demo", Cursor(3, offset))
    audience.add(hearer, subscription)
    return hearer, subscription


def _page(*offsets: int) -> list[dict[str, Any]]:
    return [change_row(offset) for offset in offsets]


async def test_liv_08_followers_of_one_channel_share_the_very_bytes() -> None:
    audience = Audience()
    hearers = [_follow(audience, "payouts", "demo", offset)[0] for offset in (0, 3, 5)]
    await audience.tell_changes(3, _page(*range(5, 5 + 2 * FRAME_CHANGES)))
    assert [len(hearer.frames) for hearer in hearers] == [2, 2, 2]
    assert all(hearer.frames[at] is hearers[0].frames[at] for hearer in hearers for at in (0, 1))


async def test_liv_06_one_that_is_ahead_hears_only_what_it_was_not_told() -> None:
    audience = Audience()
    behind, ahead = _follow(audience, "payouts", "demo", 0)[0], _follow(audience, "payouts", "demo", 7)[0]
    await audience.tell_changes(3, _page(5, 6, 7, 8))
    await audience.tell_changes(3, _page(7, 8, 9))  # read again, as after an error half way
    assert behind.heard == [5, 6, 7, 8, 9]
    assert ahead.heard == [7, 8, 9]
    assert [message["cursor"] for message in ahead.told] == ["3:8:1@demo", "3:9:1@demo"]
    await audience.tell_changes(3, _page(8, 9))  # nobody is owed these
    assert (behind.heard, ahead.heard) == ([5, 6, 7, 8, 9], [7, 8, 9])


async def test_each_hears_its_own_under_the_name_it_gave() -> None:
    audience = Audience()
    payout, _ = _follow(audience, "payout", PAYOUT_ID)
    loud, _ = _follow(audience, "payout", PAYOUT_ID, name=f"payout:{PAYOUT_ID.upper()}")
    batch, _ = _follow(audience, "batch", "b1")
    other, _ = _follow(audience, "payouts", "other")
    balance, _ = _follow(audience, "balance", "demo")
    await audience.tell_changes(3, [change_row(1), change_row(2, batch_id="b1", id="another")])
    assert (payout.heard, loud.heard, batch.heard, other.frames, balance.frames) == ([1], [1], [2], [], [])
    assert loud.told[0]["channel"] == f"payout:{PAYOUT_ID.upper()}"


async def test_a_client_hears_a_change_on_each_of_its_channels() -> None:
    audience, hearer = Audience(), Hearer()
    _follow(audience, "payout", PAYOUT_ID, hearer=hearer)
    _follow(audience, "payouts", "demo", hearer=hearer)
    await audience.tell_changes(3, _page(1))
    assert sorted(message["channel"] for message in hearer.told) == [f"payout:{PAYOUT_ID}", "payouts:demo"]


async def test_a_change_is_serialised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    plain = audience_module.rows.change  # type: ignore[attr-defined]
    monkeypatch.setattr(audience_module.rows, "change", lambda row: made.append(row["offset"]) or plain(row))  # type: ignore[attr-defined]
    audience = Audience()
    for offset in range(10):
        _follow(audience, "payouts", "demo", offset)
        _follow(audience, "payout", PAYOUT_ID, offset)
    await audience.tell_changes(3, _page(4, 5, 6))
    assert made == [4, 5, 6]


async def test_liv_08_one_that_overflows_is_told_no_more_and_the_others_are() -> None:
    audience = Audience()
    _follow(audience, "payouts", "demo", hearer=Hearer(takes=1))
    fast, _ = _follow(audience, "payouts", "demo")
    await audience.tell_changes(3, _page(*range(3 * FRAME_CHANGES)))
    assert fast.heard == list(range(3 * FRAME_CHANGES))


def test_nobody_hears_when_all_have_overflowed() -> None:
    audience = Audience()
    assert not audience.hears
    hearer, _ = _follow(audience, "payouts", "demo", hearer=Hearer(takes=1))
    assert audience.hears
    hearer.frames.append(Frame(b""))
    assert not audience.hears


async def test_who_has_left_is_told_nothing_and_asked_for_no_more() -> None:
    audience = Audience()
    gone, going = _follow(audience, "payouts", "demo")
    stays, _ = _follow(audience, "batch", "b1")
    assert (len(audience), audience.wanted) == (2, {"batch": ["b1"], "payouts": ["demo"]})
    audience.remove(going)
    audience.remove(going)
    assert (len(audience), audience.wanted) == (1, {"batch": ["b1"]})
    await audience.tell_changes(3, [change_row(1, batch_id="b1")])
    assert (gone.frames, stays.heard) == ([], [1])


def test_one_who_leaves_is_not_compared_with_the_others() -> None:
    class Named(Subscription):
        def __eq__(self, other: object) -> bool:
            raise AssertionError("looked at")

        __hash__ = object.__hash__

    audience, hearer = Audience(), Hearer()
    all_of_them = [Named("payouts:demo", "payouts", "demo", "demo", Cursor(3, 0)) for _ in range(100)]
    for subscription in all_of_them:
        audience.add(hearer, subscription)  # type: ignore[arg-type]
    for subscription in reversed(all_of_them):
        audience.remove(subscription)
    assert not audience


async def test_a_state_is_told_once_to_those_who_do_not_know_it() -> None:
    audience = Audience()
    first, _ = _follow(audience, "batch", "b1", 5)
    await audience.tell_state("batch", "b1", 7, Cursor(3, 4), {"done": 1})
    second, _ = _follow(audience, "batch", "b1", 5)
    await audience.tell_state("batch", "b1", 7, Cursor(3, 6), {"done": 1})
    await audience.tell_state("batch", "b1", 8, Cursor(3, 9), {"done": 2})
    assert [(told["cursor"], told["batch"]["done"]) for told in first.told] == [("3:5:0@demo", 1), ("3:9:0@demo", 2)]
    assert [(told["cursor"], told["batch"]["done"]) for told in second.told] == [("3:6:0@demo", 1), ("3:9:0@demo", 2)]
    assert first.frames[-1] is second.frames[-1]


async def test_the_loop_is_left_to_others_between_the_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience_module, "FRAMES_AT_ONCE", 10)
    audience = Audience()
    hearers = [_follow(audience, "payouts", "demo")[0] for _ in range(12)]
    telling = asyncio.create_task(audience.tell_changes(3, _page(*range(2 * FRAME_CHANGES))))
    seen = []
    while not telling.done():
        await asyncio.sleep(0)
        seen.append(sum(len(hearer.frames) for hearer in hearers))
    assert seen[:3] == [10, 20, 24]


async def test_liv_06_one_who_leaves_between_the_turns_is_told_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audience_module, "FRAMES_AT_ONCE", 1)
    audience = Audience()
    (first, _), (last, going) = _follow(audience, "payouts", "demo"), _follow(audience, "payouts", "demo")
    telling = asyncio.create_task(audience.tell_changes(3, _page(1)))
    await asyncio.sleep(0)
    audience.remove(going)
    await telling
    assert (first.heard, last.frames) == ([1], [])
