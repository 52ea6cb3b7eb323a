"""The points of a chart from what was counted (CON-20). Owns their form. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.figures import Word, percent, percentile
from schemas.times import rfc3339
from services.gateway.figures.forms import sum_of

Row = Mapping[str, Any]
SHARES = (50, 90, 99)


def points(volume: Sequence[Row], times: Sequence[Row]) -> list[dict[str, object]]:
    """A point for each step in which anything was counted, in order; a step without one had nothing."""
    starts = sorted({row["starts_at"] for row in (*volume, *times)})
    return [
        _point(at, [row for row in volume if row["starts_at"] == at], [row for row in times if row["starts_at"] == at])
        for at in starts
    ]


def _point(at: int, volume: Sequence[Row], times: Sequence[Row]) -> dict[str, object]:
    counts = {word.value: 0 for word in Word}
    for row in volume:
        counts[row["word"]] += row["count"]
    paid = [row for row in volume if row["word"] == Word.PAID and row["currency"]]
    return {
        "starts_at": rfc3339(at),
        **counts,
        "percent_paid": percent(counts["paid"], counts["paid"] + counts["failed"]),
        "sums": [sum_of(row["currency"], row["count"], row["amount_minor"]) for row in paid],
        "time_to_paid": time_to_paid(times),
    }


def time_to_paid(times: Sequence[Row]) -> dict[str, int | None]:
    """Within how many seconds of being asked for so many of a hundred were paid; null for none, or for more than can be told."""
    counts: dict[int, int] = {}
    for row in times:
        counts[row["within_seconds"]] = counts.get(row["within_seconds"], 0) + row["count"]
    return {f"p{share}_seconds": percentile(counts, share) for share in SHARES}
