"""The line below a WebSocket: ready frames go straight to it, past the layers of ASGI, and it can be cut.

Owns what ASGI has no word for: one frame's bytes written to many connections, how much of it is unsent, and cutting a connection whose send
buffer does not empty. Must not know what is sent, or to whom.
"""

from typing import Any, Protocol, cast

from starlette.requests import HTTPConnection
from websockets.http11 import Request

from services.gateway.live.frames import Frame
from services.gateway.live.heard import LAST_WORD_SECONDS, MESSAGE_BYTES_MAX, Heard
from services.gateway.live.wire import Connection, Wire

LINE = "payflow.line"


class Line(Connection, Protocol):
    """What a session needs of its connection."""

    def write(self, frame: Frame) -> None:
        """Send a whole message. On a line that is closed or about to be, nothing happens."""


class FeedProtocol(Wire, Heard):
    """uvicorn's protocol, except that it is the line of its session, and that one that answers no ping is cut.

    Without that a close waits for ever until the client has taken what was sent before.
    """

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

    def write(self, frame: Frame) -> None:
        """Between the handshake and the goodbye; no extension (deflate) is negotiated that would change the bytes."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame.websocket)

    def shutdown(self) -> None:
        """The session says goodbye before the server closes with 1012."""
        self.say_leave()
        super().shutdown()

    def keepalive_timeout(self) -> None:
        """No answer to a ping: close, and do not wait for what the client does not read."""
        super().keepalive_timeout()
        self.loop.call_later(LAST_WORD_SECONDS, self.transport.abort)


SERVED: dict[str, Any] = {"ws": FeedProtocol, "ws_per_message_deflate": False, "ws_max_size": MESSAGE_BYTES_MAX}
"""What uvicorn is told about WebSockets: no frame is compressed per client, and none is taken in that nobody may send."""


def line_of(asked: HTTPConnection) -> Line:
    """The line that this socket came over."""
    return cast("Line", asked.scope["extensions"][LINE])
