"""The live feed: a channel's messages for ever, over cuts, each change once.

Owns the cursor: after a lost connection the feed is asked to go on behind the last one seen. What holds stands in docs/feed.md. Must
not know what a message means.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

from payflow.client.errors import FeedRefusedError

PATH = "/api/v1/feed/"
MESSAGE_BYTES_MAX = 8 * 1024 * 1024
PAUSE_SECONDS = 0.5
LAST_PAUSE_SECONDS = 10.0
PASSING = frozenset({"view_unavailable"})
"""Refusals that pass: the subscription is tried again."""


class Feed:
    """Follows one channel at a time: `batch:<id>`, `payout:<id>`, `payouts:<merchant>`, `merchant:<id>:balance`."""

    def __init__(
        self, url: str = "http://127.0.0.1:8000", *, merchant: str | None = None, api_key: str | None = None
    ) -> None:
        """`url` as for Payflow; http and https become ws and wss."""
        self._address = url.rstrip("/").replace("http", "ws", 1) + PATH
        named = {"X-Merchant-Id": merchant, "Authorization": f"Bearer {api_key}" if api_key else None}
        self._headers = {name: value for name, value in named.items() if value is not None}
        self.cursor: str | None = None
        """The place behind the last message; keep it to go on in another process."""

    async def follow(
        self, channel: str, *, resume: str | None = None, rows: bool = True, wait_for_server: bool = True
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Messages (`snapshot`, `changes`, `batch`, `balance`, `heartbeat`, ...) until you stop.

        Without `resume` the first ones tell the state; `rows=False` leaves rows out of it. Raises FeedRefusedError when the feed
        refuses the channel or the cursor, and OSError when nobody listens and `wait_for_server` is off.
        """
        self.cursor, pause = resume, PAUSE_SECONDS
        while True:
            try:
                async with self._connection() as socket:
                    await self._subscribe(socket, channel, rows)
                    async for message in self._messages(socket):
                        pause = PAUSE_SECONDS
                        yield message
            except (OSError, TimeoutError, websockets.InvalidHandshake):
                if not wait_for_server:
                    raise
            except websockets.ConnectionClosed:
                pass
            except FeedRefusedError as error:
                if error.code not in PASSING:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, LAST_PAUSE_SECONDS)

    def _connection(self) -> Any:
        return websockets.connect(self._address, max_size=MESSAGE_BYTES_MAX, additional_headers=self._headers)

    async def _subscribe(self, socket: ClientConnection, channel: str, rows: bool) -> None:
        wish = {"type": "subscribe", "channel": channel, "rows": rows, "resume": self.cursor}
        await socket.send(json.dumps({name: value for name, value in wish.items() if value is not None}))

    async def _messages(self, socket: ClientConnection) -> AsyncIterator[dict[str, Any]]:
        async for text in socket:
            message: dict[str, Any] = json.loads(text)
            if message["type"] == "error":
                raise FeedRefusedError(str(message.get("code")), str(message.get("detail")))
            if message["type"] != "heartbeat":
                self.cursor = message.get("cursor", self.cursor)
            yield message
