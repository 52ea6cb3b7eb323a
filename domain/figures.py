"""Figures about payouts over time: what is counted, in which quarters of an hour, and what may be said of the counts. Pure.

Owns the words that are counted, the bounds of the time to paid, and how a rate and a percentile are told. A rate is a text in percent,
never a float; nothing of nothing has no rate. Must not know where figures are kept.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from enum import StrEnum

QUARTER_MS = 900_000
"""Every time zone in use is a whole number of these from UTC, so the days of each are sums of quarters."""
WITHIN_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 900, 1800, 3600, 7200, 21_600, 86_400, 604_800, 2_147_483_647)
"""Upper bounds of the time from asked to paid; the last one is everything beyond."""
ID_HEAD = 15
"""So many characters of an id hold its time and its version."""


class Word(StrEnum):
    """What is counted: each payout once per word, but `unknown` each time an attempt of it becomes so."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"


def quarter_of(at: int) -> int:
    """When the quarter of an hour of a time begins; both in ms UTC."""
    return at - at % QUARTER_MS


def asked_at(payout_id: str) -> int | None:
    """When an id was minted (ms UTC), which is when its payout, or the batch of its row, was asked for; None if the id does not say.

    The first ID_HEAD characters are enough.
    """
    if payout_id[ID_HEAD - 1] != "7":
        return None
    return int(payout_id[:8] + payout_id[9:13], 16)


def within(took_ms: int) -> int:
    """The bound that a time is within, in seconds; a clock that ran backwards counts as no time."""
    return WITHIN_SECONDS[bisect_left(WITHIN_SECONDS, max(took_ms, 0) / 1000)]


def percent(part: int, whole: int) -> str | None:
    """A share in percent with two decimals, rounded half up; None where there is nothing to have a share of."""
    if whole <= 0:
        return None
    hundredths = (part * 20_000 + whole) // (2 * whole)
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def percentile(counts: Mapping[int, int], share: int) -> int | None:
    """The least bound, in seconds, within which `share` of a hundred were; None for no counts, and for beyond the last real bound."""
    total = sum(counts.values())
    seen = 0
    for bound in sorted(counts):
        seen += counts[bound]
        if total and seen * 100 >= share * total:
            return bound if bound != WITHIN_SECONDS[-1] else None
    return None


def added(cells: Iterable[tuple[str, int, int]]) -> dict[str, tuple[int, int]]:
    """Counts and sums (minor units) of each currency, from (currency, count, amount)."""
    found: dict[str, tuple[int, int]] = {}
    for currency, count, amount in cells:
        before = found.get(currency, (0, 0))
        found[currency] = (before[0] + count, before[1] + amount)
    return found
