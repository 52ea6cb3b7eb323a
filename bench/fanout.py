"""One gateway process, many followers of the feed: how many frames it delivers, how long after the commit, and what it takes.

Owns the order: for each number of followers once without and once with slow readers; at the end followers to whom nothing happens. The
followers live in processes of their own; what they took of the machine is told. One merchant, so one partition; half of the followers
follow its batch, the others all its payouts.
"""

import json
import resource
import time
from collections.abc import Sequence
from typing import Any

from bench import batch_run, commits, costs, product, trickle
from bench.costs import Meter
from bench.door import Door, check_all, doors
from bench.fanout_figures import added, figures_of, news, slowed
from bench.ground import Ground
from bench.sizes import SIZES
from payflow.stack import Stack

MERCHANT = "followed"
SPARE_FILES = 2000
STILL_SECONDS, CATCH_UP_SECONDS = 1.5, 60.0
"""The followers have what there is when no frame has come for so long; it is waited for so long at most."""
CLIENTS = "payflow_feed_clients"
Rounds = dict[str, list[dict[str, Any]]]


def measure(ground: Ground) -> Rounds:
    """Every size once. The numbers of frames are large; what differs from run to run is told by running it again."""
    raise_file_limit(max([SIZES.fanout_idle, *(clients for clients, _ in SIZES.fanout)]))
    commits.keep_times(ground)
    found: Rounds = {}
    with product.running(ground, 1) as stack:
        product.open_merchants(stack, [MERCHANT], "USD")
        with doors(_wanted(stack), env=ground.environ, folder=ground.folder / "followers") as crowds:
            for clients, rate in SIZES.fanout:
                calm = _step(ground, stack, crowds, clients, rate, 0)
                slow = _step(ground, stack, crowds, clients, rate, SIZES.slow_percent)
                slow["figures"] |= slowed(slow["figures"], calm["figures"])
                found[f"{clients:,} followers, {rate:,} changes/s"] = [calm]
                found[f"{clients:,} followers, {rate:,} changes/s, {SIZES.slow_percent} % slow"] = [slow]
            if SIZES.fanout_idle:
                found[f"{SIZES.fanout_idle:,} idle followers"] = [_idle(ground, stack, crowds)]
    return found


