"""Ingest in a simulated process: the product's edge, submitter and reader of decisions.

Owns what its wiring owns, with other adapters. Must not hold rules or faults.
"""

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from services.ingest.edge import Edge
from services.ingest.idempotency import Keys
from services.ingest.in_flight import InFlight
from services.ingest.submitting import Submitter
from services.ingest.waiting import DecisionReader, Waiting
from tests.simulation.clients import MemoryCommandLog, MemoryReader
from tests.simulation.lookups import MemoryIngestStore
from tests.simulation.processes import Process
from tests.support.staging_memory import MemoryStaging

if TYPE_CHECKING:
    from tests.simulation.world import World

RETRY_SECONDS = 0.5


CHUNK_ROWS = 1
"""Small, so that batches that come whole are several pieces on the log, with a place to die between them."""


class Ingest:
    """services.ingest.wiring, without a server."""

    def __init__(self, world: "World", process: Process) -> None:
        self.world, self.process = world, process
        self.ready = False
        self.waiting = waiting = Waiting(world.shape.partitions)
        in_flight, clock = InFlight(), world.clock(process)
        store: Any = MemoryIngestStore(world.database, lambda: world.blind)
        staging: Any = MemoryStaging()
        self.decisions = DecisionReader(self._reader, world.shape.partitions, waiting)
        self.edge = Edge(
            clock=clock,
            store=store,
            keys=Keys(store, clock),
            in_flight=in_flight,
            submitter=Submitter(MemoryCommandLog(world.log), waiting, in_flight),
            currencies=world.shape.policy.currencies,
            dispatch_delay_ms=world.shape.dispatch_delay_ms,
            staging=staging,
            chunk_rows=CHUNK_ROWS,
        )
        self.app = SimpleNamespace(state=SimpleNamespace(edge=self.edge))

    def _reader(self) -> Any:
        return MemoryReader(self.world.log)

    async def run(self) -> None:
        while not self.ready:
            try:
                await self.decisions.start()
                self.ready = True
            except Exception:  # noqa: BLE001  it would refuse to start, and the supervisor would start it again
                await asyncio.sleep(RETRY_SECONDS)
        await self.decisions.run()

    def halted(self) -> list[int]:
        """Partitions whose decisions it cannot follow."""
        return sorted(self.waiting.lost)
