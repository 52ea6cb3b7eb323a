"""A million rows in one file, and as several files of several merchants: how fast, how much memory, and what others notice.

Owns the order: single POSTs of another merchant alone first, then while the rows come in and are paid.
"""

from typing import Any

from bench import batch_run, posts, product
from bench.costs import Meter
from bench.ground import Ground
from bench.memory import MemoryWatch, peaks
from bench.sizes import SIZES
from payflow.stack import Stack

Rounds = dict[str, list[dict[str, Any]]]
CREDITS = 3
"""Of 900,000,000 each: a million rows take 1,250,000,000."""


def measure(ground: Ground) -> Rounds:
    """Both, once each: a run takes long enough to even itself out. With MILLION_FILES=0 the one file only."""
    several = [f"part-{number}" for number in range(SIZES.million_files)]
    with product.running(ground) as stack:
        product.open_merchants(stack, [product.HOT, *several], times=CREDITS)
        product.open_merchants(stack, [product.ASKER], "USD")
        found = {"one file": [_one(ground, stack, "one-file", [product.HOT])]}
        if several:
            ground.settle()
            found[f"{len(several)} files"] = [_one(ground, stack, "several-files", several)]
    return found


def _one(ground: Ground, stack: Stack, tag: str, merchants: list[str]) -> dict[str, Any]:
    quiet = posts.quiet(stack, product.ASKER, SIZES.posts)
    with (
        Meter(ground, product.pids(stack)) as meter,
        MemoryWatch(lambda: {**product.pids(stack), **ground.processes()}) as memory,
        posts.Beside(stack, product.ASKER) as beside,
    ):
        seen = batch_run.run(stack, SIZES.million, tag, merchants)
    found = {
        "rows": seen.rows,
        "figures": figures(seen, quiet, beside.posts, seen.start - beside.start),
        "costs": meter.report(seen.rows),
    }
    found |= {"samples": thinned(seen.samples), "latencies": seen.latencies, "answers": beside.posts.answers}
    return {**found, "memory": memory.samples, "sampled_peak_mib": peaks(memory.samples)}


def figures(seen: batch_run.BatchRun, quiet: posts.Posts, beside: posts.Posts, begun: float) -> dict[str, float]:
    """Rates of the rows, and the POSTs' milliseconds: alone, until all rows are visible, and until all are paid.

    `begun` is when the upload began on the clock of the POSTs beside it.
    """
    into, alone = begun + seen.visible(seen.rows), quiet.percentiles()
    found = {name: value for name, value in seen.figures().items() if name.endswith("rows_per_s")}
    found |= {f"post_{name}_ms_quiet": alone[name] for name in ("p50", "p99")}
    for when, part in (("coming_in", beside.percentiles(begun, into)), ("being_paid", beside.percentiles(into))):
        found[f"posts_{when}"] = part["n"]
        for name in ("p50", "p99"):
            if name in part:
                found[f"post_{name}_ms_{when}"] = part[name]
                found[f"post_{name}_{when}_by_quiet"] = part[name] / alone[name]
    return found


def thinned(samples: list[tuple[float, int, int]], step: float = 0.5) -> list[tuple[float, int, int]]:
    """One sample for each step of time, and the last one: a long run has more than a plot can show."""
    kept: list[tuple[float, int, int]] = []
    for sample in samples:
        if not kept or sample[0] - kept[-1][0] >= step or sample is samples[-1]:
            kept.append(sample)
    return kept
