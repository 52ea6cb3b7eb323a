"""Who follows what on one partition, and telling them: a frame is made once for all who are owed the same one.

Owns the grouping. What a change costs depends on those it concerns, not on how many follow something else; coming and going costs the same
however many there are. Must not read the views, or wait for a client.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence

import orjson

from runtime import metrics
from services.gateway import rows
from services.gateway.live import frames
from services.gateway.live.client import Client, Subscription
from services.gateway.live.cursor import Cursor
from services.gateway.store import Row

FRAME_CHANGES = 50
FRAMES_AT_ONCE = 500
"""About 5 ms of writing, in which the process does nothing else."""
SUBJECTS = {"batch": "batch_id", "payout": "id", "payouts": "merchant_id"}
"""The kinds of channel that are told of changes, and the column that says which one a change concerns."""

Followers = dict[Subscription, Client]
Follower = tuple[Subscription, Client]
News = list[tuple[Cursor, bytes]]


class Audience:
    """Followers by kind and subject, in the order they came."""

    def __init__(self) -> None:
        """Nobody follows."""
        self._kinds: dict[str, dict[str, Followers]] = defaultdict(dict)
        self._count = 0

    def __len__(self) -> int:
        return self._count

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
            for (channel, start), group in _groups(followers, news[0][0]).items():
                parts = list(_parts(channel, [one for one in news if one[0] >= start]))
                async for some in _turns(group, followers, len(parts)):
                    metrics.FEED_SENT.inc(sum(_tell(client, subscription, parts) for subscription, client in some))

    def _concerned(self, partition: int, page: Sequence[Row]) -> dict[tuple[str, str], News]:
        """The changes by kind and subject, as far as somebody follows. A change is serialised once."""
        found: dict[tuple[str, str], News] = defaultdict(list)
        for row in page:
            one = (Cursor(partition, row["offset"], row["idx"]), orjson.dumps(rows.change(row)))
            for kind, column in SUBJECTS.items():
                if row[column] in self._kinds[kind]:
                    found[kind, row[column]].append(one)
        return found

    async def tell_state(self, kind: str, subject: str, mark: int, at: Cursor, state: Mapping[str, object]) -> None:
        """Queue the state as it stands at `at` for those who were told another mark last."""
        followers = self._kinds[kind].get(subject, {})
        fresh = [(subscription, client) for subscription, client in followers.items() if subscription.seen != mark]
        told = orjson.dumps(state) if fresh else b""
        made: dict[tuple[str, Cursor], bytes] = {}
        async for some in _turns(fresh, followers, 1):
            for subscription, client in some:
                subscription.seen, subscription.cursor = mark, max(subscription.cursor, at)
                key = (subscription.name, subscription.cursor)
                client.put(made.get(key) or made.setdefault(key, frames.state(kind, *key, told)))


def _groups(followers: Followers, first: Cursor) -> dict[tuple[str, Cursor], list[Follower]]:
    """Who are owed the same frames: the same name of the channel, and the same first change."""
    groups: dict[tuple[str, Cursor], list[Follower]] = defaultdict(list)
    for subscription, client in followers.items():
        groups[subscription.name, max(subscription.cursor, first)].append((subscription, client))
    return groups


def _parts(channel: str, news: News) -> Iterator[tuple[Cursor, bytes, int]]:
    """Frames of the changes, each with the cursor behind it and how many it has."""
    for start in range(0, len(news), FRAME_CHANGES):
        part = news[start : start + FRAME_CHANGES]
        last = part[-1][0]
        cursor = Cursor(last.partition, last.offset, last.idx + 1)
        yield cursor, frames.changes(channel, cursor, [text for _, text in part]), len(part)


async def _turns(group: list[Follower], followers: Followers, each: int) -> AsyncIterator[list[Follower]]:
    """Those who follow still, some at a time; `each` gets so many frames. Between the turns others have the loop."""
    step = max(1, FRAMES_AT_ONCE // max(1, each))
    for start in range(0, len(group), step):
        if start:
            await asyncio.sleep(0)
        yield [follower for follower in group[start : start + step] if follower[0] in followers]


def _tell(client: Client, subscription: Subscription, parts: Iterable[tuple[Cursor, bytes, int]]) -> int:
    """How many changes the client took."""
    sent = 0
    for cursor, frame, count in parts:
        subscription.cursor = cursor
        if not client.put(frame):
            break
        sent += count
    return sent
