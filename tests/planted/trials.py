"""One bug against one level: is it caught, by what, and where?

Owns starting a level in a copy, the time it may take, and reading its verdict. A level says "violated" by its exit code and in words; a level
that breaks without naming a violation (or, of the faults, an unknown verdict), or does not end, has caught nothing. Must not know the bugs.
"""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.planted.copies import environment

SIMULATION, FAULTS = "simulation", "faults"
SLICE = 10
_VIOLATED = re.compile(r"^(?:seed \d+: VIOLATED\b.*|(?:I\d+|errors)\b.*\b(?:violated|unknown)$)", re.MULTILINE)
_NEXT = re.compile(r"\n {2,}(\S.*)")
_EVIDENCE_MAX = 300

_running: set["subprocess.Popen[bytes]"] = set()


class Level(NamedTuple):
    """How a level is run: its command, without the interpreter, and the seconds it may take; seeds of the simulation in slices."""

    name: str
    command: str
    seconds: float
    slices: list[str]


def slices(seeds: str) -> list[str]:
    """`A..B` in slices that grow, so that most bugs are caught by a few seeds and the rest get all of them."""
    first, last = map(int, seeds.split(".."))
    cut, size = [], SLICE
    while first <= last:
        cut.append(f"--seeds {first}..{min(first + size - 1, last)}")
        first, size = first + size, size * 2
    return cut


class Outcome(NamedTuple):
    """What a run showed. `verdict` is passed, caught, broken (no violation named) or endless."""

    level: str
    verdict: str
    evidence: str

    @property
    def caught(self) -> bool:
        """Whether a violation was named."""
        return self.verdict == "caught"


def run(level: Level, tree: Path, log: Path) -> Outcome:
    """Run a level in a copy, slice by slice, and read its verdict; all it says is kept in `log`."""
    outcome = Outcome(level.name, "passed", "no slice")
    log.unlink(missing_ok=True)
    for part in level.slices:
        outcome = _run(level, part, tree, log)
        if outcome.verdict != "passed":
            break
    return outcome


def _run(level: Level, part: str, tree: Path, log: Path) -> Outcome:
    before = log.stat().st_size if log.exists() else 0
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *shlex.split(level.command), *shlex.split(part)],
            cwd=tree,
            env=environment(tree),
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _running.add(process)
        try:
            code = process.wait(level.seconds)
        except subprocess.TimeoutExpired:
            return Outcome(level.name, "endless", f"{part} not done after {level.seconds:g} s")
        finally:
            _end(process)
    said = log.read_bytes()[before:].decode(errors="replace")
    if code == 0:
        return Outcome(level.name, "passed", _last(said))
    named = evidence(said)
    return Outcome(level.name, "caught" if named else "broken", named or f"exit {code}, {part}: {_last(said)}")


def evidence(said: str) -> str:
    """The first violation that is named, with its seed or invariant and what is told of it; empty if there is none."""
    named = _VIOLATED.search(said)
    if named is None:
        return ""
    more = _NEXT.match(said, named.end())
    words = " ".join(named[0].split(" · ")[0].split())
    return f"{words}: {more[1] if more else ''}"[:_EVIDENCE_MAX].rstrip(": ")


def end_all() -> None:
    """End what still runs, when the whole call is broken off."""
    for process in list(_running):
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the run and whatever it has started in its session."""
    _running.discard(process)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last(said: str) -> str:
    return (said.strip().splitlines() or ["without a word"])[-1].strip()[:_EVIDENCE_MAX]
