"""A door to a server that counts round trips: how often a client speaks again after the server has spoken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Turns:
    """Passes bytes on; `count` is of all connections together."""

    def __init__(self, url: str) -> None:
        self._parts = urlsplit(url)
        self._server_spoke = True
        self._lines: set[asyncio.Task[None]] = set()
        self.count = 0
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Turns"]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        user = f"{self._parts.netloc.rpartition('@')[0]}@" if "@" in self._parts.netloc else ""
        self.url = urlunsplit(self._parts._replace(netloc=f"{user}127.0.0.1:{port}"))
        try:
            yield self
        finally:
            server.close()
            for line in self._lines:
                line.cancel()
            await asyncio.gather(*self._lines, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        for coming, going, is_client in ((reader, far_writer, True), (far_reader, writer, False)):
            line = asyncio.create_task(self._pass_on(coming, going, is_client=is_client))
            self._lines.add(line)

    async def _pass_on(self, coming: asyncio.StreamReader, going: asyncio.StreamWriter, *, is_client: bool) -> None:
        with suppress(ConnectionError):
            while piece := await coming.read(1 << 16):
                self.count += is_client and self._server_spoke
                self._server_spoke = not is_client
                going.write(piece)
        going.close()
