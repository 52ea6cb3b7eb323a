"""From readings to figures: medians with their spread, ratios within a round, costs by process.

Owns the arithmetic. A ratio is made within each round, so that a slow minute of the machine is on both sides of it.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

Rounds = Mapping[str, Sequence[Mapping[str, Any]]]


class Spread(NamedTuple):
    """The middle and the ends of a few readings."""

    median: float
    least: float
    most: float
    count: int

    def __str__(self) -> str:
        """`1,234 (1,200 to 1,300)`; small numbers with more digits."""
        text = [_number(value) for value in (self.median, self.least, self.most)]
        return f"{text[0]} ({text[1]} to {text[2]})" if self.count > 1 else f"{text[0]} (one run)"


def spread(values: Sequence[float]) -> Spread:
    """Of at least one reading."""
    return Spread(statistics.median(values), min(values), max(values), len(values))


def summary(rounds: Rounds) -> dict[str, dict[str, Spread]]:
    """Each case's figures over the rounds."""
    return {case: _over(results, "figures") for case, results in rounds.items()}


def costs(rounds: Rounds) -> dict[str, dict[str, Any]]:
    """Each case's median cost per row by process, write-ahead log per row, cores busy, and highest memory peak."""
    return {case: _costs([result["costs"] for result in results]) for case, results in rounds.items()}


def reading(rounds: Rounds, case: str, figure: str) -> Spread | None:
    """One figure of one case, if it was measured."""
    return spread(_values(rounds, case, figure)) if _values(rounds, case, figure) else None


def ratio(rounds: Rounds, above: tuple[str, str], below: tuple[str, str]) -> Spread | None:
    """One (case, figure) by another, round by round; None unless both were measured."""
    pairs = list(zip(_values(rounds, *above), _values(rounds, *below), strict=False))
    return spread([first / second for first, second in pairs]) if pairs else None


def _values(rounds: Rounds, case: str, figure: str) -> list[float]:
    return [result["figures"][figure] for result in rounds.get(case, ()) if figure in result["figures"]]


def _over(results: Sequence[Mapping[str, Any]], part: str) -> dict[str, Spread]:
    names = {name: None for result in results for name in result[part]}
    return {name: spread([result[part][name] for result in results if name in result[part]]) for name in names}


def _costs(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    cpu = {
        name: spread([one["cpu_us_per_row"][name] for one in found if name in one["cpu_us_per_row"]]).median
        for name in found[0]["cpu_us_per_row"]
    }
    return {
        "cpu_us_per_row": cpu,
        "wal_bytes_per_row": statistics.median(one["wal_bytes_per_row"] for one in found),
        "kept_bytes_per_row": {
            name: statistics.median(one["kept_bytes_per_row"][name] for one in found)
            for name in found[0]["kept_bytes_per_row"]
        },
        "cores_busy": statistics.median(one["cores_busy"] for one in found),
        "peak_mib": {name: max(one["peak_mib"].get(name, 0) for one in found) for name in found[0]["peak_mib"]},
    }


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}" if abs(value) >= 10 else f"{value:.3f}"
