"""A process full of followers of the feed: `python -m bench.feed_clients <host> <port>`, a door that takes JSON lines.

    {"do": "join", "channels": [...], "clients": 250, "slow": 12}    opens them, a few at a time; "joined"
    {"do": "count"}                                                  frames received so far
    {"do": "hurry"}                                                  slow readers read on; "hurried"
    {"do": "report", "commits": [[place, wall clock in s], ...]}     what was received, how late, and who was lost
    {"do": "leave"}                                                  "left"

Owns many connections in one loop. Must not know where commit times come from.
"""

import asyncio
import socket
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
import uvloop

from bench.door import READY
from bench.feed_client import SLOW_BYTES, Follower, Seen
from bench.percentiles import counted

AT_ONCE = 32
"""Connections that are being opened at a time: a rush would be a case of its own."""


class Crowd:
    """All followers of this process."""

    def __init__(self, host: str, port: int) -> None:
        """Nobody follows."""
        self._address, self._followers, self._seen = (host, port), list[Follower](), Seen()

    async def join(self, channels: Sequence[str], clients: int, slow: int) -> str:
        """Open so many, over the channels in turn; the first `slow` of them read slowly."""
        self._seen, places = Seen(), asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            async with places:
                await self._open(channels[number % len(channels)], slow=number < slow)

        await asyncio.gather(*map(one, range(clients)))
        return "joined"

    async def _open(self, channel: str, *, slow: bool) -> None:
        loop, line = asyncio.get_running_loop(), socket.socket()
        line.setblocking(False)  # noqa: FBT003  the socket module has no other word for it
        line.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
        )  # no address waits for two minutes afterwards
        if slow:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BYTES)
        await loop.sock_connect(line, self._address)
        follower = Follower(self._address, channel, self._seen, slow=slow)
        self._followers.append(follower)
        await loop.create_connection(lambda: follower, sock=line)
        await follower.joined

    def count(self) -> str:
        """Frames of the fast ones."""
        return str(self._seen.kinds.total())

    def hurry(self) -> str:
        """Slow readers read on."""
        for follower in self._followers:
            if follower.slow:
                follower.hurry()
        return "hurried"

    def report(self, commits: Sequence[tuple[int, float]]) -> str:
        """Everything as JSON."""
        seen, fast = self._seen, [follower for follower in self._followers if not follower.slow]
        last = commits[-1][0] if commits else 0
        found = {
            "frames": dict(seen.kinds),
            "slow_frames": dict(seen.slow_kinds),
            "bytes": seen.byte_count,
            "first": min(seen.times, default=0.0),
            "last": max(seen.times, default=0.0),
            "steps": counted(latencies(seen, commits)),
            "complete": sum(follower.place > last for follower in fast if not follower.ended),
            "fast_ends": Counter(follower.ended or "open" for follower in fast),
            "slow_ends": Counter(follower.ended or "open" for follower in self._followers if follower.slow),
        }
        return orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS).decode()

    async def leave(self) -> str:
        """Close all."""
        for follower in self._followers:
            follower.transport.abort()
        self._followers = []
        await asyncio.sleep(0.1)
        return "left"


def latencies(seen: Seen, commits: Sequence[tuple[int, float]]) -> list[float]:
    """Milliseconds from the commit of each frame's oldest change to its receipt.

    `commits` has, for each event record in the order of the log, the place of its last change and when that was committed; a frame begins
    with the first change that is not before the follower's last cursor.
    """
    places = [place for place, _ in commits]
    found = []
    for start, received in zip(seen.starts, seen.times, strict=True):
        at = bisect_left(places, start)
        if at < len(places):
            found.append((received - commits[at][1]) * 1000)
    return found


async def _answer(crowd: Crowd, asked: dict[str, Any]) -> str:
    match asked["do"]:
        case "join":
            return await crowd.join(asked["channels"], asked["clients"], asked["slow"])
        case "count":
            return crowd.count()
        case "hurry":
            return crowd.hurry()
        case "report":
            return crowd.report(asked["commits"])
        case _:
            return await crowd.leave()


async def serve(host: str, port: int) -> None:
    """Answer lines until there are no more."""
    crowd, loop = Crowd(host, port), asyncio.get_running_loop()
    print(READY, flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        print(await _answer(crowd, orjson.loads(line)), flush=True)


if __name__ == "__main__":
    uvloop.run(serve(sys.argv[1], int(sys.argv[2])))
