"""The hub: one read of each commit's changes, told to all who follow them.

Owns that nobody is told of a change before the views hold it or misses one: a new follower joins under the lock of its partition, at a
position that the hub has not passed; `arrivals` brings it near before that.
Without followers nothing is read.
"""

import asyncio
from collections import defaultdict

from runtime import failpoints
from runtime.http_problems import ProblemError
from runtime.logging import logger
from services.gateway import rows
from services.gateway.live import arrivals
from services.gateway.live.arrivals import Arrivals, Group, first
from services.gateway.live.audience import Audience
from services.gateway.live.client import Client
from services.gateway.live.cursor import Cursor
from services.gateway.live.subscription import Subscription
from services.gateway.store import Row, Store

RETRY_SECONDS = 0.5

log = logger(__name__)


class Hub:
    """Followers per partition, and how far each partition has been told."""

    def __init__(self, store: Store) -> None:
        """Nobody follows."""
        self._store = store
        self._followers: dict[int, Audience] = defaultdict(Audience)
        self._told: dict[int, int] = {}
        self._known: dict[int, int] = {}
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._arrivals = Arrivals(self._page, lambda partition: self._known.get(partition, 0), self._let_in)

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
        await self._arrivals.come(client, subscription)

    async def _let_in(self, alone: Audience, partition: int, group: Group) -> None:
        """Those who are near hear the rest, and are followers from then on."""
        try:
            async with self._locks[partition]:
                told = self._told.get(partition, self._known.get(partition, 0))
                start = first(group, alone)
                if start is not None and start.offset < told:
                    await self._read(alone, partition, start, told)
                await self._tell_states(alone, Cursor(partition, told))
                self._told.setdefault(partition, told)  # the last other follower may have left meanwhile
                for subscription, arrival in group.items():
                    if not arrival.let_in.done():
                        self._followers[partition].add(arrival.client, subscription)
        finally:  # an advance that came meanwhile found the lock taken
            await self.advanced(partition, self._known.get(partition, 0))

    def leave(self, subscription: Subscription) -> None:
        """Follow no more; nor come any further."""
        self._arrivals.leave(subscription)
        partition = subscription.cursor.partition
        self._followers[partition].remove(subscription)
        if not self._followers[partition]:
            self._told.pop(partition, None)

    def told(self, subscription: Subscription) -> Cursor | None:
        """The place up to which a follower has been told all that concerns it; None while it is not told live."""
        partition = subscription.cursor.partition
        if partition not in self._told or subscription not in self._followers[partition]:
            return None
        return max(subscription.cursor, Cursor(partition, self._told[partition]))

    async def _tell(self, partition: int) -> None:
        async with self._locks[partition]:
            while self._told.get(partition, 0) < self._known[partition]:
                known, followers = self._known[partition], self._followers[partition]
                if not followers:
                    self._told.pop(partition, None)
                    return
                try:
                    await self._read(followers, partition, Cursor(partition, self._told[partition]), known)
                    await self._tell_states(followers, Cursor(partition, known))
                except ProblemError as error:
                    log.warning("feed.postponed", partition=partition, why=error.detail)
                    await asyncio.sleep(RETRY_SECONDS)
                    continue
                self._told[partition] = known

    async def _read(self, followers: Audience, partition: int, start: Cursor, end: int) -> None:
        """Read the changes from `start` to before the offset `end`, page by page, and queue them."""
        at = start
        while followers.hears:
            page = await self._page(followers, at, end)
            await failpoints.reach("feed.read")
            await followers.tell_changes(partition, page)
            await failpoints.reach("feed.mid_fanout")
            if len(page) < arrivals.PAGE:
                return
            at = Cursor(partition, page[-1]["offset"], page[-1]["idx"] + 1)

    async def _page(self, followers: Audience, start: Cursor, end: int) -> list[Row]:
        wanted = followers.wanted
        if not wanted:  # balances are told as they stand, they have no changes
            return []
        return await self._store.changes_between(start, end, wanted, arrivals.PAGE)

    async def _tell_states(self, followers: Audience, at: Cursor) -> None:
        """Batches and balances are told as they stand after a commit, once per commit."""
        await self._tell_batches(followers, at)
        await self._tell_balances(followers, at)

    async def _tell_batches(self, followers: Audience, at: Cursor) -> None:
        ids = followers.subjects("batch")
        if not ids:
            return
        found = await self._store.batches_named(ids)
        cells = await self._store.cells(ids)
        for row in found:
            held = cells[row["id"]]
            mark = hash(tuple(sorted(held.items()))) ^ hash(row["phase"])
            await followers.tell_state("batch", row["id"], mark, at, rows.batch(row, held))

    async def _tell_balances(self, followers: Audience, at: Cursor) -> None:
        for merchant_id in followers.subjects("balance"):
            held, merchant = await self._store.balances(merchant_id), await self._store.merchant(merchant_id)
            if merchant is not None:
                last = max((row["last_offset"] for row in held), default=0)
                stands = max(at, Cursor(at.partition, last + 1))
                await followers.tell_state(
                    "balance", merchant_id, last, stands, rows.balances(held, merchant["main_currency"])
                )
