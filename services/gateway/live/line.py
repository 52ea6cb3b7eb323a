"""The line below a WebSocket: ready frames go straight to it, past the layers of ASGI, and it can be cut.

Owns what ASGI has no word for: one frame's bytes written to many connections, how much of it is unsent, and cutting a connection whose send
buffer does not empty. Must not know what is sent, or to whom.
"""

from collections.abc import Callable
from typing import Any, Protocol, cast

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

LINE = "payflow.line"
LAST_WORD_SECONDS = 1.0
RECEIVED_BYTES_MAX = 128 * 1024
"""Of a message that comes in; the server itself would hold 16 MiB of one before anybody could refuse it."""


class Line(Protocol):
    """What a session needs of its connection."""

    on_ready: Callable[[], None] | None
    """Called when the line takes frames again after it did not."""

    @property
    def ready(self) -> bool:
        """Whether it takes more now; else nearly nothing of what was written has been read."""

    @property
    def unsent(self) -> int:
        """Bytes that were written and wait here still."""

    def write(self, frame: bytes) -> None:
        """Send a whole WebSocket frame. On a line that is closed or about to be, nothing happens."""

    def cut(self) -> None:
        """End it now, whatever is still unsent."""


class FeedProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, except that it is the line of its session, and that one that answers no ping is cut.

    Without that a close waits for ever until the client has taken what was sent before.
    """

    on_ready: Callable[[], None] | None = None

    def handle_connect(self, event: Request) -> None:
        """Give the session its line."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[LINE] = self

    @property
    def ready(self) -> bool:
        """Whether the transport is below its high-water mark."""
        return self.writable.is_set()

    @property
    def unsent(self) -> int:
        """What the transport holds."""
        return self.transport.get_write_buffer_size()

    def write(self, frame: bytes) -> None:
        """Between the handshake and the goodbye; no extension (deflate) is negotiated that would change the bytes."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame)

    def cut(self) -> None:
        """Drop the connection."""
        self.transport.abort()

    def resume_writing(self) -> None:
        """The transport is below its low-water mark again."""
        super().resume_writing()
        if self.on_ready:
            self.on_ready()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the session go: it and its line would hold each other."""
        super().connection_lost(exc)
        if self.on_ready:
            self.on_ready()
        self.on_ready = None

    def keepalive_timeout(self) -> None:
        """No answer to a ping: close, and do not wait for what the client does not read."""
        super().keepalive_timeout()
        self.loop.call_later(LAST_WORD_SECONDS, self.transport.abort)


SERVED: dict[str, Any] = {"ws": FeedProtocol, "ws_per_message_deflate": False, "ws_max_size": RECEIVED_BYTES_MAX}
"""What uvicorn is told about WebSockets: no frame is compressed per client, and none is taken in that nobody may send."""


def line_of(socket: WebSocket) -> Line:
    """The line that this socket came over."""
    return cast("Line", socket.scope["extensions"][LINE])
