"""Deliveries per second to a receiver on loopback, alone and with a dead endpoint of the same merchant beside.

Owns the order: a batch is paid while the webhooks process is stopped (SIGSTOP), so that all of it waits on the log; from when the process
goes on, the log is followed, deliveries are written down, and each is sent. The dead endpoint takes every connection and never
answers. Must not look inside: HTTP and the log in, HTTP out.
"""

import signal
import time
from collections.abc import Iterator
from typing import Any

from bench import batch_run, product
from bench.costs import Meter
from bench.figures import Rounds, ratio, reading
from bench.ground import Ground
from bench.hooks import Hooks, listening
from bench.sizes import SIZES
from payflow.public_api import PublicApi
from payflow.stack import Stack

ALONE, BESIDE = "webhooks, one endpoint", "webhooks, a dead endpoint beside"
FIGURE = "deliveries_per_s"
FIRST_TARGET = 500
LIMIT_SECONDS = 600.0
PER_ROW = 2
"""A row tells that it is processing and that it is completed."""


def measure(ground: Ground) -> dict[str, list[dict[str, Any]]]:
    """Both cases in each round, on one stack."""
    found: dict[str, list[dict[str, Any]]] = {ALONE: [], BESIDE: []}
    with product.running(ground) as stack:
        for number in range(SIZES.rounds):
            for case in (ALONE, BESIDE):
                merchant = f"hooks-{number}-{'dead' if case == BESIDE else 'alone'}"
                ground.settle()
                found[case].append(_one(ground, stack, merchant, dead=case == BESIDE))
            print(f"round {number + 1} of {SIZES.rounds} is done", flush=True)
    return found


def lines(rounds: Rounds) -> Iterator[str]:
    """What a dead endpoint costs the other."""
    alone = reading(rounds, ALONE, FIGURE)
    yield f"\n{FIGURE}: {alone} (first target: >= {FIRST_TARGET})"
    yield f"with a dead endpoint beside, by alone: {ratio(rounds, (BESIDE, FIGURE), (ALONE, FIGURE))}"


def _one(ground: Ground, stack: Stack, merchant: str, *, dead: bool) -> dict[str, Any]:
    product.open_merchants(stack, [merchant])
    with listening() as hooks, listening(answers=False) as silent:
        _subscribe(stack, merchant, [hooks, *([silent] if dead else [])])
        webhooks = stack.children["webhooks"].process
        webhooks.send_signal(signal.SIGSTOP)
        try:
            batch_run.run(stack, SIZES.webhook_rows, f"hooks-{merchant}", [merchant])
        finally:
            started = time.perf_counter()
            webhooks.send_signal(signal.SIGCONT)
        wanted = SIZES.webhook_rows * PER_ROW
        with Meter(ground, product.pids(stack)) as meter:
            _await(hooks, wanted)
        return {"rows": wanted, "figures": _figures(hooks, started), "costs": meter.report(wanted), "samples": []}


def _figures(hooks: Hooks, started: float) -> dict[str, float]:
    times = sorted(hooks.times.values())
    return {
        FIGURE: (len(times) - 1) / (times[-1] - times[0]),
        "first_after_s": times[0] - started,
        "last_after_s": times[-1] - started,
        "repeats": float(hooks.repeats),
    }


def _await(hooks: Hooks, wanted: int) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    while len(hooks.times) < wanted:
        if time.monotonic() > deadline:
            raise SystemExit(f"{len(hooks.times)} of {wanted} deliveries came")
        time.sleep(0.05)


def _subscribe(stack: Stack, merchant: str, receivers: list[Hooks]) -> None:
    api = PublicApi(stack.url)
    try:
        for hooks in receivers:
            api.post("/webhooks", {"url": hooks.url, "types": ["payout.*"]}, merchant=merchant)
    finally:
        api.close()
