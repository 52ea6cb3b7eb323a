"""All invariants over one evidence folder.

Owns the list, one walk for all that follow the log, verdict.json and the table. Must not know a rule.
"""

import json
from pathlib import Path

from checker.evidence import Evidence, Folder
from checker.fold.walk import Watcher, walk
from checker.invariants import client_errors, run_account
from checker.invariants.i01_conservation import Conservation
from checker.invariants.i02_balances import Balances
from checker.invariants.i03_never_negative import NeverNegative
from checker.invariants.i04_every_command import EveryCommand
from checker.invariants.i05_machine import Machine
from checker.invariants.i06_provider import Provider
from checker.invariants.i07_statement import Statement
from checker.invariants.i08_views import Views
from checker.invariants.i09_offsets import Offsets
from checker.invariants.i10_keys import Keys
from checker.invariants.i11_feed import Feed
from checker.invariants.i12_monotonic import Monotonic
from checker.invariants.i13_decisions import Decisions
from checker.invariants.i14_nothing_skipped import NothingSkipped
from checker.invariants.i16_timers import Timers
from checker.invariants.i19_holds import Holds
from checker.invariants.i20_liveness import Liveness
from checker.verdict import HOLDS, Verdict

WATCHERS: tuple[type[Watcher], ...] = (
    Conservation,
    Balances,
    NeverNegative,
    EveryCommand,
    Machine,
    Provider,
    Statement,
    Views,
    Offsets,
    Keys,
    Feed,
    Monotonic,
    Decisions,
    NothingSkipped,
    Timers,
    Holds,
    Liveness,
)
TITLES = {
    "I1": "postings sum to zero",
    "I2": "balances are the fold of their entries",
    "I3": "available and held never below zero",
    "I4": "each command exactly once",
    "I5": "histories follow the table",
    "I6": "the provider paid at most once, and right",
    "I7": "ledger = provider statement",
    "I8": "views = rebuild = own fold",
    "I9": "offsets without gap or repeat",
    "I10": "same key, same bytes",
    "I11": "feed without gap, not ahead of REST",
    "I12": "reads are true, versions never go back",
    "I13": "decisions follow from the log",
    "I14": "consumed = applied + repeated + dead",
    "I16": "timers once, and in time",
    "I19": "holds released exactly once",
    "I20": "quiet in time, nothing stuck",
    "errors": "every client error classified",
    "run": "the run did what it promised, nothing died",
}


def judge(evidence: Evidence) -> dict[str, Verdict]:
    """Name to verdict, in the order of TITLES."""
    verdicts = walk(evidence, [watcher(evidence) for watcher in WATCHERS])
    verdicts["errors"] = client_errors.judge(evidence)
    verdicts["run"] = run_account.judge(evidence)
    return {name: verdicts[name] for name in TITLES}


def judge_folder(path: Path) -> dict[str, Verdict]:
    """Judge a run's folder and write its verdict.json."""
    verdicts = judge(Evidence(Folder(path)))
    document = {"verdicts": {name: verdict.form() for name, verdict in verdicts.items()}, "ok": all_hold(verdicts)}
    (path / "verdict.json").write_text(json.dumps(document, indent=1) + "\n")
    return verdicts


def all_hold(verdicts: dict[str, Verdict]) -> bool:
    """Whether all hold; unknown does not."""
    return all(verdict.verdict == HOLDS for verdict in verdicts.values())


def table(verdicts: dict[str, Verdict]) -> list[str]:
    """The verdicts as lines of text."""
    lines = [f"{'':<7}{'what must hold':<42}{'checked':>10}{'wrong':>8}  verdict"]
    for name, verdict in verdicts.items():
        lines.append(f"{name:<7}{TITLES[name]:<42}{verdict.checked:>10,}{verdict.violations:>8,}  {verdict.verdict}")
        if verdict.first is not None:
            lines.append(f"{'':<9}{_printable(verdict.first)}")
        lines += [f"{'':<9}unknown: {part}" for part in verdict.unknown_parts]
    bad = sum(verdict.verdict != HOLDS for verdict in verdicts.values())
    return [*lines, f"{len(verdicts)} invariants, {bad} violated or unknown"]


def _printable(text: str) -> str:
    """Evidence may hold lone surrogates; a terminal may not."""
    return text.encode(errors="backslashreplace").decode()
