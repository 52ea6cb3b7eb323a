"""Who holds a line of the feed, and what that one may follow: asked for each message, by identity's roles (LIV-03, LIV-04, SEC-05, SEC-12)."""

import asyncio
from typing import Any

import pytest

from services.gateway.access import line_watch
from services.gateway.access.credentials import Credential
from services.gateway.live import feed as feed_module
from tests.unit.gateway.feed_server import RawClient, history, served
from tests.unit.gateway.front import BATCH_ID, PAYOUT_ID, Admin, Front

READ = "payouts:read"
ALL_CHANNELS = (
    f"batch:{BATCH_ID}",
    f"payout:{PAYOUT_ID}",
    "payouts",
    "payouts:demo",
    "merchant:demo:balance",
    "providers",
    "ops",
)


async def _opened(port: int, path: str = "/api/v1/feed/", **headers: str) -> tuple[RawClient, dict[str, Any]]:
    client = await RawClient.connect(port, path, **headers)
    assert await client.handshake() == 101
    hello = await client.told()
    assert hello["type"] == "hello"
    return client, hello


async def _answer(client: RawClient, message: Any) -> dict[str, Any]:
    """The answer to one message; what follows a subscription is passed over."""
    client.send(message)
    return await _next(client, "signed_in", "subscribed", "error")


async def _next(client: RawClient, *kinds: str) -> dict[str, Any]:
    while (told := await client.told())["type"] not in kinds:
        pass
    return told


async def _code(client: RawClient, channel: str) -> str:
    answer = await _answer(client, {"type": "subscribe", "channel": channel, "rows": False})
    return str(answer.get("code", answer["type"]))


async def test_liv_04_a_browser_signs_in_inside_the_line_with_a_ticket_good_once(closed: Front, admin: Admin) -> None:
    admin.key(READ)
    admin.tickets["one-use-only"] = (Credential("key_id", "key-0"), "demo")
    async with served(closed) as port:
        client, hello = await _opened(port)
        assert hello["signed_in"] is False
        assert hello["limits"]["sign_in_within_seconds"] == 10
        assert await _code(client, "payouts") == "unauthorized"
        signed_in = await _answer(client, {"type": "sign_in", "ticket": "one-use-only"})
        assert signed_in["merchant_id"] == "demo"
        assert await _code(client, "payouts") == "subscribed"
        assert await _code(client, "payouts:other") == "not_found"
        again, _ = await _opened(port)
        assert (await _answer(again, {"type": "sign_in", "ticket": "one-use-only"}))["code"] == "unauthorized"
        assert (await again.closed())[0] == 4401


async def test_liv_04_who_does_not_sign_in_within_10_s_is_closed(closed: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "SIGN_IN_SECONDS", 0.3)
    monkeypatch.setattr(feed_module, "SUBSCRIBE_SECONDS", 0.1)
    async with served(closed) as port:
        client, _ = await _opened(port)
        began = asyncio.get_running_loop().time()
        code, reason = await client.closed()
        assert (code, "sign in" in reason) == (4401, True)
        assert asyncio.get_running_loop().time() - began > 0.2, "the time to subscribe begins with the sign-in"


async def test_liv_04_the_time_to_subscribe_begins_with_the_sign_in(
    closed: Front, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "SUBSCRIBE_SECONDS", 0.3)
    async with served(closed) as port:
        client, _ = await _opened(port)
        await asyncio.sleep(0.5)
        await _answer(client, {"type": "sign_in", "key": admin.key(READ)})
        assert (await client.closed())[0] == 4001


@pytest.mark.parametrize(
    "message",
    [
        {"ticket": "gone"},
        {"ticket": ""},
        {"ticket": 5},
        {"key": "no key"},
        {"key": "pk_live_" + "a" * 43},
        {},
    ],
)
async def test_liv_04_a_sign_in_that_fails_ends_the_line(closed: Front, message: dict[str, Any]) -> None:
    async with served(closed) as port:
        client, _ = await _opened(port)
        answer = await _answer(client, {"type": "sign_in", **message})
        assert (answer["code"], answer["status"]) == ("unauthorized", 401)
        assert (await client.closed())[0] == 4401


async def test_liv_04_a_sign_in_is_for_a_merchant_that_is_its_own(closed: Front, admin: Admin) -> None:
    key = admin.key(READ, merchants=["demo", "other"])
    async with served(closed) as port:
        for named, found in (("demo", "demo"), ("other", "other")):
            client, _ = await _opened(port)
            assert (await _answer(client, {"type": "sign_in", "key": key, "merchant_id": named}))["merchant_id"] == found
        for wrong, code in (("third", "forbidden"), ("NO!", "validation_error")):
            client, _ = await _opened(port)
            assert (await _answer(client, {"type": "sign_in", "key": key, "merchant_id": wrong}))["code"] == code
        client, _ = await _opened(port, "/api/v1/feed/?merchant_id=other")
        assert (await _answer(client, {"type": "sign_in", "key": key}))["merchant_id"] == "other"


