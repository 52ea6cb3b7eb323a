"""What one client has not been sent: in order, bounded, folded per row before anything is dropped (LIV-08).

Owns the three steps of a slow reader: everything waits; past the bound only the newest change of a row and the newest state of a channel
wait; where that is too much still, changes are dropped and a `gap` says how many. Must not send, or know a clock.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from runtime import metrics
from services.gateway.live import frames
from services.gateway.live.cursor import Cursor
from services.gateway.live.frames import Frame
from services.gateway.live.subscription import Part, Subscription

FRAMES_MAX = 500
BYTES_MAX = 1024 * 1024
"""Of one client, what waits here and what its line has not sent yet. A single larger frame is taken only by an idle line."""


class Gap(NamedTuple):
    """Changes of a channel that were dropped: how many, and between which places."""

    start: Cursor
    cursor: Cursor
    dropped: int


class State(NamedTuple):
    """A state as it stood at a place: the bytes of its JSON, shared by all who are told it."""

    at: Cursor
    told: bytes


class Owed(NamedTuple):
    """One thing that waits: a message (no subscription), or a subscription's part of changes, state or gap."""

    frame: Frame
    subscription: Subscription | None = None
    part: Part | None = None
    state: State | None = None
    gap: Gap | None = None


class Backlog:
    """First in, first out."""

    def __init__(self) -> None:
        """Nothing waits."""
        self._owed: deque[Owed] = deque()
        self._told: dict[Subscription, Cursor] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._owed)

    @property
    def has_gap(self) -> bool:
        """Whether a gap waits to be told."""
        return any(owed.gap is not None for owed in self._owed)

    @property
    def folds(self) -> bool:
        """Whether all changes that wait may be folded and dropped."""
        return all(owed.subscription.folds for owed in self._owed if owed.subscription is not None)

    def resume(self, subscription: Subscription) -> Cursor:
        """The place behind the last that left here."""
        return self._told.get(subscription, subscription.cursor)

    def fits(self, size: int, unsent: int) -> bool:
        """Whether one more frame of so many bytes stays within the bounds."""
        return len(self._owed) < FRAMES_MAX and self.bytes + unsent + size <= BYTES_MAX

    def is_half_full(self, unsent: int) -> bool:
        """Whether it holds so much that folding again would soon be needed."""
        return len(self._owed) > FRAMES_MAX // 2 or self.bytes + unsent > BYTES_MAX // 2

    def add(self, owed: Owed) -> None:
        """One more."""
        if owed.part is not None and owed.subscription is not None:
            self._told.setdefault(owed.subscription, owed.part.start)
        self._owed.append(owed)
        self.bytes += len(owed.frame)

    def next(self) -> Frame:
        """Take the first. Raises IndexError when nothing waits."""
        owed = self._owed.popleft()
        self.bytes -= len(owed.frame)
        behind = owed.part or owed.gap
        if behind is not None and owed.subscription is not None:
            self._told[owed.subscription] = behind.cursor
        if not self._owed:
            self._told.clear()
        return owed.frame

    def clear(self) -> int:
        """Forget everything but where each goes on; how many changes that were."""
        dropped = _changes(self._owed)
        self._owed.clear()
        self.bytes = 0
        return dropped

    def forget(self, subscription: Subscription) -> None:
        """It is followed no more: nothing of it is told."""
        self._refill([owed for owed in self._owed if owed.subscription is not subscription])
        self._told.pop(subscription, None)

    def fold(self) -> None:
        """Of each row keep the newest change, of each channel the newest state."""
        before = _changes(self._owed)
        self._refill(list(_newest(self._owed))[::-1])
        metrics.FEED_FOLDED.inc(before - _changes(self._owed))

    def drop(self) -> None:
        """Of each channel leave a gap in the place of its changes; its state is told behind the gap."""
        gaps = self._dropped()
        stands: dict[Subscription, Cursor] = {}
        kept = {subscription: self._gap(subscription, gap, stands) for subscription, gap in gaps.items()}
        filled: list[Owed] = []
        for owed in self._owed:
            if owed.subscription in kept:
                filled.append(kept.pop(owed.subscription))
            if owed.part is None:
                gap = gaps.get(owed.subscription) if owed.subscription is not None else None
                filled.append(_moved(owed, gap.cursor) if gap is not None else owed)
        self._refill(filled)
        metrics.FEED_DROPPED.inc(sum(gap.dropped for gap in gaps.values()))
        metrics.FEED_GAPS.inc(len(gaps))

    def _dropped(self) -> dict[Subscription, Gap]:
        gaps: dict[Subscription, Gap] = {}
        for owed in self._owed:
            if owed.part is not None and owed.subscription is not None:
                gap = gaps.get(owed.subscription) or Gap(self._told[owed.subscription], owed.part.cursor, 0)
                gaps[owed.subscription] = Gap(gap.start, owed.part.cursor, gap.dropped + len(owed.part.changes))
        return gaps

    def _gap(self, subscription: Subscription, gap: Gap, stands: dict[Subscription, Cursor]) -> Owed:
        """`stands` is where gaps before this one have brought the client; this one is added."""

        def place(other: Subscription) -> Cursor:
            return stands.get(other) or self.resume(other)

        resume = subscription.text(gap.start, place)
        stands[subscription] = gap.cursor
        fields = {"cursor": subscription.text(gap.cursor, place), "resume": resume, "dropped": gap.dropped}
        return Owed(frames.message({"type": "gap", "channel": subscription.name, **fields}), subscription, gap=gap)

    def _refill(self, kept: list[Owed]) -> None:
        self._owed = deque(kept)
        self.bytes = sum(len(owed.frame) for owed in kept)


def _changes(owed: Iterable[Owed]) -> int:
    return sum(len(one.part.changes) for one in owed if one.part is not None)


def _moved(owed: Owed, cursor: Cursor) -> Owed:
    """A state, not before a place: what stood earlier is gone."""
    if owed.state is None or owed.subscription is None or owed.state.at >= cursor:
        return owed
    told = frames.state(owed.subscription.kind, owed.subscription.name, owed.subscription.text(cursor), owed.state.told)
    return owed._replace(frame=told, state=State(cursor, owed.state.told))


def _newest(owed: deque[Owed]) -> Iterator[Owed]:
    """From the last to the first what no later one makes needless."""
    rows: set[tuple[Subscription, str]] = set()
    states: set[Subscription] = set()
    for one in reversed(owed):
        if one.subscription is None or one.gap is not None:
            yield one
        elif one.part is None:
            if one.subscription not in states:
                states.add(one.subscription)
                yield one
        elif (part := _without(one.part, one.subscription, rows)) is not None:
            yield Owed(part.frame, one.subscription, part)


def _without(part: Part, subscription: Subscription, seen: set[tuple[Subscription, str]]) -> Part | None:
    """The part without changes of rows that were seen; None if nothing is left. Its cursor stays: what is left out comes behind it."""
    kept: list[tuple[str, bytes, bool]] = []
    for change in reversed(part.changes):
        name = (subscription, change[0])
        if name not in seen:
            seen.add(name)
            kept.append(change)
    if not kept:
        return None
    if len(kept) == len(part.changes):
        return part
    kept.reverse()
    wanted, left = [told for _, told, is_wanted in kept if is_wanted], [told for _, told, is_wanted in kept if not is_wanted]
    folded = len(part.changes) - len(kept)
    frame = frames.changes(subscription.name, str(part.frame.cursor), wanted, left, folded)
    return part._replace(frame=frame, changes=kept)
