"""The gateway in a simulated process: the product's hub, progress and sessions, and the door of its reads.

Owns what its wiring owns, with other adapters. Must not hold rules or faults.
"""

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from services.gateway.access.sight import WHOLE
from services.gateway.door import Door
from services.gateway.live.feed import Feed
from services.gateway.live.hub import Hub
from services.gateway.live.overview import Overview
from services.gateway.progress import Progress
from tests.simulation.lookups import MemoryGatewayStore
from tests.simulation.processes import Process

if TYPE_CHECKING:
    from tests.simulation.world import World

RETRY_SECONDS = 0.5


class SimProgress(Progress):
    """services.gateway.progress.Progress, told by the in-memory views' commits instead of LISTEN."""

    def __init__(self, world: "World", process: Process) -> None:
        super().__init__("", "", "", world.shape.partitions, world.clock(process))
        self._world, self._process = world, process
        self._told: list[tuple[int, int]] = []
        self._some = asyncio.Event()
        world.database.listeners.append(self._notified)

    def _notified(self, partition: int, offset: int) -> None:
        loop = self._world.loop
        if not self._process.dead:
            loop.call_at(
                loop.clock + self._world.rng.random() * 0.01,
                self._hear,
                partition,
                offset,
                context=self._process.context.copy(),
            )

    def _hear(self, partition: int, offset: int) -> None:
        self._told.append((partition, offset))
        self._some.set()

    async def run(self) -> None:
        for partition in range(self._partitions):
            while True:
                try:
                    stands = await self._world.database.ask(self._world.database.tables.position, partition)
                    break
                except Exception:  # noqa: BLE001  it connects again
                    await asyncio.sleep(RETRY_SECONDS)
            await self._advance(partition, stands.next_offset)
        while True:
            await self._some.wait()
            self._some.clear()
            told, self._told = self._told, []
            for partition, offset in told:
                await self._advance(partition, offset)


class SimProxy:
    """services.gateway.proxy.Proxy, as far as reads need it: one of the living ingest processes is asked what is in flight."""

    def __init__(self, world: "World") -> None:
        self._world = world

    async def is_in_flight(self, subject: str, merchant_id: str | None) -> bool:
        """Whether that process still waits for the decision on this id."""
        await asyncio.sleep(self._world.rng.random() * 0.01)
        ingests = [s for name, s in sorted(self._world.alive.items()) if name.startswith("ingest")]
        return bool(ingests) and self._world.rng.choice(ingests).edge.in_flight.is_pending(subject, merchant_id)


class Gateway:
    """services.gateway.wiring, as far as the feed and reads go."""

    def __init__(self, world: "World", process: Process) -> None:
        self.world, self.process = world, process
        WHOLE.set(True)  # in the context of this process: open mode, as its guard would say
        store: Any = MemoryGatewayStore(world.database)
        self.progress = SimProgress(world, process)
        self.hub = Hub(store)
        self.progress.listeners.append(self.hub.advanced)
        overview = Overview(store, self.progress)
        self.feed = Feed(store, self.hub, self.progress, world.clock(process), world.shape.partitions, 30.0, overview)
        proxy: Any = SimProxy(world)
        self.app = SimpleNamespace(state=SimpleNamespace(door=Door(store, self.progress, proxy)))

    async def run(self) -> None:
        await self.progress.run()
