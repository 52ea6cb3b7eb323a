"""One client's queue: bounded, and honest about what it took (LIV-08)."""

import asyncio
from typing import Any

import pytest

from services.gateway.live import client as client_module
from services.gateway.live.client import QUEUE_LOW, QUEUE_MAX, Client


class Socket:
    """A socket that takes messages while it is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.taken = 0

    async def send_text(self, text: str) -> None:
        await self.open.wait()
        self.taken += 1


def _client() -> tuple[Client, Any]:
    socket: Any = Socket()
    return Client(socket), socket


async def test_liv_08_past_the_bound_nothing_is_taken_and_what_waits_is_counted_as_dropped() -> None:
    client, _ = _client()
    before = client_module.metrics.FEED_DROPPED._value.get()  # type: ignore[attr-defined]
    assert [client.put(b"x") for _ in range(QUEUE_MAX + 2)] == [True] * QUEUE_MAX + [False, False]
    assert client.overflowed
    assert client_module.metrics.FEED_DROPPED._value.get() - before == QUEUE_MAX  # type: ignore[attr-defined]
    await asyncio.wait_for(client.too_slow(), 1)


async def test_history_waits_until_the_client_has_read_nearly_all() -> None:
    client, socket = _client()
    pump = asyncio.create_task(client.pump())
    for _ in range(QUEUE_LOW + 20):
        client.put(b"x")
    draining = asyncio.create_task(client.drained())
    await asyncio.sleep(0.05)
    assert not draining.done()
    socket.open.set()
    await asyncio.wait_for(draining, 1)
    assert not client.overflowed
    pump.cancel()


async def test_liv_08_a_client_that_takes_no_history_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "DRAIN_SECONDS", 0.05)
    client, _ = _client()
    for _ in range(QUEUE_LOW + 20):
        client.put(b"x")
    await client.drained()
    assert client.overflowed
