"""Rows paid per second when the provider answers at once, in 50 ms, and for some only after 5 s; by one call each and in bulk.

Owns the moods of the provider and the order: interleaved, each way of calling with a stack of its own, as rails read it at their start.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2

from bench import batch_run, product, rows_file
from bench.costs import Meter
from bench.ground import Ground
from bench.sizes import SIZES
from payflow.stack import Stack

Rounds = dict[str, list[dict[str, Any]]]

WAYS = {"one call each": "0", "in bulk": "500"}
"""RAILS_BULK_MAX."""
PAID_LATER, ANSWERED_LATE = "+256700000005", "+256700000015"
"""Magic payees: in progress at once and paid 5 s later; paid, and answered after 4 s (in a bulk reply: in progress)."""
WARM_UP = 500


class Mood(NamedTuple):
    """How the provider takes it: seconds before each answer, and the share of rows that it takes its time for."""

    delay_seconds: float = 0.0
    slow_percent: int = 0

    def payees(self) -> Callable[[int], str]:
        """The wallets of a file: the slow ones spread evenly, the two kinds in turn."""
        every = 100 // self.slow_percent if self.slow_percent else 0

        def payee(row: int) -> str:
            if not every or row % every:
                return rows_file.payee(row)
            return (PAID_LATER, ANSWERED_LATE)[row // every % 2]

        return payee


MOODS = {"at once": Mood(), "in 50 ms": Mood(0.05), "some after 5 s": Mood(0.0, SIZES.slow_percent)}


def measure(ground: Ground) -> Rounds:
    """Every way in every mood, in each round."""
    found: Rounds = {}
    for number in range(SIZES.rounds):
        for way, bulk_max in WAYS.items():
            ground.settle()
            with product.running(ground, RAILS_BULK_MAX=bulk_max) as stack:
                product.open_merchants(stack, [product.HOT])
                batch_run.run(stack, WARM_UP, tag_of("warm", way, number), [product.HOT])
                for name, mood in MOODS.items():
                    ground.settle()
                    found.setdefault(f"{name}, {way}", []).append(_one(ground, stack, mood, tag_of(name, way, number)))
        print(f"round {number + 1} of {SIZES.rounds} is done", flush=True)
    return found


def tag_of(mood: str, way: str, number: int) -> str:
    """A batch's name, which is part of keys and references."""
    return f"{mood}-{way}-{number}".replace(" ", "-")


def _one(ground: Ground, stack: Stack, mood: Mood, tag: str) -> dict[str, Any]:
    set_delay(stack, mood.delay_seconds)
    with Meter(ground, product.pids(stack)) as meter:
        seen = batch_run.run(stack, SIZES.provider_rows, tag, [product.HOT], payees=mood.payees())
    set_delay(stack, 0)
    found = {"rows": seen.rows, "figures": figures(seen, mood.slow_percent), "costs": meter.report(seen.rows)}
    return {**found, "samples": seen.samples, "latencies": seen.latencies}


def figures(seen: batch_run.BatchRun, slow_percent: int) -> dict[str, float]:
    """Rows per second from the acceptance of the file on: all of them, and as many as the provider does not take its time for."""
    quick = seen.rows - seen.rows * slow_percent // 100
    return {
        "paid_rows_per_s": seen.rows / max(seen.completed(seen.rows) - seen.accepted, 1e-3),
        "quick_rows_per_s": quick / max(seen.completed(quick) - seen.accepted, 1e-3),
        "accepted_rows_per_s": seen.rows / seen.accepted,
        "all_paid_s": seen.completed(seen.rows),
    }


def set_delay(stack: Stack, seconds: float) -> None:
    """The simulator's preset as it was started, with another delay."""
    answer = httpx2.put(f"{stack.simulator_url}/control/preset", json={"preset": "perfect", "delay_seconds": seconds})
    answer.raise_for_status()
