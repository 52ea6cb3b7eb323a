"""What several crowds of followers have seen, added up, and the figures of it.

Owns the arithmetic of the fan-out. Must not talk to anybody.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.percentiles import percentile
from bench.trickle import Trickle

PERCENTILES = {"p50_ms": 0.5, "p99_ms": 0.99, "worst_ms": 1.0}
GREETINGS = {"hello", "subscribed", "snapshot", "heartbeat", "pong", "error"}


def added(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What several crowds have seen, as one."""
    names = ("frames", "slow_frames", "fast_ends", "slow_ends")
    found: dict[str, Any] = {name: dict(sum((Counter(one[name]) for one in reports), Counter())) for name in names}
    found["steps"] = sum((Counter({int(step): count for step, count in one["steps"].items()}) for one in reports), Counter())
    some = [one for one in reports if one["last"]]
    found["seconds"] = max(one["last"] for one in some) - min(one["first"] for one in some) if some else 0.0
    return found | {name: sum(one[name] for one in reports) for name in ("bytes", "complete")}


def news(frames: Mapping[str, int]) -> int:
    """Frames that tell of a change; greetings, snapshots and heartbeats do not count."""
    return sum(count for kind, count in frames.items() if kind not in GREETINGS)


def figures_of(found: dict[str, Any], sent: Trickle) -> dict[str, float]:
    """Frames per second of the fast followers, and milliseconds from commit to receipt."""
    seconds, frames = max(found["seconds"], sent.seconds), news(found["frames"])
    figures = {
        "changes_per_s": sent.rate,
        "sent_late_s": sent.late,
        "frames_per_s": frames / seconds,
        "mib_per_s": found["bytes"] / seconds / 2**20,
    }
    if found["steps"]:  # with none, nobody who reads fast was told anything
        figures |= {name: percentile(found["steps"], share) for name, share in PERCENTILES.items()}
    return figures


def slowed(with_slow: Mapping[str, float], without: Mapping[str, float]) -> dict[str, float]:
    """What slow readers do to the others: their p99 by what it is without them."""
    if "p99_ms" in with_slow and "p99_ms" in without:
        return {"p99_with_slow_by_without": with_slow["p99_ms"] / without["p99_ms"]}
    return {}
