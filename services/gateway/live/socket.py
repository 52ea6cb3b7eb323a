"""The WebSocket of the feed: hello, subscriptions, heartbeat (LIV-01, LIV-03).

Owns the messages of a client and the answers to each. Must not read the views itself.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from runtime import metrics
from runtime.clock import Clock
from runtime.http_problems import ProblemError
from schemas.times import rfc3339
from services.gateway.filters import read_merchant
from services.gateway.live import channels, frames
from services.gateway.live.channels import Channel, ChannelError
from services.gateway.live.client import Client, Subscription
from services.gateway.live.cursor import parse
from services.gateway.live.hub import Hub
from services.gateway.live.line import line_of
from services.gateway.progress import Progress
from services.gateway.store import Store

SUBSCRIBE_SECONDS = 5.0
SUBSCRIPTIONS_MAX = 50
MESSAGE_BYTES_MAX = 64 * 1024
MESSAGES_PER_SECOND = 100
NO_SUBSCRIPTION, BAD_MESSAGE = 4001, 4002

router = APIRouter()


@dataclass(frozen=True)
class Feed:
    """What the sockets of one process share."""

    store: Store
    hub: Hub
    progress: Progress
    clock: Clock
    partitions: int
    heartbeat_seconds: float


@router.websocket("/feed")
async def feed(socket: WebSocket) -> None:
    """Follow batches, payouts and balances live; see docs/feed.md."""
    shared: Feed = socket.app.state.feed
    await socket.accept()
    try:
        merchant = read_merchant(socket.query_params, socket.headers.get("x-merchant-id"))
    except ProblemError as error:
        await socket.close(BAD_MESSAGE, error.detail)
        return
    await Session(shared, socket, merchant).run()


class Session:
    """One connection from hello to goodbye."""

    def __init__(self, shared: Feed, socket: WebSocket, merchant: str | None) -> None:
        """`merchant` limits what may be followed; None: anything (open mode)."""
        self._shared, self._socket, self._merchant = shared, socket, merchant
        self._client = Client(socket, line_of(socket))
        self._window = (0.0, 0)

    async def run(self) -> None:
        """Serve until the client goes."""
        metrics.FEED_CLIENTS.inc()
        self._send({"type": "hello", "v": 1, "limits": _limits(self._shared.heartbeat_seconds), "time": self._time()})
        self._beat_later()
        try:
            await self._until_the_end()
        finally:
            metrics.FEED_CLIENTS.dec()
            self._heartbeat.cancel()
            for subscription in self._client.subscriptions.values():
                self._shared.hub.leave(subscription)
            if self._client.overflowed:
                await self._client.dismiss()

    async def _until_the_end(self) -> None:
        """Until the client goes, says something that ends the session, or turns out to be too slow."""
        try:
            with contextlib.suppress(WebSocketDisconnect):
                async with self._client.keeps_up():
                    await self._listen()
        except TimeoutError:
            if not self._client.overflowed:
                raise

    async def _listen(self) -> None:
        subscribe_by = asyncio.get_running_loop().time() + SUBSCRIBE_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(None if self._client.subscriptions else subscribe_by):
                    text = await self._socket.receive_text()
            except TimeoutError:
                await self._client.close(NO_SUBSCRIPTION, f"subscribe within {SUBSCRIBE_SECONDS:g} s")
                return
            except (KeyError, RuntimeError):
                await self._client.close(BAD_MESSAGE, "messages are JSON text")
                return
            if len(text) > MESSAGE_BYTES_MAX or self._too_many():
                await self._client.close(BAD_MESSAGE, "too large, or too many messages a second")
                return
            await self._handle(text)

    async def _handle(self, text: str) -> None:
        try:
            message: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        match message:
            case {"type": "subscribe", "channel": str(channel)}:
                await self._subscribe(channel, message)
            case {"type": "unsubscribe", "channel": str(channel)}:
                self._unsubscribe(channel)
            case {"type": "ping"}:
                self._send({"type": "pong", "time": self._time()})
            case _:
                self._refuse(None, ChannelError("validation_error", "send subscribe, unsubscribe or ping with a channel"))

    async def _subscribe(self, name: str, message: dict[str, Any]) -> None:
        try:
            if name in self._client.subscriptions:
                raise ChannelError("already_subscribed", "This channel is followed already; unsubscribe first.")
            if len(self._client.subscriptions) >= SUBSCRIPTIONS_MAX:
                raise ChannelError("limit_exceeded", f"at most {SUBSCRIPTIONS_MAX} subscriptions")
            await self._begin(name, message)
        except ChannelError as error:
            self._refuse(name, error)
        except ProblemError as error:
            self._refuse(name, channels.unavailable(error))

    async def _begin(self, name: str, message: dict[str, Any]) -> None:
        store = self._shared.store
        channel = await channels.resolve(store, name, self._merchant)
        now = await channels.start(store, channel, self._shared.partitions)
        resumed = message.get("resume")
        cursor = parse(resumed) if resumed is not None else now
        if cursor is None:
            raise ChannelError("cursor_invalid", "resume must be a cursor that we gave")
        channels.check_resume(cursor, now)
        subscription = Subscription(channel.name, channel.kind, channel.subject, channel.merchant_id, cursor)
        self._client.subscriptions[name] = subscription
        try:
            await self._tell_from(subscription, channel, message)
        except BaseException:  # what began half is not followed, and can be asked for again
            del self._client.subscriptions[name]
            self._shared.hub.leave(subscription)
            raise

    async def _tell_from(self, subscription: Subscription, channel: Channel, message: dict[str, Any]) -> None:
        resumed, cursor = message.get("resume") is not None, str(subscription.cursor)
        self._send({"type": "subscribed", "channel": channel.name, "cursor": cursor, "resumed": resumed})
        if not resumed:
            state = await channels.snapshot(self._shared.store, channel, with_rows=message.get("rows", True) is not False)
            self._send({"type": "snapshot", "channel": channel.name, "cursor": cursor, **state})
        await self._shared.hub.join(self._client, subscription)

    def _unsubscribe(self, name: str) -> None:
        subscription = self._client.subscriptions.pop(name, None)
        if subscription is not None:
            self._shared.hub.leave(subscription)
        self._send({"type": "unsubscribed", "channel": name})

    def _refuse(self, name: str | None, error: ChannelError) -> None:
        self._send({"type": "error", "channel": name, "code": error.code, "detail": error.detail})

    def _beat_later(self) -> None:
        self._heartbeat = asyncio.get_running_loop().call_later(self._shared.heartbeat_seconds, self._beat)

    def _beat(self) -> None:
        progress = self._shared.progress
        position = {str(partition): offset for partition, offset in sorted(progress.next_offset.items())}
        lag = progress.freshness()["max_age_ms"]
        self._send({"type": "heartbeat", "time": self._time(), "position": position, "lag_ms": lag})
        self._beat_later()

    def _send(self, message: dict[str, Any]) -> None:
        self._client.put(frames.message(message))

    def _time(self) -> str:
        return rfc3339(self._shared.clock.now_ms())

    def _too_many(self) -> bool:
        start, count = self._window
        now = self._shared.clock.monotonic()
        self._window = (now, 1) if now - start >= 1 else (start, count + 1)
        return self._window[1] > MESSAGES_PER_SECOND


def _limits(heartbeat_seconds: float) -> dict[str, object]:
    return {
        "heartbeat_seconds": heartbeat_seconds,
        "subscribe_within_seconds": SUBSCRIBE_SECONDS,
        "subscriptions": SUBSCRIPTIONS_MAX,
        "message_bytes": MESSAGE_BYTES_MAX,
        "messages_per_second": MESSAGES_PER_SECOND,
    }
