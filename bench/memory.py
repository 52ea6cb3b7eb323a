"""Memory of every process over time, and whether it grows.

Owns the readings and what is said of them: peaks, and growth between the ends of a stretch. Must not know what goes on meanwhile.
"""

import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from bench.costs import own_mib, proportional_mib

LOOK_SECONDS = 1.0
SHARED = "postgres"
"""Its back ends share their buffers: each look adds up their shares."""

Points = Sequence[tuple[float, float]]


class MemoryWatch:
    """Looks from entering the block to leaving it; `samples` are (seconds, MiB) by process. `pids` may change meanwhile."""

    def __init__(self, pids: Callable[[], Mapping[str, int]], look_seconds: float = LOOK_SECONDS) -> None:
        """Nothing is read yet."""
        self.samples: dict[str, list[tuple[float, float]]] = {}
        self._pids, self._look_seconds, self._ended = pids, look_seconds, threading.Event()
        self.start = time.perf_counter()

    def __enter__(self) -> "MemoryWatch":
        """Begin."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """One last look."""
        self._ended.set()
        self._thread.join()
        self._look()

    def now(self) -> float:
        """Seconds on the clock of the samples."""
        return time.perf_counter() - self.start

    def _watch(self) -> None:
        self._look()
        while not self._ended.wait(self._look_seconds):
            self._look()

    def _look(self) -> None:
        for name, pid in self._pids().items():
            mib = proportional_mib(pid) if name == SHARED else own_mib(pid)
            if mib:  # a process that has just died has no memory, and its successor another id
                self.samples.setdefault(name, []).append((self.now(), mib))


def peaks(samples: Mapping[str, Points]) -> dict[str, float]:
    """The highest reading of each process."""
    return {name: max(mib for _, mib in points) for name, points in samples.items() if points}


def growth(points: Points, first: float, last: float) -> float:
    """MiB from the beginning of a stretch to its end: medians of its first and its last quarter, so that one reading decides nothing."""
    quarter = (last - first) / 4
    early = [mib for at, mib in points if first <= at <= first + quarter]
    late = [mib for at, mib in points if last - quarter <= at <= last]
    return statistics.median(late) - statistics.median(early) if early and late else 0.0


def growths(samples: Mapping[str, Points], first: float, last: float) -> dict[str, float]:
    """The same for each process."""
    return {name: round(growth(points, first, last), 1) for name, points in samples.items()}
