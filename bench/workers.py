"""One and two processes of each kind that shares partitions (processor, rails, projector), in turn.

Owns the order and the costs by kind. On a machine with two cores a second process cannot add speed; the question is what it costs.
"""

from collections.abc import Mapping
from typing import Any

from bench import batch_run, product
from bench.figures import Spread, ratio
from bench.ground import Ground
from bench.sizes import SIZES

Rounds = dict[str, list[dict[str, Any]]]
COUNTS = (1, 2)
WARM_UP = 2000
DONE = "completed_rows_per_s"
LEAST_SHARE = 0.05


def name_of(count: int) -> str:
    """A case's name."""
    return f"{count} of each kind"


def measure(ground: Ground) -> Rounds:
    """Rounds of both, each with a stack of its own."""
    found: Rounds = {name_of(count): [] for count in COUNTS}
    many = [f"m{number:03d}" for number in range(SIZES.merchants)]
    for number in range(SIZES.rounds):
        for count in COUNTS if number % 2 == 0 else reversed(COUNTS):  # whoever is second finds more rows there
            ground.settle()
            with product.running(ground, count) as stack:
                product.open_merchants(stack, many)
                batch_run.run(stack, WARM_UP, f"warm-{number}-{count}", many)
                ground.settle()
                one = product.batch(ground, stack, SIZES.rows, f"workers-{number}-{count}", many)
            one["figures"] |= by_kind(one["costs"]["cpu_us_per_row"])
            found[name_of(count)].append(one)
            print(f"round {number + 1} of {SIZES.rounds}, {name_of(count)}: {one['figures'][DONE]:.0f} rows/s", flush=True)
    return found


def by_kind(cpu: Mapping[str, float]) -> dict[str, float]:
    """Processor time per row of each kind, all its processes together, and the least part of it that one of them did."""
    found = {}
    for kind in product.SECOND:
        own = [value for name, value in cpu.items() if name == kind or name.startswith(f"{kind}-")]
        found[f"{kind}_us_per_row"] = sum(own)
        if len(own) > 1:
            found[f"{kind}_least_share"] = min(own) / max(sum(own), 1e-9)
    return found


def two_by_one(rounds: Rounds) -> Spread | None:
    """Rows per second of two by those of one, made within each round."""
    return ratio(rounds, (name_of(2), DONE), (name_of(1), DONE))


def idle_kinds(rounds: Rounds) -> list[str]:
    """Kinds of which one process had next to nothing to do: then two were not measured."""
    figures = [one["figures"] for one in rounds.get(name_of(2), ())]
    return [kind for kind in product.SECOND if any(one.get(f"{kind}_least_share", 1) < LEAST_SHARE for one in figures)]
