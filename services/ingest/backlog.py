"""How many rows this process has brought to the log that are not decided, and how many it may.

Owns the bound, and its two ways: refuse at once (a single request), or wait for room in turn (rows of a file, an inbox). A queue that
only grows would be lost with the process, and nobody would have been told. Must not know commands or HTTP.
"""

import asyncio

ROWS_MAX = 20_000
"""Of single requests, and of rows that wait for room: each has so many of its own, so that neither keeps the other out. About a second
of a processor that is given rows by the hundred, and all that comes during a takeover otherwise."""


class BacklogFullError(Exception):
    """As many rows as may be are not decided yet."""


class Backlog:
    """Rows on the log, or on their way to it, and not decided."""

    def __init__(self, rows_max: int = ROWS_MAX) -> None:
        """Empty."""
        self.rows = 0
        self._rows_max = rows_max
        self._turn = asyncio.Lock()
        self._freed = asyncio.Event()

    def check(self, rows: int) -> None:
        """Raise BacklogFullError when there is no room for these rows."""
        if not self._has_room(rows):
            raise BacklogFullError(f"{self.rows} rows are not decided yet")

    async def room(self, rows: int, seconds: float | None = None) -> None:
        """Wait for room, first come, first served; whoever is let through adds its rows before it awaits anything.

        Raises TimeoutError if there is none within `seconds` (None: for ever).
        """
        async with asyncio.timeout(seconds), self._turn:
            while not self._has_room(rows):
                self._freed.clear()
                await self._freed.wait()

    def add(self, rows: int) -> None:
        """Count these rows in."""
        self.rows += rows

    def leave(self, rows: int) -> None:
        """These rows are decided, or nobody waits for them any more."""
        self.rows -= rows
        self._freed.set()

    def _has_room(self, rows: int) -> bool:
        """More than there may ever be has room when nothing else is there."""
        return self.rows == 0 or self.rows + rows <= self._rows_max
