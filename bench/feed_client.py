"""One follower of the feed, fast or slow, and what all followers of a process have seen together.

Owns when a frame counts as received, and how a slow reader behaves: it takes a few KiB, then nothing for a second. Must not know commits.
"""

import asyncio
import time
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import cast

import orjson

from bench import feed_line

SLOW_SECONDS = 1.0
SLOW_BYTES = 8 * 1024
"""What a slow reader's socket holds, and about what it takes in a second."""


@dataclass
class Seen:
    """Of the fast followers, but for `slow_kinds`.

    `starts` is the place each frame of changes begins at, `times` when it came (wall clock, s).
    """

    starts: "array[int]" = field(default_factory=lambda: array("q"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    kinds: Counter[str] = field(default_factory=Counter)
    slow_kinds: Counter[str] = field(default_factory=Counter)
    byte_count: int = 0


class Follower(asyncio.Protocol):
    """A connection from the handshake on. `joined` is done when the snapshot has come, `ended` says how it was closed."""

    def __init__(self, address: tuple[str, int], channel: str, seen: Seen, *, slow: bool) -> None:
        """Not connected yet."""
        self.joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.slow, self.place, self.ended = slow, -1, ""
        self._address, self._channel, self._seen = address, channel, seen
        self._rest, self._open, self._pausing = b"", False, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the feed."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(feed_line.handshake(*self._address))

    def data_received(self, data: bytes) -> None:
        """Everything that came at once was received at once."""
        now = time.time()
        self._seen.byte_count += 0 if self.slow else len(data)
        frames, self._rest = (
            feed_line.cut(self._rest + data if self._rest else data) if self._open else ([], self._greet(data))
        )
        for opcode, payload in frames:
            self._take(opcode, payload, now)
        if self._pausing and not self.transport.is_closing():
            self._pause()

    def _greet(self, data: bytes) -> bytes:
        """Behind the answer to the handshake the frames begin."""
        answer, end, rest = (self._rest + data).partition(b"\r\n\r\n")
        if not end:
            return answer
        if b" 101 " not in answer[:20]:
            self._break_off(f"refused: {answer[:80]!r}")
            return b""
        self._open = True
        wanted = {"type": "subscribe", "channel": self._channel, "rows": False}
        self.transport.write(feed_line.frame(feed_line.TEXT, orjson.dumps(wanted)))
        return rest

    def _take(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == feed_line.TEXT:
            self._message(feed_line.head(payload), now)
        elif opcode == feed_line.PING:
            self.transport.write(feed_line.frame(feed_line.PONG, payload))
        elif opcode == feed_line.CLOSE:
            self._break_off(f"closed {feed_line.close_code(payload)}")

    def _message(self, told: feed_line.Head, now: float) -> None:
        (self._seen.slow_kinds if self.slow else self._seen.kinds)[told.kind] += 1
        if told.kind == "changes" and not self.slow:
            self._seen.starts.append(self.place)
            self._seen.times.append(now)
        if told.place >= 0:
            self.place = told.place
        if told.kind == "snapshot":
            self._follow()
        elif told.kind == "error" and not self.joined.done():
            self._break_off("refused by an error")

    def _follow(self) -> None:
        if not self.joined.done():
            self.joined.set_result(None)
        self._pausing = self.slow

    def _pause(self) -> None:
        self.transport.pause_reading()
        asyncio.get_running_loop().call_later(SLOW_SECONDS, self._go_on)

    def _go_on(self) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def hurry(self) -> None:
        """Read without pauses from now on."""
        self._pausing = False
        self._go_on()

    def _break_off(self, why: str) -> None:
        self.ended = self.ended or why
        self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """The end, by whomever."""
        self.ended = self.ended or f"cut ({type(error).__name__ if error else 'end of stream'})"
        if not self.joined.done():
            self.joined.set_exception(ConnectionError(self.ended))
