"""The clock of the shell: the one place that reads the time.

Owns wall time (ms UTC) and monotonic time (seconds). `domain` and `schemas` must not import it: there, time is an argument.
"""

import asyncio
import time
from typing import Protocol

TURN_SECONDS = 0.002


class Clock(Protocol):
    """What the shell needs of time."""

    def now_ms(self) -> int:
        """Wall time in milliseconds UTC since the epoch."""

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean something."""


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Milliseconds UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()


class Turn:
    """Long work in an event loop, in pieces: after TURN_SECONDS of it the others have a turn."""

    def __init__(self, clock: Clock) -> None:
        """Begins now."""
        self._clock, self._since = clock, clock.monotonic()

    async def pass_on(self) -> None:
        """Between two pieces: let the others work if we have for long enough."""
        if self._clock.monotonic() - self._since >= TURN_SECONDS:
            await asyncio.sleep(0)
            self._since = self._clock.monotonic()


class ManualClock:
    """A clock that stands still until it is moved; for tests."""

    def __init__(self, now_ms: int = 1_767_225_600_000) -> None:
        """Stands at `now_ms` (2026-01-01T00:00:00Z unless given)."""
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Milliseconds UTC."""
        return self._now_ms

    def monotonic(self) -> float:
        """The same instant in seconds."""
        return self._now_ms / 1000

    def advance(self, milliseconds: int) -> None:
        """Move on. Raises ValueError for a step back: what is tested here must not see one unasked."""
        if milliseconds < 0:
            raise ValueError("a clock is moved on, never back")
        self._now_ms += milliseconds
