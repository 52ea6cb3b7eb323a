"""One connected client: its subscriptions and its bounded queue.

Owns back-pressure: a client that does not read fast enough is told where it stands and closed, and comes back with its cursor;
it never makes another one wait. Must not know where messages come from.
"""

import asyncio
import contextlib
from collections import deque

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from runtime import metrics
from services.gateway.live.cursor import Cursor

QUEUE_MAX = 500
TOO_SLOW = 4008


class Subscription:
    """One channel of one client. `cursor` is the next change it is owed."""

    def __init__(self, name: str, kind: str, subject: str, merchant_id: str, cursor: Cursor) -> None:
        """`kind` is batch, payout, payouts or balance; `subject` the id it is about."""
        self.name = name
        self.kind, self.subject, self.merchant_id = kind, subject, merchant_id
        self.cursor = cursor
        self.seen = -1


class Client:
    """A socket with a queue. put() never blocks."""

    def __init__(self, socket: WebSocket) -> None:
        """No subscription yet."""
        self._socket = socket
        self._queue: deque[bytes] = deque()
        self._some = asyncio.Event()
        self._overflowed = False
        self.subscriptions: dict[str, Subscription] = {}

    def put(self, message: bytes) -> None:
        """Queue one message; past QUEUE_MAX the client is closed with 4008 and comes back by its cursors."""
        if self._overflowed:
            return
        if len(self._queue) >= QUEUE_MAX:
            self._overflowed = True
            metrics.FEED_DROPPED.inc(len(self._queue))
            self._queue.clear()
        else:
            self._queue.append(message)
        self._some.set()

    async def pump(self) -> None:
        """Send what is queued until the client goes or is too slow."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                await self._some.wait()
                self._some.clear()
                while self._queue:
                    await self._socket.send_text(self._queue.popleft().decode())
                if self._overflowed:
                    await self.close(TOO_SLOW, "too slow: reconnect and resume with your last cursors")
                    return

    async def close(self, code: int, reason: str) -> None:
        """Close the socket; one that is closed already is no error."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(code, reason)
