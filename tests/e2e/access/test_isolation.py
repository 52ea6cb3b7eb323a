"""10,000 probes of one merchant at what is another's, over REST, files, drafts, webhooks and the feed: 0 leaks, the same answer as for nothing (SEC-06).

A probe asks for a thing of `beta` with the key of `alpha`. Its answer must be, byte for byte except for the id, the answer for a thing that
never was, and hold nothing of beta's. Set PROBES for another number.
"""

import asyncio
import itertools
import json
import os
import random
import re
import sys
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, NamedTuple

import aiohttp

from tests.e2e.access.conftest import Closed, Merchant, payee

PROBES = int(os.environ.get("PROBES", "10000"))
AT_ONCE = 16
FEED_SHARE, PER_SOCKET = 10, 40
MARK = "beta-"
"""Stands in every name and reference of beta's."""


_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TRACE = re.compile(r'(?<="trace_id":")[0-9a-f]{32}(?=")')
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")


class Probe(NamedTuple):
    """A kind of request: what it is called, the statuses that refuse it, and the request for a thing of beta's, or one that never was."""

    kind: str
    statuses: frozenset[int]
    make: Callable[[str], tuple[str, str, dict[str, str], Any]]
    subjects: str


def _plain(method: str, path: str, body: Any = None) -> Callable[[str], tuple[str, str, dict[str, str], Any]]:
    def make(subject: str) -> tuple[str, str, dict[str, str], Any]:
        return method, path.replace("ID", subject), {}, body

    return make


def _keyed(method: str, path: str, body: Callable[[str], Any]) -> Callable[[str], tuple[str, str, dict[str, str], Any]]:
    def make(subject: str) -> tuple[str, str, dict[str, str], Any]:
        return method, path.replace("ID", subject), {"Idempotency-Key": str(uuid.uuid4())}, body(subject)

    return make


def _named(path: str) -> Callable[[str], tuple[str, str, dict[str, str], Any]]:
    return lambda subject: ("GET", path, {"X-Merchant-Id": subject}, None)


def _file(subject: str) -> tuple[str, str, dict[str, str], Any]:
    form = aiohttp.FormData()
    form.add_field("merchant_id", subject)
    form.add_field(
        "file", b"account_number,amount,currency\n1234567890,1.00,USD\n", filename="rows.csv", content_type="text/csv"
    )
    return "POST", "/batches/upload/", {"Idempotency-Key": str(uuid.uuid4())}, form


def _file_to_account(subject: str) -> tuple[str, str, dict[str, str], Any]:
    form = aiohttp.FormData()
    form.add_field(
        "file",
        f"bank_account_id,amount,currency,reference\n{subject},1.00,USD,{uuid.uuid4()}\n".encode(),
        filename="rows.csv",
        content_type="text/csv",
    )
    return "POST", "/batches/upload/", {"Idempotency-Key": str(uuid.uuid4())}, form


