"""Those who come to follow a partition: brought near what is told live, and let in, together where they stand near each other.

Owns that what many lack is read and made once for all of them (after a gateway's restart everybody comes back at the same place), and
that nobody waits for another one's history, or for another one who reads slowly. Must not tell anybody of what comes live.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from services.gateway.live import audience
from services.gateway.live.audience import Audience
from services.gateway.live.client import Client
from services.gateway.live.cursor import Cursor
from services.gateway.live.subscription import Subscription
from services.gateway.store import Row

PAGE = 1000
NEAR_PLACES = 64
"""Places of the log; who stand within the same stretch come together."""
PATIENCE_SECONDS = 0.2
"""So long those who read fast wait for the others of their group; who is not ready then goes on alone, at its own pace."""

Stretch = tuple[int, int]
Group = dict[Subscription, "Arrival"]
Ready = Callable[[Group, Audience], Awaitable[None]]
"""Waits until a group's lines take more, or leaves some of it out."""


class Arrival(NamedTuple):
    """One who comes. `let_in` tells whether it follows now, or has to go on alone because it read too slowly."""

    client: Client
    subscription: Subscription
    let_in: "asyncio.Future[bool]"


class Arrivals:
    """Groups that are under way. `page` reads changes for an audience from a place to before an offset."""

    def __init__(
        self,
        page: Callable[[Audience, Cursor, int], Awaitable[Sequence[Row]]],
        known: Callable[[int], int],
        let_in: Callable[[Audience, int, Group], Awaitable[None]],
    ) -> None:
        """Nobody comes. `let_in` makes followers of a group that is near."""
        self._page, self._known, self._let_in = page, known, let_in
        self._waiting: dict[Stretch, Group] = defaultdict(dict)
        self._coming: dict[Subscription, asyncio.Future[bool]] = {}
        self._tasks: dict[Stretch, asyncio.Task[None]] = {}

    async def come(self, client: Client, subscription: Subscription) -> None:
        """Return when it follows; one who goes before is let in no more. Raises ProblemError while the views are away."""
        try:
            if not await self._with_others(client, subscription) and subscription in self._coming:
                arrival = self._arrival(client, subscription)
                await self._bring(subscription.cursor.partition, {subscription: arrival}, own_pace)
                await arrival.let_in
        finally:
            self._coming.pop(subscription, None)

    def leave(self, subscription: Subscription) -> None:
        """Who is still coming is told nothing more, and is let in no more: its right may have ended (SEC-12)."""
        let_in = self._coming.pop(subscription, None)
        if let_in is not None and not let_in.done():
            let_in.set_result(True)

    def _arrival(self, client: Client, subscription: Subscription) -> Arrival:
        self._coming[subscription] = let_in = asyncio.get_running_loop().create_future()
        return Arrival(client, subscription, let_in)

    async def _with_others(self, client: Client, subscription: Subscription) -> bool:
        arrival, at = self._arrival(client, subscription), subscription.cursor
        let_in, stretch = arrival.let_in, (at.partition, at.offset // NEAR_PLACES)
        self._waiting[stretch][subscription] = arrival
        if stretch not in self._tasks:
            self._tasks[stretch] = asyncio.create_task(self._bring_all(stretch))
        return await let_in

    async def _bring_all(self, stretch: Stretch) -> None:
        """One group after another, as long as some wait."""
        try:
            while group := self._waiting.pop(stretch, {}):
                await self._bring(stretch[0], group, leave_the_slow)
        finally:
            del self._tasks[stretch]

    async def _bring(self, partition: int, group: Group, ready: Ready) -> None:
        alone = Audience()
        for arrival in group.values():
            alone.add(arrival.client, arrival.subscription)
        try:
            await self._near(partition, group, alone, ready)
            await self._let_in(alone, partition, group)
            _answer(group, let_in=True)
        except Exception as error:  # noqa: BLE001  whatever it is, it is for those who wait for it
            _fail(group, error)
        finally:  # the process ends
            for arrival in group.values():
                arrival.let_in.cancel()

    async def _near(self, partition: int, group: Group, alone: Audience, ready: Ready) -> None:
        """Tell what is far behind, frame by frame as fast as those keep up who do, until hardly anything is left."""
        while (start := first(group, alone)) is not None and start.offset < (known := self._known(partition)):
            page = await self._page(alone, start, known)
            for at in range(0, len(page), audience.FRAME_CHANGES):
                await ready(group, alone)
                _leave_out_gone(group, alone)
                await alone.tell_changes(partition, page[at : at + audience.FRAME_CHANGES])
            if len(page) < PAGE:
                _stand(group, Cursor(partition, known))
                if len(page) <= audience.FRAME_CHANGES:
                    return


def first(group: Group, alone: Audience) -> Cursor | None:
    """The place of the one that is furthest behind; those who have gone, or overflowed, are brought nowhere."""
    _leave_out_gone(group, alone)
    return min((one.cursor for one, arrival in group.items() if not arrival.client.overflowed), default=None)


def _leave_out_gone(group: Group, alone: Audience) -> None:
    for subscription in [one for one, arrival in group.items() if arrival.let_in.done()]:
        alone.remove(subscription)
        del group[subscription]


def _stand(group: Group, at: Cursor) -> None:
    """All before this place has been told."""
    for subscription, arrival in group.items():
        if not arrival.client.overflowed:
            subscription.cursor = max(subscription.cursor, at)


async def own_pace(group: Group, _alone: Audience) -> None:
    """Wait until all are ready, as long as that takes."""
    for arrival in group.values():
        await arrival.client.drained()


async def leave_the_slow(group: Group, alone: Audience) -> None:
    """Wait a moment for those whose lines are not empty; who is not ready then is no part of the group."""
    slow = {_drained(one): one for one in group.values() if not one.client.is_drained and not one.let_in.done()}
    if not slow:
        return
    _, late = await asyncio.wait(slow, timeout=PATIENCE_SECONDS)
    for task in late:
        task.cancel()
        alone.remove(slow[task].subscription)
        _answer({slow[task].subscription: group.pop(slow[task].subscription)}, let_in=False)


def _drained(arrival: Arrival) -> "asyncio.Task[None]":
    """Ends when its line is empty, or when it has gone."""
    task = asyncio.create_task(arrival.client.drained())
    arrival.let_in.add_done_callback(lambda _: task.cancel())
    return task


def _answer(group: Group, *, let_in: bool) -> None:
    for arrival in group.values():
        if not arrival.let_in.done():
            arrival.let_in.set_result(let_in)


def _fail(group: Group, error: Exception) -> None:
    for arrival in group.values():
        if not arrival.let_in.done():
            arrival.let_in.set_exception(error)
