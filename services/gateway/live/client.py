"""One connected client: its subscriptions and what is not sent to it yet, bounded.

Owns back-pressure: a client that does not read fast enough is closed and comes back with its cursors, and its line is cut if it does not
even take the goodbye; it never makes another one wait. Must not know where messages come from.
"""

import asyncio
import contextlib
from collections import deque

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from runtime import metrics
from services.gateway.live.cursor import Cursor
from services.gateway.live.line import Line

QUEUE_MAX = 500
UNSENT_BYTES_MAX = 1024 * 1024
"""Of one client, what is queued and what its line has not sent yet. A single larger frame is taken only by an idle line."""
DRAIN_SECONDS = 10.0
GOODBYE_SECONDS = 10.0
TOO_SLOW = 4008


class Subscription:
    """One channel of one client. `cursor` is behind the last that it was told; it stays there while nothing concerns it."""

    __slots__ = ("cursor", "kind", "merchant_id", "name", "seen", "subject")

    def __init__(self, name: str, kind: str, subject: str, merchant_id: str, cursor: Cursor) -> None:
        """`kind` is batch, payout, payouts or balance; `subject` the id it is about."""
        self.name = name
        self.kind, self.subject, self.merchant_id = kind, subject, merchant_id
        self.cursor = cursor
        self.seen = -1


class Client:
    """A socket and its line. put() never blocks: what the line does not take now is queued."""

    def __init__(self, socket: WebSocket, line: Line) -> None:
        """No subscription yet."""
        self._socket, self._line = socket, line
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._emptied: asyncio.Future[None] | None = None
        self._session: asyncio.Timeout | None = None
        self.overflowed = False
        """Whether the client did not read fast enough: nothing is queued for it any more."""
        self.subscriptions: dict[str, Subscription] = {}
        line.on_ready = self._send_queued

    def put(self, frame: bytes) -> bool:
        """Send or queue one frame; False if it is not taken: past the bounds the client gets 4008 and comes back by its cursors."""
        if self.overflowed:
            return False
        if not self._queue and self._line.ready:
            self._line.write(frame)
            return True
        if len(self._queue) >= QUEUE_MAX or self._queued_bytes + self._line.unsent + len(frame) > UNSENT_BYTES_MAX:
            self._overflow()
            return False
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        return True

    def _send_queued(self) -> None:
        """The line takes more."""
        while self._queue and self._line.ready:
            frame = self._queue.popleft()
            self._queued_bytes -= len(frame)
            self._line.write(frame)
        self._tell_emptied()

    def _tell_emptied(self) -> None:
        if self._emptied and self._is_drained and not self._emptied.done():
            self._emptied.set_result(None)

    @property
    def _is_drained(self) -> bool:
        return self.overflowed or (not self._queue and self._line.ready)

    async def drained(self) -> None:
        """Wait until the client has read nearly all that is unsent; one that takes DRAIN_SECONDS for it is too slow."""
        if self._is_drained:
            return
        self._emptied = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._emptied
        except TimeoutError:
            self._overflow()

    def keeps_up(self) -> asyncio.Timeout:
        """A scope that ends, by TimeoutError, when the client overflows."""
        self._session = asyncio.timeout(0 if self.overflowed else None)
        return self._session

    def _overflow(self) -> None:
        if not self.overflowed:
            metrics.FEED_DROPPED.inc(len(self._queue))
            self._queue.clear()
            self._queued_bytes, self.overflowed = 0, True
            self._tell_emptied()
            if self._session:
                self._session.reschedule(0)

    async def close(self, code: int, reason: str) -> None:
        """Close the socket; one that is closed already is no error."""
        if self._socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(code, reason)

    async def dismiss(self) -> None:
        """Give a client that was too slow GOODBYE_SECONDS to take its 4008 and to go; then cut the line."""
        asyncio.get_running_loop().call_later(GOODBYE_SECONDS, self._line.cut)
        await self.close(TOO_SLOW, "too slow: reconnect and resume with your last cursors")
