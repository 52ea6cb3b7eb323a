"""How much a client of the feed may say on a WebSocket: size of a message, frames a second, pieces of one message (SEC-12).

Owns the bounds, for everything that comes: messages, their fragments, and pings and pongs, which no session ever sees. Who goes past them
is told 4002 once and is heard no more. Must not know what is said.
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import State

MESSAGE_BYTES_MAX = 64 * 1024
"""Of a message, in however many frames; past it the line ends with 1009, before the message is taken in."""
MESSAGES_PER_SECOND = 100
FRAGMENTS_MAX = 1_000
PIECE_BYTES = 4096
"""So much is taken apart before it is counted."""
TOO_MUCH, NO_PROTOCOL = 4002, 1002
LAST_WORD_SECONDS = 1.0


class Heard(WebSocketsSansIOProtocol):
    """uvicorn's protocol, except that every frame counts."""

    _window = (0.0, 0)
    _is_deaf = False

    def data_received(self, data: bytes) -> None:
        """Bytes of frames; after too many of them, bytes."""
        for at in range(0, len(data), PIECE_BYTES):
            if self._is_deaf or self.transport.is_closing():
                return
            super().data_received(data[at : at + PIECE_BYTES])

    def handle_events(self) -> None:
        """Frames, whole. Of those that are too many none is answered."""
        if self._are_too_many(sum(isinstance(event, Frame) for event in self.conn.events)):
            self._end(f"at most {MESSAGES_PER_SECOND} messages, fragments and pings a second")
            return
        super().handle_events()
        if len(self.frames) > FRAGMENTS_MAX:
            self._end(f"at most {FRAGMENTS_MAX:,} fragments a message")

    def _are_too_many(self, frames: int) -> bool:
        start, count = self._window
        now = self.loop.time()
        self._window = (now, frames) if now - start >= 1 else (start, count + frames)
        return self._window[1] > MESSAGES_PER_SECOND

    def handle_parser_exception(self) -> None:
        """What is no WebSocket, or no text, or too large: the parser has said the goodbye already."""
        told = self.conn.close_sent
        self._leave(told.code if told else NO_PROTOCOL, told.reason if told else "")

    def _end(self, reason: str) -> None:
        """Too much: nothing of it is answered."""
        self._is_deaf = True
        self.conn.events_received()
        self.conn.data_to_send()
        if self.conn.state is State.OPEN and not self.close_sent and not self.transport.is_closing():
            self.conn.send_close(TOO_MUCH, reason)
        self._leave(TOO_MUCH, reason)

    def _leave(self, code: int, reason: str) -> None:
        """Send the goodbye, listen no more, and leave a moment to read it: to close with bytes unread would throw it away."""
        self._is_deaf = True
        if self.conn.state is State.CONNECTING:  # nobody has been let in: there is no line to say goodbye on
            self.transport.abort()
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        if self.close_timer is not None:
            self.close_timer.cancel()
        self.close_timer = self.loop.call_later(LAST_WORD_SECONDS, self.transport.abort)
