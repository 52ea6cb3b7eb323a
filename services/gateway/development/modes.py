"""The modes of the fault layer, in words and numbers (CON-18).

Owns what each mode is called and does, for the layer and for the panel that chooses one. Must not know a request.
"""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """One at a time; `none` lets everything pass."""

    NONE = "none"
    INTERMITTENT = "intermittent"
    LATENCY = "latency"
    PARTIAL_OUTAGE = "partial_outage"
    DEGRADED = "degraded"
    STALE = "stale"
    EVERYTHING = "everything"


@dataclass(frozen=True)
class Numbers:
    """How strong the modes are. Seconds, and shares of 1."""

    failing: float = 0.30
    latency: tuple[float, float] = (2.0, 5.0)
    times: float = 10.0
    slowest: float = 30.0
    stale: float = 120.0
    feed_life: tuple[float, float] = (3.0, 20.0)
    seconds: int = 900
    seconds_max: int = 3600


AWAY = frozenset({"balance", "ledger", "figures", "webhooks", "deliveries"})
"""What a partial outage takes away unless it is told otherwise: money reads, figures and webhooks; payouts, batches and the feed go on."""

SOMETIMES = (
    "30 % of requests fail: before they reach anything, after they took effect, or with an answer that is cut off. The feed breaks "
    "after 3 to 20 s."
)
WORDS: dict[Mode, tuple[str, str]] = {
    Mode.NONE: ("No faults", "Requests pass as they are."),
    Mode.INTERMITTENT: ("Intermittent failures", SOMETIMES),
    Mode.LATENCY: ("High latency", "Every request waits 2 to 5 s before it goes on, the feed's handshake too."),
    Mode.PARTIAL_OUTAGE: (
        "Partial outage",
        "Some parts answer 503 (balance, ledger, figures, webhooks); the others are well.",
    ),
    Mode.DEGRADED: ("Degraded", "Every answer takes ten times as long as it took."),
    Mode.STALE: ("Stale data", "Reads are answered with what was true 120 s ago or more, and say so; the feed is away."),
    Mode.EVERYTHING: (
        "Everything broken",
        "Every request fails, by 503 or a cut line, before it reaches anything; the feed too.",
    ),
}
"""Mode to its title and what it does. A request that was refused had no effect; one whose answer was lost may have had one."""
