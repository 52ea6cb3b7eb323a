"""Files give way to single requests: one chunk at a time, with pauses; and only while there are single requests (BAT-15)."""

import asyncio
from typing import Any

from services.ingest import courtesy
from services.ingest.courtesy import Courtesy


async def _send(polite: Courtesy) -> "asyncio.Future[Any]":
    async with polite.turn():
        decision: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        polite.sent(decision)
    return decision


async def _steps(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_nothing_is_held_back_without_single_requests() -> None:
    polite = Courtesy()
    assert len([await _send(polite) for _ in range(8)]) == 8


async def test_beside_single_requests_a_chunk_waits_until_the_one_before_is_decided() -> None:
    polite = Courtesy()
    polite.single_came()
    first = await _send(polite)
    second, third = (asyncio.create_task(_send(polite)) for _ in range(2))
    await _steps()
    assert not second.done()
    first.set_result(None)
    decided = await second
    await _steps()
    assert not third.done(), "one at a time, also of several files"
    decided.set_result(None)
    await third


async def test_a_pause_as_long_as_the_chunk_took_lies_between_two() -> None:
    polite, loop = Courtesy(), asyncio.get_running_loop()
    polite.single_came()
    first = await _send(polite)
    loop.call_later(0.1, first.set_result, None)
    start = loop.time()
    await _send(polite)
    assert loop.time() - start >= 0.19


async def test_when_no_more_single_requests_come_files_go_on_at_full_width(monkeypatch: Any) -> None:
    monkeypatch.setattr(courtesy, "POLITE_SECONDS", 0.05)
    polite = Courtesy()
    polite.single_came()
    undecided = await _send(polite)
    others = [await _send(polite) for _ in range(3)]
    assert not undecided.done()
    assert len(others) == 3
