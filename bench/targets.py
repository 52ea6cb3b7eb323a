"""What is to be reached, beside what was reached: the lines of the table of targets that this bench can fill.

Owns the targets. Each names its durability, because a ratio of two stores that promise different things says little.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from bench import ladder
from bench.figures import Rounds, Spread, ratio, reading

MANY, HOT, POSTS, BESIDE = (
    "product, many merchants",
    "product, one hot merchant",
    "product, single posts",
    "product, posts beside a file",
)
DONE = "completed_rows_per_s"
BOTH = "both fsync Postgres, neither fsyncs each append to Kafka"
SQL = "rival: each transaction fsynced; product: durable on the log without fsync, views fsynced"


class Target(NamedTuple):
    """One line: the metric, how to read it of the rounds or of a whole report, the first target and the next, and what is durable."""

    metric: str
    read: Callable[[Any], Spread | None]
    first: str
    then: str
    durable: str = ""
    least: float | None = None
    most: float | None = None

    def verdict(self, found: Spread) -> str:
        """Whether the first target is reached by the median."""
        low = self.least is not None and found.median < self.least
        high = self.most is not None and found.median > self.most
        return "missed" if low or high else "reached" if (self.least or self.most) is not None else ""


def _by(above: str, below: str, figure: str = DONE, other: str = DONE) -> Callable[[Rounds], Spread | None]:
    return lambda rounds: ratio(rounds, (above, figure), (below, other))


def _of(case: str, figure: str) -> Callable[[Rounds], Spread | None]:
    return lambda rounds: reading(rounds, case, figure)


TARGETS = (
    Target("one batch completed / mini pipeline", _by(HOT, "mini, one hot merchant"), ">= 0.6", ">= 1.5", BOTH, least=0.6),
    Target("one batch completed / chunked SQL, 1 worker", _by(HOT, "chunked SQL, 1 worker"), ">= 0.6", "", SQL, least=0.6),
    Target("one batch completed / chunked SQL, 2 workers", _by(HOT, "chunked SQL, 2 workers"), "", ">= 0.7", SQL),
    Target("one batch completed / Celery", _by(HOT, "celery one hot merchant"), ">= 40", ">= 100", SQL, least=40),
    Target("one batch completed / mini + provider", _by(HOT, ladder.PAYING), ">= 0.6", "", BOTH, least=0.6),
    Target("one batch completed / mini + all promises", _by(HOT, ladder.KEEPING), ">= 0.6", "", BOTH, least=0.6),
    Target("one batch completed / chunked SQL + provider", _by(HOT, ladder.SQL), ">= 0.6", "", SQL, least=0.6),
    Target("one batch completed / Celery + provider", _by(HOT, ladder.CELERY), ">= 40", ">= 100", SQL, least=40),
    Target("a hundred files / mini pipeline", _by(MANY, "mini, many merchants"), ">= 0.6", ">= 1.5", BOTH, least=0.6),
    Target("a hundred files / chunked SQL, 1 worker", _by(MANY, "chunked SQL, 1 worker"), "", "", SQL),
    Target("a hundred files / Celery", _by(MANY, "celery many merchants"), ">= 40", ">= 100", SQL, least=40),
    Target("one hot merchant / many", _by(HOT, MANY), ">= 0.8", "1.0", BOTH, least=0.8),
    Target("one batch completed / lean mini", _by(HOT, "lean mini, one hot merchant"), "", "", BOTH),
    Target("a hundred files / lean mini", _by(MANY, "lean mini, many merchants"), "", "", BOTH),
    Target("accepted, rows/s", _of(HOT, "accepted_rows_per_s"), ">= 20,000", ">= 40,000", "on the log", least=20_000),
    Target(
        "visible / raw loop in chunks",
        _by(HOT, "raw loop, chunks of 500", "visible_rows_per_s", "rows_per_s"),
        "",
        "",
        "raw: no Postgres",
    ),
    Target("visible / bare COPY", _by(HOT, "bare COPY, no index", "visible_rows_per_s", "rows_per_s"), "", "", BOTH),
    Target("single POST p50, ms", _of(POSTS, "p50_ms"), "<= 15", "<= 8", "on the log", most=15),
    Target("single POST p99, ms", _of(POSTS, "p99_ms"), "<= 50", "", "on the log", most=50),
    Target(
        "POST p99 while rows come in / quiet",
        _by(BESIDE, POSTS, "p99_ms_coming_in", "p99_ms"),
        "<= 5",
        "<= 2",
        "the same",
        most=5,
    ),
    Target("lean mini / mini", _by("lean mini, one hot merchant", "mini, one hot merchant"), "", "", BOTH),
    Target("mini / chunked SQL, 1 worker", _by("mini, many merchants", "chunked SQL, 1 worker"), "", "", SQL),
    Target("mini / Celery", _by("mini, many merchants", "celery many merchants"), "", "", SQL),
)
