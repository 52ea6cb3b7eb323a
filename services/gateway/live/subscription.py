"""One channel of one client on one partition: how far it has been told, and what it wants to hear.

Owns nothing else. Must not know how it is told.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from services.gateway.live.cursor import Cursor, told
from services.gateway.live.frames import Frame
from services.gateway.live.selection import Selection

OVERVIEWS = frozenset({"providers", "ops"})
"""Kinds that are told as they stand, over all merchants; they have no changes."""


class Part(NamedTuple):
    """A frame of changes: the place before the first and behind the last, and each change as (row, JSON, whether it is wanted)."""

    start: Cursor
    cursor: Cursor
    frame: Frame
    changes: list[tuple[str, bytes, bool]]


def _stands(subscription: "Subscription") -> Cursor:
    return subscription.cursor


class Subscription:
    """`cursor` is behind the last that it was told; it stays there while nothing concerns it.

    `siblings` are those of the same channel on all partitions, in their order, where it is about all merchants; else None.
    """

    __slots__ = ("cursor", "folds", "kind", "name", "owner", "seen", "selection", "siblings", "subject")

    def __init__(
        self,
        name: str,
        kind: str,
        subject: str,
        owner: str,
        cursor: Cursor,
        *,
        selection: Selection | None = None,
        folds: bool = False,
    ) -> None:
        """`kind` is batch, payout, payouts or balance; `subject` the id it is about, `owner` the merchant (or ALL) that its cursors name.

        `selection` are its filters; `folds`: a slow client hears only the newest change of a row.
        """
        self.name, self.kind, self.subject, self.owner = name, kind, subject, owner
        self.cursor = cursor
        self.selection, self.folds = selection, folds
        self.seen = -1
        self.siblings: Sequence[Subscription] | None = None

    def text(self, cursor: Cursor, stands: Callable[["Subscription"], Cursor] = _stands) -> str:
        """A place as this subscription's client keeps it: with where its siblings stand, by default behind what they were told."""
        if self.siblings is None:
            return told((cursor,), self.owner)
        return told((cursor if one is self else stands(one) for one in self.siblings), self.owner)
