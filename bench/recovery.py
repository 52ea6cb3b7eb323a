"""How long until it goes on: takeover by a standby after kill -9, cold restart of all, and building the views again from offset 0.

Owns the kills and the clock. It goes on when a single POST of a merchant of each partition is decided again. Many payouts are open
meanwhile, because the provider takes its time.
"""

import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

from bench import batch_run, costs, posts, product
from bench.costs import Meter
from bench.ground import Ground
from bench.sizes import SIZES
from payflow.stack import Stack
from runtime.ids import mint
from schemas.topics import partition_of

PARTITIONS = 8
SLOW = "60"
"""Seconds of a provider that keeps the payouts open."""
HOT_WRITER = f'{product.OPEN["processor"]}{{partition="{partition_of(product.HOT, PARTITIONS)}"}}'
"""The writer that has the open payouts in its memory: a takeover reads them again."""
LIMIT_SECONDS = 120.0
DECIDED = {200, 201}
"""200 is the answer to a repeat: the first was decided after its sender had stopped waiting."""


def measure(ground: Ground) -> dict[str, Any]:
    """All three; the rebuild with the services down, on what they have written."""
    probes = _one_merchant_each()
    with product.running(ground, 1, SIMULATOR_DELAY_SECONDS=SLOW) as stack:
        product.open_merchants(stack, [product.HOT])
        product.open_merchants(stack, probes, "USD")
        before = costs.resident_mib(product.pids(stack)["processor"])
        seen = batch_run.run(stack, SIZES.open_payouts, "open", [product.HOT], until="visible")
        found = {"open_payouts": seen.rows, "accepted_rows_per_s": seen.rows / seen.accepted, "processor_mib_before": before}
        found["takeover_s"] = [_takeover(stack, probes, number) for number in range(SIZES.takeovers)]
        found |= _cold_restart(stack, probes)
        found["processor_mib_after"] = costs.resident_mib(product.pids(stack)["processor"])
        found["processor_peak_mib"] = costs.peak_mib(product.pids(stack)["processor"])
        _until_shown(stack, probes)
        environ = dict(stack.environ)
    found["takeover_median_s"] = statistics.median(found["takeover_s"])
    found["rebuild"] = _rebuild(ground, environ)
    return found


def _one_merchant_each() -> list[str]:
    """A merchant of every partition."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < PARTITIONS:
        name = f"probe-{number}"
        found.setdefault(partition_of(name, PARTITIONS), name)
        number += 1
    return list(found.values())


def _takeover(stack: Stack, probes: list[str], number: int) -> float:
    """A standby joins; who has the open payouts is killed; until every partition decides again. The other is then the only worker."""
    older, standby = "processor", f"processor-{number + 2}"
    port = product.add(stack, "processor", standby)
    product.await_share(port, product.OPEN["processor"])
    until_decided(stack, probes)
    holder, other = (standby, older) if product.metric(port, HOT_WRITER) else (older, standby)
    _kill(stack, holder)
    took = until_decided(stack, probes)
    left = stack.children.pop(other)
    stack.children.pop(holder)
    stack.children["processor"] = left
    print(f"takeover {number + 1}: {took:.1f} s", flush=True)
    return took


def _cold_restart(stack: Stack, probes: list[str]) -> dict[str, float]:
    """Processor, rails and projector killed at once and started again, with nobody to take over."""
    for name in ("processor", "rails", "projector"):
        _kill(stack, name)
    for name in ("processor", "rails", "projector"):
        stack.launch(name)
    took = until_decided(stack, probes)
    print(f"cold restart: {took:.1f} s", flush=True)
    return {"cold_restart_s": took}


def _kill(stack: Stack, name: str) -> None:
    """Kill -9, and the supervisor leaves it dead."""
    child = stack.children[name]
    child.due = float("inf")
    child.process.kill()
    child.process.wait()


def until_decided(stack: Stack, probes: list[str]) -> float:
    """Seconds until one POST of each of these merchants is decided, all sent now."""
    start = time.perf_counter()

    def decided(merchant: str) -> float:
        headers, last = {"X-Merchant-Id": merchant, "Idempotency-Key": mint()}, ""
        with httpx2.Client(base_url=stack.url, timeout=LIMIT_SECONDS, headers=headers) as client:
            while time.perf_counter() - start < LIMIT_SECONDS:
                try:
                    answer = client.post("/api/v1/payouts/", json=posts.BODY)
                    if answer.status_code in DECIDED:
                        return time.perf_counter() - start
                    last = f"{answer.status_code} {answer.text[:200]}"
                except httpx2.HTTPError as error:
                    last = repr(error)
                time.sleep(0.05)
        raise SystemExit(f"{merchant} was not decided for {LIMIT_SECONDS:g} s; the last answer: {last}")

    with ThreadPoolExecutor(len(probes)) as senders:
        return max(senders.map(decided, probes))


def _until_shown(stack: Stack, probes: list[str]) -> None:
    """Nobody writes any more, and the views have the newest record of each partition: what a rebuild is compared with."""
    _kill(stack, "rails")
    for merchant in probes:
        with httpx2.Client(base_url=stack.url, timeout=LIMIT_SECONDS, headers={"X-Merchant-Id": merchant}) as client:
            payout, deadline = (
                client.post("/api/v1/payouts/", json=posts.BODY).json()["id"],
                time.monotonic() + LIMIT_SECONDS,
            )
            while client.get(f"/api/v1/payouts/{payout}").status_code != posts.SHOWN:
                if time.monotonic() > deadline:
                    raise SystemExit(f"{merchant}: {payout} was not shown for {LIMIT_SECONDS:g} s")
                time.sleep(0.1)


def _rebuild(ground: Ground, environ: dict[str, str]) -> dict[str, Any]:
    """`payflow rebuild`: all views from offset 0 beside the live ones, then compared; its replay ends when the offsets are there."""
    ground.settle()
    live = environ.get("PROJECTION_SCHEMA", "payflow")
    with ground.connect(live) as views:
        rows = views.execute("SELECT count(*) FROM payouts").fetchone()[0]  # type: ignore[index]
        goal = views.execute("SELECT sum(next_offset)::bigint FROM projection_offsets").fetchone()[0]  # type: ignore[index]
        start = time.perf_counter()
        command = [sys.executable, "-m", "payflow", "rebuild"]
        process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        with Meter(ground, {"rebuild": process.pid}) as meter:
            replayed = None
            while replayed is None and not _ended(process.pid):
                replayed = time.perf_counter() - start if _reached(views, f"{live}_rebuild", goal) else None
                time.sleep(0.05)
        said = process.communicate()[0]
    took = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"the rebuild failed: {said[-500:]}")
    replay = replayed or took
    figures = {"rows": rows, "replay_s": replay, "with_comparison_s": took, "rows_per_s": rows / replay}
    return {**figures, "costs": meter.report(rows)}


def _ended(pid: int) -> bool:
    """Whether a child has ended; it stays to be waited for, so that its processor time can still be read."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None


def _reached(views: Any, schema: str, goal: int) -> bool:
    if views.execute("SELECT to_regclass(%s)", (f"{schema}.projection_offsets",)).fetchone()[0] is None:
        return False
    return bool((views.execute(f"SELECT sum(next_offset) FROM {schema}.projection_offsets").fetchone()[0] or 0) >= goal)