FIGURES = (
    "attention", "insights", "figures/in-flight", "figures/paid-today", "figures/failure-rate", "figures/waiting", "figures/unknown",
    "figures/lag", "figures/batches", "figures/payouts",
)  # fmt: skip
NONE, FORBIDDEN, BAD = frozenset({404}), frozenset({403}), frozenset({400})
READS = (
    Probe("payout", NONE, _plain("GET", "/payouts/ID/"), "payouts"),
    Probe("payout, upper case", NONE, lambda subject: ("GET", f"/payouts/{subject.upper()}/", {}, None), "payouts"),
    Probe("payout by HEAD", NONE, _plain("HEAD", "/payouts/ID/"), "payouts"),
    Probe("history", NONE, _plain("GET", "/payouts/ID/events/"), "payouts"),
    Probe("timeline", NONE, _plain("GET", "/payouts/ID/timeline/"), "payouts"),
    Probe("stream of a payout", NONE, _plain("GET", "/feed/sse/?channel=payout:ID"), "payouts"),
    Probe("stream of a batch", NONE, _plain("GET", "/feed/sse/?channel=batch:ID"), "batches"),
    Probe("moves of a batch", NONE, _plain("GET", "/batches/ID/events/"), "batches"),
    Probe("timeline of a batch", NONE, _plain("GET", "/batches/ID/timeline/"), "batches"),
    Probe("batch", NONE, _plain("GET", "/batches/ID/"), "batches"),
    Probe("rows", NONE, _plain("GET", "/batches/ID/rows/"), "batches"),
    Probe("search by batch", frozenset({200}), _plain("GET", "/payouts/?batch_id=ID"), "batches"),
    Probe("search by reference", frozenset({200}), _plain("GET", "/payouts/?reference=ID"), "references"),
    Probe("ledger of a payout", frozenset({200}), _plain("GET", "/ledger/?payout_id=ID"), "payouts"),
    Probe("list for a merchant", FORBIDDEN, _named("/payouts/"), "merchant"),
    Probe("batches for a merchant", FORBIDDEN, _plain("GET", "/batches/?merchant_id=ID"), "merchant"),
    Probe("balance", FORBIDDEN, _plain("GET", "/balance/?merchant_id=ID"), "merchant"),
    Probe("ledger", FORBIDDEN, _named("/ledger/"), "merchant"),
    Probe("merchants", FORBIDDEN, _plain("GET", "/merchants/?merchant_id=ID"), "merchant"),
    Probe("draft", NONE, _plain("GET", "/drafts/ID/"), "drafts"),
    Probe("drafts for a merchant", FORBIDDEN, _plain("GET", "/drafts/?merchant_id=ID"), "merchant"),
    Probe("file", NONE, _plain("GET", "/uploads/ID/"), "uploads"),
    Probe("faults of a file", NONE, _plain("GET", "/uploads/ID/errors/"), "uploads"),
    Probe("refused rows", NONE, _plain("GET", "/uploads/ID/refused-rows/"), "uploads"),
    Probe("result of a file", NONE, _plain("GET", "/batches/ID/result/"), "uploads"),
    Probe("columns of a merchant", FORBIDDEN, _named("/uploads/mapping/"), "merchant"),
    Probe("webhook", NONE, _plain("GET", "/webhooks/ID/"), "webhooks"),
    Probe("webhooks for a merchant", FORBIDDEN, _named("/webhooks/"), "merchant"),
    Probe("delivery", NONE, _plain("GET", "/deliveries/ID/"), "deliveries"),
    Probe("attempts of a delivery", NONE, _plain("GET", "/deliveries/ID/attempts/"), "deliveries"),
    Probe("deliveries of a webhook", frozenset({200}), _plain("GET", "/deliveries/?webhook_id=ID"), "webhooks"),
    Probe("deliveries about a payout", frozenset({200}), _plain("GET", "/deliveries/?payout_id=ID"), "payouts"),
    Probe("what can be done with a payout", NONE, _plain("GET", "/payouts/ID/actions/"), "payouts"),
    Probe("what can be done with a batch", NONE, _plain("GET", "/batches/ID/actions/"), "batches"),
    Probe("record of the log", NONE, _plain("GET", "/log/ID/"), "records"),
    *(Probe(f"{path} for a merchant", FORBIDDEN, _named(f"/{path}/"), "merchant") for path in FIGURES),
    *(Probe(f"{path} of a merchant", FORBIDDEN, _plain("GET", f"/{path}/?merchant_id=ID"), "merchant") for path in FIGURES),
    Probe("keys for a merchant", BAD | FORBIDDEN | frozenset({200}), _named("/keys/"), "merchant"),
)
WRITES = (
    Probe("edit", NONE, _plain("PATCH", "/payouts/ID/", {"description": "mine now"}), "payouts"),
    Probe("replace", NONE, _keyed("PUT", "/payouts/ID/", lambda _: {**payee("x"), "description": "mine"}), "payouts"),
    Probe("delete", NONE, _plain("DELETE", "/payouts/ID/"), "payouts"),
    Probe("cancel", NONE, _plain("POST", "/payouts/ID/cancel/", {"reason": "mine"}), "payouts"),
    Probe("reveal", NONE, _plain("POST", "/payouts/ID/reveal/", {"reason": "a good reason"}), "payouts"),
    Probe("seal", NONE, _plain("POST", "/batches/ID/seal/"), "batches"),
    Probe("add rows", NONE, _keyed("POST", "/batches/ID/rows/", lambda _: {"rows": [payee("x")]}), "batches"),
    Probe("drop a batch", NONE, _plain("DELETE", "/batches/ID/"), "batches"),
    Probe(
        "credit",
        NONE,
        _keyed("POST", "/merchants/ID/credits/", lambda _: {"amount": "1.00", "currency": "USD", "reference": "r"}),
        "merchant",
    ),
    Probe(
        "bank account",
        NONE,
        _plain("POST", "/merchants/ID/bank-accounts/", {"holder": "h", "account_number": "12345678"}),
        "merchant",
    ),
    Probe("change a merchant", NONE, _plain("PATCH", "/merchants/ID/", {"name": "mine"}), "merchant"),
    Probe("change an account", NONE, _plain("PATCH", "/merchants/alpha/bank-accounts/ID/", {"primary": True}), "accounts"),
    Probe("close an account", NONE, _plain("DELETE", "/merchants/alpha/bank-accounts/ID/"), "accounts"),
    Probe(
        "verify an account",
        NONE,
        _keyed("POST", "/merchants/alpha/bank-accounts/ID/verification/", lambda _: {}),
        "accounts",
    ),
    Probe(
        "name the amounts",
        NONE,
        _keyed("POST", "/merchants/alpha/bank-accounts/ID/verification/confirm/", lambda _: {"amounts": ["0.01", "0.02"]}),
        "accounts",
    ),
    Probe(
        "pay for a merchant",
        BAD,
        _keyed("POST", "/payouts/", lambda subject: {**payee("x"), "merchant_id": subject}),
        "merchant",
    ),
    Probe(
        "batch for a merchant",
        BAD,
        _keyed("POST", "/batches/", lambda subject: {"merchant_id": subject, "rows": [payee("x")]}),
        "merchant",
    ),
    Probe(
        "pay to a saved account",
        BAD,
        _keyed("POST", "/payouts/", lambda subject: {"amount": "1.00", "currency": "USD", "bank_account_id": subject}),
        "accounts",
    ),
    Probe("file for a merchant", BAD, _file, "merchant"),
    Probe("replace a draft", NONE, _plain("PUT", "/drafts/ID/", {"payout": payee("x")}), "drafts"),
    Probe("discard a draft", NONE, _plain("DELETE", "/drafts/ID/"), "drafts"),
    Probe("submit a draft", NONE, _plain("POST", "/drafts/ID/submit/"), "drafts"),
    Probe(
        "draft for a merchant",
        BAD,
        _keyed("POST", "/drafts/", lambda subject: {"payout": {**payee("x"), "merchant_id": subject}}),
        "merchant",
    ),
    Probe("correct a file", NONE, _keyed("POST", "/uploads/ID/corrections/", lambda _: {"rows": []}), "uploads"),
    Probe("change a webhook", NONE, _plain("PATCH", "/webhooks/ID/", {"enabled": False}), "webhooks"),
    Probe("delete a webhook", NONE, _plain("DELETE", "/webhooks/ID/"), "webhooks"),
    Probe("rotate a secret", NONE, _plain("POST", "/webhooks/ID/rotate/"), "webhooks"),
    Probe("test a webhook", NONE, _plain("POST", "/webhooks/ID/test/"), "webhooks"),
    Probe("send again", NONE, _plain("POST", "/deliveries/ID/send-again/"), "deliveries"),
)
FILES = (Probe("file to a saved account", BAD | frozenset({201, 402}), _file_to_account, "accounts"),)
CHANNELS = ("payout:{payouts}", "batch:{batches}", "payouts:{merchant}", "merchant:{merchant}:balance")


