"""The WebSocket of the feed: what a client says, and when it has to (LIV-01, LIV-04).

Owns the messages of a client. What they lead to is the conversation's. Must not read the views itself.
"""

import asyncio
import contextlib
from typing import Any

import orjson
from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.websockets import WebSocketState

from runtime.http_problems import ProblemError
from services.gateway.access.entry import Entry, entry_of
from services.gateway.filters import read_merchant
from services.gateway.live import channels, feed
from services.gateway.live.channels import ChannelError
from services.gateway.live.client import Client
from services.gateway.live.conversation import Conversation, Wish
from services.gateway.live.feed import Feed
from services.gateway.live.line import line_of

NO_SUBSCRIPTION, BAD_MESSAGE, NOT_SIGNED_IN, FULL = 4001, 4002, 4401, 1013
HINT = "send sign_in, subscribe, unsubscribe or ping; subscribe and unsubscribe with a channel"

router = APIRouter()


@router.websocket("/feed")
async def follow(socket: WebSocket) -> None:
    """Follow batches, payouts, balances and the operation live; see docs/feed.md."""
    shared: Feed = socket.app.state.feed
    await socket.accept()
    if shared.lines.is_full:
        await socket.close(FULL, "as many lines as can be held are open: try another gateway, or later")
        return
    try:
        merchant = read_merchant(socket.query_params, socket.headers.get("x-merchant-id"))
    except ProblemError as error:
        await socket.close(BAD_MESSAGE, error.detail)
        return
    await Session(shared, socket, entry_of(socket, merchant)).run()


class Session:
    """One connection from hello to goodbye."""

    def __init__(self, shared: Feed, socket: WebSocket, entry: Entry) -> None:
        """`entry` says who holds the line."""
        self._shared, self._socket, self._entry = shared, socket, entry
        line = line_of(socket)
        self._client = Client(self._hang_up, line)
        self._talk = Conversation(shared, self._client, line, entry)
        self._alone_since = 0.0

    async def run(self) -> None:
        """Serve until the client goes."""
        self._talk.begin()
        try:
            await self._until_the_end()
        finally:
            self._talk.end()
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
        self._alone_since = opened_at = asyncio.get_running_loop().time()
        while True:
            due = self._due(opened_at)
            try:
                async with asyncio.timeout_at(due):
                    text = await self._socket.receive_text()
            except TimeoutError:
                await self._client.close(*self._late())
                return
            except (KeyError, RuntimeError):
                await self._client.close(BAD_MESSAGE, "messages are JSON text")
                return
            if due is None:  # something was followed until now
                self._alone_since = asyncio.get_running_loop().time()
            if not await self._handle(text):
                return

    def _due(self, opened_at: float) -> float | None:
        """By when something has to be said; None while something is followed."""
        if not self._entry.is_signed_in:
            return opened_at + feed.SIGN_IN_SECONDS
        return None if self._talk.follows else self._alone_since + feed.SUBSCRIBE_SECONDS

    def _late(self) -> tuple[int, str]:
        if not self._entry.is_signed_in:
            return NOT_SIGNED_IN, f"sign in within {feed.SIGN_IN_SECONDS:g} s"
        return NO_SUBSCRIPTION, f"subscribe within {feed.SUBSCRIBE_SECONDS:g} s"

    async def _handle(self, text: str) -> bool:
        """Do what a message asks; False if the line has been closed."""
        try:
            message: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            message = None
        match message:
            case {"type": "subscribe", "channel": str(channel)}:
                await self._subscribe(channel, message)
            case {"type": "unsubscribe", "channel": str(channel)}:
                self._talk.unsubscribe(channel)
            case {"type": "sign_in"}:
                return await self._sign_in(message)
            case {"type": "ping"}:
                self._talk.send(self._shared.pong())
            case _:
                self._talk.refuse(None, ChannelError("validation_error", HINT))
        return True

    async def _sign_in(self, message: dict[str, Any]) -> bool:
        if self._entry.is_signed_in and self._talk.follows:
            self._talk.refuse(
                None, ChannelError("validation_error", "You are signed in; to be another one open another line.")
            )
            return True
        try:
            await self._entry.sign_in(message)
        except ProblemError as problem:
            self._talk.refuse(None, channels.refused(problem))
            await self._client.close(NOT_SIGNED_IN, "the sign-in failed")
            return False
        self._alone_since = asyncio.get_running_loop().time()
        self._talk.send({"type": "signed_in", "merchant_id": self._entry.merchant, "time": self._shared.time()})
        return True

    async def _subscribe(self, name: str, message: dict[str, Any]) -> None:
        flags = {flag: message.get(flag, True) is not False for flag in ("rows", "fold")}
        try:
            await self._talk.follow(await self._talk.plan(Wish(name, resume=message.get("resume"), **flags)))
        except ChannelError as error:
            self._talk.refuse(name, error)

    async def _hang_up(self, code: int, reason: str) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(code, reason)
