"""A request that is cut off by the end of its service gets a problem that names its key; an answer that has begun is cut."""

import asyncio
from typing import Any

import msgspec
import pytest
from starlette.types import Receive, Scope, Send

from runtime.http_ending import Ending

SCOPE: Any = {
    "type": "http",
    "method": "POST",
    "path": "/payouts/",
    "headers": [(b"idempotency-key", b"k-1")],
    "query_string": b"",
    "server": ("h", 80),
    "scheme": "http",
}


async def _cut(*before: Any) -> list[Any]:
    sent: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in before:
            await send(message)
        await asyncio.Event().wait()

    async def take(message: Any) -> None:
        sent.append(message)

    async def nothing() -> Any:
        await asyncio.Event().wait()

    task = asyncio.create_task(Ending(app)(SCOPE, nothing, take))
    await asyncio.sleep(0)
    task.cancel()
    await task
    return sent


async def test_a_request_that_is_cut_off_is_told_to_come_again_with_its_key() -> None:
    start, body = await _cut()
    problem = msgspec.json.decode(body["body"])
    headers = dict(start["headers"])
    assert (start["status"], problem["code"], problem["retryable"]) == (503, "service_ending", True)
    assert headers[b"idempotency-key"] == b"k-1"
    assert b"retry-after" in headers


async def test_an_answer_that_has_begun_is_cut() -> None:
    with pytest.raises(asyncio.CancelledError):
        await _cut({"type": "http.response.start", "status": 200, "headers": []})
