"""Starting again what died.

Owns when: at once after a long life, later and later while it keeps dying, each child on a time of its own, so that one that always
crashes delays nobody. Must not know what the children are or how they are started.
"""

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

RESTART_SECONDS = (0.5, 1, 2, 5, 10)
CALM_SECONDS = 60.0
"""A child that ran this long is restarted without delay again."""
LOOK_SECONDS = 0.3


@dataclass
class Child:
    """One supervised process. `due` is when it is started again, once it was seen dead."""

    name: str
    process: subprocess.Popen[bytes]
    started_at: float
    deaths: int = 0
    due: float | None = None


class Supervisor:
    """Watches from a thread of its own between start() and rest(); release() ends the thread.

    What the thread started is told to end when the thread does (processes.start), so it outlives all children.
    """

    def __init__(
        self, children: Callable[[], Mapping[str, Child]], launch: Callable[[str], object], say: Callable[[str], None]
    ) -> None:
        """`children` are those that live now, by name; `launch` starts one and puts it in its place there."""
        self._children, self._launch, self._say = children, launch, say
        self._stopping, self._resting, self._released = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self) -> None:
        """Watch from now on."""
        self._thread.start()

    def rest(self) -> None:
        """Start nothing any more; returns when that is sure."""
        self._stopping.set()
        self._resting.wait()

    def release(self) -> None:
        """End the thread."""
        self._released.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            while not self._stopping.wait(LOOK_SECONDS):
                self.look(time.monotonic())
        finally:
            self._resting.set()
        self._released.wait()

    def look(self, now: float) -> None:
        """One round: say who died, start those who are due."""
        for child in list(self._children().values()):
            if child.process.poll() is None or self._stopping.is_set():
                continue
            if child.due is None:
                self._announce(child, now)
            elif child.due <= now:
                self._revive(child, now)

    def _announce(self, child: Child, now: float) -> None:
        child.deaths = 0 if now - child.started_at > CALM_SECONDS else child.deaths
        pause = self._put_off(child, now)
        self._tell(f"{child.name} ended (exit code {child.process.returncode}); starting it again in {pause:g} s")

    def _revive(self, child: Child, now: float) -> None:
        try:
            self._launch(child.name)
        except Exception as error:  # noqa: BLE001  whatever keeps it from starting, the others are still watched
            pause = self._put_off(child, now)
            self._tell(f"{child.name} cannot be started ({error}); trying again in {pause:g} s")

    def _put_off(self, child: Child, now: float) -> float:
        child.deaths += 1
        pause = RESTART_SECONDS[min(child.deaths, len(RESTART_SECONDS)) - 1]
        child.due = now + pause
        return pause

    def _tell(self, text: str) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more: no reason to stop watching
            self._say(text)
