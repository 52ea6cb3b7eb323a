"""What goes wrong in a run, drawn from the seed: kills, kill points, freezes, outages, time jumps, duplicated answers.

Owns when and what. Must not repair.
"""

from random import Random
from typing import TYPE_CHECKING, Any

from runtime.failpoints import NAMES

if TYPE_CHECKING:
    from tests.simulation.world import World

ABSENT = {"inbox.sent", "gateway.passed_on", "rebuild.mid", "webhooks.before_commit", "webhooks.committed", "webhooks.sent"}
"""Kill points in parts that the simulation does not have."""
POINTS = [name for name in NAMES if name not in ABSENT]
DAY_MS = 24 * 3600 * 1000
OWN = (b'"record_answers"', b'"retry_due"', b'"time_out_attempts"', b'"start_attempts"')
"""Commands that our own processes append, at least once each."""


class Chaos:
    """The faults of one run."""

    def __init__(self, world: "World", rng: Random) -> None:
        self.world, self.rng = world, rng
        self._over = False

    def begin(self) -> None:
        """Plan all of it over the fault phase."""
        shape = self.world.shape
        for _ in range(shape.kills):
            self._sometime(self._kill)
        for _ in range(shape.freezes):
            self._sometime(self._freeze, within=0.5)
        for _ in range(shape.outages):
            self._sometime(self._outage)
        for _ in range(shape.jumps):
            self._sometime(self._jump)
        for _ in range(shape.rebalances):
            self._sometime(self._rebalance)
        if shape.day:
            self._day(shape.day)
        if not shape.calm:
            for _ in range(6):
                self._sometime(self._repeat_own)
        for _ in range(shape.kill_points):
            name = self.rng.choice(POINTS)
            self.world.plans[name] = (1 + int(self.rng.random() ** 3 * 12), "stop" if self.rng.random() < 0.2 else "kill")

    def end(self) -> None:
        """No more faults."""
        self._over = True

    def _sometime(self, act: Any, within: float = 1.0) -> None:
        self.world.later(self.rng.random() * within * self.world.shape.fault_seconds, lambda: None if self._over else act())

    def _kill(self) -> None:
        """Kill -9 after some more steps of its own: at any await."""
        process = self._any()
        if process is not None:
            process.doom(int(self.rng.random() ** 2 * 200))

    def _freeze(self) -> None:
        """SIGSTOP somebody; or an owner of a partition for just longer than its session: a zombie, while others still ask."""
        owners = [group.owners[p].process for group in self.world.groups.values() for p in sorted(group.owners)]
        if owners and self.rng.random() < 0.6:
            self.world.freeze(self.rng.choice(owners), 6.5 + self.rng.random() * 2.5)
            return
        process = self._any()
        if process is not None:
            self.world.freeze(process, self.rng.choice((1.0, 5.0, 9.0, 15.0)))

    def _any(self) -> Any:
        living = self.world.processes()
        return self.rng.choice(living) if living else None

    def _outage(self) -> None:
        self.world.outage(self.rng.choice(("log", "store", "store", "provider")), self.rng.uniform(0.5, 12))

    def _rebalance(self) -> None:
        """Partitions change hands among living workers, as when one is added."""
        self.rng.choice(list(self.world.groups.values())).rebalance()
        self.world.met["rebalance"] += 1

    def _jump(self) -> None:
        milliseconds = self.rng.choice((-5_000, 60_000, 3_600_000))
        self.world.jumped_ms += milliseconds
        self.world.met["time_jump"] += 1

    def _day(self, short: int) -> None:
        """Nearly a day passes at once, and later the rest: keys are repeated just before they expire, and after."""
        self.world.milestones += [(0.4, lambda: self._pass(DAY_MS - short)), (0.8, lambda: self._pass(short + 30_000))]

    def _pass(self, milliseconds: int) -> None:
        self.world.jumped_ms += milliseconds
        self.world.met["day_jump"] += 1

    def _repeat_own(self) -> None:
        """A record of timers or rails comes to the log once more: two leaders, a zombie, a producer that sent twice."""
        partition = self.rng.choice(self.world.broker.partitions)
        own = [c for c in partition.commands[-40:] if c.value and any(kind in c.value for kind in OWN)]
        rare = [c for c in own if b'"retry_due"' in c.value or b'"time_out_attempts"' in c.value]
        if own:
            again = self.rng.choice(rare if rare and self.rng.random() < 0.5 else own)
            self.world.later(self.rng.random() * 2, partition.append, again.key, again.value)
            self.world.met["own_repeated"] += 1
