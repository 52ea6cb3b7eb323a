"""What is counted many at a time is exported as if it had been counted one by one."""

import pytest
from prometheus_client import CollectorRegistry, Histogram, generate_latest

from runtime.metrics import SECONDS
from runtime.tallied import TalliedHistogram


@pytest.mark.parametrize("told", [[], [(0.5, 1)], [(0.25, 3), (1.5, 500), (2.0, 2), (5_000.0, 4)], [(-1.0, 2)]])
def test_it_is_exported_like_the_librarys_own(told: list[tuple[float, int]]) -> None:
    one_by_one, at_once = CollectorRegistry(), CollectorRegistry()
    own = Histogram("waits_seconds", "How long.", buckets=SECONDS, registry=one_by_one)
    ours = TalliedHistogram("waits_seconds", "How long.", buckets=SECONDS, registry=at_once)
    for amount, times in told:
        ours.observe(amount, times)
        for _ in range(times):
            own.observe(amount)
    assert _lines(at_once) == _lines(one_by_one)


def _lines(registry: CollectorRegistry) -> list[str]:
    """All that is exported, but for the values of the times of creation."""
    text = generate_latest(registry).decode()
    return [line.split(" ")[0] if line.startswith("waits_seconds_created") else line for line in text.splitlines()]


def test_a_name_is_taken_once() -> None:
    registry = CollectorRegistry()
    TalliedHistogram("waits_seconds", "How long.", buckets=SECONDS, registry=registry)
    with pytest.raises(ValueError, match="waits_seconds"):
        TalliedHistogram("waits_seconds", "How long.", buckets=SECONDS, registry=registry)
