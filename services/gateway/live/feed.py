"""What the lines of one process share: collaborators, bounds, and messages that are the same for all (LIV-04, LIV-09).

Owns hello's limits, the heartbeat that is made once for all who are due at the same moment, and how many lines there are. Must not know a
subscription.
"""

from dataclasses import dataclass, field

from runtime import metrics
from runtime.clock import Clock
from schemas.times import rfc3339
from services.gateway.live import frames
from services.gateway.live.frames import Frame
from services.gateway.live.heard import MESSAGE_BYTES_MAX, MESSAGES_PER_SECOND
from services.gateway.live.hub import Hub
from services.gateway.live.overview import Overview
from services.gateway.progress import Progress
from services.gateway.store import Store

SIGN_IN_SECONDS = 10.0
SUBSCRIBE_SECONDS = 5.0
SUBSCRIPTIONS_MAX = 50
LINES_MAX = 12_000
REPLAY_PLACES = 1_000_000
BEAT_SHARED_MS = 500


class Lines:
    """How many lines are open, and how many may be."""

    def __init__(self, most: int = LINES_MAX) -> None:
        """None yet."""
        self.most, self.open, self.count = most, 0, 0

    @property
    def is_full(self) -> bool:
        """Whether no further line is taken."""
        return self.open >= self.most

    def came(self) -> int:
        """One more; how many came so far."""
        self.open += 1
        self.count += 1
        metrics.FEED_CLIENTS.inc()
        return self.count

    def went(self) -> None:
        """One less."""
        self.open -= 1
        metrics.FEED_CLIENTS.dec()


class Beat:
    """The heartbeat, made anew when the last one is older than BEAT_SHARED_MS."""

    def __init__(self) -> None:
        """None was made."""
        self._made: tuple[int, Frame] | None = None

    def frame(self, progress: Progress, clock: Clock) -> Frame:
        """Time, position per partition, and how old the views are."""
        now = clock.now_ms()
        if self._made is None or not 0 <= now - self._made[0] < BEAT_SHARED_MS:
            position = {str(partition): offset for partition, offset in sorted(progress.next_offset.items())}
            told = {"type": "heartbeat", "time": rfc3339(now), "position": position, "lag_ms": lag_ms(progress)}
            self._made = (now, frames.message(told))
        return self._made[1]


def lag_ms(progress: Progress) -> object:
    """How old the views are now."""
    return progress.freshness()["max_age_ms"]


@dataclass(frozen=True)
class Feed:
    """Collaborators and bounds. A cursor more than `replay_places` behind is too old to be resumed from (LIV-07)."""

    store: Store
    hub: Hub
    progress: Progress
    clock: Clock
    partitions: int
    heartbeat_seconds: float
    overview: Overview
    replay_places: int = REPLAY_PLACES
    lines: Lines = field(default_factory=Lines)
    beat: Beat = field(default_factory=Beat)

    def hello(self, *, signed_in: bool) -> dict[str, object]:
        """The first message of every line."""
        limits = {
            "heartbeat_seconds": self.heartbeat_seconds,
            "sign_in_within_seconds": SIGN_IN_SECONDS,
            "subscribe_within_seconds": SUBSCRIBE_SECONDS,
            "subscriptions": SUBSCRIPTIONS_MAX,
            "message_bytes": MESSAGE_BYTES_MAX,
            "messages_per_second": MESSAGES_PER_SECOND,
            "replay_places": self.replay_places,
        }
        return {"type": "hello", "v": 1, "signed_in": signed_in, "limits": limits, "time": self.time()}

    def time(self) -> str:
        """Now, as messages tell it."""
        return rfc3339(self.clock.now_ms())

    def pong(self) -> dict[str, object]:
        """The answer to a ping: who asks every few seconds knows as often how old the views are, not only at each heartbeat."""
        return {"type": "pong", "time": self.time(), "lag_ms": lag_ms(self.progress)}

    def heartbeat(self) -> Frame:
        """The heartbeat of now, the very same for all who are due."""
        return self.beat.frame(self.progress, self.clock)
