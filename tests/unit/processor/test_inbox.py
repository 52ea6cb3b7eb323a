"""What waits for a writer: what was fetched together is taken together, within bounds."""

import asyncio

import pytest

from services.processor import inbox
from services.processor.inbox import FULL, TAKE_MAX, Inbox, Waiting


def an_inbox() -> tuple[Inbox, list[str]]:
    said: list[str] = []
    return Inbox(lambda: said.append("full"), lambda: said.append("drained")), said


def record(offset: int, size: int = 1) -> Waiting:
    return Waiting(offset, b"", b"x" * size)


async def put_apart(box: Inbox, count: int, turns: int) -> None:
    for offset in range(count):
        box.put(record(offset))
        for _ in range(turns):
            await asyncio.sleep(0)


async def test_records_that_come_a_few_turns_apart_are_taken_together() -> None:
    box, _ = an_inbox()
    taking = asyncio.create_task(box.take())
    await put_apart(box, 4, 5)
    assert [one.offset for one in await taking] == [0, 1, 2, 3]


async def test_one_that_comes_alone_does_not_wait_for_long() -> None:
    box, _ = an_inbox()
    taking = asyncio.create_task(box.take())
    await asyncio.sleep(0)
    box.put(record(0))
    for _ in range(inbox.TURNS_APART + 4):
        await asyncio.sleep(0)
    assert taking.done()


async def test_a_stream_without_end_is_taken_in_parts() -> None:
    box, _ = an_inbox()
    taking = asyncio.create_task(box.take())
    feeding = asyncio.create_task(put_apart(box, 1000, 1))
    assert 1 < len(await taking) <= inbox.TURNS_MAX + 1
    feeding.cancel()


async def test_a_fault_is_raised_at_once_and_the_records_stay() -> None:
    box, _ = an_inbox()
    taking = asyncio.create_task(box.take())
    await asyncio.sleep(0)
    box.put(record(0))
    box.break_off(ValueError("cut"))
    with pytest.raises(ValueError, match="cut"):
        await taking
    assert len(await box.take()) == 1


async def test_a_full_inbox_stops_the_fetching_until_it_has_drained() -> None:
    box, said = an_inbox()
    for offset in range(FULL):
        box.put(record(offset))
    assert said == ["full"]
    taken = 0
    while not said[1:]:
        found = await box.take()
        assert len(found) == TAKE_MAX
        taken += len(found)
    assert (said, taken) == (["full", "drained"], FULL - FULL // 4)
