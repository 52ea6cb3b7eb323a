"""A line of the feed that takes frames while it is open, for tests without sockets."""

from collections.abc import Callable

from services.gateway.live.frames import Frame


class MemoryLine:
    """`taken` is what was written while it was open; `unsent` what it claims to hold still."""

    def __init__(self, *, ready: bool = True) -> None:
        self.on_ready: Callable[[], None] | None = None
        self.on_leave: Callable[[], None] | None = None
        self.ready, self.unsent = ready, 0
        self.taken: list[Frame] = []
        self.closed: list[int] = []
        self.is_cut = False

    def write(self, frame: Frame) -> None:
        self.taken.append(frame)

    @property
    def texts(self) -> list[bytes]:
        """What the frames carry."""
        return [frame.payload for frame in self.taken]

    async def hang_up(self, code: int, _reason: str) -> None:
        """The connection is closed, without delay."""
        self.closed.append(code)

    def cut(self) -> None:
        self.is_cut = True

    def open(self) -> None:
        """It takes frames from now on."""
        self.ready, self.unsent = True, 0
        assert self.on_ready
        self.on_ready()
