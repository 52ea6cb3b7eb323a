"""The feed as server-sent events over real sockets: the same messages, ids that resume, statuses that end a browser's tries (LIV-01, LIV-06, LIV-07)."""

import asyncio
from typing import Any

import pytest

from services.gateway.access.credentials import STREAM, Credential
from services.gateway.live import backlog as backlog_module
from services.gateway.live import client as client_module
from services.gateway.live import stream as stream_module
from services.gateway.live.frames import Frame, message
from services.gateway.live.stream_line import StreamLine
from tests.unit.gateway.feed_server import RawClient, history, served
from tests.unit.gateway.front import PAYOUT_ID, Admin, Front, change_row, payout_row
from tests.unit.gateway.stream_client import StreamClient


def log_of(front: Front, *offsets: int) -> None:
    """Changes of `demo` on partition 3 at these offsets; the views stand behind the last."""

    async def changes_between(start: tuple[int, int, int], end: int, wanted: Any, limit: int) -> list[dict[str, Any]]:
        return [change_row(offset) for offset in offsets if start[1] <= offset < end][:limit]

    async def position(partition: int) -> int:
        return offsets[-1] + 1 if partition == 3 and offsets else 0

    front.store.changes_between, front.store.position = changes_between, position


async def advanced(front: Front, *offsets: int) -> None:
    log_of(front, *offsets)
    await front.hub.advanced(3, offsets[-1] + 1)


async def test_liv_01_a_stream_tells_what_a_websocket_tells(front: Front) -> None:
    front.store.payouts_held = [payout_row()]
    async with served(front) as port:
        stream = await StreamClient.open(port, f"channel=payout:{PAYOUT_ID}")
        assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert stream.headers["cache-control"].startswith("no-store")
        socket = await RawClient.connect(port)
        assert await socket.handshake() == 101
        socket.send({"type": "subscribe", "channel": f"payout:{PAYOUT_ID}"})
        for kind in ("hello", "subscribed", "snapshot"):
            one, other = await stream.told(), await socket.told()
            assert (one["type"], {**one, "time": 0}) == (kind, {**other, "time": 0})
        await asyncio.sleep(0.05)
        await advanced(front, 0, 1)
        one, other = await stream.told(), await socket.told()
        assert one == other
        assert [change["version"] for change in one["changes"]] == [0, 1]


async def test_liv_01_streams_and_sockets_share_the_bytes_of_a_change(front: Front) -> None:
    made: list[Frame] = []

    class Line:
        on_ready = on_leave = None
        ready, unsent = True, 0

        def send(self, parts: Any) -> None:
            made.append(parts[-1])

        def cut(self) -> None: ...

    lines = [StreamLine(Line(), ["c"]) for _ in range(3)]
    frame = message({"type": "changes", "channel": "c", "cursor": "3:1:1@demo"})
    for line in lines:
        line.write(frame)
    assert all(part is made[0] for part in made)


async def test_liv_06_last_event_id_goes_on_without_gap_or_repeat(front: Front) -> None:
    async with served(front) as port:
        first = await StreamClient.open(port, "channel=payouts:demo&rows=false&fold=false")
        await first.until("snapshot")
        await asyncio.sleep(0.05)
        await advanced(front, 0, 1, 2)
        heard = [change["version"] for change in (await first.told())["changes"]]
        first.writer.transport.abort()
        await advanced(front, 0, 1, 2, 3, 4)
        second = await StreamClient.open(port, "channel=payouts:demo&rows=false&fold=false", Last_Event_ID=first.id)
        assert (await second.until("subscribed"))["resumed"] is True
        heard += [change["version"] for change in (await second.told())["changes"]]
        assert heard == [0, 1, 2, 3, 4]
        assert second.id == "3:4:1@demo"


