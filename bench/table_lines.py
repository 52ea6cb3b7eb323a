"""The lines of the whole table of targets: which case's report fills each, and how it is read.

Owns the list. Must not start anything: a report is what a case has kept of itself in its JSON file.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, NamedTuple

from bench import workers
from bench.figures import Spread, reading, spread
from bench.targets import TARGETS, Target

Report = Mapping[str, Any]
OPEN_ROWS = "open-rows"
LEDGER = "ledger entries of the merchant"
MILLION = 1_000_000


class Line(NamedTuple):
    """A target, read from the report of this part."""

    part: str
    target: Target


def _first(figure: str, later: int = 0) -> Callable[[Report], Spread | None]:
    """A figure of a report's first case, or of a later one: the names of some have sizes in them."""
    return lambda report: reading(report["rounds"], next(islice(report["rounds"], later, None)), figure)


def _of(case: str, figure: str) -> Callable[[Report], Spread | None]:
    return lambda report: reading(report["rounds"], case, figure)


def _compared(target: Target) -> Line:
    return Line("compare", target._replace(read=lambda report: target.read(report["rounds"])))


def _aged(process: str) -> Callable[[Report], Spread]:
    """Processor time per payout at the longest history by that at the shortest."""

    def read(report: Report) -> Spread:
        points = [point["cpu_us_per_row"][process] for point in report["curves"][LEDGER]]
        return spread([points[-1] / points[0]])

    return read


def _rebuilt(report: Report) -> Spread:
    return spread([report["recovery"]["rebuild"]["rows_per_s"]])


def _taken_over(report: Report) -> Spread:
    """The longest of all: of a few, that is their 95th percentile."""
    return spread([max(report["recovery"]["takeover_s"])])


def _held(report: Report) -> Spread:
    """What a million open rows add to a process that had none."""
    return spread([(report["rss_open"] - report["rss_before"]) * MILLION / report["rows"]])


def _doubled(report: Report) -> Spread | None:
    return workers.two_by_one(report["rounds"])


ONE_CALL = _of("in 50 ms, one call each", "paid_rows_per_s")
BESIDE = _of("one file", "post_p99_coming_in_by_quiet")
LINES = (
    *(_compared(target) for target in TARGETS if target.first or target.then),
    Line("provider", Target("one call each, answered in 50 ms, rows/s", ONE_CALL, ">= 1,000", ">= 3,000", least=1000)),
    Line("million", Target("POST p99 while a million rows come in / quiet", BESIDE, "<= 5", "<= 2", most=5)),
    Line("tab", Target("commit to painted, 1,000/s, p99, ms", _first("p99_ms"), "<= 300", "<= 100", most=300)),
    Line("fanout", Target("frames/s to 2,000", _first("frames_per_s"), ">= 30,000", ">= 60,000", least=30_000)),
    Line("fanout", Target("the same, some slow", _first("frames_per_s", 1), ">= 30,000", ">= 60,000", least=30_000)),
    Line("growth", Target("decision cost, longest history / shortest", _aged("processor"), "<= 1.1", "1.0", most=1.1)),
    Line("growth", Target("the same, all processes", _aged("all"), "<= 1.1", "1.0", most=1.1)),
    Line("recovery", Target("rebuild, rows/s", _rebuilt, ">= 15,000", ">= 40,000", least=15_000)),
    Line("recovery", Target("takeover after kill -9, longest, s", _taken_over, "<= 10", "<= 7", most=10)),
    Line(OPEN_ROWS, Target("a million open payouts in the processor, MiB", _held, "<= 400", "<= 200", most=400)),
    Line("workers", Target("two workers of each kind / one", _doubled, ">= 0.9", "", least=0.9)),
)
