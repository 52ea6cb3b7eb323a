"""The feed's client over server-sent events, and its typed messages, against the gateway's own doors over memory (LIV-01, LIV-06)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import msgspec
import pytest

from payflow.client import Changes, Feed, FeedRefusedError, Other, Snapshot, Subscribed, feed
from payflow.client.feed_messages import KINDS, typed
from tests.unit.gateway.feed_server import served
from tests.unit.gateway.front import Front, change_row, payout_row

OVER: tuple[Literal["websocket"], Literal["sse"]] = ("websocket", "sse")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes back at once."""
    monkeypatch.setattr(feed, "PAUSE_SECONDS", 0.01)


@pytest.fixture
def front() -> Front:
    """A gateway with empty views."""
    return Front()


def _log(front: Front, count: int) -> None:
    async def changes_between(start: tuple[int, int, int], end: int, wanted: Any, limit: int) -> list[dict[str, Any]]:
        return [change_row(offset) for offset in range(start[1], min(end, count))][:limit]

    async def position(partition: int) -> int:
        return count

    front.store.changes_between, front.store.position = changes_between, position


async def _next(messages: AsyncIterator[Any], kind: type) -> Any:
    async with asyncio.timeout(30):
        async for message in messages:
            if isinstance(message, kind):
                return message
    raise AssertionError("it ended")


@pytest.mark.parametrize("over", OVER)
async def test_liv_06_both_ways_tell_the_same_typed_and_go_on_after_a_cut(front: Front, over: Any) -> None:
    front.store.payouts_held = [payout_row()]
    async with served(front) as port:
        client = Feed(f"http://127.0.0.1:{port}", over=over)
        messages = client.told("payouts:demo")
        assert not (await _next(messages, Subscribed)).resumed
        assert (await _next(messages, Snapshot)).rows[0].amount == "10.00"
        await asyncio.sleep(0.05)
        _log(front, 2)
        await front.hub.advanced(3, 2)
        assert [change.version for change in (await _next(messages, Changes)).changes] == [0, 1]
        for connection in list(front.server.server_state.connections):
            connection.transport.abort()
        _log(front, 4)
        await front.hub.advanced(3, 4)
        again = await _next(messages, Subscribed)
        assert (again.resumed, again.cursor) == (True, "3:1:1@demo")
        assert [change.version for change in (await _next(messages, Changes)).changes] == [2, 3]
        assert client.cursor == "3:3:1@demo"
        await messages.aclose()


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize(
    ("channel", "resume", "code"),
    [
        ("x", None, "validation_error"),
        ("payouts:demo", "3:9:0@demo", "cursor_from_future"),
        ("payouts:demo", "3:0:0@o", "cursor_foreign"),
    ],
)
async def test_liv_07_a_refusal_ends_it_both_ways(
    front: Front, over: Any, channel: str, resume: str | None, code: str
) -> None:
    async with served(front) as port:
        following = Feed(f"http://127.0.0.1:{port}", over=over).follow(channel, resume=resume)
        with pytest.raises(FeedRefusedError) as refused:
            async for _ in following:
                pass
        assert refused.value.code == code


async def test_nobody_listens_and_that_is_told_if_asked_for() -> None:
    with pytest.raises(OSError, match="Connect"):
        await anext(Feed("http://127.0.0.1:9", over="sse").follow("batch:b", wait_for_server=False))


def test_what_this_version_does_not_know_is_given_as_it_is() -> None:
    assert typed({"type": "fireworks", "n": 1}) == Other(message={"type": "fireworks", "n": 1})
    assert typed({"type": "bookmark", "channel": "c", "cursor": "1", "more": 1}) == KINDS["bookmark"](
        channel="c", cursor="1"
    )  # type: ignore[call-arg]
    with pytest.raises(msgspec.ValidationError):
        typed({"type": "bookmark", "channel": "c"})
