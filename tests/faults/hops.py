"""TCP proxies on every hop, which can cut, stall, half-open, trickle or swallow one reply (F12, F19).

Owns connections and what is done to them. Must not know what is said on them.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from deploy.local import processes

CHUNK = 256 * 1024
CONNECT_SECONDS = 3.0
TRICKLE_BYTES = 512
TRICKLE_SECONDS = 0.25
REPLY_SECONDS = 4.0
"""So long the reply that is to be swallowed may take; then the link is cut without it."""


async def _read(reader: asyncio.StreamReader) -> bytes:
    """The next bytes; none at the end, also when the end was a reset."""
    try:
        return await reader.read(CHUNK)
    except OSError:
        return b""


class Link:
    """One connection through a hop: a pipe in each direction."""

    def __init__(self, hop: "Hop", client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.hop, self.client, self.server = hop, client, server
        self.mute = False
        """The server's words no longer reach the client."""
        self.told = False
        """The hop has counted that a reply was swallowed here."""

    def abort(self) -> None:
        for side in (self.client, self.server):
            with contextlib.suppress(Exception):
                side.transport.abort()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_server: bool) -> None:
        while data := await _read(reader):
            await self.hop.gate.wait()
            if to_server and self.hop.marker is not None and self.hop.marker in data:
                self.hop.marker, self.mute = None, True
                asyncio.get_running_loop().call_later(REPLY_SECONDS, self.abort)
            if not to_server and (self.mute or self.hop.one_way):
                self._swallow()
                continue
            try:
                await self._write(writer, data)
            except OSError:
                break
        else:
            if to_server:
                return  # the client has gone itself
        await self.hop.passing.wait()

    def _swallow(self) -> None:
        """Count the reply that was waited for, and end the link soon after it."""
        if self.mute and not self.told:
            self.told = True
            self.hop.swallowed += 1
            asyncio.get_running_loop().call_later(0.2, self.abort)

    async def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        while self.hop.slow and data:
            writer.write(data[:TRICKLE_BYTES])
            data = data[TRICKLE_BYTES:]
            await asyncio.sleep(TRICKLE_SECONDS)
        writer.write(data)
        await writer.drain()


class Hop:
    """A listening port in front of one or more targets, taken in turn."""

    def __init__(self, name: str, targets: Sequence[int] = ()) -> None:
        """`targets` may be set before the first connection."""
        self.name = name
        self.targets = list(targets)
        self.port = processes.free_port()
        self.gate = asyncio.Event()
        self.gate.set()
        self.passing = asyncio.Event()
        """Cleared while the servers' words are lost: their end is lost with them."""
        self.passing.set()
        self.refusing = self.one_way = self.slow = False
        self.marker: bytes | None = None
        self.swallowed = 0
        """Links on which the reply to the marker came and was not passed on."""
        self._links: set[Link] = set()
        self._turn = 0
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, limit=CHUNK)

    async def close(self) -> None:
        """Stop listening and cut everything."""
        if self._server is not None:
            self._server.close()
        self.cut()

    @property
    def links(self) -> int:
        """How many connections there are."""
        return len(self._links)

    def cut(self) -> int:
        """Reset all connections; new ones are welcome. Returns how many there were."""
        links = list(self._links)
        for link in links:
            link.abort()
        return len(links)

    def heal(self) -> None:
        """Everything passes again. What was muted is cut, as a network would in the end."""
        muted = self.one_way
        self.refusing = self.one_way = self.slow = False
        self.marker = None
        self.gate.set()
        self.passing.set()
        if muted:
            self.cut()

    def refuse(self) -> None:
        """Nobody answers: connections are reset, new ones too."""
        self.refusing = True
        self.cut()

    def mute(self) -> None:
        """The servers' words are lost, and so is their end."""
        self.one_way = True
        self.passing.clear()

    def throttle(self) -> None:
        """A few bytes at a time."""
        self.slow = True

    def stall(self) -> None:
        """Connections stay, nothing moves."""
        self.gate.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far = None if self.refusing else await self._connect()
        if far is None:
            if not self.refusing:
                await self.passing.wait()
            writer.transport.abort()
            return
        link = Link(self, writer, far[1])
        self._links.add(link)
        try:
            await self._carry_both(link, reader, far[0])
        finally:
            self._links.discard(link)
            link.abort()

    async def _carry_both(self, link: Link, near: asyncio.StreamReader, far: asyncio.StreamReader) -> None:
        pipes = [
            asyncio.create_task(link.carry(near, link.server, to_server=True)),
            asyncio.create_task(link.carry(far, link.client, to_server=False)),
        ]
        await asyncio.wait(pipes, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.sleep(0.05)
        for pipe in pipes:
            pipe.cancel()
        await asyncio.gather(*pipes, return_exceptions=True)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self.targets:
            target = self.targets[self._turn % len(self.targets)]
            self._turn += 1
            with contextlib.suppress(OSError, TimeoutError):
                return await asyncio.wait_for(asyncio.open_connection("127.0.0.1", target, limit=CHUNK), CONNECT_SECONDS)
        return None
