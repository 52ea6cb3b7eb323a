"""A client of the feed's server-sent events over a real socket, that reads only when told to."""

import asyncio
import json
import socket
from typing import Any

from tests.unit.gateway.documented import documented


class StreamClient:
    """`id` is that of the last event, as a browser would send it back."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self.id = ""
        self.status = 0
        self.headers: dict[str, str] = {}
        self._lines: list[str] = []
        self._rest = ""

    @classmethod
    async def open(cls, port: int, query: str, method: str = "GET", **headers: str) -> "StreamClient":
        """Asked, and the head of the answer read."""
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
        client = cls(*await asyncio.open_connection(sock=line, limit=1024))
        named = {"Host": f"localhost:{port}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        head = f"{method} /api/v1/feed/sse/?{query} HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in named.items())
        client.writer.write(head.encode() + b"\r\n")
        await client._head()
        return client

    async def _head(self) -> None:
        async with asyncio.timeout(30):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(head[0].split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:]) if name}

    async def body(self) -> dict[str, Any]:
        """The JSON of an answer that is no stream."""
        return dict(json.loads(await self.reader.readexactly(int(self.headers["content-length"]))))

    async def told(self) -> dict[str, Any]:
        """The next event's message. Raises EOFError at the end of the stream."""
        data = ""
        async with asyncio.timeout(30):
            while True:
                line = await self._line()
                name, _, value = line.partition(": ")
                if name == "id":
                    self.id = value
                elif name == "data":
                    data = value
                elif not line and data:
                    return documented(json.loads(data))

    async def until(self, kind: str) -> dict[str, Any]:
        """The next message of this type; others are passed over."""
        while (message := await self.told())["type"] != kind:
            pass
        return message

    async def _line(self) -> str:
        while "\n" not in self._rest:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            if not size:
                raise EOFError
            self._rest += (await self.reader.readexactly(size)).decode()
            assert await self.reader.readexactly(2) == b"\r\n"
        line, _, self._rest = self._rest.partition("\n")
        return line
