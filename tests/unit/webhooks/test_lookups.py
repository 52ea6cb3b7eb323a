"""A name server that does not answer holds up its own hosts alone (WHK-05)."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from services.webhooks.guard import Guard, RefusedAddressError
from services.webhooks.lookups import SLOW_THREADS, THREADS, Lookups

PATIENCE = 20.0
GOOD = ["93.184.216.34"]


class NameServer:
    """Answers at once, except for hosts of `silent.example`: those wait until they are let go. Counts what it is asked."""

    def __init__(self) -> None:
        self.let_go, self.asked, self.held = threading.Event(), Counter[str](), 0
        self._lock = threading.Lock()

    def __call__(self, host: str, *_: object, **__: object) -> Sequence[Any]:
        """As `resolve` does."""
        with self._lock:
            self.asked[host] += 1
        if host.endswith("silent.example"):
            self._hold()
            raise socket.gaierror("no answer")
        return GOOD

    def _hold(self) -> None:
        with self._lock:
            self.held += 1
        self.let_go.wait(PATIENCE)
        with self._lock:
            self.held -= 1


@asynccontextmanager
async def lookups(server: NameServer, slow_seconds: float = PATIENCE) -> AsyncIterator[Lookups]:
    made = Lookups(server, slow_seconds)
    try:
        yield made
    finally:
        server.let_go.set()
        made.close()


async def given_up(asking: Any) -> None:
    """Ask, and stop waiting, as a try does that takes too long."""
    task = asyncio.ensure_future(asking)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_whk_05_two_endpoints_whose_name_server_is_silent_take_no_lookup_from_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = NameServer()

    def getaddrinfo(host: str, *_: object, **__: object) -> list[Any]:
        return [(None, None, None, "", (address, 0)) for address in server(host)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    guard = Guard(loopback=False)
    try:
        for host in ("one.silent.example", "two.silent.example"):
            for _ in range(16):
                await given_up(guard.addresses(host))
        async with asyncio.timeout(PATIENCE / 2):
            assert await guard.addresses("well.example") == tuple(GOOD)
        assert server.held <= 2
    finally:
        server.let_go.set()
        guard.close()


async def test_deliveries_to_one_host_share_a_lookup_and_the_next_one_asks_anew() -> None:
    server = NameServer()
    async with lookups(server) as ask:
        waiting = [asyncio.ensure_future(ask(host)) for host in ("silent.example", "SILENT.example", "silent.example.")]
        await given_up(ask("silent.example"))
        server.let_go.set()
        assert await asyncio.gather(*waiting) == [()] * 3, "who gave up took nothing from those who wait"
        assert server.asked == {"silent.example": 1}
        assert [await ask("well.example") for _ in range(2)] == [GOOD] * 2
        assert server.asked["well.example"] == 2, "nothing is kept: a name may be bound anew"


async def test_hosts_that_were_slow_are_looked_up_apart_until_they_answer_soon() -> None:
    server = NameServer()
    hosts = [f"{n}.silent.example" for n in range(THREADS)]
    async with lookups(server, slow_seconds=0.0) as ask:
        server.let_go.set()
        await asyncio.gather(*map(ask, hosts))
        server.let_go.clear()
        ask._slow_seconds = PATIENCE
        for host in hosts:
            await given_up(ask(host))
        async with asyncio.timeout(PATIENCE / 2):
            assert await ask("well.example") == GOOD
        assert server.held <= SLOW_THREADS


async def test_a_name_that_nobody_has_is_refused_in_words() -> None:
    server = NameServer()
    server.let_go.set()
    async with lookups(server) as ask:
        with pytest.raises(RefusedAddressError, match="cannot be resolved"):
            await Guard(loopback=False, lookup=ask).addresses("silent.example")
