"""From the measured cost of a payout to machines: `python -m bench.scaling bench/results/<run>-compare.json`.

Owns the arithmetic of docs/scaling.md and its assumptions. It multiplies what a comparison measured on one machine, with the product's
costs as they were there; it measures nothing itself and knows nothing of networks, replicas or slower disks.
"""

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

CASE = "product, many merchants"
VOLUMES = (1_000_000, 10_000_000, 100_000_000)
"""Payouts a day."""
PEAK_SHARE = 0.25
"""Of a day's payouts, in its busiest hour: salaries and sales come in bursts."""
FILL = 0.5
"""No process is planned busier than this: the rest is for catching up after a stop, and for bursts within the hour."""
ONE_CORE = frozenset({"ingest", "gateway", "processor", "rails", "projector"})
"""One Python process uses one core: more work means more processes."""
NOT_OURS = frozenset({"simulator", "all"})
LOG_DAYS, HOT_DAYS = 90, 90
"""How long the log is kept, and how long finished payouts stay in the hot tables before `payflow archive`."""
REPLICAS = 3
"""Of each log record in production; measured with one."""


class Part(NamedTuple):
    """One kind of process at one volume. `cores` is what it is busy with in the peak hour, `processes` how many are planned."""

    name: str
    cores: float
    processes: int


class Plan(NamedTuple):
    """One volume. `per_second` is the mean of the peak hour; bytes are kept ones, after LOG_DAYS and HOT_DAYS."""

    per_day: int
    per_second: float
    parts: tuple[Part, ...]
    log_bytes: float
    database_bytes: float

    @property
    def cores(self) -> int:
        """Cores to have, each half idle."""
        return sum(max(part.processes, math.ceil(part.cores / FILL)) for part in self.parts)

    @property
    def first_full(self) -> Part:
        """What is busiest in one process or server: it saturates first."""
        return max(self.parts, key=lambda part: part.cores / part.processes)


def plan(cost: Mapping[str, Any], per_day: int) -> Plan:
    """What `per_day` payouts need, at the measured cost of one."""
    per_second = per_day * PEAK_SHARE / 3600
    cpu = {name: value for name, value in cost["cpu_us_per_row"].items() if name not in NOT_OURS}
    parts = tuple(_part(name, per_second * value / 1e6) for name, value in cpu.items())
    kept = cost["kept_bytes_per_row"]
    return Plan(
        per_day, per_second, parts, per_day * LOG_DAYS * kept["kafka"] * REPLICAS, per_day * HOT_DAYS * kept["postgres"]
    )


def _part(name: str, cores: float) -> Part:
    return Part(name, cores, max(1, math.ceil(cores / FILL)) if name in ONE_CORE else 1)


def lines(plans: Sequence[Plan]) -> Iterator[str]:
    """The table of docs/scaling.md, in markdown."""
    yield "| payouts a day | " + " | ".join(f"{one.per_day:,}" for one in plans) + " |"
    yield "|---|" + "---|" * len(plans)
    yield "| in the peak hour, a second | " + " | ".join(f"{one.per_second:,.0f}" for one in plans) + " |"
    for number, part in enumerate(plans[0].parts):
        cells = [one.parts[number] for one in plans]
        yield (
            f"| {part.name}: busy cores (processes) | " + " | ".join(f"{p.cores:.2f} ({p.processes})" for p in cells) + " |"
        )
    yield "| cores to have | " + " | ".join(str(one.cores) for one in plans) + " |"
    yield "| busiest single process | " + " | ".join(f"{one.first_full.name}" for one in plans) + " |"
    yield f"| log, {LOG_DAYS} days, {REPLICAS} replicas | " + " | ".join(_size(one.log_bytes) for one in plans) + " |"
    yield f"| hot tables, {HOT_DAYS} days | " + " | ".join(_size(one.database_bytes) for one in plans) + " |"


def _size(number: float) -> str:
    return f"{number / 1e12:,.1f} TB" if number >= 1e12 else f"{number / 1e9:,.0f} GB"


def main() -> None:
    """Print the table for a kept comparison."""
    cost = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["costs"][CASE]
    for line in lines([plan(cost, volume) for volume in VOLUMES]):
        print(line)


if __name__ == "__main__":
    main()
