"""The two ways that the feed's messages come: over a WebSocket, or as server-sent events. The same messages on both.

Owns the wire. A line that breaks is OSError or TimeoutError; one that ends by itself just ends. Must not know cursors or repeats.
"""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2
import websockets

from payflow.client.errors import FeedRefusedError

SOCKET_PATH, STREAM_PATH = "/api/v1/feed/", "/api/v1/feed/sse/"
MESSAGE_BYTES_MAX = 8 * 1024 * 1024
CONNECT_SECONDS, QUIET_SECONDS = 10.0, 60.0
"""The server's heartbeat comes every 15 s."""
_BAD_REQUEST = 400

Wish = Mapping[str, Any]


async def websocket(url: str, headers: Mapping[str, str], wish: Wish) -> AsyncIterator[dict[str, Any]]:
    """Messages over a WebSocket to one subscription."""
    address = url.replace("http", "ws", 1) + SOCKET_PATH
    asked = {"type": "subscribe", **{name: value for name, value in wish.items() if value is not None}}
    try:
        async with websockets.connect(address, max_size=MESSAGE_BYTES_MAX, additional_headers=headers) as socket:
            await socket.send(json.dumps(asked))
            async for text in socket:
                yield json.loads(text)
    except websockets.ConnectionClosed:
        return
    except websockets.InvalidHandshake as error:
        raise ConnectionError(str(error)) from error


async def stream(url: str, headers: Mapping[str, str], wish: Wish) -> AsyncIterator[dict[str, Any]]:
    """Messages as server-sent events. Raises FeedRefusedError for an answer that is no stream."""
    query = {"channel": wish["channel"], "rows": _flag(wish["rows"]), "fold": _flag(wish["fold"])}
    named = {**headers, "Accept": "text/event-stream"} | ({"Last-Event-ID": wish["resume"]} if wish["resume"] else {})
    timeout = httpx2.Timeout(CONNECT_SECONDS, read=QUIET_SECONDS)
    try:
        async with (
            httpx2.AsyncClient(timeout=timeout) as http,
            http.stream("GET", url + STREAM_PATH, params=query, headers=named) as answer,
        ):
            if answer.status_code >= _BAD_REQUEST:
                raise _refused(await answer.aread())
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    yield json.loads(line[5:])
    except httpx2.HTTPError as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from error


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _refused(body: bytes) -> FeedRefusedError:
    try:
        problem = json.loads(body)
    except ValueError:
        problem = {}
    return FeedRefusedError(
        str(problem.get("code", "unreadable")), str(problem.get("detail", body[:200].decode(errors="replace")))
    )
