"""The gateway on a real port, over memory, for what only real sockets show."""

import asyncio
import base64
import contextlib
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

import uvicorn

from services.gateway.front_line import FrontProtocol
from services.gateway.live.line import SERVED
from tests.unit.gateway.documented import documented
from tests.unit.gateway.front import Front, change_row

PATIENCE_SECONDS = 30.0
"""For what must come: how fast is the machine's affair."""
BIG = "x" * 20_000


def history(front: Front, changes: int, **given: Any) -> None:
    """So many changes of `demo` on partition 3, each with a long reference."""

    async def changes_between(start: tuple[int, int, int], end: int, wanted: Any, limit: int) -> list[dict[str, Any]]:
        return [change_row(offset, reference=BIG, **given) for offset in range(start[1], min(end, changes))][:limit]

    async def position(partition: int) -> int:
        return changes

    front.store.changes_between, front.store.position = changes_between, position


@contextlib.asynccontextmanager
async def served(front: Front) -> AsyncIterator[int]:
    """The port of a server of this application."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            front.app,
            loop="uvloop",
            log_config=None,
            access_log=False,
            lifespan="off",
            http=FrontProtocol,
            **SERVED,
        )
        front.server = server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = server.force_exit = True
        await serving


class RawClient:
    """A client of the feed that reads only when told to, through a small window."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, port: int, path: str = "/api/v1/feed/", **headers: str) -> "RawClient":
        """Connected, and the handshake sent."""
        line = socket.socket()
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.setblocking(False)
        await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=line, limit=1024)
        key = base64.b64encode(os.urandom(16)).decode()
        named = {"Host": f"localhost:{port}", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        named |= {"Sec-WebSocket-Key": key} | {name.replace("_", "-"): value for name, value in headers.items()}
        writer.write(
            f"GET {path} HTTP/1.1\r\n".encode() + "".join(f"{n}: {v}\r\n" for n, v in named.items()).encode() + b"\r\n"
        )
        return cls(reader, writer)

    async def handshake(self) -> int:
        """The status of the handshake's answer."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            head = await self.reader.readuntil(b"\r\n\r\n")
        return int(head.split()[1])

    def send(self, message: Any) -> None:
        """One masked text frame of at most 125 bytes."""
        text, mask = json.dumps(message).encode(), os.urandom(4)
        assert len(text) <= 125
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
        self.writer.write(b"\x81" + bytes([0x80 | len(text)]) + mask + masked)

    async def frame(self, seconds: float = PATIENCE_SECONDS) -> tuple[int, bytes]:
        """The next frame that is no ping: its opcode and its payload. Raises IncompleteReadError at the end of the line."""
        async with asyncio.timeout(seconds):
            while True:
                head = await self.reader.readexactly(2)
                length = head[1] & 0x7F
                if length >= 126:
                    size = 2 if length == 126 else 8
                    length = struct.unpack("!H" if size == 2 else "!Q", await self.reader.readexactly(size))[0]
                payload = await self.reader.readexactly(length)
                if head[0] & 0x0F != 9:
                    return head[0] & 0x0F, payload

    async def told(self) -> dict[str, Any]:
        """The next message."""
        opcode, payload = await self.frame()
        assert opcode == 1, (opcode, payload)
        return documented(json.loads(payload))

    async def closed(self) -> tuple[int, str]:
        """The close frame's code and reason; messages before it are passed over."""
        opcode = 0
        while opcode != 8:
            opcode, payload = await self.frame()
        return int.from_bytes(payload[:2], "big"), payload[2:].decode()
