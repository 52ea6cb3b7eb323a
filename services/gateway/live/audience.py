"""Who follows what on one partition, and telling them: a frame is made once for all who are owed the same one.

Owns the grouping. What a change costs depends on those it concerns, not on how many follow something else; coming and going costs the same
however many there are. Must not read the views, or wait for a client.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from runtime import metrics
from services.gateway import rows
from services.gateway.live import frames
from services.gateway.live.backlog import State
from services.gateway.live.client import Client
from services.gateway.live.cursor import ALL, Cursor
from services.gateway.live.frames import Frame
from services.gateway.live.selection import Selection
from services.gateway.live.subscription import Part, Subscription
from services.gateway.store import Row

FRAME_CHANGES = 50
FRAMES_AT_ONCE = 500
"""About 5 ms of writing, in which the process does nothing else."""
SUBJECTS = {"batch": "batch_id", "payout": "id", "payouts": "merchant_id"}
"""The kinds of channel that are told of changes, and the column that says which one a change concerns."""

Followers = dict[Subscription, Client]
Follower = tuple[Subscription, Client]
Made = dict[tuple[Cursor, str], Frame]
"""Frames of a channel over all merchants by their place and the whole cursor they carry."""
NOT_YET = Frame(b"")
"""Over all merchants the frame is made when it is told: its cursor says where the client stands on every partition at that moment."""


class News(NamedTuple):
    """A change at its place: the row it comes from and its JSON."""

    at: Cursor
    row: Row
    told: bytes


class Audience:
    """Followers by kind and subject, in the order they came."""

    def __init__(self) -> None:
        """Nobody follows."""
        self._kinds: dict[str, dict[str, Followers]] = defaultdict(dict)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, subscription: Subscription) -> bool:
        return subscription in self._kinds[subscription.kind].get(subscription.subject, {})

    @property
    def hears(self) -> bool:
        """Whether there is anybody who did not overflow."""
        every = (followers for subjects in self._kinds.values() for followers in subjects.values())
        return any(not client.overflowed for followers in every for client in followers.values())

    @property
    def wanted(self) -> dict[str, list[str]]:
        """Whose changes somebody wants: ids by kind."""
        return {kind: list(subjects) for kind in SUBJECTS if (subjects := self._kinds[kind])}

    def subjects(self, kind: str) -> list[str]:
        """What of this kind is followed."""
        return sorted(self._kinds[kind])

    def add(self, client: Client, subscription: Subscription) -> None:
        """One more."""
        self._kinds[subscription.kind].setdefault(subscription.subject, {})[subscription] = client
        self._count += 1

    def remove(self, subscription: Subscription) -> None:
        """One less, if it is there."""
        subjects = self._kinds[subscription.kind]
        followers = subjects.get(subscription.subject, {})
        if followers.pop(subscription, None) is not None:
            self._count -= 1
            if not followers:
                del subjects[subscription.subject]

    async def tell_changes(self, partition: int, page: Sequence[Row]) -> None:
        """Queue what each has not been told yet of these changes."""
        for (kind, subject), news in self._concerned(partition, page).items():
            followers = self._kinds[kind].get(subject, {})
            for start, group in _groups(followers, news[0].at):
                parts = list(_parts(group[0][0], [one for one in news if one.at >= start]))
                made: Made = {}
                async for some in _turns(group, followers, len(parts)):
                    metrics.FEED_SENT.inc(sum(_tell(client, subscription, parts, made) for subscription, client in some))

    def _concerned(self, partition: int, page: Sequence[Row]) -> dict[tuple[str, str], list[News]]:
        """The changes by kind and subject, as far as somebody follows. A change is serialised once."""
        found: dict[tuple[str, str], list[News]] = defaultdict(list)
        everybody = self._kinds["payouts"].get(ALL)
        for row in page:
            one = News(Cursor(partition, row["offset"], row["idx"]), row, orjson.dumps(rows.change(row)))
            for kind, column in SUBJECTS.items():
                if row[column] in self._kinds[kind]:
                    found[kind, row[column]].append(one)
            if everybody:
                found["payouts", ALL].append(one)
        return found

    async def tell_state(self, kind: str, subject: str, mark: int, at: Cursor, state: Mapping[str, object]) -> None:
        """Queue the state as it stands at `at` for those who were told another mark last."""
        followers = self._kinds[kind].get(subject, {})
        fresh = [(subscription, client) for subscription, client in followers.items() if subscription.seen != mark]
        told = orjson.dumps(state) if fresh else b""
        made: dict[tuple[str, Cursor], Frame] = {}
        async for some in _turns(fresh, followers, 1):
            for subscription, client in some:
                subscription.seen, subscription.cursor = mark, max(subscription.cursor, at)
                key = (subscription.name, subscription.cursor)
                if key not in made:
                    made[key] = frames.state(kind, subscription.name, subscription.text(subscription.cursor), told)
                client.put_state(subscription, made[key], State(subscription.cursor, told))


def _groups(followers: Followers, first: Cursor) -> Iterator[tuple[Cursor, list[Follower]]]:
    """Who are owed the same frames: the same name of the channel, and the same first change, which comes with them."""
    groups: dict[tuple[str, Cursor], list[Follower]] = defaultdict(list)
    for subscription, client in followers.items():
        groups[subscription.name, max(subscription.cursor, first)].append((subscription, client))
    for (_, start), group in groups.items():
        yield start, group


def _parts(to: Subscription, news: Sequence[News]) -> Iterator[Part]:
    """Frames of the changes for all who follow what this one does, each with the cursor behind it."""
    chosen = _chosen(to.selection, news)
    for start in range(0, len(chosen), FRAME_CHANGES):
        part = chosen[start : start + FRAME_CHANGES]
        last = part[-1][0].at
        cursor = Cursor(last.partition, last.offset, last.idx + 1)
        changes = [(one.row["id"], told, is_wanted) for one, told, is_wanted in part]
        frame = _frame(to.name, to.text(cursor), changes) if to.siblings is None else NOT_YET
        yield Part(part[0][0].at, cursor, frame, changes)


def _frame(channel: str, cursor: str, changes: Sequence[tuple[str, bytes, bool]]) -> Frame:
    wanted = [told for _, told, is_wanted in changes if is_wanted]
    left = [told for _, told, is_wanted in changes if not is_wanted]
    return frames.changes(channel, cursor, wanted, left)


def _chosen(selection: Selection | None, news: Sequence[News]) -> list[tuple[News, bytes, bool]]:
    """What filters leave of the changes: those of rows that are wanted, and a word on those that are not."""
    if selection is None:
        return [(one, one.told, True) for one in news]
    concerned = [(one, selection.wants(one.row)) for one in news if selection.concerns(one.row)]
    return [(one, one.told if wants else _left(one.row), wants) for one, wants in concerned]


def _left(row: Row) -> bytes:
    return orjson.dumps({"id": row["id"], "version": row["version"]})


async def _turns(group: list[Follower], followers: Followers, each: int) -> AsyncIterator[list[Follower]]:
    """Those who follow still, some at a time; `each` gets so many frames. Between the turns others have the loop."""
    step = max(1, FRAMES_AT_ONCE // max(1, each))
    for start in range(0, len(group), step):
        if start:
            await asyncio.sleep(0)
        yield [follower for follower in group[start : start + step] if follower[0] in followers]


def _tell(client: Client, subscription: Subscription, parts: Iterable[Part], made: Made) -> int:
    """How many changes the client took."""
    sent = 0
    for part in parts:
        if not client.put_changes(subscription, part if subscription.siblings is None else _whole(subscription, part, made)):
            break
        sent += len(part.changes)
    return sent


def _whole(subscription: Subscription, part: Part, made: Made) -> Part:
    """The part with its frame; those who stand at the same places share it."""
    key = (part.cursor, subscription.text(part.cursor))
    if key not in made:
        made[key] = _frame(subscription.name, key[1], part.changes)
    return part._replace(frame=made[key])
