"""The live feed: a channel's messages for ever, over cuts, each change once.

Owns the cursor: after a lost connection the feed is asked to go on behind the last one seen. What holds stands in docs/feed.md. Must
not know what a message means, or how it travels.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any, Literal

from payflow.client import feed_lines
from payflow.client.errors import FeedRefusedError
from payflow.client.feed_messages import Message, typed

PAUSE_SECONDS = 0.5
LAST_PAUSE_SECONDS = 10.0
PASSING = frozenset({"view_unavailable", "identity_unavailable", "backlog_full", "rate_limited", "service_ending"})
"""Refusals that pass: the subscription is tried again."""
UNTOLD = frozenset({"heartbeat", "bye"})
"""Messages whose cursor, if any, is not this channel's."""


class Feed:
    """Follows one channel at a time: `batch:<id>`, `payout:<id>`, `payouts?status=failed`, `merchant:<id>:balance`, `providers`, `ops`."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        merchant: str | None = None,
        api_key: str | None = None,
        over: Literal["websocket", "sse"] = "websocket",
    ) -> None:
        """`url` as for Payflow; the same messages come over a WebSocket or as server-sent events."""
        named = {"X-Merchant-Id": merchant, "Authorization": f"Bearer {api_key}" if api_key else None}
        headers = {name: value for name, value in named.items() if value is not None}
        self._line = {"websocket": feed_lines.websocket, "sse": feed_lines.stream}[over]
        self._url, self._headers = url.rstrip("/"), headers
        self.cursor: str | None = None
        """The place behind the last message; keep it to go on in another process."""

    async def follow(
        self,
        channel: str,
        *,
        resume: str | None = None,
        rows: bool = True,
        fold: bool = False,
        wait_for_server: bool = True,
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Messages (`snapshot`, `changes`, `batch`, `balance`, `heartbeat`, ...) until you stop.

        Without `resume` the first ones tell the state; `rows=False` leaves rows out of it. With `fold` a reader that is too slow hears only
        the newest change of a row, and a `gap` where even that is too much; without, it is cut and goes on: every change, later. Raises
        FeedRefusedError when the feed refuses the channel or the cursor, and OSError when nobody listens and `wait_for_server` is off.
        """
        self.cursor, pause = resume, PAUSE_SECONDS
        while True:
            asked = 0.0
            try:
                async with aclosing(self._messages(channel, rows=rows, fold=fold)) as messages:
                    async for message in messages:
                        pause, asked = PAUSE_SECONDS, message.get("retry_after_ms", 0) / 1000
                        yield message
            except (OSError, TimeoutError):
                if not wait_for_server:
                    raise
            except FeedRefusedError as error:
                if error.code not in PASSING:
                    raise
            await asyncio.sleep(max(pause, asked))
            pause = min(pause * 2, LAST_PAUSE_SECONDS)

    async def told(self, channel: str, **given: Any) -> AsyncGenerator[Message, None]:
        """The same, typed; a message that this version does not know is an `Other`."""
        async with aclosing(self.follow(channel, **given)) as messages:
            async for message in messages:
                yield typed(message)

    async def _messages(self, channel: str, *, rows: bool, fold: bool) -> AsyncGenerator[dict[str, Any], None]:
        wish = {"channel": channel, "rows": rows, "fold": fold, "resume": self.cursor}
        line: AsyncIterator[dict[str, Any]] = self._line(self._url, self._headers, wish)
        async for message in line:
            if message["type"] == "error":
                raise FeedRefusedError(str(message.get("code")), str(message.get("detail")))
            if message["type"] not in UNTOLD:
                self.cursor = message.get("cursor", self.cursor)
            yield message
