"""Following a batch over the live feed, with resume after a lost connection.

Owns the client's side of docs/feed.md that the commands need. Must not print.
"""

import json
from collections.abc import AsyncIterator
from typing import Any

import websockets

from payflow.public_api import credential


async def follow(base_url: str, channel: str, resume: str | None = None) -> AsyncIterator[dict[str, Any]]:
    """Messages of one channel for ever; after a cut it reconnects and goes on behind the last cursor. Raises on a refusal."""
    address = base_url.replace("http", "ws", 1) + "/api/v1/feed/"
    cursor = resume
    async for socket in websockets.connect(address, max_size=8 * 1024 * 1024, additional_headers=credential()):
        try:
            await socket.send(json.dumps({"type": "subscribe", "channel": channel, "rows": False, "resume": cursor}))
            async for text in socket:
                message = json.loads(text)
                if message["type"] == "error":
                    raise RuntimeError(f"{message['code']}: {message['detail']}")
                cursor = message.get("cursor", cursor)
                yield message
        except websockets.ConnectionClosed:
            continue
