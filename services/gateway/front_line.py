"""The line below HTTP at the front door: headers are bounded while they come in, and what does not come is not waited for (SEC-10).

Owns what ASGI has no word for: what is no HTTP, headers past HEADER_BYTES_MAX, a request whose headers are not complete within
HEAD_SECONDS (also the first one of a connection that sends nothing), and offers of other protocols. Must not know what is asked.
"""

import asyncio
import re
from typing import Any

import msgspec

from runtime.http_problems import PROBLEM_JSON
from runtime.http_trace import mint_trace_id
from schemas.errors import problem
from services.gateway.live.stream_line import StreamProtocol
from services.gateway.sealing import HEADERS

HEADER_BYTES_MAX = 64 * 1024
"""Hard end: the line is given up. Between 16 KiB, where the guard answers 431, and this a client still hears why."""
PIECES_BYTES_MAX = 512 * 1024
"""What may have come while a head is not complete; more than a head, because it can stand behind a body in the same read."""
HEAD_SECONDS = 10.0
HEAD_END = b"\r\n\r\n"
_OFFER = re.compile(rb"(?im)^upgrade(?=:(?![ \t]*websocket[ \t]*\r))")
_PASSED_OVER = b"Ignored"
"""As long as `Upgrade`: what is behind it stays where it is."""


def no_http() -> bytes:
    """The answer to what is no HTTP, under a trace of its own: none could be read."""
    detail = "This is no HTTP/1.1 request that can be read: look at its first line, its headers and its length or coding."
    errors = [{"pointer": "", "code": "validation_error", "detail": detail}]
    body = msgspec.json.encode(problem("validation_error", detail, trace_id=mint_trace_id(), errors=errors))
    named = {b"content-type": PROBLEM_JSON.encode(), b"content-length": b"%d" % len(body), b"connection": b"close"}
    lines = [name + b": " + value for name, value in [*named.items(), *HEADERS]]
    return b"\r\n".join([b"HTTP/1.1 400 Bad Request", *lines, b"", body])


def _plain(data: bytes) -> bytes:
    """The first bytes of a request without the offer to go on in another protocol than WebSocket.

    Clients such as Java's send `Upgrade: h2c` with everything; the parser would take the body for that protocol's, and it would be lost.
    """
    end = data.find(HEAD_END) + len(HEAD_END)
    ends = end if end >= len(HEAD_END) else len(data)
    return _OFFER.sub(_PASSED_OVER, data[:ends]) + data[ends:] if _OFFER.search(data, 0, ends) else data


class FrontProtocol(StreamProtocol):
    """uvicorn's protocol, and the pipe of streams, with a bound on headers in size and time."""

    _size = 0
    _pending = 0
    _late: asyncio.TimerHandle | None = None
    _between = True
    """Whether the next byte is the first of a request."""

    def connection_made(self, transport: Any) -> None:
        """A new connection has to send a request."""
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._got_head()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """The first byte of a request: its headers are to follow."""
        self._size = 0
        self._between = False
        self._await_head()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of the address."""
        if self._fits(len(url)):
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        if self._fits(len(name) + len(value)):
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The body may take its own time; who reads it bounds it."""
        self._got_head()
        if self._size <= HEADER_BYTES_MAX:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes next is another request."""
        self._between = True
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Bytes of a head that has not ended count too: one header may come in many pieces."""
        super().data_received(_plain(data) if self._between else data)
        if self._late is not None:
            self._pending += len(data)
            if self._pending > PIECES_BYTES_MAX:
                self.transport.abort()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  the name is uvicorn's
        """What is no HTTP is refused in the form of every refusal (ERR-01), and the line ends."""
        self.transport.write(no_http())
        self.transport.close()
        self._end_in_time()

    def _fits(self, size: int) -> bool:
        self._size += size
        if self._size > HEADER_BYTES_MAX:
            self.transport.abort()
        return self._size <= HEADER_BYTES_MAX

    def _await_head(self) -> None:
        self._got_head()
        self._pending = 0
        self._late = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._give_up)

    def _got_head(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _give_up(self) -> None:
        self._late = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.abort()
