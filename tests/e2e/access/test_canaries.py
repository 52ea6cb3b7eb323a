"""Canaries: a payee's telephone, IBAN, name and an API key, planted in every field, are nowhere but where they belong (SEC-08).

Searched at debug level: every service's log, the database's own log, metrics, error answers, the views of dead letters, the audit trail.
"""

import asyncio
import itertools
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import httpx2
from aiokafka import AIOKafkaProducer

from tests.e2e.access.conftest import Closed, payee
from tests.e2e.access.planting import plant_files, plant_webhooks
from tests.support.canaries import CANARIES, IBAN, NAME, NEEDLES, PHONE

FIELDS = (
    "amount",
    "currency",
    "reference",
    "description",
    "bank_account_id",
    "merchant_id",
    "on_insufficient_funds",
    "unknown",
    "amount_minor",
)
HEADERS = (
    "Idempotency-Key",
    "X-Merchant-Id",
    "Prefer",
    "If-Match",
    "X-Request-Id",
    "traceparent",
    "Authorization",
    "Cookie",
    "Content-Type",
)
FILTERS = (
    "status",
    "currency",
    "created_after",
    "min_amount",
    "merchant_id",
    "batch_id",
    "reference",
    "provider",
    "cursor",
    "page",
    "unknown",
)


def bodies() -> Iterator[dict[str, Any]]:
    """A payout with a canary in each field in turn, and good ones to it."""
    for canary, name in itertools.product(CANARIES, FIELDS):
        yield {**payee("Plain"), name: canary}
    for canary in CANARIES:
        yield {**payee(canary)}
        for member in ("account_number", "account", "iban", "msisdn", "type", "bank_name", "ifsc", "unknown"):
            yield {"amount": "1.00", "currency": "USD", "recipient_details": {member: canary, "name": canary}}
    yield {"amount": "1.00", "currency": "USD", "recipient_details": {"msisdn": PHONE, "name": NAME}}
    yield {"amount": "99999999.00", "currency": "USD", "recipient_details": {"iban": IBAN, "name": NAME}}


def plant(closed: Closed) -> list[str]:
    """Send all of it; what was answered to refusals."""
    told: list[str] = []
    key, http = closed.alpha.key, closed.http

    def note(answer: httpx2.Response, *, planted_in_path: bool = False) -> None:
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400 and not planted_in_path:
            told.append(answer.text)

    for body in bodies():
        note(closed.ask("POST", "/payouts/", key, body, Idempotency_Key=str(uuid.uuid4())))
        note(closed.ask("POST", "/batches/", key, {"name": "b", "rows": [body]}, Idempotency_Key=str(uuid.uuid4())))
    made = closed.ask("POST", "/payouts/", key, payee(NAME), Idempotency_Key=str(uuid.uuid4()))
    payout = made.json()["id"]
    for canary in CANARIES:
        for name in HEADERS:
            headers = {"Authorization": f"Bearer {key}", name: canary if name != "Authorization" else f"Bearer {canary}"}
            note(http.post("/api/v1/payouts/", json=payee("Plain"), headers=headers))
        for name in FILTERS:
            note(http.get("/api/v1/payouts/", params={name: canary}, headers=closed.alpha.headers))
        for path in (
            f"/payouts/{canary}/",
            f"/batches/{canary}/rows/",
            f"/{canary}/",
            f"/merchants/{canary}/credits/",
            f"/docs/errors/{canary}/",
        ):
            note(closed.ask("GET", path, key), planted_in_path=True)
        cells = f"account_number,amount,currency,name\n{canary},{canary},{canary},{canary}\n{canary}\n".encode()
        headers = {**closed.alpha.headers, "Idempotency-Key": str(uuid.uuid4())}
        note(
            http.post(
                "/api/v1/batches/upload/",
                files={"file": (f"{canary}.csv", cells, "text/csv")},
                data={"name": canary},
                headers=headers,
            )
        )
        note(
            http.post(
                "/api/v1/payouts/",
                content=f'{{"amount": "{canary}'.encode(),
                headers=closed.alpha.headers | {"Content-Type": "application/json"},
            )
        )
        note(closed.ask("POST", "/sessions/", body={"email": canary, "password": canary}))
        note(closed.ask("POST", "/sessions/", body={"email": f"{canary.replace(' ', '')}@example.com", "password": canary}))
        note(closed.ask("POST", "/users/", body={"email": canary, "name": canary, "password": canary, "grants": canary}))
        note(closed.ask("POST", "/keys/", body={"name": canary, "scopes": [canary], "merchants": [canary]}))
        note(closed.ask("POST", f"/payouts/{payout}/reveal/", key, {"reason": f"asks for {canary}"}))
        note(closed.ask("POST", f"/payouts/{closed.alpha.payouts[1]}/cancel/", key, {"reason": canary}))
        note(closed.ask("GET", f"/audit/?cursor={canary}"))
        note(http.get("/api/v1/sessions/oidc/callback", params={"code": canary, "state": canary, "error": canary}))
        note(http.get("/api/v1/feed/", params={"ticket": canary}))
    plant_files(closed, note)
    plant_webhooks(closed, note)
    asyncio.run(_inbox(closed))
    return told


