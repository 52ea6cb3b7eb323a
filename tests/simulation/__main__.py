"""`python -m tests.simulation --seed 7`: run seeds, say what was found, and how to see it again.

Owns the command line and the summary. Sets and hashes must not differ between runs, so the process starts itself anew with a fixed hash seed.
"""

import argparse
import contextlib
import gc
import multiprocessing
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from runtime.failpoints import NAMES
from tests.simulation.faults import ABSENT, POINTS
from tests.simulation.run import MODES, Report, run_seed, silence
from tests.support import passed

ROOT = Path(__file__).parents[2]
SHOWN = 20
COLLECT_EVERY = 20
ENOUGH_SEEDS = 500
"""In so many seeds each kill point must have struck at least once."""


def main() -> int:
    """Run, report, and return 1 if anything was violated, or if many seeds never died at one of the kill points."""
    _fix_hash_seed()
    arguments = _arguments()
    started, tree = time.monotonic(), passed.tree()
    total = Total()
    for report in _reports(arguments.seeds, arguments.mode, arguments.jobs):
        total.add(report)
        if arguments.seed is not None or report.violations:
            _say(report, arguments.mode)
    total.say(time.monotonic() - started, arguments)
    if total.broken or total.never_struck():
        return 1
    if arguments.seed is None:
        passed.note("simulation", tree, {"mode": arguments.mode, "seeds": _range(arguments.seeds)})
    return 0


def _range(seeds: range) -> str:
    return f"{seeds[0]}..{seeds[-1]}"


class Total:
    """What all seeds together met."""

    def __init__(self) -> None:
        self.seeds = self.steps = self.commands = self.payouts = 0
        self.virtual = 0.0
        self.quiet_max = 0
        self.broken: list[int] = []
        self.reached: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
        self.met: Counter[str] = Counter()
        self.last = ""

    def add(self, report: Report) -> None:
        self.seeds += 1
        self.steps += report.steps
        self.commands += report.commands
        self.payouts += report.payouts
        self.virtual += report.seconds
        self.quiet_max = max(self.quiet_max, report.met.pop("quiet_ms", 0))
        self.reached += report.reached
        self.struck += report.struck
        self.met += report.met
        self.last = report.digest
        if report.violations:
            self.broken.append(report.seed)

    def never_struck(self) -> list[str]:
        """Kill points that no seed has died at, once there were seeds enough to expect each."""
        return [name for name in POINTS if not self.struck[name]] if self.seeds >= ENOUGH_SEEDS else []

    def say(self, seconds: float, arguments: argparse.Namespace) -> None:
        print(f"faults    {_line(self.met)}")
        print(f"points    {_points(self.reached, self.struck)}")
        rate = self.seeds / max(seconds, 0.001)
        print(
            f"work      {self.commands} commands, {self.payouts} payouts, {self.steps} steps, {self.virtual / 3600:.1f} virtual hours"
        )
        print(f"quiet     at most {self.quiet_max / 1000:.1f} virtual seconds after the last fault")
        busy = sum(os.times()[:4])
        print(
            f"speed     {self.seeds} seeds in {seconds:.1f} s, {rate:.1f} a second with {arguments.jobs} jobs; "
            f"{self.seeds / busy:.1f} a second of processor time"
        )
        found = f"VIOLATED in seeds {self.broken[:SHOWN]}" if self.broken else "nothing violated"
        print(f"result    {found}")
        if self.never_struck():
            print(f"NEVER STRUCK {', '.join(self.never_struck())}: such a run does not count")
        print(
            f"mode {arguments.mode} · seeds {arguments.text} · commit {commit()}{f' · hash {self.last}' if self.seeds == 1 else ''}"
        )


def _say(report: Report, mode: str) -> None:
    print(
        f"seed {report.seed}: {'ok' if report.ok else 'VIOLATED'} · hash {report.digest} · {report.steps} steps, {report.seconds:.1f} virtual s"
    )
    for violation in report.violations[:SHOWN]:
        print(f"  {violation}")
    if report.violations:
        print(f"  again: python -m tests.simulation --seed {report.seed} --mode {mode}")


def _reports(seeds: Iterable[int], mode: str, jobs: int) -> Iterator[Report]:
    work = ((seed, mode) for seed in seeds)
    if jobs == 1:
        yield from map(_one, work)
        return
    with multiprocessing.get_context("fork").Pool(jobs, maxtasksperchild=500) as pool:
        yield from pool.imap_unordered(_one, work, chunksize=5)


def _one(work: tuple[int, str]) -> Report:
    seed, mode = work
    report = run_seed(seed, mode)
    if seed % COLLECT_EVERY == 0:
        gc.collect()
    return report


def _line(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"


def _points(reached: Counter[str], struck: Counter[str]) -> str:
    parts = [
        f"{number} {name} {'absent here' if name in ABSENT else f'{reached[name]} reached, {struck[name]} struck'}"
        for name, number in NAMES.items()
    ]
    return "\n          ".join(parts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description="Simulate the engine under faults.")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--seed", type=int, help="one seed, told in full")
    which.add_argument("--seeds", default=None, help="a range, such as 1..2000")
    parser.add_argument("--mode", choices=MODES, default="both")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    arguments.text = str(arguments.seed) if arguments.seed is not None else arguments.seeds or "1..100"
    first, _, last = arguments.text.partition("..")
    arguments.seeds = range(int(first), int(last or first) + 1)
    return arguments


def _fix_hash_seed() -> None:
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(
            sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"}
        )


def commit() -> str:
    """What was simulated."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        asked = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    return "unknown"


if __name__ == "__main__":
    gc.freeze()
    with silence():
        status = main()
        sys.stdout.flush()
        os._exit(status)  # killed coroutines would be torn down now, one by one
