"""The least a receiver of webhooks can be, so that it costs the machine little: it counts, notes times, and answers 204 or never.

Owns the wire. It runs on a thread of its own. Must not know who measures what.
"""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

ANSWER = b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"

_ID = re.compile(rb"\r\nwebhook-id: ([^\r]+)\r\n", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


class Hooks:
    """A receiver on loopback. `times` are seconds of the performance counter at which each delivery was first there, by id."""

    def __init__(self, *, answers: bool = True) -> None:
        """Not listening yet; one that does not answer keeps all connections open."""
        self.answers, self.times, self.repeats = answers, dict[bytes, float](), 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/"

    def note(self, name: bytes) -> None:
        """One delivery has come."""
        if name in self.times:
            self.repeats += 1
        self.times.setdefault(name, time.perf_counter())

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        self.port = server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """End the thread; what is open is dropped."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    async def _listen(self) -> asyncio.Server:
        return await self._loop.create_server(lambda: _Line(self), "127.0.0.1", 0, backlog=1024)


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks, self._data = hooks, b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (size := _whole(self._data)) is not None:
            request, self._data = self._data[:size], self._data[size:]
            found = _ID.search(request)
            self._hooks.note(found[1] if found else b"")
            if self._hooks.answers and self._transport is not None:
                self._transport.write(ANSWER)


def _whole(data: bytes) -> int | None:
    """The length of the first request, if all of it is there."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    length = _LENGTH.search(data[: end + 2])
    size = end + 4 + (int(length[1]) if length else 0)
    return size if len(data) >= size else None


@contextmanager
def listening(*, answers: bool = True) -> Iterator[Hooks]:
    """A receiver for the block."""
    hooks = Hooks(answers=answers)
    hooks.start()
    try:
        yield hooks
    finally:
        hooks.stop()
