"""A histogram of what comes many at a time, all of it alike: the payouts of one record, which came in together and are paid together.

Owns the counting. It is exported like any other histogram; the library's own counts one by one, each under a lock. Must not know what is
counted.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from threading import Lock

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector, CollectorRegistry

from runtime.clock import SystemClock


class TalliedHistogram(Collector):
    """Without labels; `buckets` are upper bounds in rising order, and what is beyond the last is counted too."""

    def __init__(
        self, name: str, documentation: str, *, buckets: Sequence[float], registry: CollectorRegistry = REGISTRY
    ) -> None:
        """Nothing counted yet."""
        self._name, self._documentation, self._created = name, documentation, SystemClock().now_ms() / 1000
        self._bounds, self._labels = [*buckets, float("inf")], [*(str(float(bound)) for bound in buckets), "+Inf"]
        self._counts, self._sum, self._lock = [0] * len(self._bounds), 0.0, Lock()
        registry.register(self)

    def observe(self, amount: float, times: int = 1) -> None:
        """Count the same amount so many times."""
        with self._lock:
            self._counts[bisect_left(self._bounds, amount)] += times
            self._sum += amount * times

    def describe(self) -> Iterator[Metric]:
        """What the registry knows the name by."""
        return self.collect()

    def collect(self) -> Iterator[Metric]:
        """What the exporter shows."""
        with self._lock:
            counts, total = self._counts.copy(), self._sum
        buckets = [(label, float(below)) for label, below in zip(self._labels, accumulate(counts), strict=True)]
        family = HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=total)
        family.add_sample(f"{self._name}_created", {}, self._created)
        yield family
