"""Percentiles of very many readings that several processes have made.

Owns the steps in which readings are counted: each is 1 % wider than the one before, so a percentile is right to half a percent, and counts
of several processes can be added up.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping

STEP = math.log(1.01)
LEAST = 0.01
"""What is shorter counts as this; a commit's time is known to the microsecond, but no better than the clocks agree."""


def counted(readings: Iterable[float]) -> Counter[int]:
    """How many readings are in each step."""
    return Counter(round(math.log(max(reading, LEAST)) / STEP) for reading in readings)


def percentile(counts: Mapping[int, int], share: float) -> float:
    """The reading that so large a share stays below or at. Raises ValueError when nothing was counted."""
    wanted, passed = share * sum(counts.values()), 0
    for step in sorted(counts):
        passed += counts[step]
        if passed >= wanted:
            return math.exp(step * STEP)
    raise ValueError("nothing was counted")


def of(values: Iterable[float], share: float) -> float:
    """The same of few readings, exactly: the smallest that so large a share stays below or at."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)), 1) - 1]
