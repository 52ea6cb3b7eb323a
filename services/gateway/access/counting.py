"""How many requests a credential sends for a merchant (SEC-11).

Owns the buckets of this process; with several gateways each counts for itself. Bounded: who has not been seen for longest is forgotten,
and a forgotten bucket is a full one. Must not know HTTP.
"""

from collections import OrderedDict

from domain.access import bucket
from domain.access.bucket import Bucket, Limit, Taking
from runtime.clock import Clock

BUCKETS_MAX = 50_000


class Counter:
    """Buckets by name."""

    def __init__(self, limit: Limit, clock: Clock) -> None:
        """Everybody begins with a full bucket."""
        self.limit = limit
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str | None], Bucket] = OrderedDict()

    def take(self, who: str, merchant: str | None) -> Taking:
        """Count one request."""
        name = (who, merchant)
        taking = bucket.take(self._buckets.get(name), self.limit, self._clock.monotonic())
        self._buckets[name] = taking.bucket
        self._buckets.move_to_end(name)
        while len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        return taking
