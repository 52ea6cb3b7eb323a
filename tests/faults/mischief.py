"""What is broken, how, and how it is put right again: one function per fault of the catalogue (RELIABILITY section 4).

Owns the faults. Each breaks something for a moment and heals it itself, and tells what it did. Must not judge.
"""

import asyncio
import random
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg

from deploy.local import processes
from runtime import failpoints
from tests.faults import poison
from tests.faults.cluster import ROLES, Cluster
from tests.faults.hops import Hop
from tests.faults.membership import rebalance, terminate, within, zombie
from tests.faults.turns import Turns
from tests.faults.workers import Worker

SWALLOW_SECONDS = 5.0

OFFSETS = (0, 10**9)

Fault = Callable[["Mischief"], Awaitable[dict[str, Any] | None]]
"""Does its harm, heals it, and says what it did; None if there was nothing to break."""


class Mischief:
    """What a fault has at hand. It takes its turns itself: what it breaks, nobody else breaks or heals meanwhile."""

    def __init__(self, cluster: Cluster, rng: random.Random, turns: Turns) -> None:
        """One for a whole run."""
        self.cluster, self.rng, self.turns = cluster, rng, turns
        self._bags: dict[str, list[str]] = {}

    def some(self, *roles: str) -> Worker | None:
        """A running worker of one of these roles (of all, by default); each role in its turn."""
        role = self.next("+".join(roles), roles or ROLES)
        found = self.cluster.alive(role)
        return self.rng.choice(found) if found else None

    def next(self, name: str, choices: Sequence[str]) -> str:
        """Drawn without putting back, so that a short run meets all of them."""
        bag = self._bags.setdefault(name, [])
        if not bag:
            bag.extend(choices)
            self.rng.shuffle(bag)
        return bag.pop()

    def seconds(self, low: float, high: float) -> float:
        """A time in between."""
        return self.rng.uniform(low, high)

    def hop(self) -> Hop:
        """Any of the links."""
        return self.cluster.hops[self.next("hops", list(self.cluster.hops))]


async def kill_one(m: Mischief) -> dict[str, Any] | None:
    """F1: kill -9 of a random worker at a random instant."""
    worker = m.some()
    if worker is None:
        return None
    worker.kill()
    await asyncio.sleep(m.seconds(0.2, 1.5))
    return {"target": worker.name}


async def kill_processor(m: Mischief) -> dict[str, Any] | None:
    """F1: kill -9 of a processor, to see how long decisions stand still."""
    worker = m.some("processor")
    if worker is None:
        return None
    worker.kill()
    return {"target": worker.name}


async def kill_role(m: Mischief) -> dict[str, Any] | None:
    """F3: all workers of a role at once."""
    role = m.rng.choice(ROLES)
    workers = m.cluster.alive(role)
    for worker in workers:
        worker.kill()
    await asyncio.sleep(m.seconds(1, 2))
    return {"target": role, "killed": len(workers)} if workers else None


async def kill_in_a_loop(m: Mischief) -> dict[str, Any] | None:
    """F3: the same worker again and again."""
    worker = m.some()
    if worker is None:
        return None
    for _ in range(5):
        worker.kill()
        await asyncio.sleep(1)
    return {"target": worker.name, "kills": 5}


async def kill_broker(m: Mischief) -> dict[str, Any] | None:
    """F5: kill -9 of the broker."""
    async with m.turns.alone("kafka"):
        kafka = m.cluster.kafka
        assert kafka.process is not None
        kafka.process.kill()
        kafka.process.wait()
        await asyncio.sleep(m.seconds(0.5, 2))
        await asyncio.to_thread(kafka.start)
    return {"target": "kafka"}


async def freeze_broker(m: Mischief) -> dict[str, Any] | None:
    """F8: the broker stands still for a while."""
    async with m.turns.alone("kafka"):
        process = m.cluster.kafka.process
        assert process is not None
        process.send_signal(signal.SIGSTOP)
        slept = m.seconds(3, 12)
        await asyncio.sleep(slept)
        process.send_signal(signal.SIGCONT)
    return {"target": "kafka", "seconds": slept}


async def kill_postgres(m: Mischief) -> dict[str, Any] | None:
    """F10: kill -9 of the database, and its way back."""
    async with m.turns.alone("postgres"):
        server = m.cluster.postgres
        assert server.process is not None
        server.process.kill()
        server.process.wait()
        await asyncio.sleep(m.seconds(0.5, 3))
        await asyncio.to_thread(_start_patiently, server)
    return {"target": "postgres"}


def _start_patiently(server: Any) -> None:
    """The dead server's children may hold its lock file for a moment."""
    for attempt in range(6):
        try:
            server.start()
        except Exception:
            if attempt == 5:
                raise
        else:
            return