async def _inbox(closed: Closed) -> None:
    """Records of an upstream that nobody can read, and some that are refused."""
    producer = AIOKafkaProducer(bootstrap_servers=closed.stack.bootstrap)
    await producer.start()
    try:
        for canary in CANARIES:
            for value in (canary, f'{{"type": "{canary}", "x": "{canary}"}}', f'["{canary}"', '{"' + canary + '": 1}'):
                headers = [(canary, canary.encode()), ("ce_type", canary.encode())]
                await producer.send_and_wait("payouts.inbox.erp", value.encode(), key=canary.encode(), headers=headers)
    finally:
        await producer.stop()


def _metrics(closed: Closed) -> str:
    ports = {name: port for name, port in closed.stack.environ.items() if name.endswith("_METRICS_PORT")}
    assert len(ports) >= 7
    return "".join(urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode() for port in ports.values())


def _dead_letters(closed: Closed) -> str:
    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "payflow", "dead-letters", *arguments]
        return subprocess.run(command, env=closed.stack.environ, capture_output=True, text=True).stdout

    listed = run("list")
    ids = [line.split()[0] for line in listed.splitlines()[1:5] if line.strip()]
    return listed + "".join(run("show", letter) for letter in ids)


def _audit(closed: Closed) -> str:
    """All pages of the trail."""
    told, cursor = "", ""
    while True:
        page = closed.ask("GET", f"/audit/?limit=200{cursor}")
        told += page.text
        if page.json()["next_cursor"] is None:
            return told
        cursor = f"&cursor={page.json()['next_cursor']}"


def _id_of(closed: Closed) -> str:
    """The id of alpha's key."""
    keys = closed.ask("GET", "/keys/").json()["results"]
    return next(str(key["id"]) for key in keys if key["name"] == "alpha")


def test_sec_08_canaries_are_seen_nowhere(closed: Closed) -> None:
    told = plant(closed)
    time.sleep(3)
    places = {
        path.name: path.read_text(errors="replace")
        for path in closed.stack.folder.rglob("*.log")
        if "kafka" not in str(path)
    }
    services = ("gateway", "ingest", "identity", "processor", "rails", "projector", "webhooks")
    assert {f"{service}.log" for service in services} <= places.keys()
    places |= {"metrics": _metrics(closed), "dead letters": _dead_letters(closed), "errors": "\n".join(told)}
    places["audit"] = _audit(closed)
    assert len(told) > 100
    assert '"level": "debug"' in "".join(places.values()), "the services speak at debug"
    assert "recipient.revealed" in places["audit"]
    assert all(f'"webhook.{act}"' in places["audit"] for act in ("created", "changed", "tested"))
    assert f'"key:{_id_of(closed)}"' in places["audit"], "by whom"
    found = [
        f"{place}: ...{text[max(text.find(needle) - 160, 0) : text.find(needle) + 60]}"
        for place, text in places.items()
        for needle in NEEDLES
        if needle in text
    ]
    assert found == []
    assert closed.alpha.key not in "".join(places.values())
    assert closed.root not in "".join(places.values())
