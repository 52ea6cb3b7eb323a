"""The event loop of the simulation: virtual time, a seeded order, no selector, no socket, no thread.

Owns what runs next. Handles of one simulated process run in the order they were asked for, as asyncio promises; which process runs is
drawn. When nothing is ready, time jumps. A handle of a dead process is kept but never run, so that no `finally` block of it runs: that is
what kill -9 is. Must not know what the processes do.
"""

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from tests.simulation.processes import PROCESS, Process


class Handle:
    """One callback that waits its turn."""

    __slots__ = ("args", "callback", "canceled", "context", "process", "when")

    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...], context: contextvars.Context | None) -> None:
        self.callback, self.args = callback, args
        self.context = contextvars.copy_context() if context is None else context
        self.process: Process | None = self.context.get(PROCESS)
        self.canceled = False
        self.when = 0.0

    def cancel(self) -> None:
        self.canceled = True
        self.callback, self.args = _nothing, ()

    def cancelled(self) -> bool:
        return self.canceled


def _nothing(*_: object) -> None:
    """What a canceled handle does."""


class SimTask(asyncio.Task):  # type: ignore[type-arg]
    """A task whose place in a set is the same in every run."""

    def __init__(self, coro: Any, *, number: int, **more: Any) -> None:
        self.number = number
        super().__init__(coro, **more)

    def __hash__(self) -> int:
        return self.number


class SimFuture(asyncio.Future):  # type: ignore[type-arg]
    """A future whose place in a set is the same in every run."""

    def __init__(self, *, number: int, loop: asyncio.AbstractEventLoop) -> None:
        self.number = number
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self.number


BURST = 16
"""Handles that run between two looks at the clock and at whether all is done."""


class StuckError(Exception):
    """Nothing is left that could ever run, or the run takes too many steps."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """Runs handles one after another. `clock` is in seconds and only ever jumps forward."""

    def __init__(self, rng: Random, *, wild: bool = False) -> None:
        """`wild` draws among the handles of one process too, which is more than asyncio allows itself."""
        self._rng, self._wild = rng, wild
        self.clock = 0.0
        self.steps = 0
        self._timers: list[tuple[float, int, Handle]] = []
        self._count = 0
        self._queues: dict[int, deque[Handle]] = {}
        self._ready: list[int] = []
        self.graveyard: list[Handle] = []
        self.faults: list[dict[str, Any]] = []

    # what asyncio asks of a loop

    def time(self) -> float:
        return self.clock

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_soon(self, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        handle = Handle(callback, args, context)
        self._enqueue(handle)
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        return self.call_at(self.clock + max(0.0, delay), callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: contextvars.Context | None = None) -> Any:
        handle = Handle(callback, args, context)
        handle.when = when
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def create_future(self) -> Any:
        self._count += 1
        return SimFuture(number=self._count, loop=self)

    def create_task(self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Any = None) -> Any:
        self._count += 1
        return SimTask(coro, number=self._count, loop=self, name=name or "t", context=context)

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.faults.append(context)

    # running

    def run(self, main: Coroutine[Any, Any, Any], steps_max: int) -> Any:
        """Run until `main` is done; returns its result. Raises StuckError."""
        asyncio._set_running_loop(self)
        try:
            task = self.create_task(main)
            while not task.done():
                self._burst(steps_max)
            return task.result()
        finally:
            asyncio._set_running_loop(None)

    def _burst(self, steps_max: int) -> None:
        """Run what is ready now; if nothing is, jump to the next timer first."""
        timers, ready = self._timers, self._ready
        if not ready:
            self._jump()
        elif timers and timers[0][0] <= self.clock:
            self._wake_timers()
        if self.steps > steps_max:
            raise StuckError(f"{steps_max} steps and no end")
        for _ in range(BURST):
            if not ready:
                return
            handle = self._draw()
            process = handle.process
            if process is not None and process.is_marked and not process.may_run(handle):
                continue
            self.steps += 1
            handle.context.run(handle.callback, *handle.args)

    def _jump(self) -> None:
        if not self._timers:
            raise StuckError("nothing can ever run again")
        self.clock = max(self.clock, self._timers[0][0])
        self._wake_timers()

    def _wake_timers(self) -> None:
        timers, clock = self._timers, self.clock
        while timers and timers[0][0] <= clock:
            handle = heapq.heappop(timers)[2]
            if not handle.canceled:
                self._enqueue(handle)

    def _draw(self) -> Handle:
        ready = self._ready
        at = int(self._rng.random() * len(ready)) if len(ready) > 1 else 0
        number = ready[at]
        queue = self._queues[number]
        if self._wild and len(queue) > 1:
            queue.rotate(-int(self._rng.random() * len(queue)))
        handle = queue.popleft()
        if not queue:
            ready[at] = ready[-1]
            ready.pop()
        return handle

    def _enqueue(self, handle: Handle) -> None:
        number = handle.process.number if handle.process is not None else 0
        queue = self._queues.get(number)
        if queue is None:
            queue = self._queues[number] = deque()
        if not queue:
            self._ready.append(number)
        queue.append(handle)
