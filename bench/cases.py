"""The cases besides the comparison, growth and recovery: how each is measured, what is said of it beside its figures, what is drawn.

Owns the list. Every case gives rounds as the comparison does, so figures, costs and memory are printed and kept in the same way.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from bench import (
    case_plots,
    fanout,
    files,
    flames,
    ladder,
    latency,
    million,
    pressure,
    provider,
    tab,
    tab_figures,
    webhooks,
    workers,
)
from bench.figures import Rounds
from bench.ground import Ground
from bench.plot import Panel


def _nothing(_rounds: Rounds) -> Iterator[str]:
    return iter(())


class Case(NamedTuple):
    """One of them."""

    about: str
    measure: Callable[[Ground], dict[str, list[dict[str, Any]]]]
    panels: Callable[[Rounds], list[Panel]]
    lines: Callable[[Any], Iterator[str]] = _nothing


def fanout_lines(rounds: Rounds) -> Iterator[str]:
    """How the connections ended."""
    yield "\nhow the followers' connections stood at the end (fast; slow)"
    for case, results in rounds.items():
        yield f"  {case:46} {_counts(results[-1].get('fast_ends', {}))}; {_counts(results[-1].get('slow_ends', {}))}"


def workers_lines(rounds: Rounds) -> Iterator[str]:
    """Two beside one."""
    found = workers.two_by_one({name: list(results) for name, results in rounds.items()})  # type: ignore[arg-type]
    yield f"\ncompleted rows/s of two by those of one: {found} (first target: >= 0.9)"
    if idle := workers.idle_kinds(rounds):  # type: ignore[arg-type]
        yield f"careful: one of two had next to nothing to do: {', '.join(idle)}"


def pressure_lines(rounds: Rounds) -> Iterator[str]:
    """What each kind of client was told, and who grew."""
    for results in rounds.values():
        for kind, phases in results[-1]["answers"].items():
            yield f"\n{kind}: answers"
            for phase, answers in phases.items():
                yield f"  {phase:8} {'; '.join(_answer(said, one) for said, one in answers.items()) or 'none'}"
        yield f"\ngrown in the second half of the stop, MiB: {_counts(results[-1]['grown_mib'])}"


def _answer(said: str, one: Mapping[str, float]) -> str:
    again = f", {one['retry_after']} with Retry-After" if one["retry_after"] else ""
    return f"{said} x{one['count']} (p50 {one['p50_ms']:,.0f} ms, p99 {one['p99_ms']:,.0f} ms{again})"


def _counts(found: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in found.items()) or "none"


CASES = {
    "fanout": Case("many followers of the live feed on one gateway", fanout.measure, case_plots.fanout, fanout_lines),
    "provider": Case(
        "a provider at once, in 50 ms, in 5 s for some; one call each and in bulk", provider.measure, case_plots.rows
    ),
    "million": Case("1,000,000 rows at once, and POSTs of another merchant beside", million.measure, case_plots.million),
    "workers": Case("one and two processes of each kind", workers.measure, case_plots.rows, workers_lines),
    "latency": Case("a batch of 1, 1,000 and 100,000 rows until visible and paid", latency.measure, case_plots.latency),
    "webhooks": Case(
        "webhooks to a receiver on loopback, with a dead one beside", webhooks.measure, lambda _rounds: [], webhooks.lines
    ),
    "ladder": Case("the mini pipeline with one promise more on each rung", ladder.measure, case_plots.rows, ladder.lines),
    "flames": Case("flame graphs of a file on its way", flames.measure, case_plots.rows),
    "files": Case("files of every kind in, results out: rate, processor time, memory", files.measure, lambda _rounds: []),
    "tab": Case(
        "a browser's tab: from the commit to the painted change, and its memory",
        tab.measure,
        case_plots.tab,
        tab_figures.lines,
    ),
    "pressure": Case("nobody decides for a while", pressure.measure, case_plots.pressure, pressure_lines),
}
