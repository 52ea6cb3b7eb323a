"""The services by name, and the clock of a simulated process.

Owns the list only.
"""

from typing import TYPE_CHECKING, Any

from tests.simulation.gateway import Gateway
from tests.simulation.ingest import Ingest
from tests.simulation.projector import Projector
from tests.simulation.workers import Processor, Rails

if TYPE_CHECKING:
    from tests.simulation.world import World


class SimClock:
    """Wall time of one process: the world's, off by `skew_ms`."""

    def __init__(self, world: "World", skew_ms: int) -> None:
        self._world, self.skew_ms = world, skew_ms

    def now_ms(self) -> int:
        return self._world.now_ms() + self.skew_ms

    def monotonic(self) -> float:
        return self._world.loop.clock


MAKERS: dict[str, Any] = {
    "ingest": Ingest,
    "processor": Processor,
    "rails": Rails,
    "projector": Projector,
    "gateway": Gateway,
}
