"""How long decisions stood still after each kill of a deciding worker, from the dumped topics.

Owns the measure: the longest wait of any command that was asked for from a second before the kill to ten seconds after it, from the command's own
time to its decision's. Both are wall times of one machine, in ms.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

P95_SECONDS = 15.0
BEFORE_MS, AFTER_MS = 1_000, 10_000
KILLS = frozenset({"kill_one", "kill_processor", "kill_role", "kill_point"})
ON_THE_WAY = ("kafka", "postgres", "processor", "ingest", "gateway-ingest", "clients-gateway")


def measure(folder: Path) -> dict[str, Any]:
    """Seconds per kill with median, p95 and maximum: of all kills, and of those beside which nothing else was broken that decisions need."""
    waits, faults = _waits(folder), list(_lines(folder / "faults.jsonl"))
    looked = [(fault, _longest(waits, fault["t"])) for fault in faults if _is_kill(fault)]
    kills = [(fault, round(wait / 1000, 2)) for fault, wait in looked if wait is not None]
    alone = [seconds for fault, seconds in kills if not any(_disturbs(other, fault) for other in faults)]
    told = {"all": _summary([seconds for _, seconds in kills]), "alone": _summary(alone)}
    told["all"]["without_commands"] = len(looked) - len(kills)
    (folder / "resume.json").write_text(json.dumps(told))
    return told


def broken(told: dict[str, Any], kills: int) -> list[str]:
    """What is promised of `kills` kills with nothing else broken, and is not so."""
    alone = told["alone"]
    if alone["kills"] < kills:
        return [f"resume was measured after {alone['kills']} processor kills with nothing else broken, not after {kills}"]
    slow = kills and alone["p95"] >= P95_SECONDS
    return [f"decisions went on {alone['p95']} s (p95) after a processor kill, not within {P95_SECONDS:g} s"] if slow else []


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
    return ranked[min(len(ranked) - 1, math.ceil(share * len(ranked)) - 1)]


def _is_kill(fault: dict[str, Any]) -> bool:
    return fault["action"] in KILLS and str(fault["target"]).startswith("processor")


def _disturbs(other: dict[str, Any], fault: dict[str, Any]) -> bool:
    """Whether another fault on the way of a decision (ingest, broker, database, processor) fell into the time that is looked at."""
    on_the_way = any(str(other["target"]).startswith(name) for name in ON_THE_WAY)
    near = other["t"] <= fault["t"] + AFTER_MS and (other["healed"] or other["t"]) >= fault["t"] - AFTER_MS
    return other is not fault and on_the_way and near


def _waits(folder: Path) -> list[tuple[int, int]]:
    asked: dict[tuple[int, int], int] = {}
    known = set()
    for record in _lines(folder / "commands.jsonl"):
        value, place = record["value"], (record["p"], record["o"])
        if not isinstance(value, dict) or not isinstance(value.get("at"), int):
            continue
        if (name := value.get("id", place)) not in known:  # an old command that came again (F33) still has its first time
            known.add(name)
            asked[place] = value["at"]
    found = []
    for record in _lines(folder / "events.committed.jsonl"):
        event = record["value"]
        at = asked.get((record["p"], event["source_offset"]))
        if at is not None:
            found.append((at, event["at"] - at))
    return found


def _longest(waits: list[tuple[int, int]], killed: int) -> int | None:
    """The longest wait around a kill; None if nothing was asked for then."""
    return max((wait for at, wait in waits if killed - BEFORE_MS <= at <= killed + AFTER_MS), default=None)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from map(json.loads, file)