def _subjects(merchant: Merchant) -> dict[str, list[str]]:
    return {
        "payouts": merchant.payouts,
        "batches": merchant.batches,
        "references": merchant.references,
        "merchant": [merchant.id],
        "accounts": [merchant.bank_account],
        "drafts": merchant.drafts,
        "uploads": merchant.uploads,
        "webhooks": merchant.webhooks,
        "deliveries": merchant.deliveries,
        "records": merchant.records,
    }


def _nothing(kind: str) -> str:
    """A subject of this kind that never was."""
    never = {"references": "zeta-secret-0", "merchant": "zeta", "records": "payouts.events/0/999999999"}
    return never.get(kind) or str(uuid.uuid4())


class Answers:
    """Asks as alpha, and remembers what the answer for nothing looks like."""

    def __init__(self, session: aiohttp.ClientSession, url: str, alpha: Merchant) -> None:
        self._session, self._url, self._alpha = session, url, alpha
        self.nothing: dict[str, tuple[int, str]] = {}
        self.leaks: list[str] = []
        self.count: Counter[str] = Counter()

    async def ask(self, probe: Probe, subject: str) -> tuple[int, str]:
        """Status and body, without what differs by itself: the id, times, traces."""
        method, path, headers, body = probe.make(subject)
        more: dict[str, Any] = (
            {"data": body} if isinstance(body, aiohttp.FormData) else {"json": body} if body is not None else {}
        )
        async with self._session.request(
            method, f"{self._url}/api/v1{path}", headers={**self._alpha.headers, **headers}, **more
        ) as answer:
            text = await answer.text()
        for spelled in (subject, subject.upper()):
            text = text.replace(spelled, "SUBJECT")
        text = _TRACE.sub("TRACE", _TIME.sub("TIME", _ID.sub("ID", text)))
        if answer.status in {200, 201} and text.startswith("{"):
            found = json.loads(text)
            text = json.dumps({name: found[name] for name in ("count", "results", "next") if name in found})
        return answer.status, text

    async def probe(self, probe: Probe, subject: str) -> None:
        if probe.kind not in self.nothing:
            self.nothing[probe.kind] = await self.ask(probe, _nothing(probe.subjects))
        status, text = await self.ask(probe, subject)
        self.count[probe.kind] += 1
        if status not in probe.statuses or (status, text) != self.nothing[probe.kind] or MARK in text:
            self.leaks.append(f"{probe.kind} {subject}: {status} {text[:300]} but for nothing {self.nothing[probe.kind]}")


