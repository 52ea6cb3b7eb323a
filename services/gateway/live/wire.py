"""What every line below the feed has from its transport: how much waits unsent, cutting it, and whom it calls.

Owns the two calls (room again, about to end) and that a lost connection lets go of who waits for them. Must not know a protocol.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol


class Connection(Protocol):
    """What is asked and told of a connection, whatever is sent over it."""

    on_ready: Callable[[], None] | None
    """Called when it takes more again after it did not."""
    on_leave: Callable[[], None] | None
    """Called when this process is about to end: the last moment in which something can be written."""

    @property
    def ready(self) -> bool:
        """Whether it takes more now; else nearly nothing of what was written has been read."""

    @property
    def unsent(self) -> int:
        """Bytes that were written and wait here still."""

    def cut(self) -> None:
        """End it now, whatever is still unsent."""


class Wire(asyncio.Protocol):
    """Mixed into a server's protocol, before it: the session above is told what happens to the transport below."""

    transport: asyncio.Transport
    on_ready: Callable[[], None] | None = None
    on_leave: Callable[[], None] | None = None

    @property
    def unsent(self) -> int:
        """What the transport holds."""
        return self.transport.get_write_buffer_size()

    def cut(self) -> None:
        """Drop the connection."""
        self.transport.abort()

    def resume_writing(self) -> None:
        """The transport is below its low-water mark again."""
        super().resume_writing()
        if self.on_ready:
            self.on_ready()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the session go: it and its line would hold each other."""
        super().connection_lost(exc)
        if self.on_ready:
            self.on_ready()
        self.on_ready = self.on_leave = None

    def say_leave(self) -> None:
        """The process ends by plan: the session says goodbye before the server closes the line (LIV-09)."""
        if self.on_leave:
            self.on_leave()