def raise_file_limit(clients: int) -> None:
    """Every follower is an open file of the gateway, which inherits the limit from here; ends the run where that cannot be."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if hard != resource.RLIM_INFINITY and hard < clients + SPARE_FILES:
        raise SystemExit(f"{clients} followers need `ulimit -Hn` of {clients + SPARE_FILES} at least; it is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _wanted(stack: Stack) -> dict[str, Sequence[str]]:
    address = ("127.0.0.1", stack.environ["GATEWAY_PORT"])
    return {f"followers {number + 1}": ["bench.feed_clients", *address] for number in range(SIZES.fanout_processes)}


def shares(total: int, parts: int) -> list[int]:
    """So many in as equal parts as can be."""
    return [total // parts + (number < total % parts) for number in range(parts)]


def ask(crowds: dict[str, Door], asked: Sequence[dict[str, Any]]) -> list[str]:
    """Give each crowd its order, then wait for all."""
    for crowd, order in zip(crowds.values(), asked, strict=True):
        crowd.tell(json.dumps(order))
    answers = [crowd.answer() for crowd in crowds.values()]
    check_all(crowds)
    return answers


def _join(crowds: dict[str, Door], channels: Sequence[str], clients: int, slow: int) -> None:
    parts = zip(shares(clients, len(crowds)), shares(slow, len(crowds)), strict=True)
    ask(crowds, [{"do": "join", "channels": channels, "clients": all_, "slow": some} for all_, some in parts])


def _leave(stack: Stack, crowds: dict[str, Door]) -> None:
    """Everybody goes, and the gateway has noticed it."""
    ask(crowds, [{"do": "leave"}] * len(crowds))
    deadline = time.monotonic() + CATCH_UP_SECONDS
    while product.metric(int(stack.environ["GATEWAY_METRICS_PORT"]), CLIENTS) and time.monotonic() < deadline:
        time.sleep(0.2)


def _step(
    ground: Ground, stack: Stack, crowds: dict[str, Door], clients: int, rate: int, slow_percent: int
) -> dict[str, Any]:
    gateway, everybody = product.pids(stack)["gateway"], [{"do": "count"}] * len(crowds)
    before, batch_id = costs.resident_mib(gateway), trickle.open_batch(stack, MERCHANT)
    _join(crowds, [f"batch:{batch_id}", f"payouts:{MERCHANT}"], clients, clients * slow_percent // 100)
    joined = costs.resident_mib(gateway)
    with Meter(ground, {**product.pids(stack), **{name: crowd.process.pid for name, crowd in crowds.items()}}) as meter:
        sent = trickle.send(
            stack, MERCHANT, batch_id, per_second=rate, chunk=SIZES.fanout_chunk, seconds=SIZES.fanout_seconds
        )
        _until_still(crowds, everybody)
    found = _report(stack, crowds, batch_id, hurry=bool(slow_percent))
    figures = {
        **figures_of(found, sent),
        **_machine(meter, crowds),
        "gateway_mib_before": before,
        "gateway_mib_joined": joined,
    }
    figures["gateway_mib_after"] = costs.resident_mib(gateway)
    figures["fast_complete_percent"] = 100 * found["complete"] / max(sum(found["fast_ends"].values()), 1)
    _leave(stack, crowds)
    told = {name: found[name] for name in ("frames", "slow_frames", "fast_ends", "slow_ends")}
    print(f"{clients} followers, {slow_percent} % slow: {figures['frames_per_s']:.0f} frames/s; {told}", flush=True)
    frames = news(found["frames"])
    return {"rows": frames, "figures": figures, "costs": meter.report(max(frames, 1)), "samples": [], **told}


def _until_still(crowds: dict[str, Door], everybody: Sequence[dict[str, Any]]) -> None:
    deadline, last, since = time.monotonic() + CATCH_UP_SECONDS, "", time.monotonic()
    while time.monotonic() < min(deadline, since + STILL_SECONDS):
        now = ",".join(ask(crowds, everybody))
        last, since = now, (since if now == last else time.monotonic())
        time.sleep(0.3)


def _report(stack: Stack, crowds: dict[str, Door], batch_id: str, *, hurry: bool) -> dict[str, Any]:
    with batch_run.connect(stack) as views:
        times = commits.of_batch(views, batch_id)
    if hurry:  # what waits for the slow ones is taken now: the goodbye with its code comes behind it
        ask(crowds, [{"do": "hurry"}] * len(crowds))
        time.sleep(STILL_SECONDS)
    return added([json.loads(answer) for answer in ask(crowds, [{"do": "report", "commits": times}] * len(crowds))])


def _machine(meter: Meter, crowds: dict[str, Door]) -> dict[str, float]:
    """Cores that the gateway and the followers kept busy, and the followers' part of all processor time."""
    theirs = sum(meter.cpu[name] for name in crowds)
    return {
        "gateway_cores": meter.cpu["gateway"] / meter.seconds,
        "followers_cores": theirs / meter.seconds,
        "followers_cpu_percent": 100 * theirs / max(sum(meter.cpu.values()), 1e-9),
    }


def _idle(ground: Ground, stack: Stack, crowds: dict[str, Door]) -> dict[str, Any]:
    """Connected and subscribed, with pings and heartbeats and nothing else."""
    gateway, clients = product.pids(stack)["gateway"], SIZES.fanout_idle
    before, start = costs.resident_mib(gateway), time.perf_counter()
    _join(crowds, [f"payouts:{MERCHANT}"], clients, 0)
    took = time.perf_counter() - start
    with Meter(ground, product.pids(stack)) as meter:
        time.sleep(SIZES.fanout_seconds)
    figures = {"joins_per_s": clients / took, "gateway_mib_before": before, "gateway_mib": costs.resident_mib(gateway)}
    figures["gateway_cores"] = meter.cpu["gateway"] / meter.seconds
    ends = added([json.loads(answer) for answer in ask(crowds, [{"do": "report", "commits": []}] * len(crowds))])[
        "fast_ends"
    ]
    figures["still_open"] = ends.get("open", 0)
    _leave(stack, crowds)
    return {"rows": clients, "figures": figures, "costs": meter.report(clients), "samples": [], "fast_ends": ends}