async def terminate_backends(m: Mischief) -> dict[str, Any] | None:
    """F11: the database throws out some of its clients."""

    def throw_out() -> int:
        statement = (
            "SELECT count(pg_terminate_backend(pid)) FROM (SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        )
        statement += "AND backend_type = 'client backend' ORDER BY random() LIMIT 6) AS victims"
        with psycopg.connect(m.cluster.postgres.url, autocommit=True, connect_timeout=2) as link:
            row = link.execute(statement).fetchone()
            return int(row[0]) if row else 0

    try:
        thrown = await asyncio.to_thread(throw_out)
    except psycopg.OperationalError:
        return None
    return {"target": "postgres", "backends": thrown} if thrown else None


async def drop_commit_reply(m: Mischief) -> dict[str, Any] | None:
    """F12: the projector's COMMIT goes through, its answer does not."""
    hop = m.cluster.hops["projector-postgres"]
    async with m.turns.alone(f"hop:{hop.name}"):
        before, hop.marker = hop.swallowed, b"COMMIT"
        await within(SWALLOW_SECONDS, lambda: hop.swallowed > before)
        hop.marker = None
        await asyncio.sleep(0.4)  # the link is cut a moment later
    return {"target": hop.name, "replies": hop.swallowed - before} if hop.swallowed > before else None


async def cut(m: Mischief) -> dict[str, Any] | None:
    """F19: all connections of a hop are reset."""
    hop = m.hop()
    async with m.turns.alone(f"hop:{hop.name}"):
        links = hop.cut()
    return {"target": hop.name, "links": links} if links else None


def broken_for(low: float, high: float, harm: Callable[[Hop], None], words: str) -> Fault:
    """F19: a hop is harmed for a while, between `low` and `high` seconds, and heals."""

    async def fault(m: Mischief) -> dict[str, Any] | None:
        hop = m.hop()
        async with m.turns.alone(f"hop:{hop.name}"):
            links = hop.links
            if not links:
                return None
            harm(hop)
            await asyncio.sleep(m.seconds(low, high))
            hop.heal()
        return {"target": hop.name, "links": links}

    fault.__doc__ = words
    return fault


refuse = broken_for(1, 4, Hop.refuse, "Nobody answers on a hop.")
stall = broken_for(2, 8, Hop.stall, "A hop stays open and moves nothing.")
half_open = broken_for(2, 6, Hop.mute, "Words go out on a hop and none come back, not even the end of a connection.")
trickle = broken_for(2, 5, Hop.throttle, "A hop lets through a few bytes at a time.")


async def kill_provider(m: Mischief) -> dict[str, Any] | None:
    """F20: the provider dies with calls under way, and comes back with its books."""
    m.cluster.workers["simulator-1"].kill()
    await asyncio.sleep(m.seconds(1, 3))
    return {"target": "simulator-1"}


async def poison_records(m: Mischief) -> dict[str, Any] | None:
    """F29: records nobody can read, on the inbox and on the commands."""
    count = await asyncio.to_thread(poison.write, m.cluster.kafka.bootstrap, m.rng)
    return {"target": "topics", "records": count} if count else None


async def replay_commands(m: Mischief) -> dict[str, Any] | None:
    """F33: commands that were decided long ago come again, byte for byte."""
    count = await asyncio.to_thread(poison.repeat, m.cluster.kafka.bootstrap, m.rng)
    return {"target": "payouts.commands", "records": count} if count else None


async def reset_offsets(m: Mischief) -> dict[str, Any] | None:
    """F33, F34: committed offsets go back to 0, or far past the end, while their workers are down."""
    role, _, offset = m.next("offsets", [f"{role}@{at}" for role in poison.GROUPS for at in OFFSETS]).partition("@")
    async with m.turns.shared("kafka"), m.turns.alone(f"role:{role}"):
        workers = [w for w in m.cluster.workers.values() if w.role == role and not w.down]
        await asyncio.gather(*(worker.stop() for worker in workers))
        done = await asyncio.to_thread(poison.reset_group, m.cluster.kafka.bootstrap, role, int(offset))
        for worker in workers:
            worker.start()
    return {"target": role, "offset": offset} if done else None


async def rebuild(m: Mischief) -> dict[str, Any] | None:
    """F44, K20: a rebuild beside the live views is killed half way, under load."""
    env = {**m.cluster.direct_env(), "PAYFLOW_FAILPOINTS": "rebuild.mid:1:kill"}
    command = [sys.executable, "-m", "payflow", "rebuild"]
    log = m.cluster.folder / "logs" / "rebuild.log"
    async with m.turns.alone("rebuild"):
        start = log.stat().st_size if log.exists() else 0
        code = await asyncio.to_thread(processes.start(command, log=log, env=env).wait, 120)
        died = failpoints.said("rebuild.mid").encode() in log.read_bytes()[start:]
    return {"target": "rebuild", "point": "rebuild.mid"} if code == -signal.SIGKILL and died else None


CATALOGUE: dict[str, tuple[str, Fault]] = {
    "kill_one": ("F1", kill_one),
    "kill_processor": ("F1", kill_processor),
    "kill_role": ("F3", kill_role),
    "kill_in_a_loop": ("F3", kill_in_a_loop),
    "terminate": ("F4", terminate),
    "kill_broker": ("F5", kill_broker),
    "freeze_broker": ("F8", freeze_broker),
    "kill_postgres": ("F10", kill_postgres),
    "terminate_backends": ("F11", terminate_backends),
    "drop_commit_reply": ("F12", drop_commit_reply),
    "rebalance": ("F16", rebalance),
    "zombie": ("F17", zombie),
    "cut": ("F19", cut),
    "refuse": ("F19", refuse),
    "stall": ("F19", stall),
    "half_open": ("F19", half_open),
    "trickle": ("F19", trickle),
    "kill_provider": ("F20", kill_provider),
    "poison_records": ("F29", poison_records),
    "replay_commands": ("F33", replay_commands),
    "reset_offsets": ("F33", reset_offsets),
    "rebuild": ("F44", rebuild),
}
"""Name -> number in the fault catalogue, and what does it."""

SLOW = frozenset({"kill_broker", "freeze_broker", "zombie", "rebalance", "reset_offsets"})
"""Faults that wait for each other, since all of them move partitions: they have lanes of their own and hold up nothing else."""
