"""How long decisions stood still after each kill of a deciding worker, from the dumped topics.

Owns the measure: the longest wait of any command that was asked for from a second before the kill to ten seconds after it, from the command's own
time to its decision's. Both are wall times of one machine, in ms.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

BEFORE_MS, AFTER_MS = 1_000, 10_000
KILLS = frozenset({"kill_one", "kill_processor", "kill_role", "kill_point"})
ON_THE_WAY = ("kafka", "postgres", "processor", "ingest", "gateway-ingest", "clients-gateway")


def measure(folder: Path) -> dict[str, Any]:
    """Seconds per kill with median, p95 and maximum: of all kills, and of those beside which nothing else was broken that decisions need."""
    waits, faults = _waits(folder), list(_lines(folder / "faults.jsonl"))
    kills = [(fault, round(_longest(waits, fault["t"]) / 1000, 2)) for fault in faults if _is_kill(fault)]
    alone = [seconds for fault, seconds in kills if not any(_disturbs(other, fault) for other in faults)]
    told = {"all": _summary([seconds for _, seconds in kills]), "alone": _summary(alone)}
    (folder / "resume.json").write_text(json.dumps(told))
    return told


def _summary(seconds: list[float]) -> dict[str, Any]:
    ranked = sorted(seconds)
    if not ranked:
        return {"kills": 0}
    return {
        "kills": len(ranked),
        "p50": _rank(ranked, 0.5),
        "p95": _rank(ranked, 0.95),
        "max": ranked[-1],
        "seconds": seconds,
    }


def _rank(ranked: list[float], share: float) -> float:
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def _is_kill(fault: dict[str, Any]) -> bool:
    return fault["action"] in KILLS and str(fault["target"]).startswith("processor")


def _disturbs(other: dict[str, Any], fault: dict[str, Any]) -> bool:
    """Whether another fault on the way of a decision (ingest, broker, database, processor) fell into the time that is looked at."""
    on_the_way = any(str(other["target"]).startswith(name) for name in ON_THE_WAY)
    near = other["t"] <= fault["t"] + AFTER_MS and (other["healed"] or other["t"]) >= fault["t"] - AFTER_MS
    return other is not fault and on_the_way and near


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
