"""Both lines of the feed on the whole stack: the same messages, cuts and cursors, filters, the operation, and never ahead of REST (LIV-01 to LIV-07)."""

import asyncio
from typing import Any, Literal

import httpx2
import pytest

from payflow.client import (
    Changes,
    Feed,
    FeedRefusedError,
    OpsState,
    PayoutChange,
    ProvidersState,
    Snapshot,
    Subscribed,
)
from payflow.stack import Stack
from tests.e2e.api import MERCHANT, key, post, wallet

OVER: tuple[Literal["websocket"], Literal["sse"]] = ("websocket", "sse")
SECONDS = 40


def _pay(http: httpx2.Client, number: str = "+256772123456") -> str:
    answer = post(http, wallet(number), Idempotency_Key=key(), X_Merchant_Id=MERCHANT)
    assert answer.status_code < 300, answer.text
    return str(answer.json()["id"])


async def _until(feed: Feed, channel: str, payout_id: str, status: str, **given: Any) -> list[PayoutChange]:
    """What is told of a payout until it has this status; cut and resumed after each message of changes."""
    heard: list[PayoutChange] = []
    resume = given.pop("resume", None)
    async with asyncio.timeout(SECONDS):
        while True:
            messages = feed.told(channel, resume=resume, **given)
            async for message in messages:
                if isinstance(message, Changes):
                    heard += [change for change in message.changes if change.id == payout_id]
                    break
            await messages.aclose()
            resume = feed.cursor
            if heard and heard[-1].status == status:
                return heard


async def _cursor(feed: Feed, channel: str) -> str:
    async with asyncio.timeout(SECONDS):
        messages = feed.told(channel, rows=False)
        async for message in messages:
            if isinstance(message, Subscribed):
                await messages.aclose()
                return message.cursor
    raise AssertionError("not subscribed")


@pytest.mark.parametrize("over", OVER)
async def test_liv_06_every_change_once_over_a_cut_behind_each_message(http: httpx2.Client, stack: Stack, over: Any) -> None:
    feed = Feed(stack.url, merchant=MERCHANT, over=over)
    cursor = await _cursor(feed, f"payouts:{MERCHANT}")
    payout_id = await asyncio.to_thread(_pay, http)
    heard = await _until(feed, f"payouts:{MERCHANT}", payout_id, "completed", resume=cursor, rows=False)
    assert [change.version for change in heard] == list(range(1, len(heard) + 1))
    assert heard[-1].version == http.get(f"/api/v1/payouts/{payout_id}/").json()["version"]


@pytest.mark.parametrize("over", OVER)
async def test_liv_02_a_pushed_change_is_never_ahead_of_rest(http: httpx2.Client, stack: Stack, over: Any) -> None:
    feed = Feed(stack.url, merchant=MERCHANT, over=over)
    cursor = await _cursor(feed, "payouts")
    payout_id = await asyncio.to_thread(_pay, http)
    async with asyncio.timeout(SECONDS):
        async for message in feed.told("payouts", resume=cursor):
            for change in message.changes if isinstance(message, Changes) else ():
                found = (await asyncio.to_thread(http.get, f"/api/v1/payouts/{change.id}/")).json()
                assert found["version"] >= change.version
                if change.id == payout_id and change.status == "completed":
                    return


async def test_liv_03_a_filter_sees_a_row_come_and_go(http: httpx2.Client, stack: Stack) -> None:
    feed = Feed(stack.url, merchant=MERCHANT, over="sse")
    cursor = await _cursor(feed, "payouts?status=pending")
    payout_id = await asyncio.to_thread(_pay, http)
    came, left = [], []
    async with asyncio.timeout(SECONDS):
        async for message in feed.told("payouts?status=pending", resume=cursor):
            if isinstance(message, Changes):
                came += [change.version for change in message.changes if change.id == payout_id]
                left += [row.version for row in message.left if row.id == payout_id]
                if left:
                    break
    assert came[0] == 1
    assert left[0] == came[-1] + 1


@pytest.mark.parametrize("over", OVER)
async def test_liv_03_the_operation_says_what_rest_says(http: httpx2.Client, stack: Stack, over: Any) -> None:
    await asyncio.to_thread(_pay, http)
    async with asyncio.timeout(SECONDS):
        async for message in Feed(stack.url, over=over).told("providers"):
            if isinstance(message, ProvidersState):
                rest = http.get("/api/v1/providers/").json()["results"]
                told = message.providers["results"]
                assert [one["provider"] for one in told] == [one["provider"] for one in rest]
                assert told[0].keys() == rest[0].keys()
                break
        async for message in Feed(stack.url, over=over).told("ops"):
            if isinstance(message, OpsState):
                assert message.ops.keys() | {"freshness"} == http.get("/api/v1/operations/").json().keys()
                break


@pytest.mark.parametrize("over", OVER)
@pytest.mark.parametrize(
    ("resume", "code"),
    [("0:999999999:0@demo", "cursor_from_future"), ("0:0:0@acme", "cursor_foreign"), ("x", "cursor_invalid")],
)
async def test_liv_07_cursors_that_do_not_fit(stack: Stack, over: Any, resume: str, code: str) -> None:
    partition = (await _cursor(Feed(stack.url, over=over), f"payouts:{MERCHANT}")).partition(":")[0]
    wanted = partition + resume[1:] if resume.startswith("0") else resume
    with pytest.raises(FeedRefusedError) as refused:
        async for _ in Feed(stack.url, over=over).follow(f"payouts:{MERCHANT}", resume=wanted):
            pass
    assert refused.value.code == code


async def test_liv_05_a_snapshot_is_at_least_as_new_as_its_cursor(http: httpx2.Client, stack: Stack) -> None:
    payout_id = await asyncio.to_thread(_pay, http)
    async with asyncio.timeout(SECONDS):
        async for message in Feed(stack.url, over="sse").told(f"payout:{payout_id}"):
            if isinstance(message, Snapshot):
                assert message.payout is not None
                assert message.payout.version >= 1
                break