def _plan(
    count: int, kinds: tuple[Probe, ...], subjects: dict[str, list[str]], rng: random.Random
) -> Iterator[tuple[Probe, str]]:
    for probe in itertools.islice(itertools.cycle(kinds), count):
        yield probe, rng.choice(subjects[probe.subjects])


async def _all(answers: Answers, plan: Iterator[tuple[Probe, str]]) -> None:
    async def worker() -> None:
        for probe, subject in plan:
            await answers.probe(probe, subject)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


async def _feed(
    session: aiohttp.ClientSession, url: str, alpha: Merchant, names: list[str]
) -> AsyncIterator[tuple[str, str]]:
    """The answer to each subscription, PER_SOCKET on a connection."""
    for start in range(0, len(names), PER_SOCKET):
        async with session.ws_connect(f"{url}/api/v1/feed/", headers=alpha.headers) as socket:
            wanted = names[start : start + PER_SOCKET]
            for name in wanted:
                await socket.send_json({"type": "subscribe", "channel": name})
            left = set(wanted)
            while left:
                message = await socket.receive_json(timeout=20)
                if message["type"] in {"subscribed", "error", "snapshot"} and message["channel"] in left:
                    left.discard(message["channel"])
                    yield message["channel"], json.dumps({**message, "channel": "C"})


