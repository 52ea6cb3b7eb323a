"""Which lines are drawn of what was found.

Owns the choice of panels: throughput and latency over time of the last round, and the curves of growth.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bench.figures import Rounds
from bench.plot import Panel, rates

FILES = (
    "product, many merchants",
    "product, one hot merchant",
    "mini, many merchants",
    "lean mini, many merchants",
    "celery many merchants",
)
STEP = 0.5


def comparison(rounds: Rounds) -> list[Panel]:
    """Rows per second and milliseconds, over the seconds of the last round."""
    last = {case: results[-1] for case, results in rounds.items()}
    files = {case: last[case] for case in FILES if case in last}
    panels = [
        Panel("payouts completed in Postgres", "seconds from the start of the upload", "rows/s", _rates(files, 2)),
        Panel("payouts visible in Postgres", "seconds from the start of the upload", "rows/s", _rates(files, 1)),
    ]
    for case in FILES[:2]:
        seconds = last.get(case, {}).get("latencies", [])
        lines = {"p50": [(at, p50) for at, _, p50, _ in seconds], "p99": [(at, p99) for at, _, _, p99 in seconds]}
        panels.append(Panel(f"{case}: from decision to completion", "second of completion", "ms", lines))
    answers = {
        case: last[case]["answers"] for case in ("product, single posts", "product, posts beside a file") if case in last
    }
    panels.append(Panel("single POST until decided", "seconds", "ms", answers, dots=True))
    return panels


def growth(curves: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Panel]:
    """Microseconds per payout over the size of each history."""
    panels = []
    for curve, points in curves.items():
        names = points[0]["cpu_us_per_row"]
        lines = {name: [(point["size"], point["cpu_us_per_row"][name]) for point in points] for name in names}
        panels.append(Panel(f"cost of a payout by {curve}", curve, "us", lines, log=True))
    return panels


def _rates(files: Mapping[str, Mapping[str, Any]], place: int) -> dict[str, list[tuple[float, float]]]:
    return {case: rates(found["samples"], place, STEP) for case, found in files.items()}
