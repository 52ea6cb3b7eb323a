"""The channels about all merchants together, told as they stand: `providers` and `ops` (LIV-03).

Owns when they are read: while somebody follows one, at most every PAUSE_SECONDS, and never for longer than a tenth of the time; each state
is made once for all. Must not know what the forms hold.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import orjson

from runtime.http_problems import ProblemError
from runtime.logging import logger
from services.gateway import operations
from services.gateway.live import frames
from services.gateway.live.backlog import State
from services.gateway.live.client import Client
from services.gateway.live.cursor import ALL, Cursor, told
from services.gateway.live.frames import Frame
from services.gateway.live.subscription import Subscription
from services.gateway.operations import IsReady
from services.gateway.progress import Progress
from services.gateway.store import Store

PAUSE_SECONDS = 2.0
SHARE = 10

log = logger(__name__)

Read = Callable[[], Awaitable[dict[str, object]]]


class Overview:
    """Followers of each, and the last state that was read."""

    def __init__(self, store: Store, progress: Progress, parts: Mapping[str, IsReady] | None = None) -> None:
        """`parts` say whether other parts of the product are ready, by name."""
        self._progress = progress
        self._reads: dict[str, Read] = {
            "providers": lambda: operations.providers(store),
            "ops": lambda: operations.operation(store, progress, parts or {}),
        }
        self._followers: dict[str, dict[Subscription, Client]] = {kind: {} for kind in self._reads}
        self._task: asyncio.Task[None] | None = None

    async def join(self, client: Client, subscription: Subscription) -> None:
        """Tell how it stands now, and go on telling. Raises ProblemError while the views are away."""
        at, state = self._place(), orjson.dumps(await self._reads[subscription.kind]())
        _tell(client, subscription, frames.state(subscription.kind, subscription.kind, at, state), state)
        self._followers[subscription.kind][subscription] = client
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow())

    def leave(self, subscription: Subscription) -> None:
        """Follow no more."""
        self._followers[subscription.kind].pop(subscription, None)

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while any(self._followers.values()):
            began = loop.time()
            for kind, followers in self._followers.items():
                if followers:
                    await self._tell_all(kind)
            await asyncio.sleep(max(PAUSE_SECONDS, SHARE * (loop.time() - began)))

    async def _tell_all(self, kind: str) -> None:
        try:
            at, state = self._place(), orjson.dumps(await self._reads[kind]())
        except ProblemError as error:
            log.warning("feed.overview_postponed", kind=kind, why=error.detail)
            return
        frame = frames.state(kind, kind, at, state)
        for subscription, client in list(self._followers[kind].items()):
            _tell(client, subscription, frame, state)

    def _place(self) -> str:
        """Where the views stand at least, for all partitions."""
        known = self._progress.next_offset
        return told((Cursor(partition, known.get(partition, 0)) for partition in range(self._progress.partitions)), ALL)


def _tell(client: Client, subscription: Subscription, frame: Frame, state: bytes) -> None:
    mark = hash(state)
    if subscription.seen != mark:
        subscription.seen = mark
        client.put_state(subscription, frame, State(subscription.cursor, state))
