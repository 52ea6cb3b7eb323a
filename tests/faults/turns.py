"""Who may break what at the same time: turns that several share or one has alone.

Owns the waiting. A fault that needs something alone keeps later sharers out, so it is not passed over for ever. Must not know any fault.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable


class _Turn:
    """One thing: `sharers` use it, or somebody has it alone."""

    def __init__(self) -> None:
        self.sharers = self.waiting = 0
        self.taken = False
        self.changed = asyncio.Condition()


class Turns:
    """Turns by name: `kafka`, `role:<role>`, `hop:<name>`."""

    def __init__(self, on_turn: Callable[[], Awaitable[None]] | None = None) -> None:
        """Nobody has any. `on_turn` is awaited, in the task that waited, whenever one has come."""
        self._turns: defaultdict[str, _Turn] = defaultdict(_Turn)
        self._on_turn = on_turn

    @contextlib.asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Nobody else has it meanwhile."""
        turn = self._turns[name]
        async with turn.changed:
            turn.waiting += 1
            try:
                await turn.changed.wait_for(lambda: not turn.taken and not turn.sharers)
                turn.taken = True
            finally:
                turn.waiting -= 1
                turn.changed.notify_all()
        try:
            await self._say()
            yield
        finally:
            async with turn.changed:
                turn.taken = False
                turn.changed.notify_all()

    @contextlib.asynccontextmanager
    async def shared(self, name: str) -> AsyncIterator[None]:
        """Others may share it, nobody has it alone."""
        turn = self._turns[name]
        async with turn.changed:
            await turn.changed.wait_for(lambda: not turn.taken and not turn.waiting)
            turn.sharers += 1
        try:
            await self._say()
            yield
        finally:
            async with turn.changed:
                turn.sharers -= 1
                turn.changed.notify_all()

    async def _say(self) -> None:
        if self._on_turn is not None:
            await self._on_turn()