@pytest.mark.parametrize(
    ("scopes", "merchants", "allowed"),
    [
        ((READ,), ("demo",), {f"payout:{PAYOUT_ID}", "payouts", "payouts:demo"}),
        ((READ, "batches:read"), ("demo",), {f"batch:{BATCH_ID}", f"payout:{PAYOUT_ID}", "payouts", "payouts:demo"}),
        ((READ, "balance:read"), ("demo",), {f"payout:{PAYOUT_ID}", "payouts", "payouts:demo", "merchant:demo:balance"}),
        ((READ, "operations:read"), ("demo",), {f"payout:{PAYOUT_ID}", "payouts", "payouts:demo"}),
        ((READ, "operations:read"), ("*",), {f"payout:{PAYOUT_ID}", "payouts", "payouts:demo", "providers", "ops"}),
    ],
)
async def test_sec_05_each_channel_needs_its_own_right(
    closed: Front, admin: Admin, scopes: tuple[str, ...], merchants: tuple[str, ...], allowed: set[str]
) -> None:
    closed.store.batches_held = [{"id": BATCH_ID, "merchant_id": "demo"}]
    key = admin.key(*scopes, merchants=merchants)
    async with served(closed) as port:
        client, hello = await _opened(port, Authorization=f"Bearer {key}")
        assert hello["signed_in"] is True
        found = {channel: await _code(client, channel) for channel in ALL_CHANNELS}
    assert {channel for channel, code in found.items() if code == "subscribed"} == allowed
    assert {code for channel, code in found.items() if channel not in allowed} == {"forbidden"}


async def test_sec_02_a_right_that_is_taken_away_ends_its_channels_and_leaves_the_others(
    closed: Front, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_watch, "LOOK_SECONDS", 0.05)
    key = admin.key(READ, "balance:read")
    async with served(closed) as port:
        client, _ = await _opened(port, Authorization=f"Bearer {key}")
        assert await _code(client, "payouts:demo") == "subscribed"
        assert await _code(client, "merchant:demo:balance") == "subscribed"
        next(iter(admin.rows.values()))["scopes"].remove("balance:read")
        closed.clock.advance(2001)
        ended = await _next(client, "error")
        assert (ended["channel"], ended["code"], ended["status"]) == ("merchant:demo:balance", "forbidden", 403)
        assert await _code(client, "merchant:demo:balance") == "forbidden"
        assert await _code(client, "payouts:demo") == "already_subscribed"


async def test_open_mode_needs_no_sign_in(front: Front) -> None:
    async with served(front) as port:
        client, hello = await _opened(port)
        assert hello["signed_in"] is True
        for channel in ("providers", "ops"):
            assert await _code(client, channel) == "subscribed"
            assert (await _next(client, channel))["type"] == channel


async def test_liv_07_a_cursor_of_another_tenant_on_the_same_partition_is_403(front: Front) -> None:
    async with served(front) as port:
        client, _ = await _opened(port)
        for resume, code, status in (
            ("3:0:0@other", "cursor_foreign", 403),
            ("3:7:0@demo", "cursor_from_future", 400),
            ("3:7:0@", "cursor_invalid", 400),
            ("x", "cursor_invalid", 400),
        ):
            answer = await _answer(client, {"type": "subscribe", "channel": "payouts:demo", "resume": resume})
            assert (answer["code"], answer["status"]) == (code, status)
        again = await _answer(client, {"type": "subscribe", "channel": "payouts:demo", "resume": "3:0:0@demo"})
        assert again["resumed"] is True


async def test_liv_06_a_quiet_channel_is_given_newer_cursors() -> None:
    front = Front(FEED_HEARTBEAT_SECONDS=0.1)
    async with served(front) as port:
        client, _ = await _opened(port)
        assert await _code(client, "payouts:demo") == "subscribed"
        await _next(client, "snapshot")
        await front.hub.advanced(3, 5000)
        mark = await _next(client, "bookmark")
        assert (mark["channel"], mark["cursor"]) == ("payouts:demo", "3:5000:0@demo")
        beat = await _next(client, "heartbeat")
        assert {"time", "position", "lag_ms"} <= beat.keys()


async def test_sec_02_a_right_that_is_taken_away_ends_a_channel_that_is_still_being_caught_up(
    closed: Front, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_watch, "LOOK_SECONDS", 0.05)
    closed.store.batches_held = [{"id": BATCH_ID, "merchant_id": "demo"}]
    history(closed, 300, batch_id=BATCH_ID)
    await closed.hub.advanced(3, 300)
    key = admin.key(READ, "batches:read")
    channel = f"batch:{BATCH_ID}"
    async with served(closed) as port:
        client, _ = await _opened(port, Authorization=f"Bearer {key}")
        client.send({"type": "subscribe", "channel": channel, "resume": "3:0:0"})
        await _next(client, "changes")  # and reads no more for now: the rest has to wait
        next(iter(admin.rows.values()))["scopes"].remove("batches:read")
        closed.clock.advance(2001)
        await asyncio.sleep(0.3)
        ended = await _next(client, "error")
        assert (ended["channel"], ended["code"]) == (channel, "forbidden")
        client.send({"type": "ping"})
        assert (await client.told())["type"] == "pong", "nothing of the channel is told behind its end"
        history(closed, 310, batch_id=BATCH_ID)
        await closed.hub.advanced(3, 310)
        client.send({"type": "ping"})
        assert (await client.told())["type"] == "pong"
        assert not any(len(followers) for followers in closed.hub._followers.values())
