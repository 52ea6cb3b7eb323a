"""What promises cost at their leanest: the mini pipeline, and the same with one promise more on each rung.

Beside it the rivals with the same provider, which the comparison spares them.

Owns the rungs and the provider's process. The product keeps all of these promises and more, and keeps each of them under faults; a rung
only does the work. So a rung's rate is a limit for the product, and the step between two rungs is the least that a promise costs.
"""

import asyncio
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench import product, rival_books
from bench.baseline import run_celery, run_chunked
from bench.door import doors
from bench.figures import Rounds, ratio
from bench.ground import Ground
from bench.mini import run as mini
from bench.mini import wire
from bench.mini.promises import PROMISES, Promises
from bench.sizes import PRODUCT_ENV, SIZES
from deploy.local import processes

Found = dict[str, list[dict[str, Any]]]
DONE = "completed_rows_per_s"
BARE = "mini pipeline"
WHOLE = "the product"
SQL, CELERY = "chunked SQL + provider", "Celery + provider"
PAYING, KEEPING = "mini + provider", "mini + all promises"
BESIDE = {PAYING: Promises(["provider"]), KEEPING: Promises(PROMISES)}
START_SECONDS = 20.0
WARM_UP = 16_000
"""Rows for the rungs and the product before the clock starts: the first rung meets a broker that has just come up."""


def rungs() -> dict[str, Promises]:
    """Names and promises, each with all of those before it."""
    names = list(PROMISES)
    return {BARE: Promises()} | {f"+ {name}": Promises(names[: place + 1]) for place, name in enumerate(names)}


def measure(ground: Ground) -> Found:
    """Rounds of all rungs, of the product and of the rivals, one merchant's file each."""
    found: Found = {}
    for number in range(SIZES.rounds):
        for name, promises in rungs().items():
            ground.settle()
            found.setdefault(name, []).append(_rung(ground, f"r{number}-{len(promises)}", promises))
        for name, rival in RIVALS.items():
            ground.settle()
            found.setdefault(name, []).append(rival(ground, f"ladder-{number}"))
        print(f"round {number + 1} of {SIZES.rounds} is done", flush=True)
    return found


def lines(rounds: Rounds) -> Iterator[str]:
    """Each rung and the product beside the lowest, and the product beside the rivals, within a round."""
    yield f"\ncompleted rows/s by those of the {BARE}, within a round"
    for name in (*rungs(), WHOLE):
        yield f"  {name:16} {ratio(rounds, (name, DONE), (BARE, DONE))}   {PROMISES.get(name[2:], '')}"
    for rival in (SQL, CELERY):
        yield f"  {WHOLE} / {rival}: {ratio(rounds, (WHOLE, DONE), (rival, DONE))}"


def _rung(ground: Ground, tag: str, promises: Promises) -> dict[str, Any]:
    tag = f"ladder-{tag}"
    rival_books.prepare(ground.database_url, mini.SCHEMA, [*mini.MERCHANTS, product.HOT])
    asyncio.run(wire.make_topics(ground.bootstrap, tag))
    with _provider(ground, tag) as (url, pid):
        at = url if "provider" in promises else mini.NONE
        wanted = mini.wanted(ground, tag, mini.GUIDES, promises, at)
        with doors(wanted, env=ground.environ, folder=ground.folder / "mini") as opened:
            mini.one(ground, opened, WARM_UP, f"{tag}-warm", mini.MERCHANTS[: wire.PARTITIONS])
            ground.settle()
            counted = {"simulator": pid} if "provider" in promises else {}
            return mini.one(ground, opened, SIZES.rival_rows, f"{tag}-hot", [product.HOT], **counted)


def _product(ground: Ground, tag: str) -> dict[str, Any]:
    with product.running(ground) as stack:
        product.open_merchants(stack, [product.HOT])
        product.batch(ground, stack, WARM_UP, f"{tag}-warm", [product.HOT])
        ground.settle()
        return product.batch(ground, stack, SIZES.rows, tag, [product.HOT])


def _chunked_sql(ground: Ground, tag: str) -> dict[str, Any]:
    rival_books.prepare(ground.database_url, run_chunked.SCHEMA, ["first"])
    with _provider(ground, f"{tag}-sql") as provider:
        return run_chunked.one(ground, SIZES.rival_rows, f"{tag}-sql", ["first"], provider)


def _celery(ground: Ground, tag: str) -> dict[str, Any]:
    with _provider(ground, f"{tag}-celery") as provider:
        found = run_celery.measure(ground, SIZES.celery_rows, f"{tag}-celery", {"": [product.HOT]}, provider)
    return next(iter(found.values()))


RIVALS = {WHOLE: _product, SQL: _chunked_sql, CELERY: _celery}


def beside(ground: Ground, tag: str) -> dict[str, dict[str, Any]]:
    """For the comparison: rivals that pay the product's own provider, and the mini pipeline with all five promises."""
    found = {}
    for name in (PAYING, KEEPING):
        ground.settle()
        found[name] = _rung(ground, f"{tag}-{len(BESIDE[name])}", BESIDE[name])
    for name in (SQL, CELERY):
        ground.settle()
        found[name] = RIVALS[name](ground, tag)
    return found


@contextmanager
def _provider(ground: Ground, tag: str) -> Iterator[tuple[str, int]]:
    """The product's simulator by itself: its address and process id."""
    port = processes.free_port()
    env = {**os.environ, **PRODUCT_ENV, "SIMULATOR_PORT": str(port), "SIMULATOR_METRICS_PORT": str(processes.free_port())}
    env["SIMULATOR_DIR"] = str(ground.folder / f"simulator-{tag}")
    process = processes.start(
        [sys.executable, "-m", "services.simulator"], log=ground.folder / f"simulator-{tag}.log", env=env
    )
    try:
        _await(f"http://127.0.0.1:{port}/transfers/none")
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        processes.stop(process)


def _await(url: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"the provider at {url} does not answer")
