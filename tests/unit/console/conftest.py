"""A built console in a folder, a gateway that says what it was asked, and the console's server between."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestClient, TestServer

from services.console.app import build
from services.console.files import Files
from services.console.relay import Relay

SCRIPT = b"console.log('hello');" * 200
Client = TestClient[web.Request, web.Application]


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Payflow</title>")
    (folder / "mark.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets" / "main-3f2a9c1d.js").write_bytes(SCRIPT)
    (tmp_path / "secret.txt").write_text("not to be given")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


class Gateway:
    """Answers requests with what it got; its WebSocket says everything twice and ends as it is told."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.bodies: list[bytes] = []

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/api/v1/feed/", self.feed)
        app.router.add_get("/api/v1/feed/refused", self.refuse)
        app.router.add_get("/api/v1/endless", self.endless)
        app.router.add_get("/api/v1/broken", self.broken)
        app.router.add_route("*", "/{path:.*}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        self.bodies.append(await request.read())
        headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Path", request.raw_path), ("Connection", "keep-alive")]
        found: Any = headers
        return web.Response(body=b'{"ok":true}', status=203, headers=found, content_type="application/json")

    async def refuse(self, _request: web.Request) -> web.Response:
        return web.Response(status=401)

    async def endless(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"first")
        with contextlib.suppress(ConnectionError):
            while True:
                await answer.write(b"")
                import asyncio

                await asyncio.sleep(0.01)
        return answer

    async def broken(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "100"})
        await answer.prepare(request)
        await answer.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return answer

    async def feed(self, request: web.Request) -> web.WebSocketResponse:
        self.asked.append(request)
        line = web.WebSocketResponse()
        await line.prepare(request)
        async for message in line:
            if message.type is WSMsgType.TEXT and message.data.startswith("end "):
                await line.close(code=int(message.data[4:]), message=b"as told")
            elif message.type is WSMsgType.TEXT:
                await line.send_str(message.data * 2)
        return line


@contextlib.asynccontextmanager
async def served(dist: Path, gateway: Gateway | None, hosts: frozenset[str] = frozenset()) -> AsyncIterator[Client]:
    """The console's server; None for a gateway that is away."""
    async with contextlib.AsyncExitStack() as stack:
        url = "http://127.0.0.1:9"
        if gateway is not None:
            server = await stack.enter_async_context(TestServer(gateway.app()))
            url = str(server.make_url(""))
        client = TestClient(TestServer(build(Files(dist), Relay(url), hosts)))
        yield await stack.enter_async_context(client)
