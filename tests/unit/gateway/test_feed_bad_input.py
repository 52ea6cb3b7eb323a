"""What no client of the feed should send, on a raw WebSocket: each ends as docs/feed.md says (SEC-12, ERR-04)."""

import asyncio
import json
import os
from typing import Any

import pytest

from services.gateway.live import heard
from tests.unit.gateway.feed_server import RawClient, served
from tests.unit.gateway.front import Front

FIN = 0x80
CONT, TEXT, BINARY, PING, PONG = 0, 1, 2, 9, 10
LIMIT = 64 * 1024


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """A client's frame, masked."""
    mask, size = os.urandom(4), len(payload)
    masked = (int.from_bytes(payload) ^ int.from_bytes((mask * (size // 4 + 1))[:size])).to_bytes(size)
    code, width = (size, 0) if size < 126 else (126, 2) if size < 1 << 16 else (127, 8)
    length = bytes([0x80 | code]) + (size.to_bytes(width) if width else b"")
    return bytes([(FIN if fin else 0) | opcode]) + length + mask + masked


def said(size: int) -> bytes:
    """A ping of the feed that is so many bytes long."""
    head = b'{"type":"ping","x":"'
    return head + b"x" * (size - len(head) - 2) + b'"}'


async def greeted(port: int) -> RawClient:
    client = await RawClient.connect(port)
    assert await client.handshake() == 101
    assert (await client.told())["type"] == "hello"
    return client


async def counted(client: RawClient) -> tuple[int, int]:
    """How many pongs came before the goodbye, and its code."""
    pongs = 0
    while True:
        opcode, payload = await client.frame()
        pongs += opcode == PONG
        if opcode == 8:
            return pongs, int.from_bytes(payload[:2], "big")


async def gone(front: Front) -> None:
    async with asyncio.timeout(20):
        while front.feed.lines.open:
            await asyncio.sleep(0.01)


async def test_sec_12_a_message_of_64_kib_is_taken(front: Front) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(frame(TEXT, said(LIMIT)))
        assert (await client.told())["type"] == "pong"
        client.writer.write(frame(TEXT, said(LIMIT)[:40_000], fin=False) + frame(CONT, said(LIMIT)[40_000:]))
        assert (await client.told())["type"] == "pong"


@pytest.mark.parametrize(
    "sent",
    [
        frame(TEXT, said(LIMIT + 1)),
        frame(TEXT, json.dumps({"type": "ping", "x": "é" * 40_000}, ensure_ascii=False).encode()),
        frame(TEXT, b"x" * LIMIT, fin=False) + frame(CONT, b"x"),
        frame(TEXT, b"x" * 40_000, fin=False) + frame(CONT, b"x" * 40_000, fin=False),
        frame(BINARY, b"x" * (LIMIT + 1)),
    ],
    ids=["one byte more", "fewer characters than that", "one byte more in a fragment", "fragments", "binary"],
)
async def test_sec_12_a_message_past_64_kib_is_not_taken(front: Front, sent: bytes) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(sent)
        assert (await client.closed())[0] == 1009
        await gone(front)


async def test_sec_12_empty_fragments_without_end_are_too_many_messages(front: Front) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(frame(TEXT, b"", fin=False) + frame(CONT, b"", fin=False) * 5_000)
        assert (await client.closed())[0] == 4002
        await gone(front)


async def test_sec_12_slow_fragments_without_end_are_too_many_of_a_message(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heard, "FRAGMENTS_MAX", 20)
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(frame(TEXT, b"", fin=False))
        for _ in range(40):
            client.writer.write(frame(CONT, b"", fin=False))
            await asyncio.sleep(0.001)
        assert await client.closed() == (4002, "at most 20 fragments a message")
        await gone(front)


async def test_sec_12_binary_is_no_message(front: Front) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(frame(BINARY, b'{"type":"ping"}'))
        assert (await client.closed())[0] == 4002
        await gone(front)


@pytest.mark.parametrize("text", [b"\xff", b'{"type":"\xc3\x28"}', b"\xed\xa0\x80"])
async def test_sec_12_bad_utf_8_is_no_message(front: Front, text: bytes) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(frame(TEXT, text))
        assert (await client.closed())[0] == 1007
        await gone(front)


async def test_sec_12_a_thousand_messages_a_second_are_too_many(front: Front) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(frame(TEXT, b'{"type":"ping"}') * 1_000)
        assert (await client.closed())[0] == 4002
        await gone(front)


@pytest.mark.parametrize("opcode", [PING, PONG])
async def test_sec_12_a_flood_of_pings_or_pongs_is_too_many_messages(front: Front, opcode: int) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(frame(opcode, b"x") * 5_000)
        pongs, code = await counted(client)
        assert code == 4002
        assert pongs <= heard.MESSAGES_PER_SECOND
        await gone(front)


async def test_sec_12_a_flood_that_goes_on_is_not_listened_to(front: Front) -> None:
    async with served(front) as port:
        client = await greeted(port)

        async def flood() -> None:
            while not client.writer.transport.is_closing():
                client.writer.write(frame(PING, b"x") * 1_000)
                await client.writer.drain()

        flooding = asyncio.create_task(flood())
        pongs, code = await counted(client)
        assert (code, pongs <= heard.MESSAGES_PER_SECOND) == (4002, True)
        await gone(front)
        await asyncio.wait({flooding}, timeout=20)
        assert flooding.done()
        flooding.exception()


async def test_sec_12_a_hundred_frames_of_any_kind_are_answered(front: Front) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(frame(PING, b"x") * 50 + frame(TEXT, b'{"type":"ping"}') * 50)
        told: list[Any] = [await client.frame() for _ in range(100)]
        assert [opcode for opcode, _ in told].count(PONG) == 50


async def test_sec_12_a_half_closed_line_is_given_back(front: Front) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.send({"type": "subscribe", "channel": "payouts:demo", "rows": False})
        while (await client.told())["type"] != "snapshot":
            pass
        assert front.feed.lines.open == 1
        client.writer.write_eof()
        await gone(front)
        async with asyncio.timeout(20):
            while await client.reader.read(65536):
                pass


CLOSE = 8


@pytest.mark.parametrize(
    "sent",
    [frame(PING, b"") * 101 + frame(CLOSE, b"\x03\xe8"), frame(PING, b"") * 101 + frame(CLOSE, b"\x03\xe8") * 2],
    ids=["a flood that says goodbye", "twice"],
)
async def test_sec_12_a_flood_with_a_goodbye_ends_without_a_fault_of_ours(
    front: Front, caplog: pytest.LogCaptureFixture, sent: bytes
) -> None:
    async with served(front) as port:
        client = await greeted(port)
        client.writer.write(sent)
        await gone(front)
    assert [record.message for record in caplog.records if record.exc_info] == []
