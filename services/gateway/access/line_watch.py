"""An open connection whose credential ends is closed (SEC-02, SEC-12).

Owns the watch beside a WebSocket: every second the credential is asked after, and once it has ended the client is told 4401 and the line is
given up, whatever the session behind does. Must not know what the connection is about.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.gateway.live.line import LINE

LOOK_SECONDS = 1.0
CUT_SECONDS = 1.0
ENDED = 4401
WHY = "the credential has ended: sign in, or use another key"


class Watched:
    """Runs an application over one WebSocket for as long as `still` says so."""

    def __init__(self, app: ASGIApp, still: Callable[[], Awaitable[bool]]) -> None:
        """`still` is asked every LOOK_SECONDS."""
        self._app, self._still = app, still
        self._over = asyncio.Event()
        self._open = False

    async def run(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the application ends; it hears of a disconnect when the credential has ended."""

        async def taking() -> Message:
            return await self._next(receive)

        async def giving(message: Message) -> None:
            if self._over.is_set():
                return
            self._open = self._open or message["type"] == "websocket.accept"
            await send(message)

        watch = asyncio.create_task(self._watch(scope, send))
        try:
            await self._app(scope, taking, giving)
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch

    async def _next(self, receive: Receive) -> Message:
        """The next message, or a disconnect once the credential has ended."""
        coming, over = asyncio.ensure_future(receive()), asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({coming, over}, return_when=asyncio.FIRST_COMPLETED)
            if self._over.is_set():
                return {"type": "websocket.disconnect", "code": ENDED, "reason": WHY}
            return coming.result()
        finally:
            over.cancel()
            coming.cancel()

    async def _watch(self, scope: Scope, send: Send) -> None:
        while await self._still():  # noqa: ASYNC110  it is another process that ends a credential
            await asyncio.sleep(LOOK_SECONDS)
        self._over.set()
        line = scope.get("extensions", {}).get(LINE)
        if line is not None:  # a client that reads nothing does not take the goodbye either
            asyncio.get_running_loop().call_later(CUT_SECONDS, line.cut)
        if self._open:
            with contextlib.suppress(RuntimeError, OSError):
                await send({"type": "websocket.close", "code": ENDED, "reason": WHY})
