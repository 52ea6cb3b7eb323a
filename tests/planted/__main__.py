"""`python -m tests.planted`: every planted bug must be caught, and the tree without them must not.

    python -m tests.planted --check               only see that all 24 patches apply
    python -m tests.planted --rotate 2/3          8 of the 24, in rotation
    python -m tests.planted --only 13,21 --level simulation --seeds 1..400
    python -m tests.planted --control             run the controls also where they have passed on this tree before

Owns the order (control first, the simulation before the faults), how many run at once, and the table at the end. Ends with 1 if a bug goes
uncaught, a patch does not apply or the control fails.
"""

import argparse
import concurrent.futures
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.planted import controls, copies, patches, trials
from tests.planted.copies import CopyError
from tests.planted.patches import Planted
from tests.planted.trials import FAULTS, SIMULATION, Level, Outcome

AT_ONCE_MAX = 2


def main() -> int:
    """Run what is asked for; the exit code."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    bugs = patches.chosen(patches.read_all(), asked.only, asked.rotate)
    folder = Path(tempfile.mkdtemp(prefix="planted-"))
    try:
        snapshot = copies.take(folder / "snapshot")
        if asked.check:
            return _check(bugs, snapshot)
        return Campaign(asked, folder, snapshot).run(bugs)
    finally:
        trials.end_all()
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)


def _check(bugs: list[Planted], snapshot: Path) -> int:
    failed = 0
    for bug in bugs:
        try:
            copies.apply(bug, snapshot, only_check=True)
        except CopyError as error:
            failed += 1
            _say(f"{bug}: {error}")
    _say(f"{len(bugs) - failed} of {len(bugs)} planted bugs apply")
    return 1 if failed else 0


class Campaign:
    """All trials of one call."""

    def __init__(self, asked: argparse.Namespace, folder: Path, snapshot: Path) -> None:
        """`folder` takes the copies and the logs."""
        self._folder, self._snapshot, self._at_once = folder, snapshot, min(asked.at_once, AT_ONCE_MAX)
        simulation = Level(SIMULATION, asked.simulation, asked.simulation_seconds, trials.slices(asked.seeds))
        levels = [simulation, Level(FAULTS, asked.faults, asked.faults_seconds, [""])]
        self._levels = [level for level in levels if asked.level in {level.name, "all"}]
        self._one_stack, self._one_control = threading.Lock(), threading.Lock()
        self._controls: dict[str, Outcome] = {}
        self._seeds, self._tree = asked.seeds, "" if asked.control else copies.digest(snapshot)

    def run(self, bugs: list[Planted]) -> int:
        """Control, then the bugs; the exit code."""
        mine = [bug for bug in bugs if self._levels_of(bug)]
        for bug in bugs:
            if bug not in mine:
                _say(f"{bug}: left to the level {bug.level}")
        with concurrent.futures.ThreadPoolExecutor(self._at_once) as pool:
            caught = list(pool.map(self._trial, mine))
        _say(f"{sum(caught)} of {len(mine)} planted bugs caught")
        failed = [outcome for outcome in self._controls.values() if outcome.verdict != "passed"]
        for outcome in failed:
            _say(f"The {outcome.level} fails without a planted bug: what it says about them means nothing.")
        return 0 if all(caught) and not failed else 1

    def _levels_of(self, bug: Planted) -> list[Level]:
        """The simulation is cheap, so it comes first, but not where it cannot see the bug."""
        return [level for level in self._levels if level.name == FAULTS or bug.level == SIMULATION]

    def _trial(self, bug: Planted) -> bool:
        tree = self._folder / f"{bug.number:02d}"
        try:
            copies.copy_with(self._snapshot, tree, bug)
        except CopyError as error:
            _say(f"{bug}: UNUSABLE: {error}")
            return False
        outcomes: list[Outcome] = []
        for level in self._levels_of(bug):
            outcomes.append(self._at(level, tree, f"{bug.number:02d}") if self._is_sound(level) else _unsound(level))
            if outcomes[-1].caught:
                break
        shutil.rmtree(tree, ignore_errors=True)
        _tell(str(bug), "caught" if outcomes[-1].caught else "UNCAUGHT", outcomes)
        return outcomes[-1].caught

    def _is_sound(self, level: Level) -> bool:
        """Whether the level passes without a bug: seen once, before the first bug. One that always fails catches everything."""
        with self._one_control:
            if level.name not in self._controls:
                self._controls[level.name] = self._control(level)
                _tell("control", "", [self._controls[level.name]])
            return self._controls[level.name].verdict == "passed"

    def _control(self, level: Level) -> Outcome:
        if before := controls.passed_before(level.command, self._seeds, self._tree):
            return Outcome(level.name, "passed", before)
        return self._at(level, copies.copy_with(self._snapshot, self._folder / f"control-{level.name}", None), "control")

    def _at(self, level: Level, tree: Path, name: str) -> Outcome:
        log = self._folder / f"{name}.{level.name}.log"
        if level.name == SIMULATION:
            return trials.run(level, tree, log)
        with self._one_stack:  # brokers and databases of two runs would only slow each other down
            return trials.run(level, tree, log)


def _unsound(level: Level) -> Outcome:
    return Outcome(level.name, "not asked", "its control fails")


def _tell(name: str, word: str, outcomes: list[Outcome]) -> None:
    said = "; ".join(f"{outcome.level} {outcome.verdict}: {outcome.evidence}" for outcome in outcomes)
    _say(f"{time.strftime('%H:%M:%S')} {name}: {word + ': ' if word else ''}{said}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.planted", description="Shows that planted bugs are caught.")
    parser.add_argument("--only", help="numbers, such as 3,17")
    parser.add_argument("--rotate", help="k/n: every n-th bug from the k-th on")
    parser.add_argument("--level", choices=[SIMULATION, FAULTS, "all"], default="all")
    parser.add_argument("--check", action="store_true", help="only see whether the patches apply")
    parser.add_argument("--seeds", default="1..300", help="seeds of the simulation")
    parser.add_argument("--simulation", default=controls.SIMULATION_COMMAND, help="how to run the simulation, without seeds")
    parser.add_argument("--faults", default=controls.FAULTS_COMMAND, help="how to run the faults")
    parser.add_argument("--simulation-seconds", type=float, default=900)
    parser.add_argument("--faults-seconds", type=float, default=900)
    parser.add_argument("--at-once", type=int, default=AT_ONCE_MAX)
    parser.add_argument("--control", action="store_true", help="run the controls even if they passed on this tree before")
    parser.add_argument("--keep", action="store_true", help="keep copies and logs")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
