"""The projector in a simulated process: the product's partition workers.

Owns what its consumer owns, with other adapters. Must not hold rules or faults.
"""

import asyncio
from typing import TYPE_CHECKING, Any

from services.projector.limits import Limits
from services.projector.partition_worker import PartitionWorker
from tests.simulation.group import Member
from tests.simulation.processes import Process
from tests.simulation.store import MemoryViews

if TYPE_CHECKING:
    from tests.simulation.world import World


class LogSource:
    """services.projector.consumer.LogSource over the in-memory log."""

    def __init__(self, world: "World") -> None:
        self._log = world.log
        self._next: dict[int, int] = {}

    def seek(self, partition: int, offset: int) -> None:
        self._next[partition] = offset

    async def take(self, partition: int, limit: int) -> Any:
        at = self._next[partition]
        events, goes_on = await self._log.events_from(partition, at, limit)
        if self._next[partition] != at:
            return []
        self._next[partition] = goes_on
        return events

    def lag(self, partition: int) -> int:
        return 0


class Projector:
    """services.projector.consumer.Projector."""

    def __init__(self, world: "World", process: Process) -> None:
        self.world, self.process, self.group = world, process, world.groups["projector"]
        self.workers: dict[int, PartitionWorker] = {}
        self._source = LogSource(world)
        self._tasks: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        self.group.join(Member(self.process, self._assigned, self._revoked))

    def _revoked(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks, self.workers = [], {}

    def _assigned(self, starts: dict[int, int]) -> None:
        self._revoked()
        for partition in starts:
            limits = Limits(records_max=self.world.shape.transaction_records)
            views, clock = MemoryViews(self.world.database), self.world.clock(self.process)
            source: Any = self._source
            self.workers[partition] = worker = PartitionWorker(partition, source, views, clock, limits)
            self._tasks.append(asyncio.get_running_loop().create_task(worker.run()))

    def halted(self) -> list[int]:
        """Partitions that have stopped for good."""
        return [partition for partition, worker in self.workers.items() if worker.halted is not None]
