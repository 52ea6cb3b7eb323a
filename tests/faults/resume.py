"""How long decisions stood still after each kill of a deciding worker, from the dumped topics.

Owns the measure: the longest wait of any command that was asked for from a second before the kill to ten seconds after it, from the command's own
time to its decision's. Both are wall times of one machine, in ms.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BEFORE_MS, AFTER_MS = 1_000, 10_000


def measure(folder: Path) -> dict[str, Any]:
    """Seconds per kill, their median, p95 and maximum."""
    waits = _waits(folder)
    seconds = [round(_longest(waits, fault["t"]) / 1000, 2) for fault in _kills(folder)]
    told: dict[str, Any] = {"kills": len(seconds), "seconds": seconds}
    if seconds:
        ranked = sorted(seconds)
        told |= {"p50": _rank(ranked, 0.5), "p95": _rank(ranked, 0.95), "max": ranked[-1]}
    (folder / "resume.json").write_text(json.dumps(told))
    return told


def _rank(ranked: list[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def _kills(folder: Path) -> Iterator[dict[str, Any]]:
    for fault in _lines(folder / "faults.jsonl"):
        if fault["action"] in {"kill_one", "kill_role", "kill_point"} and str(fault["target"]).startswith("processor"):
            yield fault


def _waits(folder: Path) -> list[tuple[int, int]]:
    asked = {
        (record["p"], record["o"]): record["value"]["at"]
        for record in _lines(folder / "commands.jsonl")
        if isinstance(record["value"], dict) and isinstance(record["value"].get("at"), int)
    }
    found = []
    for record in _lines(folder / "events.committed.jsonl"):
        event = record["value"]
        at = asked.get((record["p"], event["source_offset"]))
        if at is not None:
            found.append((at, event["at"] - at))
    return found


def _longest(waits: list[tuple[int, int]], killed: int) -> int:
    return max((wait for at, wait in waits if killed - BEFORE_MS <= at <= killed + AFTER_MS), default=0)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