async def test_liv_06_one_id_resumes_several_channels_each_from_its_own_place(front: Front) -> None:
    front.store.payouts_held = [payout_row()]
    query = f"channel=payouts:demo&channel=payout:{PAYOUT_ID}&rows=false"
    async with served(front) as port:
        stream = await StreamClient.open(port, query)
        await stream.until("snapshot")
        await stream.until("snapshot")
        assert stream.id == "3:0:0@demo;3:0:0@demo"
        log_of(front, 0, 1)
        await front.hub.advanced(3, 2)
        again = await StreamClient.open(port, query, Last_Event_ID="3:1:0@demo;3:2:0@demo")
        found = [await again.until("subscribed")]
        told = await again.until("changes")
        found.append(await again.until("subscribed"))
        assert [one["cursor"] for one in found] == ["3:1:0@demo", "3:2:0@demo"]
        assert (told["channel"], [change["version"] for change in told["changes"]]) == ("payouts:demo", [1])
        assert again.id == "3:1:1@demo;3:2:0@demo"


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("", {}, 400, "validation_error"),
        ("channel=x", {}, 400, "validation_error"),
        ("channel=payouts:demo&channel=payouts:demo", {}, 400, "validation_error"),
        ("channel=payouts:demo&colour=red", {}, 400, "validation_error"),
        ("channel=payouts:demo&rows=perhaps", {}, 400, "validation_error"),
        ("channel=payouts%3Fstatus%3Dgone", {}, 400, "validation_error"),
        ("channel=payouts:nobody", {}, 404, "not_found"),
        ("channel=payouts:demo", {"X_Merchant_Id": "other"}, 404, "not_found"),
        ("channel=payouts:demo", {"X_Merchant_Id": "NO!"}, 400, "validation_error"),
        ("channel=payouts:demo", {"Last_Event_ID": "nonsense"}, 400, "cursor_invalid"),
        ("channel=payouts:demo", {"Last_Event_ID": "3:0:0@demo;3:0:0@demo"}, 400, "cursor_invalid"),
        ("channel=payouts:demo&resume=3:1:0@demo", {}, 400, "cursor_from_future"),
        ("channel=payouts:demo", {"Last_Event_ID": "3:99:0@demo"}, 400, "cursor_from_future"),
        ("channel=payouts:demo", {"Last_Event_ID": "3:0:0@other"}, 403, "cursor_foreign"),
        ("channel=payouts:demo", {"Last_Event_ID": "4:0:0@demo"}, 403, "cursor_foreign"),
        ("channel=payouts", {"Last_Event_ID": "3:0:0@*"}, 400, "cursor_invalid"),
    ],
)
async def test_liv_07_what_cannot_be_followed_is_refused_with_its_status(
    front: Front, query: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with served(front) as port:
        stream = await StreamClient.open(port, query, **headers)
        assert (stream.status, stream.headers["content-type"]) == (status, "application/problem+json")
        assert (await stream.body())["code"] == code
        assert not front.feed.lines.open


async def test_liv_03_of_several_channels_each_is_refused_by_itself(front: Front) -> None:
    async with served(front) as port:
        stream = await StreamClient.open(port, "channel=payouts:nobody&channel=payouts:demo&rows=false")
        assert stream.status == 200
        refused = await stream.until("error")
        assert (refused["channel"], refused["code"], refused["status"]) == ("payouts:nobody", "not_found", 404)
        assert (await stream.until("subscribed"))["channel"] == "payouts:demo"
        await stream.until("snapshot")
        assert stream.id == ";3:0:0@demo", "a browser comes back with this: the refused one is asked for anew"


async def test_liv_07_a_cursor_too_old_begins_anew(front: Front) -> None:
    front = Front(FEED_REPLAY_PLACES=10)
    log_of(front, 0, 11)
    async with served(front) as port:
        stream = await StreamClient.open(port, "channel=payouts:demo&rows=false", Last_Event_ID="3:0:0@demo")
        assert (await stream.until("subscribed"))["resumed"] is False
        reset = await stream.told()
        assert (reset["type"], reset["code"], reset["cursor"]) == ("reset", "cursor_too_old", "3:12:0@demo")
        assert (await stream.told())["type"] == "snapshot"


async def test_liv_01_head_opens_nothing(front: Front) -> None:
    async with served(front) as port:
        stream = await StreamClient.open(port, "channel=payouts:demo", method="HEAD")
        assert (stream.status, front.feed.lines.open) == (200, 0)


async def test_liv_09_past_the_most_lines_no_further_one_is_opened() -> None:
    front = Front(FEED_LINES_MAX=1)
    async with served(front) as port:
        first = await StreamClient.open(port, "channel=payouts:demo")
        await first.until("snapshot")
        refused = await StreamClient.open(port, "channel=payouts:demo")
        assert (refused.status, (await refused.body())["code"]) == (429, "backlog_full")
        socket = await RawClient.connect(port)
        assert await socket.handshake() == 101
        assert (await socket.closed())[0] == 1013
        first.writer.close()


async def test_liv_09_streams_do_not_take_the_room_of_requests(front: Front) -> None:
    assert any(getattr(one, "kwargs", {}).get("free", frozenset()) >= {STREAM} for one in front.app.user_middleware)


@pytest.mark.parametrize(("origin", "status"), [("http://evil.example", 403), ("http://localhost:3000", 200)])
async def test_sec_12_foreign_pages_do_not_open_a_stream(front: Front, origin: str, status: int) -> None:
    async with served(front) as port:
        assert (await StreamClient.open(port, "channel=payouts:demo", Origin=origin)).status == status


async def test_a_client_that_goes_is_let_go(front: Front) -> None:
    async with served(front) as port:
        stream = await StreamClient.open(port, "channel=payouts:demo")
        await stream.until("snapshot")
        stream.writer.transport.abort()
        async with asyncio.timeout(3):
            while front.feed.lines.open:
                await asyncio.sleep(0.01)
        assert not front.hub._followers[3]


async def test_liv_08_a_stream_that_is_too_slow_is_told_where_to_go_on(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog_module, "FRAMES_MAX", 20)
    monkeypatch.setattr(client_module, "GOODBYE_SECONDS", 3.0)
    big = "x" * 20_000

    async def changes_between(start: tuple[int, int, int], end: int, wanted: Any, limit: int) -> list[dict[str, Any]]:
        return [change_row(offset, reference=big) for offset in range(start[1], end)][:limit]

    async with served(front) as port:
        stream = await StreamClient.open(port, "channel=payouts:demo&rows=false&fold=false")
        await stream.until("snapshot")
        front.store.changes_between = changes_between
        await asyncio.sleep(0.05)
        for step in range(1, 61):
            await front.hub.advanced(3, step * 1000)
            await asyncio.sleep(0)
        async with asyncio.timeout(3):
            while front.feed.lines.open:
                await asyncio.sleep(0.01)
        last = stream.id
        while True:
            told = await stream.told()
            if told["type"] == "bye":
                break
            last = stream.id
        assert (told["code"], told["reason"]) == (4008, "too_slow")
        assert told["resume"] == {"payouts:demo": last}
        with pytest.raises(EOFError):
            await stream.told()


async def test_sec_12_a_stream_needs_a_credential_and_a_ticket_opens_one(closed: Front, admin: Admin) -> None:
    admin.key("payouts:read")
    admin.tickets["one-use-only"] = (Credential("key_id", "key-0"), "demo")
    async with served(closed) as port:
        assert (await StreamClient.open(port, "channel=payouts")).status == 401
        stream = await StreamClient.open(port, "channel=payouts&rows=false&ticket=one-use-only")
        assert (await stream.until("subscribed"))["cursor"] == "3:0:0@demo"
        assert (await StreamClient.open(port, "channel=payouts&ticket=one-use-only")).status == 401


async def test_sec_12_a_stream_ends_when_its_credential_ends(
    closed: Front, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "LOOK_SECONDS", 0.05)
    secret = admin.key("payouts:read")
    async with served(closed) as port:
        stream = await StreamClient.open(port, "channel=payouts:demo&rows=false", Authorization=f"Bearer {secret}")
        await stream.until("snapshot")
        next(iter(admin.rows.values()))["ended_at"] = 1
        closed.clock.advance(2001)
        assert (await stream.until("bye"))["code"] == 4401
        with pytest.raises(EOFError):
            await stream.told()


async def test_liv_09_a_planned_end_says_bye_first_on_both_lines(front: Front) -> None:
    async with served(front) as port:
        stream = await StreamClient.open(port, "channel=payouts:demo&rows=false")
        await stream.until("snapshot")
        socket = await RawClient.connect(port)
        assert await socket.handshake() == 101
        socket.send({"type": "subscribe", "channel": "payouts:demo", "rows": False})
        while (await socket.told())["type"] != "snapshot":
            pass
        front.server.should_exit = True
        told = [await stream.until("bye"), await socket.told()]
        for bye in told:
            assert (bye["type"], bye["reason"], bye["resume"]) == ("bye", "restart", {"payouts:demo": "3:0:0@demo"})
            assert 500 <= bye["retry_after_ms"] <= 5000
        assert told[0]["retry_after_ms"] != told[1]["retry_after_ms"], "not all at once"
        assert (await socket.closed())[0] == 1012
        with pytest.raises(EOFError):
            await stream.told()


async def test_liv_03_every_merchants_payouts_are_followed_at_once(front: Front) -> None:
    async with served(front) as port:
        stream = await StreamClient.open(port, "channel=payouts&rows=false")
        assert (await stream.until("subscribed"))["cursor"] == ",".join(f"{p}:0:0" for p in range(8)) + "@*"
        await stream.until("snapshot")
        await asyncio.sleep(0.05)
        asked: list[Any] = []

        async def changes_between(start: Any, end: int, wanted: Any, limit: int) -> list[dict[str, Any]]:
            asked.append(wanted)
            return [change_row(0, merchant_id="other")] if start[1] < 1 else []

        front.store.changes_between = changes_between
        await front.hub.advanced(5, 1)
        told = await stream.until("changes")
        assert (told["cursor"], told["changes"][0]["merchant_id"]) == (
            "0:0:0,1:0:0,2:0:0,3:0:0,4:0:0,5:0:1,6:0:0,7:0:0@*",
            "other",
        )
        assert asked[0] == {"payouts": ["*"]}
        assert stream.id == told["cursor"], "the last cursor is all that a client keeps"


async def test_sec_02_a_right_that_ends_while_another_channel_is_caught_up_is_not_there_any_more(
    closed: Front, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "LOOK_SECONDS", 0.05)
    history(closed, 300)
    await closed.hub.advanced(3, 300)
    key = admin.key("payouts:read", "balance:read")
    asked = "channel=payouts:demo&channel=merchant:demo:balance&resume=3:0:0@demo;3:0:0@demo"
    async with served(closed) as port:
        stream = await StreamClient.open(port, asked, Authorization=f"Bearer {key}")
        await stream.until("changes")  # and reads no more for now: the second channel has to wait
        next(iter(admin.rows.values()))["scopes"].remove("balance:read")
        closed.clock.advance(2001)
        await asyncio.sleep(0.3)
        answer = await stream.told()
        while answer["channel"] != "merchant:demo:balance":
            answer = await stream.told()
        assert (answer["type"], answer["code"]) == ("error", "forbidden")
