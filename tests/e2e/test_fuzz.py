"""Requests that no client would send on purpose: no 5xx, no hang, no payout that nobody was told of (ERR-04, SEC-10).

50,000 of them. FUZZ sets another number, FUZZ_SEED another beginning; counts by status are printed.
"""

import asyncio
import json
import os
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx2
import pytest
from yarl import URL

from payflow.stack import Stack
from tests.e2e.api import bank, key, post
from tests.e2e.fuzzing import RAW, Asked, Fuzz, operations
from tests.e2e.schemathesis_hooks import BEYOND_THE_DOOR

REQUESTS, SEED = int(os.environ.get("FUZZ", "50000")), int(os.environ.get("FUZZ_SEED", "1"))
RAW_SHARE = 50
"""One in so many is hardly HTTP."""
AT_ONCE = 24
SLOWEST_SECONDS = 20.0
NO_ANSWER = "connection closed"
WRITE = b"POST "


@dataclass
class Tally:
    """What was answered."""

    statuses: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    slowest: float = 0.0

    def note(self, asked: Asked, status: int, kind: str, body: bytes, seconds: float) -> None:
        self.statuses[str(status)] += 1
        self.slowest = max(self.slowest, seconds)
        is_problem = status < 400 or asked.method == "HEAD" or (kind == "application/problem+json" and b'"code"' in body)
        if status >= 500 or not is_problem:
            self.wrong.append(
                f"{status} {asked.method} {asked.target[:200]} {asked.headers} {asked.body!r:.600} -> {body[:300]!r}"
            )
        if (
            is_problem
            and asked.method == "POST"
            and asked.target.partition("?")[0].strip("/").endswith(("payouts", "submit"))
            and body
        ):
            self.told |= _ids(body)


def _ids(body: bytes) -> set[str]:
    found = json.loads(body)
    return {str(found[name]) for name in ("id", "payout_id") if name in found}


@pytest.fixture
def things(http: httpx2.Client) -> tuple[str, dict[str, list[str]]]:
    """A merchant of its own with some of everything, by the name of the parameter that asks for it."""
    merchant = f"fuzz-{uuid.uuid4()}"
    mine = {"X-Merchant-Id": merchant}
    post(http, {"id": merchant, "name": "Fuzz"}, "/api/v1/merchants/")
    credit = {"amount": "100000.00", "currency": "USD", "reference": merchant}
    post(http, credit, f"/api/v1/merchants/{merchant}/credits/", Idempotency_Key=key())
    payouts = [post(http, bank("1.00"), **mine).json()["id"] for _ in range(5)]
    batches = [post(http, {"name": "f"}, "/api/v1/batches/", Idempotency_Key=key(), **mine).json()["id"] for _ in range(3)]
    account = {"holder": "Fuzz", "account_number": "1234567890", "verified": True}
    accounts = [post(http, account, f"/api/v1/merchants/{merchant}/bank-accounts/").json()["id"] for _ in range(3)]
    drafts = [
        post(http, {"payout": bank()}, "/api/v1/drafts/", Idempotency_Key=key(), **mine).json()["id"] for _ in range(5)
    ]
    found = {
        "payout_id": payouts,
        "batch_id": batches,
        "bank_account_id": accounts,
        "draft_id": drafts,
        "merchant_id": [merchant],
    }
    return merchant, found


def test_err_04_fuzzed_requests_get_no_5xx_and_make_nothing_unsaid(
    stack: Stack, http: httpx2.Client, things: tuple[str, dict[str, list[str]]]
) -> None:
    merchant, known = things
    left_out = BEYOND_THE_DOOR | {"reveal_payee"} if os.environ.get("PAYFLOW_DOOR") == "memory" else set()
    fuzz = iter(Fuzz(SEED, operations(http.get("/api/schema/").json(), left_out), known, merchant))
    before, began = _payouts(http, merchant), time.monotonic()
    tally = asyncio.run(_all(stack, fuzz))
    seconds = time.monotonic() - began
    counts = " ".join(f"{status}:{count}" for status, count in sorted(tally.statuses.items()))
    sys.stdout.write(
        f"{REQUESTS} fuzzed requests, seed {SEED}: {counts}; slowest {tally.slowest:.2f} s, {seconds:.0f} s in all\n"
    )
    assert not tally.wrong, f"{len(tally.wrong)} of them:\n" + "\n".join(tally.wrong[:20])
    assert tally.slowest < SLOWEST_SECONDS
    assert len(tally.statuses) > 8, "it reaches more than one kind of answer"
    assert _payouts(http, merchant) - before <= tally.told, "a payout that no answer named"
    assert post(http, bank("1.00")).status_code in {201, 402}, "and it still works"


async def _all(stack: Stack, fuzz: Iterator[Asked]) -> Tally:
    tally, left = Tally(), iter(range(REQUESTS))
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def work() -> None:
            for number in left:
                if number % RAW_SHARE == 0:
                    await _raw(stack, RAW[number // RAW_SHARE % len(RAW)], tally)
                else:
                    await _ask(session, stack.url, next(fuzz), tally)

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return tally


async def _ask(session: aiohttp.ClientSession, base: str, asked: Asked, tally: Tally) -> None:
    began = time.monotonic()
    try:
        async with session.request(
            asked.method, URL(base + asked.target, encoded=True), headers=asked.headers, data=asked.body, allow_redirects=False,
            skip_auto_headers=("Content-Type", "Accept"),
        ) as answer:  # fmt: skip
            body = await answer.read()
            tally.note(asked, answer.status, answer.headers.get("Content-Type", ""), body, time.monotonic() - began)
    except (aiohttp.ClientError, OSError) as error:
        tally.statuses[NO_ANSWER] += 1
        if not isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError):
            tally.wrong.append(f"{type(error).__name__} {asked.method} {asked.target[:200]} {asked.headers}")


async def _raw(stack: Stack, sent: bytes, tally: Tally) -> None:
    """Bytes of a connection of its own; an end without an answer is one too."""
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(stack.url).port)
    try:
        writer.write(sent)
        async with asyncio.timeout(0.5):
            head = await reader.read(4096)
        status = int(head.split(b" ", 2)[1]) if head.startswith(b"HTTP/") else 0
        tally.statuses[str(status) if status else NO_ANSWER] += 1
        if status >= 500 or (200 <= status < 300 and sent.startswith(WRITE)):
            tally.wrong.append(f"raw {sent[:200]!r} -> {head[:200]!r}")
    except (TimeoutError, OSError):
        tally.statuses[NO_ANSWER] += 1
    finally:
        writer.close()


def _payouts(http: httpx2.Client, merchant: str) -> set[str]:
    """All single payouts of a merchant; those of batches are their batch's."""
    found: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        query = {"merchant_id": merchant, "cursor": cursor, "limit": "500"}
        page: dict[str, Any] = http.get("/api/v1/payouts/", params=query).json()
        found |= {payout["id"] for payout in page["results"] if payout["batch_id"] is None}
        cursor = page["next_cursor"]
    return found
