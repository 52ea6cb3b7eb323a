"""run: the run did what it promised, and no process died that nobody had killed.

Owns the reading of `crashes` and `owed` in run.json. A run that broke less than it promised proves less than it says.
"""

from typing import Any

from checker.evidence import Evidence
from checker.verdict import Findings, Verdict


def judge(evidence: Evidence) -> Verdict:
    """The verdict on the run itself."""
    found = Findings()
    run = evidence.run
    if run is None:
        found.lack("run.json is missing")
        return found.verdict()
    _none(found, run, "crashes", "died by itself")
    _none(found, run, "owed", "was promised and not done")
    _as_many(found, evidence, run)
    return found.verdict()


def _none(found: Findings, run: dict[str, Any], name: str, word: str) -> None:
    told = run.get(name)
    if told is None:
        found.part(f"run.json does not say {name!r}")
        return
    found.look()
    for one in told:
        what = f"{one}: {told[one]}" if isinstance(told, dict) else str(one)
        found.fail(f"run.json {name}", f"{what} {word}")


def _as_many(found: Findings, evidence: Evidence, run: dict[str, Any]) -> None:
    """What run.json counts is what faults.jsonl tells."""
    counted, rows = run.get("faults"), evidence.rows("faults")
    if not isinstance(counted, dict):
        found.part("run.json does not say 'faults'")
        return
    if rows is None:
        found.lack("faults.jsonl is missing")
        return
    told: dict[str, int] = {}
    for row in rows:
        told[str(row.get("action"))] = told.get(str(row.get("action")), 0) + 1
    for name, count in counted.items():
        found.need(told.get(name, 0) >= count, "run.json faults", f"{count} {name}, faults.jsonl tells {told.get(name, 0)}")
