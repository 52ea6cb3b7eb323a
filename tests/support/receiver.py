"""A receiver on this machine whose answers a test chooses, over http or https."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Receiver:
    """Where it listens and what it got: (host header, SNI, headers, body)."""

    port: int = 0
    got: list[tuple[str, str | None, dict[str, str], bytes]] = field(default_factory=list)
    connections: set[object] = field(default_factory=set)

    def url(self, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}/hook"


@asynccontextmanager
async def receiving(answer: Answer | None = None, trust: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Answers 200 unless `answer` says otherwise."""
    receiver = Receiver()

    async def handle(request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert transport is not None
        receiver.connections.add(transport)
        spoken = transport.get_extra_info("ssl_object")
        sni = getattr(spoken, "payflow_sni", None)
        receiver.got.append((request.host, sni, dict(request.headers), await request.read()))
        return await answer(request) if answer is not None else web.Response(text="thanks")

    def note_sni(spoken: object, name: str | None, _context: object) -> None:
        spoken.payflow_sni = name  # type: ignore[attr-defined]

    if trust is not None:
        trust.sni_callback = note_sni  # type: ignore[assignment]
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trust)
    await site.start()
    assert site._server is not None
    receiver.port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    try:
        yield receiver
    finally:
        async with asyncio.timeout(5):
            await runner.cleanup()
