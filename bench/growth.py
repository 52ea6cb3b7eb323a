"""Does a payout cost more as the system grows? Cost per payout at three sizes of three histories, on one running product.

Owns making the history, through the public doors (HTTP and an inbox topic), and the probe: a file of a few thousand rows and some single
POSTs, several times; the medians count. Histories: a merchant's ledger entries; finished payouts; merchants.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

import orjson

from bench import batch_run, crowd, posts, product
from bench.costs import Meter
from bench.ground import Ground
from bench.sizes import SIZES
from payflow.stack import Stack
from runtime.event_log import connection as kafka
from schemas.topics import inbox, partition_of

OLD, PAST, NEW, UPSTREAM = "old-ledger", "past", "prober", "erp"
ENTRIES = "SELECT coalesce(sum(entry_count), 0)::bigint FROM balances WHERE merchant_id = %s"
FINISHED = "SELECT coalesce(sum(count), 0)::bigint FROM batch_totals WHERE status = 'completed'"
CROWD = "SELECT count(*) FROM balances WHERE merchant_id LIKE 'crowd-%' AND entry_count > 0"
STILL_SECONDS = 3.0
WAIT_SECONDS = 3600.0
BLOCK = 100_000
"""Rows of one file of history."""

Curves = dict[str, list[dict[str, Any]]]


def measure(ground: Ground) -> Curves:
    """All three curves."""
    with product.running(ground, INBOX_UPSTREAMS=f"{UPSTREAM}:{OLD}") as stack:
        product.open_merchants(stack, [OLD, NEW])
        product.open_merchants(stack, [PAST], times=2)
        for merchant in (OLD, NEW):
            product.open_merchants(stack, [merchant], "USD")
            _probe_once(ground, stack, merchant, f"warm-{merchant}")
        return {
            "finished payouts": [_at_finished(ground, stack, size) for size in SIZES.finished],
            "ledger entries of the merchant": [_at_entries(ground, stack, size) for size in SIZES.ledger_entries],
            "merchants": [_at_merchants(ground, stack, size) for size in SIZES.merchant_counts],
        }


def _at_entries(ground: Ground, stack: Stack, size: int) -> dict[str, Any]:
    with batch_run.connect(stack) as views:
        there = views.execute(ENTRIES, (OLD,)).fetchone()[0]  # type: ignore[index]
        if there < size:
            asyncio.run(_send_credits(ground.bootstrap, size - there, f"{time.time_ns()}"))
            _await_all(lambda: views.execute(ENTRIES, (OLD,)).fetchone()[0], size)  # type: ignore[index]
    return probe(ground, stack, OLD, "entries", size)


async def _send_credits(bootstrap: str, entries: int, tag: str) -> None:
    """Credits of one unit through the inbox: each books at least one entry of the merchant."""
    producer = kafka.producer(bootstrap, linger_ms=5)
    await producer.start()
    futures = []
    for number in range(entries):
        data = {"amount": "0.01", "currency": "USD", "reference": f"{tag}-{number}"}
        value = orjson.dumps({"type": "credit_merchant", "idempotency_key": f"{tag}-{number}", "data": data})
        futures.append(await producer.send(inbox(UPSTREAM).name, value, key=OLD.encode(), partition=partition_of(OLD, 8)))
    await asyncio.gather(*futures)
    await producer.stop()


def _at_finished(ground: Ground, stack: Stack, size: int) -> dict[str, Any]:
    with batch_run.connect(stack) as views:
        there = views.execute(FINISHED).fetchone()[0]  # type: ignore[index]
    while there < size:
        rows = min(BLOCK, size - there)
        batch_run.run(stack, rows, f"history-{there}", [PAST])
        there += rows
    return probe(ground, stack, NEW, "finished", there)


def _at_merchants(ground: Ground, stack: Stack, size: int) -> dict[str, Any]:
    with batch_run.connect(stack) as views:
        crowd.fill(ground.bootstrap, (f"crowd-{number}" for number in range(size)))
        _await_all(lambda: views.execute(CROWD).fetchone()[0], size)  # type: ignore[index]
    return probe(ground, stack, NEW, "merchants", size)


def probe(ground: Ground, stack: Stack, merchant: str, name: str, size: int) -> dict[str, Any]:
    """The medians of a few probes."""
    found = []
    for number in range(SIZES.probe_repeats):
        ground.settle()
        found.append(_probe_once(ground, stack, merchant, f"{name}-{size}-{number}"))
    middle = {key: statistics.median(one[key] for one in found) for key in found[0] if key != "cpu_us_per_row"}
    cpu = {key: statistics.median(one["cpu_us_per_row"][key] for one in found) for key in found[0]["cpu_us_per_row"]}
    print(f"{name} at {size:,}: {cpu['all']:.0f} us a payout, POST p50 {middle['post_p50_ms']:.1f} ms", flush=True)
    return {"size": size, "cpu_us_per_row": cpu, **middle}


def _probe_once(ground: Ground, stack: Stack, merchant: str, tag: str) -> dict[str, Any]:
    rows = SIZES.probe_rows
    with Meter(ground, product.pids(stack)) as meter:
        seen = batch_run.run(stack, rows, tag, [merchant])
    asked = posts.quiet(stack, merchant, max(SIZES.posts // 4, 20)).percentiles()
    costs = meter.report(rows)
    figures = {f"{name}": value for name, value in seen.figures().items() if name.endswith("rows_per_s")}
    figures |= {"post_p50_ms": asked["p50"], "post_p99_ms": asked["p99"], "wal_bytes_per_row": costs["wal_bytes_per_row"]}
    return {"cpu_us_per_row": costs["cpu_us_per_row"], "processor_peak_mib": costs["peak_mib"]["processor"], **figures}


def _await_all(entries: Callable[[], int], size: int) -> None:
    """Until nothing more is booked: a credit may book several entries, and what still comes in would count to the probe."""
    before, deadline = -1, time.monotonic() + WAIT_SECONDS
    while (now := entries()) < size or now != before:
        if time.monotonic() > deadline:
            raise SystemExit(f"waited in vain until {size} were booked: {now} are")
        before = now
        time.sleep(STILL_SECONDS)
