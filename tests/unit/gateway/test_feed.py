"""The feed over real sockets: who may open it, subscriptions that fail, clients that do not read (LIV-03, LIV-08, SEC-12)."""

import asyncio
from typing import Any

import pytest

from runtime.http_problems import ProblemError
from services.gateway.live import backlog as backlog_module
from services.gateway.live import client as client_module
from services.gateway.live import conversation as conversation_module
from services.gateway.live import feed as feed_module
from tests.unit.gateway.feed_server import BIG, RawClient, history, served
from tests.unit.gateway.front import PAYOUT_ID, Front, payout_row


async def _until(holds: Any, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


def _clients(front: Front) -> int:
    return front.feed.lines.open


def _followed(front: Front) -> int:
    return sum(len(followers) for followers in front.hub._followers.values())


async def _slow(front: Front, port: int) -> RawClient:
    """A client that follows, then reads no more while more comes than its queue and buffers hold."""
    history(front, 0)
    slow = await RawClient.connect(port)
    assert await slow.handshake() == 101
    slow.send({"type": "subscribe", "channel": "payouts:demo", "rows": False, "fold": False})
    while (await slow.told())["type"] != "snapshot":
        pass
    await _until(lambda: _followed(front) == 1)
    history(front, 60_000)
    for step in range(1, 61):
        await front.hub.advanced(3, step * 1000)
        await asyncio.sleep(0)
    return slow


async def test_liv_08_a_client_that_does_not_read_is_left_at_once_and_its_line_cut(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "GOODBYE_SECONDS", 1.0)
    monkeypatch.setattr(backlog_module, "FRAMES_MAX", 20)
    before = _clients(front)
    async with served(front) as port:
        slow = await _slow(front, port)
        await _until(lambda: _followed(front) == 0 and _clients(front) == before)
        await _until(lambda: not front.server.server_state.connections)
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await slow.closed()


async def test_liv_08_a_slow_client_that_reads_again_is_told_4008(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog_module, "FRAMES_MAX", 20)
    async with served(front) as port:
        slow = await _slow(front, port)
        await _until(lambda: _followed(front) == 0)
        code, reason = await asyncio.wait_for(slow.closed(), 10)
        assert (code, "resume" in reason) == (4008, True)


async def test_liv_08_what_waits_for_a_slow_client_is_bounded_in_bytes(front: Front) -> None:
    async with served(front) as port:
        slow = await _slow(front, port)  # some fifty frames of 1 MB: far from the bound in number
        await _until(lambda: _followed(front) == 0)
        assert (await asyncio.wait_for(slow.closed(), 10))[0] == 4008


async def test_liv_08_a_resuming_client_reads_more_history_than_the_bound_at_its_own_pace(front: Front) -> None:
    history(front, 300)
    await front.hub.advanced(3, 300)
    async with served(front) as port:
        client = await _opened(port)
        client.send({"type": "subscribe", "channel": "payouts:demo", "resume": "3:0:0"})
        assert (await client.told())["type"] == "subscribed"
        heard: list[int] = []
        while len(heard) < 300:
            heard += [change["version"] for change in (await client.told())["changes"]]
        assert 300 * len(BIG) > 5 * backlog_module.BYTES_MAX
        assert heard == list(range(300))
        await _until(lambda: _followed(front) == 1)


async def _opened(port: int, path: str = "/api/v1/feed/", **headers: str) -> RawClient:
    client = await RawClient.connect(port, path, **headers)
    assert await client.handshake() == 101
    assert (await client.told())["type"] == "hello"
    return client


async def _wanted(client: RawClient) -> str:
    client.send({"type": "subscribe", "channel": f"payout:{PAYOUT_ID}", "rows": False})
    answer = await client.told()
    return str(answer.get("code") or answer["type"])


async def test_a_channel_of_what_was_just_written_waits_for_the_views(front: Front) -> None:
    front.progress.next_offset[3] = 10
    front.progress.written.note("demo", (3, 10))
    async with served(front) as port:
        client = await _opened(port, "/api/v1/feed/?merchant_id=demo")
        asking = asyncio.create_task(_wanted(client))
        await asyncio.sleep(0.1)
        assert not asking.done()
        front.store.payouts_held = [payout_row()]
        await front.progress._advance(3, 11)
        assert await asking == "subscribed"


async def test_a_channel_that_stays_away_is_refused_and_not_waited_for_again(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation_module, "SHOWN_SECONDS", 0.2)
    front.progress.written.note("demo", (3, 10))
    async with served(front) as port:
        client = await _opened(port, "/api/v1/feed/?merchant_id=demo")
        assert await _wanted(client) == "not_found"
        monkeypatch.setattr(conversation_module, "SHOWN_SECONDS", 60.0)
        async with asyncio.timeout(5):
            assert await _wanted(client) == "not_found"
        foreign = await _opened(port, "/api/v1/feed/?merchant_id=other")
        async with asyncio.timeout(5):
            assert await _wanted(foreign) == "not_found"


async def test_liv_03_a_channel_that_is_no_text_is_an_error_and_the_session_lives(front: Front) -> None:
    async with served(front) as port:
        client = await _opened(port)
        for channel in (["x"], {"a": 1}, None, 5):
            client.send({"type": "subscribe", "channel": channel})
            answer = await client.told()
            assert (answer["type"], answer["code"]) == ("error", "validation_error")
        client.send({"type": "ping"})
        pong = await client.told()
        assert (pong["type"], pong["lag_ms"]) == ("pong", 0)


async def test_liv_03_a_subscription_that_failed_half_way_can_be_repeated(front: Front) -> None:
    front.store.payouts_held = [payout_row()]
    join = front.hub.join

    async def failing(*args: Any) -> None:
        raise ProblemError("view_unavailable", "away")

    async with served(front) as port:
        client = await _opened(port)
        asked = {"type": "subscribe", "channel": f"payout:{PAYOUT_ID}"}
        front.hub.join = failing  # type: ignore[method-assign]
        client.send(asked)
        assert [(await client.told())["type"] for _ in range(3)] == ["subscribed", "snapshot", "error"]
        assert _followed(front) == 0
        front.hub.join = join  # type: ignore[method-assign]
        client.send(asked)
        assert [(await client.told())["type"] for _ in range(2)] == ["subscribed", "snapshot"]
        await _until(lambda: _followed(front) == 1)
        client.send(asked)
        again = await client.told()
        assert (again["type"], again["code"]) == ("error", "already_subscribed")


async def test_a_payout_is_followed_by_its_id_in_any_case(front: Front) -> None:
    front.store.payouts_held = [payout_row()]
    async with served(front) as port:
        client = await _opened(port)
        channel = f"payout:{PAYOUT_ID.upper()}"
        client.send({"type": "subscribe", "channel": channel})
        answer = await client.told()
        assert (answer["type"], answer["channel"]) == ("subscribed", channel)


async def test_sec_06_two_merchants_in_one_address_get_no_feed(front: Front) -> None:
    async with served(front) as port:
        client = await RawClient.connect(port, "/api/v1/feed/?merchant_id=demo&merchant_id=other")
        assert await client.handshake() == 400


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("", ""),
        ("", "NO!"),
        ("?merchant_id=NO!", None),
        ("?merchant_id=", None),
        ("?merchant_id=demo", "other"),
    ],
)
async def test_sec_06_a_merchant_that_is_empty_malformed_or_contradicts_itself_is_refused(
    front: Front, path: str, header: str | None
) -> None:
    async with served(front) as port:
        client = await RawClient.connect(
            port, f"/api/v1/feed/{path}", **({"X_Merchant_Id": header} if header is not None else {})
        )
        assert await client.handshake() == 101
        assert (await client.closed())[0] == 4002


