"""One connected client: its subscriptions and its bounded queue.

Owns back-pressure: a client that does not read fast enough is closed and comes back with its cursors, and its line is cut if it does not
even take the goodbye; it never makes another one wait. Must not know where messages come from.
"""

import asyncio
import contextlib
from collections import deque

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from runtime import metrics
from services.gateway.live import line
from services.gateway.live.cursor import Cursor

QUEUE_MAX = 500
QUEUE_LOW = 50
DRAIN_SECONDS = 10.0
GOODBYE_SECONDS = 10.0
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
        self._low = asyncio.Event()
        self._low.set()
        self._too_slow = asyncio.Event()
        self.subscriptions: dict[str, Subscription] = {}

    @property
    def overflowed(self) -> bool:
        """Whether the client did not read fast enough: nothing is queued for it any more."""
        return self._too_slow.is_set()

    async def too_slow(self) -> None:
        """Wait until the client has overflowed."""
        await self._too_slow.wait()

    def put(self, message: bytes) -> bool:
        """Queue one message; False if it is not taken: past QUEUE_MAX the client is closed with 4008 and comes back by its cursors."""
        if self.overflowed:
            return False
        self._some.set()
        if len(self._queue) >= QUEUE_MAX:
            self._overflow()
            return False
        self._queue.append(message)
        if len(self._queue) > QUEUE_LOW:
            self._low.clear()
        return True

    async def drained(self) -> None:
        """Wait until the client has read nearly all that is queued; one that takes DRAIN_SECONDS for it is too slow."""
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._low.wait()
        except TimeoutError:
            self._overflow()

    def _overflow(self) -> None:
        if not self.overflowed:
            metrics.FEED_DROPPED.inc(len(self._queue))
            self._queue.clear()
            self._too_slow.set()
            self._some.set()
            self._low.set()

    async def pump(self) -> None:
        """Send what is queued until the client goes or is too slow."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while not self.overflowed:
                await self._some.wait()
                self._some.clear()
                await self._send_queued()
            await self.close(TOO_SLOW, "too slow: reconnect and resume with your last cursors")

    async def _send_queued(self) -> None:
        while self._queue:
            message = self._queue.popleft()
            if len(self._queue) <= QUEUE_LOW:
                self._low.set()
            await self._socket.send_text(message.decode())

    async def close(self, code: int, reason: str) -> None:
        """Close the socket; one that is closed already is no error."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(code, reason)

    async def dismiss(self, pump: "asyncio.Task[None]") -> None:
        """Give a client that was too slow GOODBYE_SECONDS to take its 4008 from the pump and to go; then cut the line."""
        asyncio.get_running_loop().call_later(GOODBYE_SECONDS, line.cut, self._socket)
        await asyncio.wait({pump}, timeout=GOODBYE_SECONDS)
