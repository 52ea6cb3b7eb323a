"""The line below a stream of server-sent events: frames go straight to it, past the layers of ASGI, and it can be cut (LIV-01).

Owns the wire of one stream: the id of each event, which is where the browser goes on (`Last-Event-ID`), and the shared bytes behind it.
Must not know what is sent, or to whom.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from runtime.http_line import HttpLine
from services.gateway.live.frames import Frame, chunk
from services.gateway.live.line import LINE
from services.gateway.live.wire import Connection, Wire

STREAM_PATH = b"/feed/sse"
BETWEEN = ";"
"""Stands between the cursors of several channels in one id."""


class Pipe(Connection, Protocol):
    """What a stream needs of its connection."""

    def send(self, parts: Sequence[bytes]) -> None:
        """Write these bytes of a body that has begun."""


class StreamProtocol(Wire, HttpLine):
    """uvicorn's protocol, except that it is the pipe of a stream."""

    def on_headers_complete(self) -> None:
        """Give a stream its pipe; HEAD has none, it gets no body."""
        if STREAM_PATH in self.url and self.parser.get_method() == b"GET":
            extensions: dict[str, Any] = {LINE: self}
            self.scope["extensions"] = extensions
        super().on_headers_complete()

    def is_paced(self) -> bool:
        """Not while a stream runs: who reads it too slowly is the feed's affair (LIV-08)."""
        return self.on_ready is None

    @property
    def ready(self) -> bool:
        """Whether the transport is below its high-water mark."""
        return not self.flow.write_paused

    def send(self, parts: Sequence[bytes]) -> None:
        """On a connection that is closed or about to be, nothing happens."""
        if not self.transport.is_closing():
            self.transport.writelines(parts)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the stream go: its request holds its pipe."""
        super().connection_lost(exc)
        if self.scope is not None:
            self.scope.pop("extensions", None)

    def shutdown(self) -> None:
        """The stream says goodbye first."""
        self.say_leave()
        super().shutdown()


class StreamLine:
    """A line over a pipe. `ids` are the cursors of its channels, in the order of its address."""

    def __init__(self, pipe: Pipe, channels: Sequence[str]) -> None:
        """No event has an id before each channel has a cursor."""
        self._pipe = pipe
        self._texts = dict.fromkeys(channels, "")
        self._is_open = True

    @property
    def on_ready(self) -> Callable[[], None] | None:
        """Called when the line takes frames again after it did not."""
        return self._pipe.on_ready

    @on_ready.setter
    def on_ready(self, call: Callable[[], None] | None) -> None:
        self._pipe.on_ready = call

    @property
    def on_leave(self) -> Callable[[], None] | None:
        """Called when this process is about to end."""
        return self._pipe.on_leave

    @on_leave.setter
    def on_leave(self, call: Callable[[], None] | None) -> None:
        self._pipe.on_leave = call

    @property
    def ready(self) -> bool:
        """Whether it takes more now."""
        return self._pipe.ready

    @property
    def unsent(self) -> int:
        """Bytes that were written and wait here still."""
        return self._pipe.unsent

    def write(self, frame: Frame) -> None:
        """One event: the id of this stream, and the bytes that all streams share."""
        if not self._is_open:
            return
        if frame.cursor is None or frame.channel not in self._texts:
            self._pipe.send((frame.event,))
            return
        self._texts[frame.channel] = frame.cursor
        self._pipe.send((chunk(f"id: {self.id}\n".encode()), frame.event))

    def cut(self) -> None:
        """End it now."""
        self._pipe.cut()

    def end(self) -> None:
        """Nothing more is written: the end of the body comes by ASGI, and the connection may serve another request."""
        self._is_open = False
        self.on_ready = self.on_leave = None

    @property
    def id(self) -> str:
        """Where all channels of this stream go on; a channel that has no cursor (yet, or because it was refused) is empty."""
        return BETWEEN.join(self._texts.values())
