"""Whether a level has passed without a bug before: then its control need not run again.

Owns what counts as the control of a level. The tree must be the same, every file by its content; and what passed must be,
of the simulation, all the seeds that the bugs are tried on: the same seed gives the same run, so it is the same control;
of the faults, any seed of this level, or of one that breaks in all the ways that this one does, under no less load, and must be quiet no later.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.faults.levels import LEVELS
from tests.faults.levels import Level as FaultLevel
from tests.support import passed

SIMULATION_COMMAND = "-m tests.simulation"
FAULT_LEVEL = "planted"
FAULTS_COMMAND = f"-m tests.faults --level {FAULT_LEVEL} --seed 7"


def passed_before(command: str, seeds: str, tree: str) -> str:
    """What has passed on this tree that is a control for the command (and, of the simulation, its seeds), in words; empty if nothing has."""
    found = [one for kind in ("simulation", "faults") for one in passed.noted(kind, tree)]
    return next(fits(command, seeds, found), "")


def fits(command: str, seeds: str, found: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Those of the notes that are a control, in words."""
    for one in found:
        if command == SIMULATION_COMMAND and "seeds" in one and _has(one, seeds):
            yield f"seeds {one['seeds']} passed on this very tree at {one['at']}"
        elif command == FAULTS_COMMAND and "level" in one and _is_as_hard(one):
            yield f"level {one['level']}, seed {one['seed']} passed on this very tree at {one['at']}"


def _has(one: Mapping[str, Any], seeds: str) -> bool:
    (first, last), (low, high) = (map(int, text.split("..")) for text in (seeds, one["seeds"]))
    return one["mode"] == "both" and low <= first and last <= high


def _is_as_hard(one: Mapping[str, Any]) -> bool:
    return one["level"] in LEVELS and covers(LEVELS[one["level"]], LEVELS[FAULT_LEVEL])


def covers(level: FaultLevel, other: FaultLevel) -> bool:
    """Whether a level that passed says that the other does not fail by itself."""
    load = all(
        getattr(level, name) >= getattr(other, name) for name in ("payouts", "clients", "merchants", "followers", "points")
    )
    return load and level.deck.keys() >= other.deck.keys() and level.quiet_bound_seconds <= other.quiet_bound_seconds
