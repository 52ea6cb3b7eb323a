"""Who does not read an answer holds no place for ever (SEC-10): real sockets, a tiny window."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from runtime import http_pace
from runtime.http_line import HttpLine
from runtime.http_room import Room

PIECE = b"x" * 65536
PATIENCE_SECONDS = 20.0


class Desk:
    """An application that gives as much as is taken; `open` counts the downloads that hold something."""

    def __init__(self) -> None:
        self.open = 0
        self.app = FastAPI()
        self.app.get("/endless")(self.endless)
        self.app.get("/large")(self.large)
        self.app.get("/small")(self.small)
        self.app.add_middleware(Room, requests_max=2)

    async def endless(self) -> Response:
        async def pieces() -> AsyncIterator[bytes]:
            self.open += 1
            try:
                while True:
                    yield PIECE
                    await asyncio.sleep(0)
            finally:
                self.open -= 1

        return StreamingResponse(pieces())

    async def large(self) -> Response:
        return Response(PIECE * 500)

    async def small(self) -> Response:
        return Response(b"ok")


@contextlib.asynccontextmanager
async def served(app: Any, loop: str) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        server = uvicorn.Server(uvicorn.Config(app, loop=loop, http=HttpLine, log_config=None, lifespan="off"))
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1], server
        server.should_exit = server.force_exit = True
        await running


async def asked(port: int, path: bytes, close: bytes = b"close") -> socket.socket:
    """A client with a tiny window that has asked, and reads when it is told to."""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(line, ("127.0.0.1", port))
    await loop.sock_sendall(line, b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: " + close + b"\r\n\r\n")
    return line


async def status(port: int) -> bytes:
    line = await asked(port, b"/small")
    async with asyncio.timeout(PATIENCE_SECONDS):
        found = await asyncio.get_running_loop().sock_recv(line, 65536)
    line.close()
    return found.split()[1]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():
            await asyncio.sleep(0.01)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_pace, "SLOW_SECONDS", 0.3)
    monkeypatch.setattr(http_pace, "LOOK_SECONDS", 0.05)


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
async def test_sec_10_downloads_that_nobody_reads_give_back_their_places(hasty: None, loop: str) -> None:
    desk = Desk()
    async with served(desk.app, loop) as (port, server):
        silent = [await asked(port, b"/endless") for _ in range(2)]
        await until(lambda: desk.open == 2)
        await until(lambda: desk.open == 0 and not server.server_state.connections)
        assert await status(port) == b"200"
        for line in silent:
            line.close()


async def test_sec_10_while_they_hold_their_places_others_are_told_to_come_again() -> None:
    desk = Desk()
    async with served(desk.app, "uvloop") as (port, _):
        silent = [await asked(port, b"/endless") for _ in range(2)]
        await until(lambda: desk.open == 2)
        assert await status(port) == b"429"
        for line in silent:
            line.close()
        await until(lambda: desk.open == 0)


@pytest.mark.parametrize("close", [b"close", b"keep-alive"])
async def test_sec_10_an_answer_that_is_written_at_once_is_not_kept_for_who_does_not_read(hasty: None, close: bytes) -> None:
    desk = Desk()
    async with served(desk.app, "uvloop") as (port, server):
        line = await asked(port, b"/large", close)
        await until(lambda: server.server_state.total_requests == 1 and bool(server.server_state.connections))
        await until(lambda: not server.server_state.connections)
        line.close()


async def test_sec_10_who_reads_fast_enough_is_not_cut_however_long_it_takes(
    hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_pace, "SLOW_BYTES_A_SECOND", 1024)
    desk, loop = Desk(), asyncio.get_running_loop()
    async with served(desk.app, "uvloop") as (port, _):
        line = await asked(port, b"/endless")
        began = loop.time()
        while loop.time() - began < 2:
            assert await loop.sock_recv(line, 4096)
            await asyncio.sleep(0.02)
        assert desk.open == 1
        line.close()
        await until(lambda: desk.open == 0)


async def test_sec_10_a_byte_now_and_then_is_not_enough(hasty: None) -> None:
    desk, loop = Desk(), asyncio.get_running_loop()
    async with served(desk.app, "uvloop") as (port, _):
        line = await asked(port, b"/endless")
        await until(lambda: desk.open == 1)

        async def sipping() -> None:
            with contextlib.suppress(OSError):
                while await loop.sock_recv(line, 1):
                    await asyncio.sleep(0.01)

        sips = asyncio.create_task(sipping())
        await until(lambda: desk.open == 0)
        sips.cancel()
        line.close()
