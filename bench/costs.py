"""What a stretch of work cost: processor time, memory and write-ahead log, by process.

Owns the readings. A name stands for a process and all below it: a worker's children, Postgres' back ends, those that ended meanwhile
too. Must not know what the work was.
"""

import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from bench.ground import Ground

LOOK_SECONDS = 1.0


class Meter:
    """Reads before and after the block; `report(rows)` is what one row cost. `processes` are names with process ids."""

    def __init__(self, ground: Ground, processes: Mapping[str, int]) -> None:
        """Postgres and Kafka are always among them."""
        self._ground = ground
        self._pids = {**processes, **ground.processes()}
        self._shared: dict[str, int] = {}
        self._ended = threading.Event()

    def __enter__(self) -> "Meter":
        """First reading."""
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        self._wal = self._ground.wal_bytes()
        self._kept = self._ground.kept_bytes()
        self._before = {name: cpu_seconds(pid) for name, pid in self._pids.items()}
        self._start = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Last reading."""
        self.seconds = time.perf_counter() - self._start
        self.cpu = {name: cpu_seconds(pid) - self._before[name] for name, pid in self._pids.items()}
        self.wal = self._ground.wal_bytes() - self._wal
        self.kept = {name: kept - self._kept[name] for name, kept in self._ground.kept_bytes().items()}
        self.peak = {name: self._peak(name, pid) for name, pid in self._pids.items()}
        self._ended.set()
        self._watcher.join()

    def report(self, rows: int) -> dict[str, Any]:
        """Of one row: microseconds of processor time, bytes of write-ahead log, bytes kept; cores busy on average, peak MiB."""
        cpu = {name: round(seconds / rows * 1e6, 2) for name, seconds in self.cpu.items()}
        return {
            "cpu_us_per_row": {**cpu, "all": round(sum(cpu.values()), 2)},
            "wal_bytes_per_row": round(self.wal / rows, 1),
            "kept_bytes_per_row": {name: round(kept / rows, 1) for name, kept in self.kept.items()},
            "cores_busy": round(sum(self.cpu.values()) / self.seconds, 2),
            "peak_mib": self.peak,
        }

    def _watch(self) -> None:
        """Postgres' back ends share their buffers: only the sum of the shares, looked at now and then, says what it needs."""
        while not self._ended.wait(LOOK_SECONDS):
            if "postgres" in self._pids:
                self._shared["postgres"] = max(self._shared.get("postgres", 0), proportional_mib(self._pids["postgres"]))

    def _peak(self, name: str, pid: int) -> int:
        return self._shared.get(name, proportional_mib(pid)) if name == "postgres" else peak_mib(pid)


def cpu_seconds(pid: int) -> float:
    """Processor time of a process, of its children that ended and of those that live; 0 for one that is gone."""
    total = 0.0
    for process in _tree(pid):
        with contextlib.suppress(psutil.Error):
            total += sum(process.cpu_times()[:4])  # user, system, and those of children that were waited for
    return total


def peak_mib(pid: int) -> int:
    """Peak resident memory of a process and of its living children, as the kernel kept it."""
    return sum(_status_kib(process.pid, "status", "VmHWM") for process in _tree(pid)) // 1024


def resident_mib(pid: int) -> int:
    """Resident memory now."""
    return sum(_status_kib(process.pid, "status", "VmRSS") for process in _tree(pid)) // 1024


def own_mib(pid: int) -> int:
    """Resident memory now of this one process, without those below it: cheap enough to be looked at often."""
    return _status_kib(pid, "status", "VmRSS") // 1024


def proportional_mib(pid: int) -> int:
    """Memory now, what is shared counted once."""
    return sum(_status_kib(process.pid, "smaps_rollup", "Pss") for process in _tree(pid)) // 1024


def _tree(pid: int) -> list[psutil.Process]:
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.Error:
        return []


def _status_kib(pid: int, file: str, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/{file}").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0
