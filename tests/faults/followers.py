"""Followers of the live feed: they keep what they are told, come back with their cursor after a cut, and sometimes ask REST at once (I11).

Owns transcripts. Must not judge them.
"""

import asyncio
import json
import random
from typing import Any

import httpx2
import websockets

from tests.faults.journal import Lines, now_ms

READ_SHARE = 0.05
QUIET_SECONDS = 40.0


class Follower:
    """Follows one channel until stopped."""

    def __init__(self, url: str, channel: str, merchant: str, transcript: Lines, rng: random.Random) -> None:
        """`url` is the front door."""
        self._url, self._channel, self._merchant = url, channel, merchant
        self._lines, self._rng = transcript, rng
        self._cursor: str | None = None
        self._session = 0

    async def run(self) -> None:
        """Follow for ever; a cut line is taken up again behind the last cursor."""
        async with httpx2.AsyncClient(base_url=self._url, timeout=5) as http:
            while True:
                try:
                    await self._follow(http)
                except (OSError, TimeoutError, websockets.WebSocketException) as error:
                    self._say("close", {"why": type(error).__name__})
                except Exception as error:  # noqa: BLE001  whatever it was, it is written down, and the follower comes back
                    self._say("close", {"why": repr(error)[:200]})
                await asyncio.sleep(0.3 + self._rng.random())

    async def _follow(self, http: httpx2.AsyncClient) -> None:
        address = self._url.replace("http", "ws", 1) + f"/api/v1/feed/?merchant_id={self._merchant}"
        async with websockets.connect(address, max_size=8 * 1024 * 1024, open_timeout=5, ping_timeout=10) as socket:
            self._session += 1
            self._say("open", {})
            asked: dict[str, Any] = {"type": "subscribe", "channel": self._channel, "rows": False, "fold": False}
            if self._cursor is not None:
                asked["resume"] = self._cursor
            self._say("out", asked)
            await socket.send(json.dumps(asked))
            while True:
                message = json.loads(await asyncio.wait_for(socket.recv(), QUIET_SECONDS))
                self._say("in", message)
                if message["type"] == "error":
                    self._say("close", {"why": message["code"]})
                    return  # it asks again on a new line
                self._cursor = message.get("cursor", self._cursor)
                await self._read(http, message)

    async def _read(self, http: httpx2.AsyncClient, message: dict[str, Any]) -> None:
        for change in message.get("changes", ()):
            if self._rng.random() >= READ_SHARE:
                continue
            path = f"/api/v1/payouts/{change['id']}/"
            try:
                answer = await http.get(path, headers={"X-Merchant-Id": self._merchant})
            except httpx2.TransportError:
                continue
            version = answer.json().get("version") if answer.status_code == 200 else None
            self._lines.add(
                t=now_ms(), dir="read", session=self._session,
                message={"path": path, "status": answer.status_code, "version": version, "for_version": change["version"]},
            )  # fmt: skip

    def _say(self, direction: str, message: dict[str, Any]) -> None:
        self._lines.add(t=now_ms(), dir=direction, session=self._session, message=message)
