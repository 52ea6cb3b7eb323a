"""What several crowds of followers have seen, added up, and the figures of it.

Owns the arithmetic of the fan-out. Must not talk to anybody.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bench.percentiles import percentile
from bench.trickle import Trickle

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
    return {
        "changes_per_s": sent.rate,
        "sent_late_s": sent.late,
        "frames_per_s": frames / seconds,
        "mib_per_s": found["bytes"] / seconds / 2**20,
        "p50_ms": percentile(found["steps"], 0.5),
        "p99_ms": percentile(found["steps"], 0.99),
        "worst_ms": percentile(found["steps"], 1),
    }
