"""The product's processes, two per role, behind proxies, with a supervisor that starts again what died.

Owns starting, signalling and restarting, and which failpoint a new life carries. Must not decide what to break.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import processes
from runtime import failpoints

MODULES = {
    "simulator": "services.simulator",
    "projector": "services.projector",
    "processor": "services.processor",
    "rails": "services.processor.rails",
    "ingest": "services.ingest",
    "gateway": "services.gateway",
}
POINTS_OF = {
    "ingest": ("ingest", "inbox", "upload"),
    "processor": ("processor", "timers"),
    "rails": ("rails",),
    "projector": ("projector",),
    "gateway": ("gateway", "feed"),
}
"""Role -> first words of the failpoints that it can reach."""
RESTART_SECONDS, RESTART_SECONDS_MAX = 0.5, 4.0
"""Between a death and the next life; twice as long after each start that was refused, as process managers do it."""
REFUSED = 2
"""How a start ends while something is away."""
WATCH_SECONDS = 0.1


def points_of(role: str) -> list[str]:
    """The failpoints that a process of this role can reach."""
    return [name for name in failpoints.NAMES if name.split(".")[0] in POINTS_OF.get(role, ())]


@dataclass
class Worker:
    """One process of a role. `down` keeps the supervisor from starting it again."""

    name: str
    role: str
    env: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    point: str | None = None
    down: bool = True
    expected: bool = False
    """We sent the signal ourselves; a death without that is a kill point or a fault of the product."""
    frozen: bool = False
    began: float = 0.0
    log_from: int = 0
    """Where this life's lines begin in the log."""
    refused: int = 0
    """Starts in a row that were refused."""
    died_at: float = 0.0
    deaths: list[str] = field(default_factory=list)

    def start(self, point: str | None = None) -> None:
        """A new life; it may carry a failpoint (`name:nth:action`). One that lives is left alone."""
        if self.alive:
            self.down = False
            return
        env = {**self.env, failpoints.VARIABLE: point or ""}
        self.log_from = self.log_size
        self.process = processes.start([sys.executable, "-m", MODULES[self.role]], log=self.log, env=env)
        self.point, self.down, self.expected, self.frozen = point, False, False, False
        self.began, self.died_at = time.monotonic(), 0.0

    @property
    def log_size(self) -> int:
        """Where its log ends now."""
        return self.log.stat().st_size if self.log.exists() else 0

    def said_since(self, start: int) -> str:
        """What it has written to its log from there on."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(start)
            return file.read().decode(errors="replace")

    def send(self, number: signal.Signals) -> None:
        """Signal the process; one that is gone is no error."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """End it at once: kill -9."""
        self.expected = True
        self.send(signal.SIGKILL)

    @property
    def lived(self) -> float:
        """Seconds from its start to its death, or to now."""
        return (self.died_at or time.monotonic()) - self.began

    @property
    def alive(self) -> bool:
        """Whether the process runs (also frozen)."""
        return self.process is not None and self.process.poll() is None

    async def stop(self, seconds: float = 12.0) -> float | None:
        """SIGTERM; returns seconds until it ended, or None if it had to be killed."""
        self.down = self.expected = True
        began = time.monotonic()
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        while self.alive and time.monotonic() - began < seconds:
            await asyncio.sleep(0.05)
        took = time.monotonic() - began
        if self.alive:
            self.send(signal.SIGKILL)
            return None
        return took


class Supervisor:
    """Watches the workers. `on_death(worker, code)` hears of every death; `next_point(worker)` arms a new life."""

    def __init__(
        self,
        workers: list[Worker],
        on_death: Callable[[Worker, int], None],
        next_point: Callable[[Worker], str | None],
    ) -> None:
        """Nothing is watched before run()."""
        self.workers = workers
        self._on_death, self._next_point = on_death, next_point

    async def run(self) -> None:
        """Start again what died, for ever."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for worker in self.workers:
                self._look(worker)

    def _look(self, worker: Worker) -> None:
        if worker.down or worker.process is None:
            return
        code = worker.process.poll()
        if code is None:
            return
        now = time.monotonic()
        if not worker.died_at:
            worker.died_at = now
            worker.deaths.append(f"{code}")
            worker.refused = worker.refused + 1 if code == REFUSED else 0
            self._on_death(worker, code)
        elif now - worker.died_at > min(RESTART_SECONDS * 2**worker.refused, RESTART_SECONDS_MAX):
            worker.died_at = 0.0
            worker.start(self._next_point(worker))