@pytest.mark.parametrize("header", [None, "demo"])
async def test_sec_06_a_merchant_named_alike_twice_is_one(front: Front, header: str | None) -> None:
    async with served(front) as port:
        headers = {"X_Merchant_Id": header} if header else {}
        client = await _opened(port, "/api/v1/feed/?merchant_id=demo", **headers)
        for channel, kind in (("payouts:other", "error"), ("payouts:demo", "subscribed")):
            client.send({"type": "subscribe", "channel": channel})
            assert (await client.told())["type"] == kind


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 400),
        ({"Host": "evil.example"}, 400),
        ({"Origin": "http://localhost:3000"}, 101),
        ({"Host": "localhost", "Origin": "http://localhost"}, 101),
    ],
)
async def test_sec_12_foreign_pages_do_not_open_the_feed(front: Front, headers: dict[str, str], status: int) -> None:
    async with served(front) as port:
        client = await RawClient.connect(port, **headers)
        assert await client.handshake() == status


async def test_liv_03_who_only_pings_has_not_subscribed(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "SUBSCRIBE_SECONDS", 0.5)
    async with served(front) as port:
        client = await _opened(port, "/api/v1/feed/")

        async def keep_pinging() -> None:
            while True:
                client.send({"type": "ping"})
                await asyncio.sleep(0.1)

        pinging = asyncio.create_task(keep_pinging())
        assert (await asyncio.wait_for(client.closed(), 3))[0] == 4001
        pinging.cancel()


async def test_liv_04_who_leaves_the_last_channel_has_as_long_for_the_next_as_for_the_first(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "SUBSCRIBE_SECONDS", 0.5)
    async with served(front) as port:
        client = await _opened(port, "/api/v1/feed/")
        wanted = {"type": "subscribe", "channel": "payouts:demo", "rows": False}
        client.send(wanted)
        assert [(await client.told())["type"] for _ in range(2)] == ["subscribed", "snapshot"]
        await asyncio.sleep(0.8)
        client.send({"type": "unsubscribe", "channel": "payouts:demo"})
        assert (await client.told())["type"] == "unsubscribed"
        client.send(wanted)
        assert (await client.told())["type"] == "subscribed"
        client.send({"type": "unsubscribe", "channel": "payouts:demo"})
        assert (await asyncio.wait_for(client.closed(), 3))[0] == 4001


async def test_liv_08_a_message_that_nobody_may_send_is_not_taken_in(front: Front) -> None:
    async with served(front) as port:
        client = await _opened(port)
        client.writer.write(b"\x81\xff" + (1 << 20).to_bytes(8) + bytes(4))  # a head that announces 1 MiB, and nothing more
        assert (await asyncio.wait_for(client.closed(), 3))[0] == 1009
