"""run: the run did what it promised, and no process died that nobody had killed.

Owns the reading of `crashes`, `owed` and `not_met` in run.json. A run that broke less than it promised proves less than it says.
"""

from typing import Any

from checker.evidence import Evidence
from checker.verdict import Findings, Verdict

PROMISES = {
    "crashes": "died by itself",
    "owed": "was promised and not done",
    "not_met": "was promised and not met",
}
"""Members of run.json that must be empty, and what each of their entries did."""
ALL_TOLD = 2
"""Since this form run.json says all of it."""


def judge(evidence: Evidence) -> Verdict:
    """The verdict on the run itself."""
    found = Findings()
    run = evidence.run
    if run is None:
        found.lack("run.json is missing")
        return found.verdict()
    for name, word in PROMISES.items():
        _none(found, run, name, word)
    if run.get("insufficient"):
        found.fail("run.json", "says itself that the run was insufficient")
    _as_many(found, evidence, run)
    return found.verdict()


def due(run: dict[str, Any]) -> frozenset[str]:
    """What this run.json must say: a harness that says what it owes also says what died and what it broke."""
    form = run.get("form")
    if isinstance(form, int) and form >= ALL_TOLD:
        return frozenset({*PROMISES, "faults"})
    return frozenset({"crashes", "faults"}) if "owed" in run else frozenset()


def _missing(found: Findings, run: dict[str, Any], name: str) -> None:
    what = f"run.json does not say {name!r}"
    if name in due(run):
        found.lack(what)
    elif name != "not_met":
        found.part(what)


def _none(found: Findings, run: dict[str, Any], name: str, word: str) -> None:
    told = run.get(name)
    if not isinstance(told, list | dict):
        _missing(found, run, name)
        return
    found.look()
    for one in told:
        what = f"{one}: {told[one]}" if isinstance(told, dict) else str(one)
        found.fail(f"run.json {name}", f"{what} {word}")


def _as_many(found: Findings, evidence: Evidence, run: dict[str, Any]) -> None:
    """What run.json counts is what faults.jsonl tells."""
    counted, rows = run.get("faults"), evidence.rows("faults")
    if not isinstance(counted, dict):
        _missing(found, run, "faults")
        return
    if rows is None:
        found.lack("faults.jsonl is missing")
        return
    told: dict[str, int] = {}
    for row in rows:
        told[str(row.get("action"))] = told.get(str(row.get("action")), 0) + 1
    for name, count in counted.items():
        found.need(told.get(name, 0) >= count, "run.json faults", f"{count} {name}, faults.jsonl tells {told.get(name, 0)}")
