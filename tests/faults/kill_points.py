"""Which failpoint a new life of a worker carries, and which have killed one.

Owns the budget of kill points of a run, spread over all names a role can reach.
"""

import random
import signal
from collections import Counter

from runtime import failpoints
from tests.faults.workers import POINTS_OF, Worker, points_of

NTH_MAX = 4
LAST_WORDS = 4096
ONLY_HERE = ("inbox.sent", "gateway.passed_on")
"""The simulation has no such places (nor a rebuild): they come first, early in a life."""


class KillPoints:
    """Hands out failpoints until `budget` hits."""

    def __init__(self, budget: int, rng: random.Random) -> None:
        """Nothing was hit."""
        self._budget, self._rng = budget, rng
        self.hits: Counter[str] = Counter()
        self._given: Counter[str] = Counter()
        self.armed = False

    @property
    def names(self) -> list[str]:
        """All that some process of a run can reach."""
        return [name for role in POINTS_OF for name in points_of(role)] + ["rebuild.mid"]

    def next_point(self, worker: Worker) -> str | None:
        """The failpoint of the worker's next life: one of its role's that was given least often."""
        names = points_of(worker.role)
        if not self.armed or not names or not self.wanted:
            return None
        owed = [name for name in names if name in ONLY_HERE and not self.hits[name]]
        if owed:
            return f"{owed[0]}:{self._rng.randint(1, 3)}:kill"
        fewest = min((self.hits[name], self._given[name]) for name in names)
        name = self._rng.choice([name for name in names if (self.hits[name], self._given[name]) == fewest])
        self._given[name] += 1
        return f"{name}:{self._rng.randint(1, NTH_MAX)}:kill"

    def died(self, worker: Worker, code: int) -> str | None:
        """The name of the point that killed this worker, if its last words say that one did: the system may kill it as well."""
        if code != -signal.SIGKILL or worker.expected or not worker.point:
            return None
        name = worker.point.split(":")[0]
        if failpoints.said(name) not in worker.said_since(max(worker.log_from, worker.log_size - LAST_WORDS)):
            return None
        self.hits[name] += 1
        return name

    @property
    def wanted(self) -> bool:
        """Whether more hits are owed, or one of those that only a real run can have."""
        return self._budget > 0 and (self.hits.total() < self._budget or any(not self.hits[name] for name in ONLY_HERE))
