"""The line below a WebSocket, for a client that takes nothing any more.

Owns the one thing that ASGI has no word for: cutting a connection whose send buffer does not empty. Must not know what is sent.
"""

from typing import Any

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

CUT = "payflow.cut"
LAST_WORD_SECONDS = 1.0


class FeedProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, except that a session can cut its line, and a line that answers no ping is cut.

    Without that a close waits for ever until the client has taken what was sent before.
    """

    def handle_connect(self, event: Request) -> None:
        """Give the session the means to cut the line."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[CUT] = self.transport.abort

    def keepalive_timeout(self) -> None:
        """No answer to a ping: close, and do not wait for what the client does not read."""
        super().keepalive_timeout()
        self.loop.call_later(LAST_WORD_SECONDS, self.transport.abort)


def cut(socket: WebSocket) -> None:
    """Cut the line now, whatever is still unsent. Without the protocol above (tests) this does nothing."""
    abort = socket.scope.get("extensions", {}).get(CUT)
    if abort is not None:
        abort()
