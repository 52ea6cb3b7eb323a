"""What is not sent to a client yet: bounded, in order, and honest about what was taken (LIV-08)."""

import asyncio
from typing import Any

import pytest
from starlette.websockets import WebSocketState

from services.gateway.live import client as client_module
from services.gateway.live.client import QUEUE_MAX, UNSENT_BYTES_MAX, Client
from tests.unit.gateway.lines import MemoryLine


class Socket:
    """A socket that is closed without delay."""

    def __init__(self) -> None:
        self.application_state = WebSocketState.CONNECTED
        self.closed: list[int] = []

    async def close(self, code: int, reason: str) -> None:
        self.closed.append(code)


def _client(*, ready: bool) -> tuple[Client, MemoryLine]:
    socket: Any = Socket()
    line = MemoryLine(ready=ready)
    return Client(socket, line), line


def _dropped() -> float:
    return float(client_module.metrics.FEED_DROPPED._value.get())  # type: ignore[attr-defined]


async def test_a_line_that_takes_more_gets_a_frame_at_once() -> None:
    client, line = _client(ready=True)
    assert client.put(b"x")
    assert line.taken == [b"x"]


async def test_what_was_queued_comes_before_what_comes_later() -> None:
    client, line = _client(ready=False)
    client.put(b"1")
    client.put(b"2")
    line.ready = True  # the line is free already, and has not said so yet
    client.put(b"3")
    line.open()
    client.put(b"4")
    assert line.taken == [b"1", b"2", b"3", b"4"]


async def test_queued_frames_stop_where_the_line_takes_no_more() -> None:
    client, line = _client(ready=False)
    for frame in (b"1", b"2", b"3"):
        client.put(frame)
    plain = line.write

    def fill(frame: bytes) -> None:
        plain(frame)
        line.ready = len(line.taken) != 2

    line.write = fill  # type: ignore[method-assign]
    line.open()
    assert line.taken == [b"1", b"2"]
    line.open()
    assert line.taken == [b"1", b"2", b"3"]


async def test_liv_08_past_the_bound_nothing_is_taken_and_what_waits_is_counted_as_dropped() -> None:
    client, line = _client(ready=False)
    before = _dropped()
    assert [client.put(b"x") for _ in range(QUEUE_MAX + 2)] == [True] * QUEUE_MAX + [False, False]
    assert client.overflowed
    assert _dropped() - before == QUEUE_MAX
    line.open()
    assert line.taken == [], "what was dropped is not sent any more"
    assert not client.put(b"x")


async def test_liv_08_few_large_frames_are_past_the_bound_too() -> None:
    client, _ = _client(ready=False)
    frame = bytes(UNSENT_BYTES_MAX // 4)
    assert [client.put(frame) for _ in range(5)] == [True] * 4 + [False]
    assert client.overflowed


async def test_liv_08_what_the_line_holds_unsent_counts() -> None:
    client, line = _client(ready=False)
    line.unsent = UNSENT_BYTES_MAX - 10
    assert client.put(b"x" * 10)
    assert not client.put(b"x")


async def test_liv_08_what_was_sent_counts_no_more() -> None:
    client, line = _client(ready=False)
    frame = bytes(UNSENT_BYTES_MAX // 2)
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
    client.put(bytes(UNSENT_BYTES_MAX + 1))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(serving, 1)


async def test_liv_08_one_that_overflowed_before_its_session_began_has_none() -> None:
    client, _ = _client(ready=False)
    client.put(bytes(UNSENT_BYTES_MAX + 1))
    with pytest.raises(TimeoutError):
        async with client.keeps_up():
            await asyncio.wait_for(asyncio.Event().wait(), 1)


async def test_liv_08_the_goodbye_is_4008_and_then_the_line_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "GOODBYE_SECONDS", 0.05)
    client, line = _client(ready=False)
    await client.dismiss()
    assert (client._socket.closed, line.is_cut) == ([4008], False)  # type: ignore[attr-defined]
    await asyncio.sleep(0.1)
    assert line.is_cut


async def test_history_waits_until_the_client_has_read_nearly_all() -> None:
    client, line = _client(ready=False)
    client.put(b"x")
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
    client.put(b"x")
    await client.drained()
    assert client.overflowed
