"""The API beside the console: same origin, byte for byte, streams and WebSockets too; a gateway that is away is a problem, not a page."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from tests.unit.console.conftest import Gateway, served

JSON = {"Content-Type": "application/json"}


async def test_a_request_goes_on_as_it_came_and_its_answer_comes_back_as_it_is(dist: Path) -> None:
    gateway = Gateway()
    async with served(dist, gateway) as client:
        sent = {
            **JSON,
            "Idempotency-Key": "k1",
            "Origin": "http://localhost:3000",
            "Cookie": "s=1",
            "X-Forwarded-For": "9.9.9.9",
        }
        answer = await client.post("/api/v1/payouts/?a=%2B&b=1", data=b'{"amount":"1.00"}', headers=sent)
        assert (answer.status, await answer.read()) == (203, b'{"ok":true}')
        assert answer.headers.getall("Set-Cookie") == ["a=1", "b=2"]
        assert answer.headers["X-Path"] == "/api/v1/payouts/?a=%2B&b=1"
        [asked] = gateway.asked
        assert asked.headers["Host"] == f"{client.host}:{client.port}", "the gateway's checks of Host and Origin hold"
        assert {name: asked.headers[name] for name in ("Idempotency-Key", "Origin", "Cookie")} == {
            "Idempotency-Key": "k1",
            "Origin": "http://localhost:3000",
            "Cookie": "s=1",
        }
        assert "X-Forwarded-For" not in asked.headers, "anybody could have written it"
        assert gateway.bodies == [b'{"amount":"1.00"}']


async def test_a_body_of_unknown_length_and_every_method_go_on(dist: Path) -> None:
    gateway = Gateway()

    async def pieces() -> object:
        for _ in range(3):
            yield b"x" * 100_000

    async with served(dist, gateway) as client:
        await client.put("/api/v1/drafts/1", data=pieces())
        await client.delete("/api/v1/payouts/1")
        await client.patch("/api/v1/payouts/1", data=b"{}")
        assert [asked.method for asked in gateway.asked] == ["PUT", "DELETE", "PATCH"]
        assert len(gateway.bodies[0]) == 300_000


async def test_a_body_in_a_coding_that_nobody_undoes_is_not_passed_on__ERR_04(dist: Path) -> None:
    gateway = Gateway()
    async with served(dist, gateway) as client:
        for coding, status in ((b"gzip, chunked", b"400"), (b"identity, chunked", b"400"), (b"Chunked ", b"203")):
            reader, writer = await asyncio.open_connection(client.host, client.port)
            head = b"POST /api/v1/payouts/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: " + coding
            writer.write(head + b"\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
            answer = await reader.read()
            assert answer.split()[1] == status, coding
            assert status == b"203" or b"nosniff" in answer, "our own refusals have the security headers"
            writer.close()
    assert gateway.bodies == [b"{}"]


async def test_a_stream_reaches_the_browser_while_it_goes_on(dist: Path) -> None:
    async with served(dist, Gateway()) as client:
        answer = await client.get("/api/v1/endless")
        assert await answer.content.readany() == b"first"
        answer.close()


async def test_an_answer_that_breaks_off_does_not_look_whole(dist: Path) -> None:
    async with served(dist, Gateway()) as client:
        with pytest.raises(aiohttp.ClientError):
            await (await client.get("/api/v1/broken")).read()


@pytest.mark.parametrize("path", ["/api/v1/payouts", "/readyz", "/api"])
async def test_a_gateway_that_is_away_is_a_problem_that_may_be_tried_again(dist: Path, path: str) -> None:
    async with served(dist, None) as client:
        answer = await client.get(path)
        assert (answer.status, answer.content_type, answer.headers["Retry-After"]) == (503, "application/problem+json", "1")
        assert (await answer.json(content_type=None))["code"] == "view_unavailable"
        assert (await client.get("/livez")).status == 200


async def test_a_websocket_goes_both_ways_and_ends_with_the_gateways_own_code(dist: Path) -> None:
    gateway = Gateway()
    async with served(dist, gateway) as client:
        line = await client.ws_connect("/api/v1/feed/?ticket=t", headers={"Origin": "http://localhost:3000"})
        await line.send_str("ab")
        assert await line.receive_str() == "abab"
        assert gateway.asked[0].headers["Origin"] == "http://localhost:3000"
        assert gateway.asked[0].headers["Host"] == f"{client.host}:{client.port}"
        await line.send_str("end 4008")
        ended = await line.receive()
        assert (ended.type, ended.data, ended.extra) == (aiohttp.WSMsgType.CLOSE, 4008, "as told")


async def test_a_refused_handshake_is_refused_and_one_without_a_gateway_is_503(dist: Path) -> None:
    async with served(dist, Gateway()) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect("/api/v1/feed/refused")
        assert refused.value.status == 401
    async with served(dist, None) as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as away:
            await client.ws_connect("/api/v1/feed/")
        assert away.value.status == 503
