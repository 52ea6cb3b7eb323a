"""One seed from its first draw to its verdict.

Owns the phases: open, load under faults, heal, resend, wait until quiet, check. Must not know what is checked.
"""

import asyncio
import contextlib
import gc
import hashlib
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import structlog

from domain.payout import open_payouts
from runtime import failpoints, ids
from services.processor.rails import partition as rails
from tests.simulation import checks, faults
from tests.simulation.loop import StuckError
from tests.simulation.reads import Reader
from tests.simulation.shape import Shape, draw
from tests.simulation.workload import Workload
from tests.simulation.world import World

STEPS_MAX = 600_000
QUIET_SECONDS = 60.0
LOOK_SECONDS = 0.5
RAILS_TICK_SECONDS = 0.25
"""Rails look around less often here: most of a run's steps would be idle ticks."""
AT_HAND = 4
"""So many payouts of a partition lie unpacked: whatever packing may do is seen in a world of a few hundred."""
MODES = ("safety", "liveness", "both")


@dataclass
class Report:
    """What became of one seed."""

    seed: int
    violations: list[str]
    digest: str
    steps: int
    seconds: float
    commands: int
    payouts: int
    reached: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    quiet_after: float = 0.0

    @property
    def ok(self) -> bool:
        return not self.violations


def run_seed(seed: int, mode: str = "both", sabotage: Callable[[], Any] | None = None) -> Report:
    """Run one seed; the same seed at the same commit gives the same report. `sabotage` may break the product for a test."""
    rng = Random(seed)
    world = World(draw(rng), Random(rng.random()))
    workload = Workload(world, Random(rng.random()))
    chaos = faults.Chaos(world, Random(rng.random()))
    with _one_world(world):
        try:
            world.loop.run(_story(world, workload, chaos, mode), STEPS_MAX)
        except StuckError as error:
            world.violations.append(f"stuck: {error} at {world.loop.clock:.1f} s")
    return _report(seed, world, workload)


async def _story(world: World, workload: Workload, chaos: Any, mode: str) -> None:
    shape: Shape = world.shape
    world.start_all()
    await workload.open()
    followers = checks.feed.follow(world, workload)
    if shape.workers["gateway"]:
        reader = Reader(world, Random(world.rng.random()), workload.front.journal)
        world.reads = reader.journal
        world.loop.create_task(reader.run(), context=world.network.world.copy())
    chaos.begin()
    clients = [asyncio.create_task(workload.client(number)) for number in range(shape.clients)]
    await asyncio.gather(*clients)
    if mode == "safety":
        await asyncio.sleep(shape.fault_seconds / 4)
        checks.safety(world, workload.front.journal)
        return
    await _calm_down(world, workload, chaos, followers)
    checks.safety(world, workload.front.journal)
    checks.at_rest(world, workload.front.journal, followers)


async def _calm_down(world: World, workload: Workload, chaos: Any, followers: list[Any]) -> None:
    chaos.end()
    world.heal()
    healed_at = world.loop.clock
    await workload.resend()
    while world.loop.clock - healed_at < QUIET_SECONDS:
        if checks.is_quiet(world):
            world.met["quiet_ms"] += int((world.loop.clock - healed_at) * 1000)
            await checks.feed.settle(world, followers)
            return
        await asyncio.sleep(LOOK_SECONDS)
    world.violations.append(f"liveness: not quiet {QUIET_SECONDS:.0f} s after the last fault: {checks.unrest(world)}")


def _report(seed: int, world: World, workload: Workload) -> Report:
    world.met.update(f"read.{read.status or 'cut'}" for read in world.reads)
    world.violations += [f"loop: {fault.get('exception') or fault.get('message')!r}" for fault in _real(world.loop.faults)]
    return Report(
        seed=seed,
        violations=world.violations,
        digest=digest(world, workload),
        steps=world.loop.steps,
        seconds=world.loop.clock,
        commands=sum(len(partition.commands) for partition in world.broker.partitions),
        payouts=len(world.database.tables.rows["payouts"]),
        reached=world.reached,
        struck=world.struck,
        met=world.met,
    )


def _real(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [fault for fault in found if fault.get("exception") is not None]


def digest(world: World, workload: Workload) -> str:
    """A hash of all that happened: the log, the views, the provider's books, the journal, the number of steps."""
    told = hashlib.sha256()
    for partition in world.broker.partitions:
        for command in partition.commands:
            told.update(repr(command).encode())
        for event in partition.events:
            told.update(repr(event).encode())
    for transfer in world.books.transfers.values():
        told.update(repr(transfer).encode())
    for entry in workload.front.journal:
        told.update(repr((entry.asked, entry.t0, entry.t1, entry.status, entry.reply)).encode())
    for read in world.reads:
        told.update(repr((read.route, read.subject, read.t0, read.t1, read.status, read.reply)).encode())
    told.update(repr((world.loop.steps, world.loop.clock, sorted(world.database.tables.offsets.items()))).encode())
    return told.hexdigest()[:16]


@contextlib.contextmanager
def _one_world(world: World) -> Iterator[None]:
    """The process as this world needs it: ids from the seed, kill points watched, next to no payout at hand, no garbage collection."""
    minting, ids.uuid7 = ids.uuid7, world.mint
    ticking, rails.TICK_SECONDS = rails.TICK_SECONDS, RAILS_TICK_SECONDS
    unpacked, open_payouts.HAND_MAX = open_payouts.HAND_MAX, AT_HAND
    world.watch()
    gc.disable()
    try:
        with _found_at_once(world.loop):
            yield
    finally:
        failpoints.on_reach(None)
        ids.uuid7, rails.TICK_SECONDS, open_payouts.HAND_MAX = minting, ticking, unpacked
        gc.enable()


@contextlib.contextmanager
def _found_at_once(loop: Any) -> Iterator[None]:
    """Asyncio asks the system for its process id each time it looks for the running loop; here there is only one."""
    places = [(asyncio.events, "get_running_loop"), (asyncio.events, "_get_running_loop"), (asyncio, "get_running_loop")]
    before = [getattr(module, name) for module, name in places]
    for module, name in places:
        setattr(module, name, lambda: loop)
    try:
        yield
    finally:
        for (module, name), found in zip(places, before, strict=True):
            setattr(module, name, found)


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Say nothing while worlds run and are torn down: killed coroutines are unwound long after their world, and that is no news."""
    logs, unraisable = structlog.get_config(), sys.unraisablehook
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL), processors=[_drop])
    sys.unraisablehook = lambda _: None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            yield
            gc.collect()
        finally:
            sys.unraisablehook = unraisable
            structlog.configure(**logs)


def _drop(*_: Any) -> Any:
    raise structlog.DropEvent
