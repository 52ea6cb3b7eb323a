"""The feed's client over real sockets: it goes on behind the last cursor after a cut, and stops at a refusal (LIV-06)."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets
from websockets.asyncio.server import ServerConnection

from payflow.client import Feed, FeedRefusedError, feed


class Script:
    """Each connection gets the next list of messages, then it is cut."""

    def __init__(self) -> None:
        self.connections: list[list[dict[str, Any]]] = []
        self.subscribed: list[dict[str, Any]] = []
        self.headers: list[str | None] = []

    async def serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.headers.append(socket.request.headers.get("X-Merchant-Id"))
        self.subscribed.append(json.loads(await socket.recv()))
        for message in self.connections.pop(0) if self.connections else []:
            await socket.send(json.dumps(message))
        await socket.close(1011)


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Script, str]]:
    monkeypatch.setattr(feed, "PAUSE_SECONDS", 0.01)
    script = Script()
    async with websockets.serve(script.serve, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield script, f"http://127.0.0.1:{port}"


def change(cursor: str) -> dict[str, Any]:
    return {"type": "changes", "channel": "batch:b", "cursor": cursor, "changes": []}


async def taken(following: AsyncIterator[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    found = []
    async with asyncio.timeout(10):
        async for message in following:
            found.append(message)
            if len(found) == count:
                return found
    return found


async def test_after_a_cut_it_goes_on_behind_the_last_cursor(served: tuple[Script, str]) -> None:
    script, url = served
    script.connections = [[change("0:1:0"), {"type": "heartbeat", "cursor": "9:9:9"}], [change("0:2:0")]]
    following = Feed(url, merchant="demo").follow("batch:b", rows=False)
    found = await taken(following, 3)
    assert [message.get("cursor") for message in found] == ["0:1:0", "9:9:9", "0:2:0"]
    assert [wish.get("resume") for wish in script.subscribed] == [None, "0:1:0"]
    assert script.headers == ["demo", "demo"]


async def test_another_process_goes_on_from_a_kept_cursor(served: tuple[Script, str]) -> None:
    script, url = served
    script.connections = [[change("0:8:0")]]
    client = Feed(url)
    await taken(client.follow("batch:b", resume="0:7:0"), 1)
    assert (script.subscribed[0]["resume"], client.cursor) == ("0:7:0", "0:8:0")


async def test_a_refusal_ends_it_and_one_that_passes_does_not(served: tuple[Script, str]) -> None:
    script, url = served
    passing = {"type": "error", "code": "view_unavailable", "detail": "later"}
    script.connections = [[passing], [change("0:1:0"), {"type": "error", "code": "cursor_invalid", "detail": "no"}]]
    following = Feed(url).follow("batch:b")
    assert (await taken(following, 1))[0]["cursor"] == "0:1:0"
    with pytest.raises(FeedRefusedError, match="cursor_invalid"):
        await anext(following)


async def test_nobody_listens_and_that_is_told_if_asked_for() -> None:
    with pytest.raises(OSError):
        await anext(Feed("http://127.0.0.1:9").follow("batch:b", wait_for_server=False))


async def test_liv_09_after_a_bye_it_comes_back_when_it_was_asked_to(served: tuple[Script, str]) -> None:
    script, url = served
    bye = {"type": "bye", "code": 1012, "reason": "restart", "retry_after_ms": 300, "resume": {"batch:b": "0:9:0"}}
    script.connections = [[change("0:1:0"), bye], [change("0:2:0")]]
    began = asyncio.get_running_loop().time()
    found = await taken(Feed(url).follow("batch:b"), 3)
    assert asyncio.get_running_loop().time() - began >= 0.3
    assert found[1] == bye
    assert script.subscribed[1]["resume"] == "0:1:0", "what it has seen, not what the server thinks"


async def test_liv_08_every_change_is_asked_for_unless_folding_is_wanted(served: tuple[Script, str]) -> None:
    script, url = served
    script.connections = [[change("0:1:0")], [change("0:1:0")]]
    await taken(Feed(url).follow("batch:b"), 1)
    await taken(Feed(url).follow("batch:b", fold=True), 1)
    assert [wish["fold"] for wish in script.subscribed] == [False, True]
