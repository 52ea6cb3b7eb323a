"""Faults that move partitions between living workers: polite ends, zombies, further workers (F4, F16, F17).

Owns what each of them must have brought about to count. Must not judge what became of it.
"""

import asyncio
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.faults import holdings
from tests.faults.cluster import ROLES
from tests.faults.workers import Worker

if TYPE_CHECKING:
    from tests.faults.mischief import Mischief

SESSION_SECONDS = 6.0
"""The session time-out: before it is over no peer can take over."""
ZOMBIE_SECONDS = 20.0
"""So long a worker sleeps at most, until a peer has taken over."""
CANDIDATE_SECONDS = 10.0
SHARE_SECONDS = 20.0
"""So long a further worker may take to its first partition, and the last one to all of them."""
TERM_SECONDS = 10.0


async def within(seconds: float, look: Callable[[], Any]) -> Any:
    """What `look` finds, asked again until it finds something or the time is over; then what it said last."""
    deadline = time.monotonic() + seconds
    while not (found := await asyncio.to_thread(look)) and time.monotonic() < deadline:
        await asyncio.sleep(0.3)
    return found


async def terminate(m: "Mischief") -> dict[str, Any] | None:
    """F4: SIGTERM under load; it must end by itself in time."""
    role = m.next("terminate", ROLES)
    async with m.turns.alone(f"role:{role}"):
        workers = m.cluster.alive(role)
        if not workers:
            return None
        worker = m.rng.choice(workers)
        took = await worker.stop()
        worker.start()
    violation = None if took is not None and took <= TERM_SECONDS else "slow to end"
    return {"target": worker.name, "seconds": took, "violation": violation}


async def zombie(m: "Mischief") -> dict[str, Any] | None:
    """F17: SIGSTOP of a worker that holds partitions, until a peer has begun to work on one of them; SIGCONT."""
    role = m.next("zombie", ("processor", "rails", "projector", "processor", "ingest"))
    async with m.turns.shared("kafka"), m.turns.alone(f"role:{role}"):
        found = await within(CANDIDATE_SECONDS, lambda: _holder(m, role))
        return None if found is None else await _freeze(m, *found)


async def _freeze(m: "Mischief", worker: Worker, lost: set[int]) -> dict[str, Any] | None:
    """Asleep until a peer works on what it held, and a moment more; None if none did in time."""
    since, began = holdings.marks(m.cluster, worker.role), time.monotonic()
    worker.frozen = True
    worker.send(signal.SIGSTOP)
    try:
        await asyncio.sleep(SESSION_SECONDS)
        taken = await within(ZOMBIE_SECONDS - SESSION_SECONDS, lambda: holdings.taken(m.cluster, worker, since, lost))
        await asyncio.sleep(m.seconds(0.1, 1.0))
    finally:
        worker.send(signal.SIGCONT)
        worker.frozen = False
    if not taken:
        return None
    slept = round(time.monotonic() - began, 2)
    return {"target": worker.name, "seconds": slept, "held": sorted(lost), "taken_by_peer": sorted(taken)}


def _holder(m: "Mischief", role: str) -> tuple[Worker, set[int]] | None:
    """A worker of the role that holds partitions while a peer lives, and what it holds."""
    living = m.cluster.alive(role)
    for worker in m.rng.sample(living, len(living)) if len(living) > 1 else ():
        lost = holdings.held(m.cluster, worker)
        if lost:
            return worker, lost
    return None


async def rebalance(m: "Mischief") -> dict[str, Any] | None:
    """F16: workers 2-3-2-1-2 under load: the third has a share, then the last one has all."""
    role = m.next("rebalance", ("processor", "rails", "projector"))
    async with m.turns.shared("kafka"), m.turns.alone(f"role:{role}"):
        third = m.cluster.add(role, 3)
        share = await within(SHARE_SECONDS, lambda: holdings.held(m.cluster, third))
        await third.stop()
        if not share:
            return None
        first, last = m.cluster.workers[f"{role}-1"], m.cluster.workers[f"{role}-2"]
        await first.stop()
        alone = await within(SHARE_SECONDS, lambda: holdings.held(m.cluster, last) == holdings.EVERY)
        first.start()
    return {"target": role, "changes": 4, "third_held": sorted(share)} if alone else None
