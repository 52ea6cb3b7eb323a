"""Headers are bounded while they come in, and what does not come is not waited for (SEC-10)."""

import asyncio
import contextlib
import itertools
import json
import re
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from fastapi import Request, Response

from services.gateway import front_line
from services.gateway.front_line import FrontProtocol
from tests.unit.gateway.feed_server import PATIENCE_SECONDS
from tests.unit.gateway.front import Front


@contextlib.asynccontextmanager
async def served(front: Front) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(front.app, http=FrontProtocol, log_config=None, access_log=False, lifespan="off")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = server.force_exit = True
        await serving


async def sent(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What comes back until the line ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
    found = b""
    with contextlib.suppress(ConnectionError):
        async with asyncio.timeout(5):
            while chunk := await reader.read(65536):
                found += chunk
    writer.close()
    return found


HEAD = b"GET /api/v1/payouts/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


async def test_a_plain_request_is_answered(front: Front) -> None:
    async with served(front) as port:
        assert (await sent(port, HEAD + b"\r\n")).startswith(b"HTTP/1.1 200")
        assert (await sent(port, *(bytes([byte]) for byte in HEAD + b"\r\n"))).startswith(b"HTTP/1.1 200")


async def test_sec_10_too_many_headers_are_431_and_far_too_many_end_the_line(front: Front) -> None:
    async with served(front) as port:
        assert (await sent(port, HEAD + b"X-Long: " + b"x" * 17_000 + b"\r\n\r\n")).startswith(b"HTTP/1.1 431")
        assert await sent(port, HEAD + b"X-Long: " + b"x" * 1_000_000 + b"\r\n\r\n") == b""
        assert await sent(port, HEAD, *(b"X-%d: %s\r\n" % (n, b"x" * 1000) for n in range(1000)), b"\r\n") == b""
        assert await sent(port, HEAD + b"X: ", *(b"x" * 10_000 for _ in range(1000))) == b"", "one header without an end"
        assert await sent(port, b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\n\r\n") == b""


@pytest.mark.parametrize(
    "sent_",
    [b"BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n",
     b"POST /api/v1/payouts/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
     b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n"]
)  # fmt: skip
async def test_err_01_what_is_no_http_is_refused_as_everything_is(front: Front, sent_: bytes) -> None:
    async with served(front) as port:
        head, _, body = (await sent(port, sent_)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json\r\n" in head
    assert json.loads(body)["code"] == "validation_error"
    assert f"content-length: {len(body)}".encode() in head


@pytest.mark.parametrize(
    "coding",
    [b"gzip, chunked", b"gzip\r\nTransfer-Encoding: chunked", b"identity, chunked", b", chunked", b"gzip", b"chunked, gzip"],
)
async def test_err_04_a_body_in_a_coding_that_nobody_undoes_is_refused(front: Front, coding: bytes) -> None:
    taken: list[bytes] = []

    async def pass_on(request: Request) -> Response:
        taken.append(await request.body())
        return Response(b"{}")

    front.ingest.pass_on = pass_on
    head = b"POST /api/v1/payouts/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
    chunks = b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    async with served(front) as port:
        answered = await sent(port, head + b"Transfer-Encoding: " + coding + chunks)
        assert answered.startswith(b"HTTP/1.1 400 ")
        assert (answered.count(b"HTTP/1.1 400"), taken) == (1, [])
        assert json.loads(answered.partition(b"\r\n\r\n")[2])["code"] == "validation_error"
        assert (await sent(port, head + b"Transfer-Encoding: Chunked " + chunks)).startswith(b"HTTP/1.1 200 ")
    assert taken == [b"{}"]


async def test_sec_10_a_large_body_in_one_piece_is_no_large_head(front: Front) -> None:
    async with served(front) as port:
        body = b"x" * 900_000
        head = b"POST /api/v1/payouts/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(
            body
        )
        assert (await sent(port, head + body)).startswith(b"HTTP/1.1 200")


PROBES, AT_ONCE = 500, 25
ASKED_FOR_HEALTH = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n"


async def probed(port: int, count: int) -> list[bytes]:
    """The first lines of so many answers about health, one after another on a line that is kept."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    told = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(count):
            writer.write(ASKED_FOR_HEALTH)
            head = await reader.readuntil(b"\r\n\r\n")
            told.append(head.split(b"\r\n")[0])
            length = re.search(rb"(?i)content-length: (\d+)", head)
            assert length is not None
            await reader.readexactly(int(length[1]))
    writer.close()
    return told


async def ended(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_sec_10_500_slow_clients_hold_up_nobody(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """Slowloris: nothing, half a head, or a head byte by byte; health is answered all the while."""
    monkeypatch.setattr(front_line, "HEAD_SECONDS", 600.0)
    async with served(front) as port:
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(500)]
        dripping = itertools.chain(HEAD + b"X: ", itertools.repeat(ord("x")))

        async def drip() -> None:
            while True:
                byte = bytes([next(dripping)])
                for _, writer in slow[2::3]:
                    writer.write(byte)
                await asyncio.sleep(0.01)

        for _, writer in slow[1::3]:
            writer.write(HEAD)
        drips = asyncio.create_task(drip())
        told = await asyncio.gather(*(probed(port, PROBES // AT_ONCE) for _ in range(AT_ONCE)))
        assert {line for lines in told for line in lines} == {b"HTTP/1.1 200 OK"}
        assert sum(map(len, told)) == PROBES
        assert not any(reader.at_eof() for reader, _ in slow), "they hung all the while"
        drips.cancel()
        for _, writer in slow:
            writer.close()


async def test_sec_10_500_slow_clients_are_left(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_line, "HEAD_SECONDS", 1.0)
    async with served(front) as port:
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(500)]
        for _, writer in slow[1::2]:
            writer.write(HEAD)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await asyncio.gather(*(ended(reader) for reader, _ in slow)) == [b""] * 500
        assert set(await probed(port, 10)) == {b"HTTP/1.1 200 OK"}
        for _, writer in slow:
            writer.close()


@pytest.mark.parametrize("offered", [b"h2c", b"TLS/1.0", b"h2c, websocket"])
async def test_err_04_an_offer_to_upgrade_does_not_cost_a_request_its_body(front: Front, offered: bytes) -> None:
    taken: list[bytes] = []

    async def pass_on(request: Request) -> Response:
        taken.append(await request.body())
        return Response(b"{}")

    front.ingest.pass_on = pass_on
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: AAMAAABkAAQ\r\n" % offered
    body = b"upgrade: h2c\r\n\r\nupgrade: h2c\r\n"
    head = b"POST /api/v1/payouts/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n" % len(body)
    asked = head + offer + b"\r\n" + body
    async with served(front) as port:
        answered = await sent(port, asked, asked + head + b"Connection: close\r\n\r\n" + body, pause=0.3)
    assert answered.count(b"HTTP/1.1 200") == 3
    assert taken == [body] * 3
