"""A peer that does not take what is written to it is not waited for (SEC-10).

Owns the law: a line whose peer has to take something may stand still for SLOW_SECONDS in all, and longer by what is taken at
SLOW_BYTES_A_SECOND; then it is cut. Else a download that nobody reads would hold its request's place, and its file, for ever. Time in which
nothing waits to be taken does not count. Must not know HTTP.
"""

import asyncio
import fcntl
import struct
import termios
from collections.abc import Callable

from runtime.logging import logger

SLOW_SECONDS, SLOW_BYTES_A_SECOND = 30.0, 8 * 1024
"""As for what comes in (uploads)."""
LOOK_SECONDS = 2.0

_log = logger(__name__)


def untaken(transport: asyncio.Transport) -> int:
    """Bytes that were written and that the peer's system has not confirmed: in the transport, and in the kernel where it tells."""
    waiting = int(transport.get_write_buffer_size())
    line = transport.get_extra_info("socket")
    try:
        in_kernel = fcntl.ioctl(line.fileno(), termios.TIOCOUTQ, bytes(4)) if line is not None else bytes(4)
    except OSError:
        return waiting
    return waiting + int(struct.unpack("i", in_kernel)[0])


class Pace:
    """Watches one line while something waits to be taken."""

    def __init__(self, transport: asyncio.Transport, is_bound: Callable[[], bool]) -> None:
        """`is_bound`: whether the law holds now; it does not for what has one of its own."""
        self._transport, self._is_bound = transport, is_bound
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._owed = 0.0
        """Seconds by which the peer is behind the speed that is asked for."""
        self._seen = (0.0, 0)

    def begin(self) -> None:
        """Something waits. Once more is no error."""
        if self._timer is None:
            self._seen = (self._loop.time(), untaken(self._transport))
            self._look_again()

    def end(self) -> None:
        """It has been taken; who was slow is not forgiven by that alone."""
        if self._timer is not None:
            self._count()
            self.stop()

    def stop(self) -> None:
        """The line is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_again(self) -> None:
        self._timer = self._loop.call_later(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        self._count()
        if self._owed <= SLOW_SECONDS:
            self._look_again()
            return
        self._timer = None
        _log.info("http.reader_too_slow", untaken=self._seen[1])
        self._transport.abort()

    def _count(self) -> None:
        (before, waited), now = self._seen, (self._loop.time(), untaken(self._transport))
        taken = max(waited - now[1], 0)
        owed = self._owed + now[0] - before - taken / SLOW_BYTES_A_SECOND
        self._owed, self._seen = (max(owed, 0.0) if self._is_bound() else 0.0), now
