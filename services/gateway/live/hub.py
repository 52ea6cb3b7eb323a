"""The hub: one read of each commit's changes, told to all who follow them.

Owns who follows what, and that nobody is told of a change before the views hold it or misses one: a new follower joins under the lock of
its partition, at a position that the hub has not passed. One that is far behind is brought near outside the lock, so that nobody waits for
its history. Each change is serialised once. Without followers nothing is read.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable

import orjson

from runtime import failpoints, metrics
from runtime.http_problems import ProblemError
from runtime.logging import logger
from services.gateway import rows
from services.gateway.live.client import Client, Subscription
from services.gateway.live.cursor import Cursor
from services.gateway.store import Row, Store

PAGE = 1000
FRAME_CHANGES = 50
RETRY_SECONDS = 0.5

log = logger(__name__)

Follower = tuple[Client, Subscription]


class Hub:
    """Followers per partition, and how far each partition has been told."""

    def __init__(self, store: Store) -> None:
        """Nobody follows."""
        self._store = store
        self._followers: dict[int, list[Follower]] = defaultdict(list)
        self._told: dict[int, int] = {}
        self._known: dict[int, int] = {}
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()

    async def advanced(self, partition: int, next_offset: int) -> None:
        """The projection stands at `next_offset`; returns at once, the telling is done beside."""
        self._known[partition] = max(next_offset, self._known.get(partition, 0))
        if not self._locks[partition].locked():
            task = asyncio.create_task(self._tell(partition))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("feed.failed", error=repr(error)[:300])

    async def join(self, client: Client, subscription: Subscription) -> None:
        """Begin to follow from the subscription's cursor: what is behind the hub already is told first, then what comes."""
        partition = subscription.cursor.partition
        follower = (client, subscription)
        await self._catch_up(follower, partition)
        try:
            async with self._locks[partition]:
                told = self._told.get(partition, self._known.get(partition, 0))
                if subscription.cursor.offset < told:
                    await self._read([follower], partition, subscription.cursor, told)
                await self._tell_states([follower], partition)
                self._told.setdefault(partition, told)  # the last other follower may have left meanwhile
                self._followers[partition].append(follower)
        finally:  # an advance that came meanwhile found the lock taken
            await self.advanced(partition, self._known.get(partition, 0))

    async def _catch_up(self, follower: Follower, partition: int) -> None:
        """Tell what is far behind, page by page at the client's own pace, until less than a page is left."""
        client, subscription = follower
        while not client.overflowed and subscription.cursor.offset < (known := self._known.get(partition, 0)):
            page = await self._page([follower], subscription.cursor, known)
            self._queue_changes([follower], partition, page)
            if len(page) < PAGE:
                subscription.cursor = max(subscription.cursor, Cursor(partition, known))
                return
            await client.drained()

    def leave(self, client: Client, subscription: Subscription) -> None:
        """Follow no more."""
        partition = subscription.cursor.partition
        kept = [f for f in self._followers[partition] if f != (client, subscription)]
        self._followers[partition] = kept
        if not kept:
            self._told.pop(partition, None)

    async def _tell(self, partition: int) -> None:
        async with self._locks[partition]:
            while self._told.get(partition, 0) < self._known[partition]:
                known, followers = self._known[partition], list(self._followers[partition])
                try:
                    if followers:
                        await self._read(followers, partition, Cursor(partition, self._told[partition]), known)
                        await self._tell_states(followers, partition)
                except ProblemError as error:
                    log.warning("feed.postponed", partition=partition, why=error.detail)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                if not followers:
                    self._told.pop(partition, None)
                    return
                self._told[partition] = known

    async def _read(self, followers: list[Follower], partition: int, start: Cursor, end: int) -> None:
        """Read the changes from `start` to before the offset `end`, page by page, and queue them."""
        at = start
        while True:
            followers = [follower for follower in followers if not follower[0].overflowed]
            if not followers:
                return
            page = await self._page(followers, at, end)
            await failpoints.reach("feed.read")
            self._queue_changes(followers, partition, page)
            await failpoints.reach("feed.mid_fanout")
            if len(page) < PAGE:
                break
            at = Cursor(partition, page[-1]["offset"], page[-1]["idx"] + 1)
        for _, subscription in followers:
            subscription.cursor = max(subscription.cursor, Cursor(partition, end))

    async def _page(self, followers: list[Follower], start: Cursor, end: int) -> list[Row]:
        wanted: dict[str, list[str]] = defaultdict(list)
        for _, subscription in followers:
            wanted[subscription.kind].append(subscription.subject)
        if wanted.keys() <= {"balance"}:  # told as it stands, it has no changes
            return []
        return await self._store.changes_between(start, end, wanted, PAGE)

    def _queue_changes(self, followers: Iterable[Follower], partition: int, page: list[Row]) -> None:
        told = [(Cursor(partition, row["offset"], row["idx"]), row, orjson.dumps(rows.change(row))) for row in page]
        for client, subscription in followers:
            mine = [(at, text) for at, row, text in told if at >= subscription.cursor and _concerns(subscription, row)]
            for start in range(0, len(mine), FRAME_CHANGES):
                frame = mine[start : start + FRAME_CHANGES]
                last = frame[-1][0]
                subscription.cursor = Cursor(partition, last.offset, last.idx + 1)
                if not client.put(_changes_frame(subscription, [text for _, text in frame])):
                    break
                metrics.FEED_SENT.inc(len(frame))

    async def _tell_states(self, followers: list[Follower], partition: int) -> None:
        """Batches and balances are told as they stand after a commit, once per commit."""
        await self._tell_batches([f for f in followers if f[1].kind == "batch"])
        await self._tell_balances([f for f in followers if f[1].kind == "balance"], partition)

    async def _tell_batches(self, followers: list[Follower]) -> None:
        ids = sorted({subscription.subject for _, subscription in followers})
        if not ids:
            return
        found = {row["id"]: row for row in await self._store.batches_named(ids)}
        cells = await self._store.cells(ids)
        for client, subscription in followers:
            row = found.get(subscription.subject)
            mark = hash(tuple(sorted(cells.get(subscription.subject, {}).items()))) if row else 0
            if row is None or subscription.seen == (mark := mark ^ hash(row["phase"])):
                continue
            subscription.seen = mark
            client.put(_state_frame("batch", subscription, rows.batch(row, cells[row["id"]])))

    async def _tell_balances(self, followers: list[Follower], partition: int) -> None:
        by_merchant: dict[str, list[Follower]] = defaultdict(list)
        for follower in followers:
            by_merchant[follower[1].merchant_id].append(follower)
        for merchant_id, interested in by_merchant.items():
            held, merchant = await self._store.balances(merchant_id), await self._store.merchant(merchant_id)
            if merchant is not None:
                _queue_balance(interested, partition, held, merchant["main_currency"])


def _queue_balance(followers: list[Follower], partition: int, held: list[Row], main_currency: str) -> None:
    last = max((row["last_offset"] for row in held), default=0)
    for client, subscription in followers:
        if last > subscription.seen:
            subscription.seen = last
            subscription.cursor = max(subscription.cursor, Cursor(partition, last + 1))
            client.put(_state_frame("balance", subscription, rows.balances(held, main_currency)))


def _concerns(subscription: Subscription, row: Row) -> bool:
    match subscription.kind:
        case "batch":
            return bool(row["batch_id"] == subscription.subject)
        case "payout":
            return bool(row["id"] == subscription.subject)
        case "payouts":
            return bool(row["merchant_id"] == subscription.subject)
    return False


def _changes_frame(subscription: Subscription, texts: list[bytes]) -> bytes:
    head = orjson.dumps({"type": "changes", "channel": subscription.name, "cursor": str(subscription.cursor)})
    return head[:-1] + b',"changes":[' + b",".join(texts) + b"]}"


def _state_frame(kind: str, subscription: Subscription, state: dict[str, object]) -> bytes:
    return orjson.dumps({"type": kind, "channel": subscription.name, "cursor": str(subscription.cursor), kind: state})
