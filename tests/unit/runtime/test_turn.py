"""Long work in pieces."""

import asyncio

from runtime.clock import ManualClock, Turn


async def test_others_have_a_turn_once_the_work_has_lasted_and_not_before() -> None:
    clock, had = ManualClock(), list[str]()
    turn = Turn(clock)
    asyncio.get_running_loop().call_soon(had.append, "turn")
    await turn.pass_on()
    clock.advance(1)
    await turn.pass_on()
    assert had == []
    clock.advance(1)
    await turn.pass_on()
    assert had == ["turn"]
    asyncio.get_running_loop().call_soon(had.append, "turn")
    await turn.pass_on()
    assert had == ["turn"]