async def _probe(closed: Closed) -> dict[str, int]:
    alpha, beta, rng = closed.alpha, closed.beta, random.Random(6)
    feeds = PROBES // FEED_SHARE
    writes = PROBES * 2 // 10
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as session:
        answers, subjects = Answers(session, closed.stack.url, alpha), _subjects(beta)
        await _all(answers, _plan(PROBES - feeds - writes - 50, READS, subjects, rng))
        await _all(answers, _plan(writes, WRITES, subjects, rng))
        await _all(answers, _plan(50, FILES, subjects, rng))
        forms, seen = itertools.islice(itertools.cycle(CHANNELS), feeds), set()
        names = [form.format(**{kind: rng.choice(of) for kind, of in subjects.items()}) for form in forms]
        distinct = [names[at : at + PER_SOCKET] for at in range(0, len(names), PER_SOCKET)]
        for group in distinct:
            once = list(dict.fromkeys(group))
            async for name, told in _feed(session, closed.stack.url, alpha, once):
                answers.count[f"feed {name.split(':')[0]}"] += 1
                seen.add(told)
        nothing = {
            told async for _, told in _feed(session, closed.stack.url, alpha, [f"payout:{uuid.uuid4()}", "payouts:zeta"])
        }
        if seen != nothing:
            answers.leaks.append(f"feed: {seen} but for nothing {nothing}")
        while sum(answers.count.values()) < PROBES:  # names that came twice on a connection count once
            await _all(answers, _plan(PROBES - sum(answers.count.values()), READS, subjects, rng))
        assert answers.leaks[:10] == []
        return dict(answers.count)


def test_sec_06_10000_probes_find_nothing(closed: Closed) -> None:
    before = _state(closed)
    started = time.monotonic()
    count = asyncio.run(_probe(closed))
    sys.stdout.write(f"{sum(count.values())} probes, 0 leaks, {time.monotonic() - started:.0f} s: {count}\n")
    assert sum(count.values()) >= PROBES
    assert _state(closed) == before, "beta has what it had"


def test_sec_06_what_is_told_of_all_ones_own_tells_nothing_of_anothers(closed: Closed) -> None:
    beta = closed.beta
    theirs = {MARK, beta.bank_account, *beta.payouts, *beta.batches, *beta.drafts, *beta.uploads, *beta.webhooks}
    for path in (*FIGURES, "audit"):
        answer = closed.ask("GET", f"/{path}/", closed.alpha.key)
        assert answer.status_code == 200, path
        assert [one for one in theirs if one in answer.text] == [], path
    named = closed.ask("GET", "/audit/?limit=200", closed.alpha.key, X_Merchant_Id=beta.id)
    assert [one for one in theirs if one in named.text] == [], "whatever header is sent, the trail is one's own"


def _state(closed: Closed) -> list[Any]:
    """All that beta sees of its own, as long as it stands still."""
    key = closed.beta.key
    listed = closed.ask("GET", "/payouts/?limit=100&offset=0", key).json()
    shown = [(row["id"], row["amount"], row["description"], row["status"] == "canceled") for row in listed["results"]]
    batches = [(row["id"], row["row_count"]) for row in closed.ask("GET", "/batches/", key).json()["results"]]
    drafts = [(row["id"], row["version"]) for row in closed.ask("GET", "/drafts/", key).json()["results"]]
    files = [closed.ask("GET", f"/uploads/{upload}/", key).json() for upload in closed.beta.uploads]
    webhooks = [(row["id"], row["status"], row["url"]) for row in closed.ask("GET", "/webhooks/", key).json()["results"]]
    return [
        drafts,
        files,
        webhooks,
        listed["count"],
        shown,
        batches,
        closed.ask("GET", "/ledger/?limit=1&offset=0", key).json()["results"][-1]["currency"],
    ]


def test_sec_06_a_key_of_idempotency_is_the_merchants_own(closed: Closed) -> None:
    """The same key, the same content, another merchant: another payout, never the first one's answer."""
    for key, reference in zip(closed.beta.idempotency_keys[:5], closed.beta.references, strict=False):
        body = {**payee("beta-payee"), "reference": reference}
        answer = closed.ask("POST", "/payouts/", closed.alpha.key, body, Idempotency_Key=key)
        assert answer.status_code == 201, answer.text
        assert answer.json()["merchant_id"] == "alpha"
        assert answer.json()["id"] not in closed.beta.payouts
