"""Turns: sharers together, one alone, and nobody is passed over."""

import asyncio
from contextvars import ContextVar

from tests.faults.turns import Turns


async def test_sharers_share_and_one_alone_waits_for_them_and_keeps_later_ones_out() -> None:
    turns, order = Turns(), []
    go = asyncio.Event()

    async def share(name: str) -> None:
        async with turns.shared("kafka"):
            order.append(name)
            await go.wait()

    async def alone() -> None:
        async with turns.alone("kafka"):
            order.append("alone")

    first = [asyncio.create_task(share("a")), asyncio.create_task(share("b"))]
    await asyncio.sleep(0.01)
    rest = [asyncio.create_task(alone())]
    await asyncio.sleep(0.01)
    rest.append(asyncio.create_task(share("c")))
    await asyncio.sleep(0.01)
    assert order == ["a", "b"]
    go.set()
    await asyncio.gather(*first, *rest)
    assert order == ["a", "b", "alone", "c"]


async def test_who_is_ended_while_waiting_holds_up_nobody() -> None:
    turns = Turns()
    async with turns.shared("kafka"):
        waiting = asyncio.create_task(turns.alone("kafka").__aenter__())
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1), turns.shared("kafka"), turns.alone("hop:x"):
            pass


async def test_who_waited_is_told_when_the_turn_has_come_in_its_own_context() -> None:
    seen: ContextVar[str] = ContextVar("seen")

    async def say() -> None:
        seen.set("now")

    async with Turns(say).alone("kafka"):
        assert seen.get() == "now"
    assert seen.get() == "now"
