"""The line below HTTP of every service: a body comes as it is, or in chunks, and an answer is taken or the line ends.

Owns which transfer codings are undone here: `chunked`, which the parser undoes. A further one, such as `gzip, chunked`, would reach the
application as it was packed, or be taken for plain (RFC 9112 6.1). How slow a reader may be is
`runtime.http_pace`. Must not know any route.
"""

import asyncio

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runtime.http_pace import Pace

_UNDONE = b"chunked"


class HttpLine(HttpToolsProtocol):
    """uvicorn's protocol, except that a body in a coding that nobody undoes is no HTTP, and that a reader who does not read is cut."""

    _pace: Pace

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A new connection."""
        self._pace = Pace(transport, self.is_paced)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is watched any more."""
        self._pace.stop()
        super().connection_lost(exc)

    def is_paced(self) -> bool:
        """Whether the pace of every line is that of what is written now."""
        return True

    def pause_writing(self) -> None:
        """More waits than the transport holds."""
        super().pause_writing()
        self._pace.begin()

    def resume_writing(self) -> None:
        """Most of it was taken."""
        super().resume_writing()
        self._pace.end()

    def on_response_complete(self) -> None:
        """An answer is written; where the line ends behind it, what is left is not waited for without end."""
        super().on_response_complete()
        self._end_in_time()

    def timeout_keep_alive_handler(self) -> None:
        """No further request came: the line ends."""
        super().timeout_keep_alive_handler()
        self._end_in_time()

    def handle_websocket_upgrade(self) -> None:
        """Another protocol has the line from now on."""
        self._pace.stop()
        super().handle_websocket_upgrade()

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header. What is raised here the parser takes for its own: the answer is 400, and the line ends."""
        if name.lower() == b"transfer-encoding" and value.strip().lower() != _UNDONE:
            raise HttpParserError("a transfer coding that is not undone here")
        super().on_header(name, value)

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP."""
        super().send_400_response(msg)
        self._end_in_time()

    def _end_in_time(self) -> None:
        if self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._pace.begin()
