"""The report as text.

Owns the tables: figures, costs by process, memory, targets.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from bench.figures import Rounds, costs, summary
from bench.machine import DURABILITY
from bench.targets import TARGETS


def comparison(rounds: Rounds) -> Iterator[str]:
    """Everything that a comparison found."""
    yield from figures(rounds)
    yield from cost_lines(costs(rounds))
    yield "\ntargets: a ratio is made within each round"
    yield f"  {'metric':38} {'reached':30} {'first':>10} {'then':>10}  verdict"
    for target in TARGETS:
        found = target.read(rounds)
        if found is not None:
            verdict = target.verdict(found)
            yield f"  {target.metric:38} {found!s:30} {target.first:>10} {target.then:>10}  {verdict:8} {target.durable}"
    yield f"\n{DURABILITY}"


def figures(rounds: Rounds) -> Iterator[str]:
    """Every figure of every case."""
    yield "\nfigures: median (least to most)"
    for case, found in summary(rounds).items():
        yield f"  {case}, {rounds[case][0]['rows']:,} rows"
        for name, one in found.items():
            yield f"    {name:32} {one}"


def cost_lines(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Processor time per row and memory, by process."""
    yield "\nprocessor time per row in microseconds, by process (median); write-ahead log per row; cores busy"
    for case, cost in found.items():
        parts = ", ".join(f"{name} {value:,.1f}" for name, value in cost["cpu_us_per_row"].items())
        yield f"  {case:30} {parts}; {cost['wal_bytes_per_row']:,.0f} bytes; {cost['cores_busy']:.2f} cores"
    yield "\nkept per row in bytes: the log's segments, the database with its indexes"
    for case, cost in found.items():
        yield f"  {case:30} {', '.join(f'{name} {value:,.0f}' for name, value in cost['kept_bytes_per_row'].items())}"
    yield "\npeak memory in MiB (Postgres: sampled, shared memory counted once)"
    for case, cost in found.items():
        yield f"  {case:30} {', '.join(f'{name} {value}' for name, value in cost['peak_mib'].items())}"


def growth(curves: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[str]:
    """Cost per payout at each size, and beside the smallest."""
    for curve, points in curves.items():
        yield f"\n{curve}: processor time per payout in microseconds"
        first = points[0]
        for point in points:
            cpu = ", ".join(f"{name} {value:,.1f}" for name, value in point["cpu_us_per_row"].items())
            ratio = point["cpu_us_per_row"]["all"] / first["cpu_us_per_row"]["all"]
            own = point["cpu_us_per_row"]["processor"] / (first["cpu_us_per_row"]["processor"] or 1)
            yield f"  {point['size']:>10,}  all x{ratio:.2f}, processor x{own:.2f}, POST p50 {point['post_p50_ms']:.1f} ms ({cpu})"
