"""How long a batch of 1, 1,000 and 100,000 rows takes until it is accepted, visible and paid, and a single POST, with nothing else to do.

Owns the repeats and the clock. Progress is looked for every 2 ms, so that is what a small figure is right to.
"""

import statistics
import time
from collections.abc import Sequence
from typing import Any

import httpx2

from bench import batch_run, percentiles, posts, product
from bench.costs import Meter
from bench.ground import Ground
from bench.sizes import SIZES
from payflow.stack import Stack

Rounds = dict[str, list[dict[str, Any]]]
LOOK_SECONDS, CALM_SECONDS = 0.002, 0.05
LARGE = 10_000
"""From here on looks are further apart: their number would weigh on Postgres."""
PAID_SECONDS = 60.0
NOW = {"PAYOUT_DISPATCH_DELAY_SECONDS": "0"}
"""Single payouts are sent at once here."""
STATUS = "SELECT status FROM payouts WHERE id = %s"


def measure(ground: Ground) -> Rounds:
    """All sizes, in rounds."""
    found: Rounds = {}
    for number in range(SIZES.rounds):
        for case, one in once(ground, SIZES.batch_sizes, f"latency-{number}").items():
            found.setdefault(case, []).append(one)
        print(f"round {number + 1} of {SIZES.rounds} is done", flush=True)
    return found


def once(ground: Ground, sizes: Sequence[int], tag: str) -> dict[str, dict[str, Any]]:
    """On a fresh stack: single POSTs, then each size several times."""
    with product.running(ground, **NOW) as stack:
        product.open_merchants(stack, [product.HOT], times=SIZES.rounds)
        product.open_merchants(stack, [product.ASKER], "USD")
        _batches(ground, stack, 1, f"{tag}-warm", 3)
        found = {"single POST until paid": _posts(ground, stack)}
        for size in sizes:
            ground.settle()
            found[f"batch of {size:,}"] = _batches(ground, stack, size, f"{tag}-{size}", repeats(size))
    return found


def repeats(size: int) -> int:
    """More of the small ones: 20 at most, 3 at least."""
    return min(20, max(3, 20_000 // size))


def _batches(ground: Ground, stack: Stack, size: int, tag: str, count: int) -> dict[str, Any]:
    pause, runs = LOOK_SECONDS if size < LARGE else CALM_SECONDS, []
    with Meter(ground, product.pids(stack)) as meter:
        for number in range(count):
            runs.append(batch_run.run(stack, size, f"{tag}-{number}", [product.HOT], pause=pause))
            time.sleep(CALM_SECONDS)
    times = {
        "accepted": [one.accepted for one in runs],
        "visible": [one.visible(size) for one in runs],
        "paid": [one.completed(size) for one in runs],
    }
    return {"rows": size, "figures": figures(times), "costs": meter.report(size * count), "samples": runs[-1].samples}


def figures(times: dict[str, list[float]]) -> dict[str, float]:
    """Median and worst of each stage, in milliseconds from the start of the request."""
    found = {}
    for stage, seconds in times.items():
        found[f"{stage}_ms_median"] = statistics.median(seconds) * 1000
        found[f"{stage}_ms_p90"] = percentiles.of(seconds, 0.9) * 1000
    return found


def _posts(ground: Ground, stack: Stack) -> dict[str, Any]:
    """From sending to the decided answer, and until the views say that it is paid."""
    count, times = max(SIZES.posts // 10, 20), {"accepted": list[float](), "paid": list[float]()}
    with Meter(ground, product.pids(stack)) as meter, batch_run.connect(stack) as views, _client(stack) as client:
        for _ in range(count):
            start = time.perf_counter()
            answer = client.post("/api/v1/payouts/", json=posts.BODY)
            answer.raise_for_status()
            times["accepted"].append(time.perf_counter() - start)
            _until_paid(views, answer.json()["id"])
            times["paid"].append(time.perf_counter() - start)
            time.sleep(CALM_SECONDS)
    return {"rows": 1, "figures": figures(times), "costs": meter.report(count), "samples": []}


def _client(stack: Stack) -> httpx2.Client:
    return httpx2.Client(base_url=stack.url, timeout=60, headers={"X-Merchant-Id": product.ASKER})


def _until_paid(views: Any, payout_id: str) -> None:
    deadline = time.monotonic() + PAID_SECONDS
    while (row := views.execute(STATUS, (payout_id,)).fetchone()) is None or row[0] != "completed":
        if time.monotonic() > deadline:
            raise SystemExit(f"payout {payout_id} was not paid within {PAID_SECONDS:g} s: {row}")
        time.sleep(LOOK_SECONDS)
