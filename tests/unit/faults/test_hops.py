"""The proxies do to a connection what they say, and count what they did."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.faults.hops import Hop

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
ANSWERS = {b"end": None, b"mute": b""}


@contextlib.asynccontextmanager
async def through_a_hop() -> AsyncIterator[tuple[Hop, Streams]]:
    """A connection through a hop to a server that answers `ok`, says nothing to `mute` and hangs up on `end`."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            answer = ANSWERS.get(data, b"ok")
            if answer is None:
                break
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    hop = Hop("test", [server.sockets[0].getsockname()[1]])
    await hop.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", hop.port)
    try:
        yield hop, (reader, writer)
    finally:
        writer.close()
        await hop.close()
        server.close()


async def ended(reader: asyncio.StreamReader) -> bool:
    """Whether the connection's end reaches the client within half a second."""
    try:
        return await asyncio.wait_for(reader.read(100), 0.5) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def test_the_end_of_the_server_reaches_the_client() -> None:
    async with through_a_hop() as (_, (reader, writer)):
        writer.write(b"end")
        assert await ended(reader)


async def test_half_open_holds_the_end_of_the_server_back_until_it_heals() -> None:
    async with through_a_hop() as (hop, (reader, writer)):
        writer.write(b"hello")
        assert await reader.read(100) == b"ok"
        hop.mute()
        writer.write(b"end")
        assert not await ended(reader)
        hop.heal()
        assert await ended(reader)


@pytest.mark.parametrize(("said", "swallowed"), [(b"COMMIT", 1), (b"hello", 0)])
async def test_a_swallowed_reply_is_counted_and_the_link_is_cut(said: bytes, swallowed: int) -> None:
    async with through_a_hop() as (hop, (reader, writer)):
        hop.marker = b"COMMIT"
        writer.write(said)
        if swallowed:
            assert await ended(reader)
        else:
            assert await reader.read(100) == b"ok"
        assert hop.swallowed == swallowed


async def test_a_marker_that_is_taken_away_is_no_swallowed_reply() -> None:
    async with through_a_hop() as (hop, (reader, writer)):
        hop.marker = b"COMMIT"
        hop.heal()
        writer.write(b"COMMIT")
        assert await reader.read(100) == b"ok"
        assert (hop.marker, hop.swallowed, hop.links) == (None, 0, 1)
