"""Which lines are drawn of the cases.

Owns the choice of panels. Must not measure.
"""

import re
from typing import Any

from bench.figures import Rounds
from bench.plot import Panel, rates

STEP = 0.5
UPLOADED = "seconds from the start of the upload"
Results = dict[str, dict[str, Any]]


def rows(rounds: Rounds) -> list[Panel]:
    """Rows per second over the last round of each."""
    last = _last(rounds)
    return [
        Panel("payouts completed in Postgres", UPLOADED, "rows/s", _rates(last, 2)),
        Panel("payouts visible in Postgres", UPLOADED, "rows/s", _rates(last, 1)),
    ]


def million(rounds: Rounds) -> list[Panel]:
    """Rates, memory of every process, and the POSTs beside."""
    panels, last = rows(rounds), _last(rounds)
    for case, one in last.items():
        panels.append(_memory(case, one))
    answers = {case: one["answers"] for case, one in last.items()}
    return [*panels, Panel("single POST of another merchant until decided", "seconds", "ms", answers, dots=True)]


def pressure(rounds: Rounds) -> list[Panel]:
    """Memory of every process; the stop is from the first to the second time that the report names."""
    return [
        _memory(f"{case}, from {one['times'][0]:.0f} s to {one['times'][1]:.0f} s", one)
        for case, one in _last(rounds).items()
    ]


def latency(rounds: Rounds) -> list[Panel]:
    """Milliseconds of each stage over the size of the batch."""
    sizes = {
        int(case.removeprefix("batch of ").replace(",", "")): one for case, one in _last(rounds).items() if "batch" in case
    }
    lines = {
        stage: [(size, one["figures"][f"{stage}_ms_median"]) for size, one in sorted(sizes.items())]
        for stage in ("accepted", "visible", "paid")
    }
    return [Panel("a batch until accepted, visible, paid", "rows", "ms", lines, log=True)]


def fanout(rounds: Rounds) -> list[Panel]:
    """Latency, frames per second and memory over the number of followers, without and with slow readers."""
    panels = []
    for title, unit, names in (
        ("from the commit to the receipt", "ms", ("p50_ms", "p99_ms")),
        ("frames delivered", "1/s", ("frames_per_s",)),
        ("gateway memory with all followers", "MiB", ("gateway_mib_joined", "gateway_mib_after")),
    ):
        lines: dict[str, list[tuple[float, float]]] = {}
        for case, one in _last(rounds).items():
            slow = " with slow" if "slow" in case else ""
            for name in names:
                if name in one["figures"]:
                    lines.setdefault(name.removeprefix("gateway_mib_") + slow, []).append(
                        (followers_of(case), one["figures"][name])
                    )
        panels.append(Panel(title, "followers", unit, lines, log=True))
    return panels


def tab(rounds: Rounds) -> list[Panel]:
    """Each commit until its change was in the page; a tab's heap and nodes over time."""
    last = _last(rounds)
    seen = {case: one["latencies"] for case, one in last.items() if one.get("latencies")}
    looks = {case: one["looks"] for case, one in last.items() if one.get("looks")}
    panels = [Panel("from the commit to the painted change", "seconds", "ms", seen, dots=True)] if seen else []
    for title, unit, name in (("JS heap after a collection", "MiB", "heap_mib"), ("nodes of the page", "", "nodes")):
        lines = {case: [(look["at"], look[name]) for look in of_one] for case, of_one in looks.items()}
        panels += [Panel(title, "seconds", unit, lines)] if lines else []
    return panels


def followers_of(case: str) -> int:
    """The number a case's name begins with."""
    found = re.match(r"[\d,]+", case)
    return int(found[0].replace(",", "")) if found else 0


def _memory(case: str, one: dict[str, Any]) -> Panel:
    return Panel(f"{case}: memory of each process", "seconds", "MiB", one["memory"])


def _last(rounds: Rounds) -> Results:
    return {case: dict(results[-1]) for case, results in rounds.items()}


def _rates(last: Results, place: int) -> dict[str, list[tuple[float, float]]]:
    return {case: rates(one["samples"], place, STEP) for case, one in last.items()}
