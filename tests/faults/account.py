"""What a run has done and what it still owes: faults by name, the states that they met, kill points, deaths that nobody meant.

Owns the rule that a run which did not do what its level promises is insufficient, whatever its verdict. Must not break anything.
"""

from collections import Counter
from typing import Any

from tests.faults.kill_points import ONLY_HERE, KillPoints
from tests.faults.levels import Level
from tests.faults.workers import Worker

STATES = ("pending", "processing", "requires_action", "completed", "failed", "canceled")
KILL_POINT = "kill_point"
"""The fault that comes of itself, wherever a worker reaches the point that it was started with."""
ALLOWED_EXITS = (2, 70)
"""A start refused while broker or database are away, and a consumer thread that gave no sign of life: both are meant to end the process."""
START_SECONDS = 20.0
"""Within it an exit by 1 is a start that failed because the broker went away meanwhile: Faust ends so."""
VOID_MAX = 120
"""So often a fault may find nothing to break and is drawn again."""


class Account:
    """The books of one run."""

    def __init__(self, level: Level, points: KillPoints) -> None:
        """Nothing was done."""
        self._level, self._points = level, points
        self.done: Counter[str] = Counter()
        self.crashes: list[str] = []
        self.refused_starts = 0
        self._void: Counter[str] = Counter()
        self._met: dict[str, set[str]] = {}
        self.slow: list[str] = []

    def did(self, name: str, states: dict[str, int]) -> None:
        """A fault was done while payouts stood, or had just come, in these states."""
        self.done[name] += 1
        self._met.setdefault(name, set()).update(state for state, count in states.items() if count)

    def ended_slowly(self, worker: str) -> None:
        """A worker did not end by itself within its time after SIGTERM."""
        self.slow.append(worker)

    def is_owed_again(self, name: str) -> bool:
        """A fault found nothing to break: whether it is to be drawn again."""
        self._void[name] += 1
        return self._void[name] <= VOID_MAX

    def died(self, worker: Worker, code: int) -> None:
        """A process ended that nobody had sent a signal."""
        if code in ALLOWED_EXITS or (code == 1 and worker.lived < START_SECONDS):
            self.refused_starts += 1
        else:
            self.crashes.append(f"{worker.name} ended with {code}")

    def owed(self) -> dict[str, int]:
        """What the level promises and was not done."""
        missing = {name: count - self.done[name] for name, count in self._level.deck.items() if self.done[name] < count}
        hits = self._points.hits
        if hits.total() < self._level.points:
            missing["kill_points"] = self._level.points - hits.total()
        names = (*ONLY_HERE, "rebuild.mid") if self._level.points and "rebuild" in self._level.deck else ()
        if self._level.covered:
            names = tuple(self._points.names)
        return missing | {f"kill point {name}": 1 for name in names if not hits[name]}

    def lacking(self) -> dict[str, list[str]]:
        """By fault, the payout states that it has not met; only faults that lack some."""
        missing = {name: sorted(set(STATES) - met) for name, met in sorted(self._met.items())}
        return {name: states for name, states in missing.items() if states}

    def not_met(self, asked_under_faults: int, provider: dict[str, int]) -> list[str]:
        """What the level promises of the run, and was not so; each as a sentence."""
        found = [f"{name} did not end in time after SIGTERM" for name in self.slow]
        if asked_under_faults < self._level.payouts:
            found.append(f"{asked_under_faults} payouts were asked while faults went on, of {self._level.payouts}")
        if self._level.covered:
            found += [f"{name} met no payout in {', '.join(states)}" for name, states in self.lacking().items()]
            found += [f"the provider never did: {kind}" for kind, count in provider.items() if not count]
        return found

    def told(self, asked_under_faults: int, provider: dict[str, int]) -> dict[str, Any]:
        """What `run.json` says of it."""
        owed, not_met = self.owed(), self.not_met(asked_under_faults, provider)
        return {
            "faults": dict(self.done),
            "kill_points": dict(self._points.hits),
            "crashes": self.crashes,
            "refused_starts": self.refused_starts,
            "owed": owed,
            "not_met": not_met,
            "provider_faults": provider,
            "asked_under_faults": asked_under_faults,
        }
