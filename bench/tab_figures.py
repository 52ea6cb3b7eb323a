"""What a browser's tab has seen, held against the commits, and whether its memory grows.

Owns the arithmetic. A change counts as seen when it, or one that came after it, was in the page: the live page shows the newest 50, and
what more than 50 newer ones pushed out between two frames never had a frame of its own. How many had one is told. Must not know browsers.
"""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from bench.figures import Rounds
from bench.percentiles import of

HOUR = 3600.0
Notes = Sequence[tuple[float, Sequence[int]]]
"""When the page was looked at (wall clock, s), and the rows that were in it for the first time."""
Looks = Sequence[Mapping[str, float]]


class Seen(NamedTuple):
    """Milliseconds of each row that was seen; how many were in the page themselves; how many never, nor anything after them."""

    ms: dict[int, float]
    themselves: int
    unseen: int


def first_times(notes: Notes) -> dict[int, float]:
    """When each row was in the page first; a row that is noted again stays with its first time."""
    found: dict[int, float] = {}
    for at, rows in notes:
        for row in rows:
            found[row] = min(at, found.get(row, math.inf))
    return found


def match(commits: Mapping[int, float], notes: Notes) -> Seen:
    """From each row's commit until it or a later row was in the page. Rows are numbered as they were sent and committed."""
    own, ms, seen_at = first_times(notes), {}, math.inf
    for row in sorted(commits, reverse=True):
        seen_at = min(seen_at, own.get(row, math.inf))
        if seen_at < math.inf:
            ms[row] = (seen_at - commits[row]) * 1000
    return Seen(ms, len(own.keys() & commits.keys()), len(commits) - len(ms))


def latency(commits: Mapping[int, float], told: Notes, painted: Notes) -> dict[str, float]:
    """Percentiles until painted, and until the rows were in the page's tree; what was committed, painted and never seen."""
    seen, there = match(commits, painted), match(commits, told)
    figures = percentiles("", seen.ms.values()) | percentiles("in_tree_", there.ms.values())
    figures |= {
        "committed_per_s": per_second(commits),
        "painted_themselves_percent": 100 * seen.themselves / max(len(commits), 1),
        "never_seen": seen.unseen,
        "tree_changes_with_news": len(told),
        "frames_with_news": len(painted),
    }
    return figures


def percentiles(name: str, values: Any) -> dict[str, float]:
    """p50, p99 and the worst in milliseconds; nothing of nothing."""
    found = list(values)
    steps = (("p50_ms", 0.5), ("p99_ms", 0.99), ("worst_ms", 1.0)) if found else ()
    return {f"{name}{step}": of(found, share) for step, share in steps}


def per_second(commits: Mapping[int, float]) -> float:
    """Rows per second between the first and the last commit; 0 where all came at once."""
    times = commits.values()
    took = max(times) - min(times) if commits else 0.0
    return len(commits) / took if took else 0.0


def dots(commits: Mapping[int, float], painted: Notes, every: int) -> list[tuple[float, float]]:
    """(Seconds since the first commit, milliseconds until painted) of every so many rows, to be drawn."""
    ms = match(commits, painted).ms
    start = min(commits.values(), default=0.0)
    return [(round(commits[row] - start, 3), round(ms[row], 1)) for row in sorted(ms)[::every]]


def slope(looks: Looks, name: str) -> float | None:
    """Rise in an hour, by least squares through all looks; None of fewer than two."""
    points = [(look["at"], look[name]) for look in looks]
    if len({at for at, _ in points}) < 2:
        return None
    return statistics.linear_regression(*zip(*points, strict=True)).slope * HOUR


def memory(looks: Looks) -> dict[str, float]:
    """First and last reading and rise in an hour of the heap, the nodes and the renderers; the heap's rise in the second half by itself."""
    figures: dict[str, float] = {"looks": len(looks)}
    for name in ("heap_mib", "nodes", "all_renderers_mib") if looks else ():
        figures |= {f"{name}_first": looks[0][name], f"{name}_last": looks[-1][name]}
        figures |= _known(f"{name}_an_hour", slope(looks, name))
    figures |= _known("heap_mib_an_hour_second_half", slope(looks[len(looks) // 2 :], "heap_mib"))
    return figures | ({"rows_in_page": looks[-1]["rows"], "listeners": looks[-1]["listeners"]} if looks else {})


def _known(name: str, value: float | None) -> dict[str, float]:
    return {} if value is None else {name: value}


def lines(rounds: Rounds) -> Iterator[str]:
    """What counts as seen; and a warning where the percentiles leave somebody out."""
    yield "\nseen: the change, or one after it, was in a frame that the page has painted; the time is Date.now() behind that frame"
    for case, results in rounds.items():
        if unseen := results[-1]["figures"].get("never_seen"):
            yield f"careful: {case}: {unseen:,.0f} changes were never seen; no percentile holds them"
