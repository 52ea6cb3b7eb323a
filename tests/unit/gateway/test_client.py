"""What is not sent to a client yet: bounded, in order, and honest about what was taken (LIV-08)."""

import asyncio

import orjson
import pytest

from runtime import metrics
from services.gateway.live import client as client_module
from services.gateway.live.backlog import BYTES_MAX, FRAMES_MAX
from services.gateway.live.client import Client
from services.gateway.live.frames import Frame
from tests.unit.gateway.lines import MemoryLine


def _client(*, ready: bool) -> tuple[Client, MemoryLine]:
    line = MemoryLine(ready=ready)
    return Client(line.hang_up, line), line


def _frame(text: bytes | int) -> Frame:
    return Frame(bytes(text) if isinstance(text, int) else text)


def _dropped() -> float:
    return float(metrics.FEED_TOO_SLOW._value.get())  # type: ignore[attr-defined]


async def test_a_line_that_takes_more_gets_a_frame_at_once() -> None:
    client, line = _client(ready=True)
    assert client.put(_frame(b"x"))
    assert line.texts == [b"x"]


async def test_what_was_queued_comes_before_what_comes_later() -> None:
    client, line = _client(ready=False)
    client.put(_frame(b"1"))
    client.put(_frame(b"2"))
    line.ready = True  # the line is free already, and has not said so yet
    client.put(_frame(b"3"))
    line.open()
    client.put(_frame(b"4"))
    assert line.texts == [b"1", b"2", b"3", b"4"]


async def test_queued_frames_stop_where_the_line_takes_no_more() -> None:
    client, line = _client(ready=False)
    for frame in map(_frame, (b"1", b"2", b"3")):
        client.put(frame)
    plain = line.write

    def fill(frame: Frame) -> None:
        plain(frame)
        line.ready = len(line.taken) != 2

    line.write = fill  # type: ignore[method-assign]
    line.open()
    assert line.texts == [b"1", b"2"]
    line.open()
    assert line.texts == [b"1", b"2", b"3"]


async def test_liv_08_past_the_bound_nothing_is_taken_and_the_client_is_counted() -> None:
    client, line = _client(ready=False)
    before = _dropped()
    assert [client.put(_frame(b"x")) for _ in range(FRAMES_MAX + 2)] == [True] * FRAMES_MAX + [False, False]
    assert client.overflowed
    assert _dropped() - before == 1
    line.open()
    assert line.texts == [], "what was dropped is not sent any more"
    assert not client.put(_frame(b"x"))


async def test_liv_08_few_large_frames_are_past_the_bound_too() -> None:
    client, _ = _client(ready=False)
    frame = _frame(BYTES_MAX // 4)
    assert [client.put(frame) for _ in range(5)] == [True] * 4 + [False]
    assert client.overflowed


async def test_liv_08_what_the_line_holds_unsent_counts() -> None:
    client, line = _client(ready=False)
    line.unsent = BYTES_MAX - 10
    assert client.put(_frame(10))
    assert not client.put(_frame(b"x"))


async def test_liv_08_what_was_sent_counts_no_more() -> None:
    client, line = _client(ready=False)
    frame = _frame(BYTES_MAX // 2)
    for _ in range(3):
        assert [client.put(frame), client.put(frame)] == [True, True]
        line.open()
        line.ready = False
    assert not client.overflowed


async def test_liv_08_a_client_that_overflows_ends_its_session_at_once() -> None:
    client, _ = _client(ready=False)

    async def session() -> None:
        async with client.keeps_up():
            await asyncio.Event().wait()

    serving = asyncio.create_task(session())
    await asyncio.sleep(0)
    client.put(_frame(BYTES_MAX + 1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(serving, 1)


async def test_liv_08_one_that_overflowed_before_its_session_began_has_none() -> None:
    client, _ = _client(ready=False)
    client.put(_frame(BYTES_MAX + 1))
    with pytest.raises(TimeoutError):
        async with client.keeps_up():
            await asyncio.wait_for(asyncio.Event().wait(), 1)


async def test_liv_08_the_goodbye_is_4008_and_then_the_line_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "GOODBYE_SECONDS", 0.05)
    client, line = _client(ready=False)
    await client.dismiss()
    assert (line.closed, line.is_cut) == ([4008], False)
    assert orjson.loads(line.taken[-1].payload)["type"] == "bye"
    await asyncio.sleep(0.1)
    assert line.is_cut


async def test_history_waits_until_the_client_has_read_nearly_all() -> None:
    client, line = _client(ready=False)
    client.put(_frame(b"x"))
    draining = asyncio.create_task(client.drained())
    await asyncio.sleep(0.05)
    assert not draining.done()
    line.open()
    await asyncio.wait_for(draining, 1)
    assert not client.overflowed


async def test_history_waits_for_a_full_line_though_nothing_is_queued() -> None:
    client, line = _client(ready=False)
    draining = asyncio.create_task(client.drained())
    await asyncio.sleep(0.05)
    assert not draining.done()
    line.open()
    await asyncio.wait_for(draining, 1)


async def test_liv_08_a_client_that_takes_no_history_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "DRAIN_SECONDS", 0.05)
    client, _ = _client(ready=False)
    client.put(_frame(b"x"))
    await client.drained()
    assert client.overflowed


async def test_liv_08_a_line_that_takes_no_heartbeat_is_left() -> None:
    client, line = _client(ready=False)
    for _ in range(client_module.BEATS_MISSED - 1):
        client.beat(_frame(b"beat"))
    assert not client.overflowed
    line.open()
    client.beat(_frame(b"beat"))
    line.ready = False
    for _ in range(client_module.BEATS_MISSED):
        client.beat(_frame(b"beat"))
    assert client.overflowed
