"""Side by side, interleaved: in each round everybody once, on the same stores, with a rest between.

Owns the order. The product goes first in a round, because bare COPY writes the rows that the product has written.
"""

import time
from collections.abc import Callable
from typing import Any

from bench import bare_copy, ladder, latency, product, raw_loop
from bench.baseline import run_celery, run_chunked
from bench.ground import Ground
from bench.mini import run as mini
from bench.sizes import SIZES

Found = dict[str, dict[str, Any]]


def contenders(ground: Ground, tag: str) -> dict[str, Callable[[], Found]]:
    """Who is measured in one round, by name."""
    rows, rival_rows = SIZES.rows, SIZES.rival_rows
    return {
        "product": lambda: product.measure(ground, rows, tag),
        "small batches": lambda: latency.once(ground, SIZES.small_sizes, tag),
        "mini": lambda: mini.measure(ground, rival_rows, tag, mini.GUIDES),
        "lean mini": lambda: mini.measure(ground, rival_rows, tag, mini.LEAN),
        "chunked SQL": lambda: run_chunked.measure(ground, rival_rows, tag),
        "celery": lambda: run_celery.measure(ground, SIZES.celery_rows, tag),
        "same provider": lambda: ladder.beside(ground, tag),
        "raw loop": lambda: raw_loop.measure(ground, rival_rows),
        "bare COPY": lambda: bare_copy.measure(ground, rows, ground.environ.get("PROJECTION_SCHEMA", "payflow")),
    }


def measure(ground: Ground, only: set[str]) -> dict[str, list[dict[str, Any]]]:
    """What was found, by name, one entry per round. `only` leaves out the others; the product is needed for bare COPY."""
    found: dict[str, list[dict[str, Any]]] = {}
    for number in range(SIZES.rounds):
        for name, contender in contenders(ground, f"r{number}").items():
            if only and name not in only:
                continue
            ground.settle()
            began = time.perf_counter()
            for case, result in contender().items():
                found.setdefault(case, []).append(result)
            print(f"round {number + 1} of {SIZES.rounds}: {name} took {time.perf_counter() - began:.0f} s", flush=True)
    return found
