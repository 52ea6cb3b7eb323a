"""The whole product on the bench's ground: started, given merchants with money, measured through its public doors.

Owns its start and the list of its processes. Must not look inside: HTTP and Kafka in, the views out.
"""

import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench import batch_run, posts
from bench.costs import Meter
from bench.ground import Ground
from bench.sizes import PRODUCT_ENV, SIZES
from deploy.local import processes
from payflow.public_api import PublicApi
from payflow.stack import SERVICES, Stack
from payflow.supervisor import Child

HOT, ASKER = "hot", "asker"
"""The one merchant of a whole file, and the one that posts single payouts meanwhile."""
SECOND = {"processor": "PROCESSOR", "rails": "RAILS", "projector": "PROJECTOR"}
"""Kinds that share the partitions when there are two: their metrics need a port of their own."""


OPEN = {"processor": "payflow_writer_open", "rails": "payflow_rail_open"}
"""What a process of a kind exports for each partition that it works on."""
SHARE_SECONDS = 90.0


@contextmanager
def running(ground: Ground, workers: int = SIZES.workers, *, console: bool = False, **more: str) -> Iterator[Stack]:
    """The product, ready; `workers` of each kind that shares partitions; with the built console, if it is wanted."""
    env = {**ground.environ, **PRODUCT_ENV, **more}
    with Stack(ground.folder / "product", env, free_ports=True, console=console) as stack:
        for number in range(2, workers + 1):
            for kind in SECOND:
                port = add(stack, kind, f"{kind}-{number}")
                if kind in OPEN:
                    await_share(port, OPEN[kind])
        yield stack


def add(stack: Stack, kind: str, name: str) -> int:
    """One more process of a kind, which joins its group by itself; returns the metrics port of its own."""
    port = processes.free_port()
    env = {**stack.environ, f"{SECOND[kind]}_METRICS_PORT": str(port)}
    process = processes.start([sys.executable, "-m", SERVICES[kind]], log=stack.logs / f"{name}.log", env=env)
    stack.children[name] = Child(name, process, time.monotonic())
    return port


def metric(port: int, name: str) -> float:
    """The sum of a metric over its labels, or of one label (`name{label="..."}`); 0 when nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return 0.0
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith((name + "{", name + " ")))


def await_share(port: int, name: str, least: int = 1) -> None:
    """Until a process owns at least so many partitions. Ends the run if that never comes."""
    deadline = time.monotonic() + SHARE_SECONDS
    while metric(port, name) < least:
        if time.monotonic() > deadline:
            raise SystemExit(f"{name} never came to {least}")
        time.sleep(0.2)


def pids(stack: Stack) -> dict[str, int]:
    """Process ids by name."""
    return {name: child.process.pid for name, child in stack.children.items()}


def open_merchants(stack: Stack, merchants: Sequence[str], currency: str = "UGX", times: int = 1) -> None:
    """Make them known, with money for 700,000 rows of a file, `times` over; safe to repeat."""

    def make(merchant: str) -> None:
        api.post("/merchants", {"id": merchant, "name": merchant, "main_currency": currency}, merchant=merchant)
        for number in range(times):
            name = f"funds-{merchant}-{currency}-{number}"
            credit = {"amount": "900000000", "currency": currency, "reference": name}
            api.post(f"/merchants/{merchant}/credits", credit, merchant=merchant, key=name)

    api = PublicApi(stack.url)
    try:
        with ThreadPoolExecutor(16) as senders:
            list(senders.map(make, merchants))
    finally:
        api.close()


def measure(ground: Ground, rows: int, tag: str) -> dict[str, dict[str, Any]]:
    """Single posts, a file of many merchants, a file of one, and single posts while a file comes in."""
    many = [f"m{number:03d}" for number in range(SIZES.merchants)]
    with running(ground) as stack:
        open_merchants(stack, [*many, HOT], times=SIZES.rounds)
        open_merchants(stack, [ASKER], "USD")
        found = {"product, single posts": _posts(ground, stack)}
        found["product, many merchants"] = batch(ground, stack, rows, f"{tag}-many", many)
        ground.settle()
        found["product, one hot merchant"] = batch(ground, stack, rows, f"{tag}-hot", [HOT])
        ground.settle()
        found["product, posts beside a file"] = _posts_beside(ground, stack, rows, f"{tag}-beside")
        return found


def batch(ground: Ground, stack: Stack, rows: int, tag: str, merchants: Sequence[str]) -> dict[str, Any]:
    """One set of files, from the first byte to the last payout."""
    with Meter(ground, pids(stack)) as meter:
        seen = batch_run.run(stack, rows, tag, merchants)
    costs = meter.report(seen.rows)
    return {
        "rows": seen.rows,
        "figures": seen.figures(),
        "costs": costs,
        "samples": seen.samples,
        "latencies": seen.latencies,
    }


def _posts(ground: Ground, stack: Stack) -> dict[str, Any]:
    with Meter(ground, pids(stack)) as meter:
        answers = posts.quiet(stack, ASKER, SIZES.posts)
    found, shown = answers.percentiles(), posts.shown(stack, ASKER, SIZES.posts).percentiles()
    figures = {"p50_ms": found["p50"], "p99_ms": found["p99"]}
    figures |= {"with_a_get_p50_ms": shown["p50"], "with_a_get_p99_ms": shown["p99"]}
    return {
        "rows": SIZES.posts,
        "figures": figures,
        "costs": meter.report(SIZES.posts),
        "samples": [],
        "answers": answers.answers,
    }


def _posts_beside(ground: Ground, stack: Stack, rows: int, tag: str) -> dict[str, Any]:
    """Another merchant's posts: while the rows come in (until all are visible), and while they are paid."""
    with Meter(ground, pids(stack)) as meter, posts.Beside(stack, ASKER) as beside:
        seen = batch_run.run(stack, rows, tag, [HOT])
    begun = seen.start - beside.start
    into = begun + seen.visible(seen.rows)
    coming, paying = beside.posts.percentiles(begun, into), beside.posts.percentiles(into)
    figures = {f"{name}_ms_coming_in": coming[name] for name in ("p50", "p99") if name in coming}
    figures |= {f"{name}_ms_being_paid": paying[name] for name in ("p50", "p99") if name in paying}
    figures |= {"posts_coming_in": coming["n"], "completed_rows_per_s": seen.figures()["completed_rows_per_s"]}
    found = {"rows": seen.rows, "figures": figures, "costs": meter.report(seen.rows), "samples": seen.samples}
    return {**found, "answers": beside.posts.answers}
