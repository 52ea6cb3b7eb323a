"""What stands below HTTP in every service, on a raw connection (ERR-04)."""

import asyncio
import socket
from typing import Any

import pytest
import uvicorn

from runtime import serving
from runtime.http_line import HttpLine


async def _asked(coding: bytes) -> tuple[bytes, list[bytes]]:
    """The first line of the answer to a body in this coding, and the bodies that came to the application."""
    taken: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        taken.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, http=HttpLine, log_config=None, access_log=False, lifespan="off"))
        running = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        reader, writer = await asyncio.open_connection(*listening.getsockname())
        head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: " + coding
        writer.write(head + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
        answer = await reader.read()
        writer.close()
        server.should_exit = server.force_exit = True
        await running
    return answer.split(b"\r\n")[0], taken


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"GZIP\r\nTransfer-Encoding: chunked", b"identity, chunked", b"gzip"])
async def test_err_04_a_body_in_a_coding_that_nobody_undoes_is_400(coding: bytes) -> None:
    line, taken = await _asked(coding)
    assert (line.split()[1], b"{}" in taken) == (b"400", False)


async def test_err_04_chunks_are_undone() -> None:
    assert await _asked(b"chunked") == (b"HTTP/1.1 200 OK", [b"{}"])


def test_every_service_is_served_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Any] = []

    def run(server: serving.Server) -> None:
        served.append(server.config.http)
        server.started = True

    monkeypatch.setattr(serving.Server, "run", run)
    serving.serve(lambda: None)
    assert served == [HttpLine]
