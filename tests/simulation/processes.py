"""Simulated operating system processes.

Owns life and death: running, stopped (SIGSTOP: its handles wait) and dead (kill -9: its handles are never run, and nothing is unwound).
A process is a value in the context of its handles, so everything that it starts belongs to it. Must not know what it runs.
"""

import contextvars
from collections.abc import Callable, Coroutine
from typing import Any

PROCESS: contextvars.ContextVar["Process | None"] = contextvars.ContextVar("simulated_process", default=None)


class Process:
    """One incarnation of a service."""

    __slots__ = (
        "context",
        "dead",
        "graveyard",
        "held",
        "is_marked",
        "kill_after",
        "mourners",
        "name",
        "number",
        "on_death",
        "stopped",
        "stopped_at",
    )

    def __init__(self, name: str, number: int, on_death: Callable[["Process"], None]) -> None:
        """Alive; `number` is 1 or more and unique, `on_death` is told once."""
        self.name, self.number, self.on_death = name, number, on_death
        self.dead = self.stopped = False
        self.is_marked = False
        """Whether may_run has anything to say: dead, stopped, or about to die."""
        self.stopped_at = 0.0
        self.kill_after: int | None = None
        self.held: list[Any] = []
        self.mourners: list[Callable[[], None]] = []
        """Called once at its death: whoever holds a connection to it."""
        self.graveyard: list[Any] = []
        self.context = contextvars.copy_context()
        self.context.run(PROCESS.set, self)

    def may_run(self, handle: Any) -> bool:
        """Whether this handle is run now; counts down to a planned death."""
        if self.dead:
            self.graveyard.append(handle)
            return False
        if self.stopped:
            self.held.append(handle)
            return False
        if self.kill_after is not None:
            self.kill_after -= 1
            if self.kill_after < 0:
                self.kill()
                self.graveyard.append(handle)
                return False
        return True

    def doom(self, steps: int | None) -> None:
        """Kill -9 after so many more steps of its own; None takes it back."""
        self.kill_after, self.is_marked = steps, steps is not None or self.stopped

    def kill(self) -> None:
        """Kill -9."""
        if not self.dead:
            self.dead = self.is_marked = True
            self.graveyard += self.held
            self.held = []
            self.on_death(self)
            for mourner in self.mourners:
                mourner()

    def stop(self, now: float) -> None:
        """SIGSTOP."""
        self.stopped, self.stopped_at, self.is_marked = True, now, True

    def go_on(self, loop: Any) -> None:
        """SIGCONT."""
        self.stopped, self.is_marked = False, self.kill_after is not None
        held, self.held = self.held, []
        for handle in held:
            loop._enqueue(handle)

    def spawn(self, loop: Any, work: Coroutine[Any, Any, Any]) -> Any:
        """A task of this process."""
        return loop.create_task(work, context=self.context.copy())

    def call(self, loop: Any, callback: Callable[..., Any], *args: Any) -> None:
        """Run a callback in this process soon."""
        loop.call_soon(callback, *args, context=self.context.copy())
