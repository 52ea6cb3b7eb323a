"""Followers of the feed: real sessions over a socket of the simulation, and what they must have seen.

Owns the client's side: connect, follow a merchant's payouts, come back with the last cursor. Must not know how the feed works inside.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import orjson
from starlette.websockets import WebSocketDisconnect, WebSocketState

from services.gateway.access.entry import OpenEntry
from services.gateway.live.frames import Frame
from services.gateway.live.line import LINE
from services.gateway.live.socket import Session
from tests.simulation.processes import PROCESS

SETTLE_SECONDS = 20.0
"""So long after all is projected the last change may take to be heard: a lost read, and a client that comes back."""
NEVER_ASKED_FOR = {"already_subscribed", "limit_exceeded", "cursor_foreign", "cursor_from_future", "cursor_invalid"}
"""Errors that a client which does as it is told never sees."""


class Socket:
    """One connection as the server sees it, and its line: a frame is heard a moment after it was written, if the client is still there."""

    def __init__(self, follower: "Follower") -> None:
        self._follower = follower
        self.application_state = WebSocketState.CONNECTED
        self.scope = {"extensions": {LINE: self}}
        self.ready, self.unsent = True, 0
        self.on_ready: Callable[[], None] | None = None
        self.on_leave: Callable[[], None] | None = None
        self._sent: deque[Frame] = deque()
        self._asked: list[str] = [follower.subscribe()]
        self._news = asyncio.Event()
        self._left = False

    async def receive_text(self) -> str:
        while not self._asked:
            if self._left:
                raise WebSocketDisconnect
            self._news.clear()
            await self._news.wait()
        return self._asked.pop()

    def write(self, frame: Frame) -> None:
        self._sent.append(frame)
        asyncio.get_running_loop().call_soon(self._arrive)

    def cut(self) -> None:
        self._left = True

    def _arrive(self) -> None:
        frame = self._sent.popleft()
        if not self._left and not self._follower.hear(orjson.loads(frame.payload)):
            self._come_again()

    async def close(self, code: int, reason: str) -> None:
        self.application_state = WebSocketState.DISCONNECTED

    def _come_again(self) -> None:
        """After an error: ask once more on this line, or leave and come back on another."""
        if self._follower.world.rng.random() < 0.5:
            asyncio.get_running_loop().call_later(0.5, self._ask)
        else:
            self._left = True
            self._news.set()

    def _ask(self) -> None:
        self._asked.append(self._follower.subscribe())
        self._news.set()


class Follower:
    """One client of the feed. `heard` are (payout, version) in the order they came."""

    def __init__(self, world: Any, merchant: str) -> None:
        self.world, self.merchant = world, merchant
        self.first: str | None = None
        self.cursor: str | None = None
        self.heard: list[tuple[str, int]] = []
        self.faults: list[str] = []

    def subscribe(self) -> str:
        """The message that begins or goes on."""
        message: dict[str, Any] = {"type": "subscribe", "channel": f"payouts:{self.merchant}", "fold": False}
        return orjson.dumps(message if self.cursor is None else {**message, "resume": self.cursor}).decode()

    def hear(self, message: dict[str, Any]) -> bool:
        """One message came in, whole. False: it was an error, and this client leaves and comes again."""
        match message["type"]:
            case "subscribed":
                self.first = self.first or message["cursor"]
                self.cursor = message["cursor"]
            case "changes":
                self.cursor = message["cursor"]
                self.heard += [(change["id"], change["version"]) for change in message["changes"]]
                self._check_not_ahead(message)
            case "error":
                if message["code"] in NEVER_ASKED_FOR:
                    self.faults.append(f"feed: {self.merchant} was told {message['code']}: {message['detail']}")
                return False
        return True

    def _check_not_ahead(self, message: dict[str, Any]) -> None:
        rows = self.world.database.tables.rows["payouts"]
        for change in message["changes"]:
            if change["id"] not in rows or rows[change["id"]]["version"] < change["version"]:
                self.faults.append(f"feed: {change['id']} v{change['version']} is told before the views hold it")

    async def run(self) -> None:
        """Stay connected, whatever happens to the gateway."""
        while True:
            gateways = [s for name, s in sorted(self.world.alive.items()) if name.startswith("gateway")]
            if gateways:
                await self._session(gateways[0])
            await asyncio.sleep(0.5)

    async def _session(self, gateway: Any) -> None:
        session: Any = Session(gateway.feed, Socket(self), OpenEntry(self.merchant))  # type: ignore[arg-type]
        task = gateway.process.spawn(self.world.loop, session.run())
        while not task.done() and not gateway.process.dead:
            await asyncio.sleep(1.0)


def follow(world: Any, workload: Any) -> list[Follower]:
    """A follower per merchant, if there is a gateway."""
    if not world.shape.workers["gateway"]:
        return []
    followers = [Follower(world, merchant) for merchant in workload.merchants]
    for follower in followers:
        world.loop.create_task(follower.run(), context=world.network.world.copy())
    return followers


async def settle(world: Any, followers: list[Follower]) -> None:
    """Give the feed its time to tell the rest."""
    ends = world.loop.clock + SETTLE_SECONDS
    while world.loop.clock < ends and check(world, followers):
        await asyncio.sleep(1.0)


def check(world: Any, followers: list[Follower]) -> list[str]:
    """Every change since the first cursor was heard, once, in order."""
    assert PROCESS.get() is None
    faults = []
    for follower in followers:
        faults += follower.faults
        if follower.first is None:
            faults.append(f"feed: {follower.merchant} was never let in")
            continue
        partition, offset, idx = map(int, follower.first.partition("@")[0].split(":"))
        rows = world.database.tables.log[partition]
        wanted = [
            (row["payout_id"], row["version"])
            for row in rows
            if row["merchant_id"] == follower.merchant and (row["offset"], row["idx"]) >= (offset, idx)
        ]
        if follower.heard != wanted:
            faults.append(
                f"feed: {follower.merchant} heard {len(follower.heard)} changes, {len(wanted)} happened{_first(follower.heard, wanted)}"
            )
    return faults


def _first(heard: list[Any], wanted: list[Any]) -> str:
    at = next(
        (i for i, pair in enumerate(zip(heard, wanted, strict=False)) if pair[0] != pair[1]), min(len(heard), len(wanted))
    )
    return f"; they differ from {at}"
