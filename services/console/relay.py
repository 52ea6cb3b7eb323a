"""The API beside the console, under the same origin: requests go on to the gateway as streams, WebSockets message by message.

Owns what travels: everything but hop-by-hop headers, with the Host and Origin that the browser sent, so that the gateway's own checks of
both hold. Must not read a body, decide who may ask, or keep an answer.
"""

import asyncio
import contextlib
from collections.abc import Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from runtime.http_trace import HEADER as TRACE
from runtime.http_trace import mint_trace_id, trace_id
from services.console.headers import SECURITY

CONNECT_SECONDS = 3.0
PIECE = 64 * 1024
MESSAGE_BYTES_MAX = 256 * 1024
HOP_BY_HOP = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"})
"""Anybody could have written these; the gateway does not read them, and shall not begin to by accident."""
AWAY = (aiohttp.ClientError, TimeoutError, OSError)
PROBLEM = (
    '{"type":"/api/v1/docs/errors/view_unavailable/","title":"The gateway does not answer","status":503,"code":"view_unavailable",'
    '"detail":"The console\'s server cannot reach the gateway: nothing was passed on, or nobody knows; try again with the same key."'
)
PACKED = (
    '{"type":"/api/v1/docs/errors/malformed_body/","title":"The body cannot be read","status":400,"code":"malformed_body",'
    '"detail":"A body comes as it is, or in chunks (Transfer-Encoding: chunked); nothing else is undone here."'
)
NOT_OURS = ("Accept", "Accept-Encoding", "User-Agent", "Content-Type")
"""What the client library would add."""
PROBLEM_JSON, UNAVAILABLE = "application/problem+json", 503
GONE, RESTARTS, NORMAL = 1001, 1012, 1000
NEVER_SENT = frozenset({1004, 1005, 1006, 1015})
"""Close codes that only say that there was none."""


class Relay:
    """A pooled client of the gateway; opened inside a running loop."""

    def __init__(self, gateway_url: str) -> None:
        """Not open yet."""
        self._url = gateway_url.rstrip("/")
        self._session: aiohttp.ClientSession | None = None

    async def open(self, _app: web.Application | None = None) -> None:
        """Make the pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=NOT_OURS,
        )

    async def close(self, _app: web.Application | None = None) -> None:
        """Close the pool."""
        if self._session is not None:
            await self._session.close()

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """The gateway's answer, byte for byte. 400 for a body that cannot go on, 503 when it is away before it has begun."""
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._line(request)
        if request.headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":  # it would go on as if plain
            return _problem(request, PACKED, 400)
        assert self._session is not None
        body = request.content if request.body_exists else None
        answered = web.StreamResponse()
        try:
            async with self._session.request(
                request.method, self._target(request), headers=_kept(request.headers), data=body, allow_redirects=False
            ) as answer:
                answered = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
                await answered.prepare(request)
                async for piece in answer.content.iter_chunked(PIECE):
                    await answered.write(piece)
                await answered.write_eof()
        except AWAY:
            if not answered.prepared:
                return _problem(request, PROBLEM, UNAVAILABLE)
            if request.transport is not None:  # what has begun and is not whole must not look whole
                request.transport.abort()
        return answered

    def _target(self, request: web.Request) -> URL:
        return URL(f"{self._url}{request.rel_url.raw_path_qs}", encoded=True)

    async def _line(self, request: web.Request) -> web.StreamResponse:
        """One WebSocket: its handshake is the gateway's, its messages, pings and goodbye go both ways."""
        assert self._session is not None
        headers = {
            name: value for name, value in _kept(request.headers).items() if not name.lower().startswith("sec-websocket")
        }
        try:
            gateway = await self._session.ws_connect(
                self._target(request), headers=headers, autoping=False, autoclose=False, max_msg_size=0, compress=0
            )
        except aiohttp.WSServerHandshakeError as refused:
            return web.Response(status=refused.status, headers=SECURITY)
        except AWAY:
            return _problem(request, PROBLEM, UNAVAILABLE)
        browser = web.WebSocketResponse(autoping=False, autoclose=False, max_msg_size=MESSAGE_BYTES_MAX, compress=False)
        try:
            await browser.prepare(request)
            await _both_ways(browser, gateway)
        finally:
            await gateway.close()
        return browser


Line = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _both_ways(browser: web.WebSocketResponse, gateway: aiohttp.ClientWebSocketResponse) -> None:
    """Until either side has gone; the other is told by which code."""
    ways = {asyncio.create_task(_carry(browser, gateway)), asyncio.create_task(_carry(gateway, browser))}
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)


async def _carry(source: Line, target: Line) -> None:
    """Messages from one to the other; a slow reader holds up the writer, as on one line."""
    with contextlib.suppress(ConnectionError, RuntimeError):
        while True:
            message = await source.receive()
            match message.type:
                case aiohttp.WSMsgType.TEXT:
                    await target.send_str(message.data)
                case aiohttp.WSMsgType.BINARY:
                    await target.send_bytes(message.data)
                case aiohttp.WSMsgType.PING:
                    await target.ping(message.data)
                case aiohttp.WSMsgType.PONG:
                    await target.pong(message.data)
                case aiohttp.WSMsgType.CLOSE:
                    code = message.data if message.data and message.data not in NEVER_SENT else NORMAL
                    await target.close(code=code, message=(message.extra or "").encode())
                    return
                case _:  # it went without a word
                    await target.close(code=RESTARTS if isinstance(target, web.WebSocketResponse) else GONE)
                    return


def _problem(request: web.Request, members: str, status: int) -> web.Response:
    """A refusal of our own, under the request's trace or a new one (ERR-01)."""
    trace = trace_id(request.headers.get(TRACE)) or mint_trace_id()
    headers = {**SECURITY, "Cache-Control": "no-store"} | ({"Retry-After": "1"} if status == UNAVAILABLE else {})
    return web.Response(text=f'{members},"trace_id":"{trace}"}}', status=status, content_type=PROBLEM_JSON, headers=headers)


def _kept(headers: Mapping[str, str]) -> CIMultiDict[str]:
    """What travels on."""
    left_out = HOP_BY_HOP | FORWARDED
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in left_out)
