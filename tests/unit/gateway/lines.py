"""A line of the feed that takes frames while it is open, for tests without sockets."""

from collections.abc import Callable


def payload_of(frame: bytes) -> bytes:
    """What a whole frame of a server carries."""
    return frame[2 + {126: 2, 127: 8}.get(frame[1], 0) :]


class MemoryLine:
    """`taken` is what was written while it was open; `unsent` what it claims to hold still."""

    def __init__(self, *, ready: bool = True) -> None:
        self.on_ready: Callable[[], None] | None = None
        self.ready, self.unsent = ready, 0
        self.taken: list[bytes] = []
        self.is_cut = False

    def write(self, frame: bytes) -> None:
        self.taken.append(frame)

    def cut(self) -> None:
        self.is_cut = True

    def open(self) -> None:
        """It takes frames from now on."""
        self.ready, self.unsent = True, 0
        assert self.on_ready
        self.on_ready()
