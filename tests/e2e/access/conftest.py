"""A stack that asks for credentials, on a broker and a database of its own, with two merchants that have something to hide."""

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from domain.access.matrix import SCOPES
from payflow.stack import Stack
from tests.e2e.conftest import QUICK

OWN_STORES = {"DATABASE_URL": "", "KAFKA_BOOTSTRAP_SERVERS": ""}
CLOSED = {
    "PAYFLOW_ACCESS": "required",
    "SECRET_KEY": "8f3b0c5d9e7a412c6b1d0f9e8a7c6b5d",
    "RATE_LIMIT": "0",
    "DEBUG": "true",
    "INBOX_UPSTREAMS": "erp:alpha",
}
ALL_SCOPES = ",".join(sorted(SCOPES))


@dataclass
class Merchant:
    """A merchant with its key, and what it has."""

    id: str
    key: str
    payouts: list[str] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    idempotency_keys: list[str] = field(default_factory=list)
    bank_account: str = ""
    drafts: list[str] = field(default_factory=list)
    uploads: list[str] = field(default_factory=list)
    webhooks: list[str] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    """Places on the log, of commands and events."""

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


@dataclass
class Closed:
    """The running stack, its root key, and its merchants."""

    stack: Stack
    root: str
    http: httpx2.Client
    alpha: Merchant
    beta: Merchant

    def ask(self, method: str, path: str, key: str | None = None, body: object = None, **headers: str) -> httpx2.Response:
        """One request with a key, the root's by default; header names with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        more: dict[str, Any] = {} if body is None else {"json": body}
        return self.http.request(
            method, f"/api/v1{path}", headers={"Authorization": f"Bearer {key or self.root}", **named}, **more
        )


@pytest.fixture(scope="package")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Closed]:
    folder = tmp_path_factory.mktemp("closed")
    for part in (folder, folder.parent):
        part.chmod(0o755)
    with (
        Stack(folder, {**QUICK, **OWN_STORES, **CLOSED}, free_ports=True) as stack,
        httpx2.Client(base_url=stack.url, timeout=60) as http,
    ):
        command = [
            sys.executable,
            "-m",
            "payflow",
            "keys",
            "create",
            "--name",
            "root",
            "--scopes",
            ALL_SCOPES,
            "--merchants",
            "*",
        ]
        root = subprocess.run(command, env=stack.environ, capture_output=True, text=True, check=True).stdout.strip()
        running = Closed(stack, root, http, Merchant("alpha", ""), Merchant("beta", ""))
        for merchant in (running.alpha, running.beta):
            _furnish(running, merchant)
        yield running


def _furnish(closed: Closed, merchant: Merchant) -> None:
    """Money, an account, payouts and batches, all with the merchant's own name in them."""
    wish = {"name": merchant.id, "scopes": sorted(SCOPES - {"users:write", "users:read"}), "merchants": [merchant.id]}
    merchant.key = _done(closed.ask("POST", "/keys/", body=wish))["key"]
    _done(closed.ask("POST", "/merchants/", body={"id": merchant.id, "name": f"{merchant.id}-name"}))
    credit = {"amount": "1000000.00", "currency": "USD", "reference": f"{merchant.id}-money"}
    _done(closed.ask("POST", f"/merchants/{merchant.id}/credits/", merchant.key, credit, Idempotency_Key=str(uuid.uuid4())))
    account = {"holder": f"{merchant.id}-holder", "account_number": "1234567890", "verified": True}
    merchant.bank_account = _done(closed.ask("POST", f"/merchants/{merchant.id}/bank-accounts/", merchant.key, account))[
        "id"
    ]
    address = {"url": f"http://127.0.0.1:9/{merchant.id}-hook", "types": ["payout.*"]}
    merchant.webhooks.append(_done(closed.ask("POST", "/webhooks/", merchant.key, address))["id"])
    for number in range(20):
        reference, key = f"{merchant.id}-secret-{number}", str(uuid.uuid4())
        body = {**payee(f"{merchant.id}-payee"), "reference": reference}
        merchant.payouts.append(_done(closed.ask("POST", "/payouts/", merchant.key, body, Idempotency_Key=key))["id"])
        merchant.references.append(reference)
        merchant.idempotency_keys.append(key)
    rows = [payee(f"{merchant.id}-row-payee") for _ in range(5)]
    for number in range(3):
        body = {"name": f"{merchant.id}-batch-{number}", "rows": rows}
        made = _done(closed.ask("POST", "/batches/", merchant.key, body, Idempotency_Key=str(uuid.uuid4())))
        merchant.batches.append(made["id"])
    unsealed = _done(
        closed.ask("POST", "/batches/", merchant.key, {"name": f"{merchant.id}-open"}, Idempotency_Key=str(uuid.uuid4()))
    )
    merchant.batches.append(unsealed["id"])
    _furnish_beside_the_log(closed, merchant)


def _furnish_beside_the_log(closed: Closed, merchant: Merchant) -> None:
    """Drafts, a refused file, and deliveries."""
    for number in range(3):
        body = {"payout": {**payee(f"{merchant.id}-draft-payee"), "reference": f"{merchant.id}-draft-{number}"}}
        made = _done(closed.ask("POST", "/drafts/", merchant.key, body, Idempotency_Key=str(uuid.uuid4())))
        merchant.drafts.append(made["id"])
    rows = f"account_number,amount,currency,name\n1234567890,1.00,USD,{merchant.id}-row\n1234567890,none,USD,{merchant.id}-bad\n"
    headers = {**merchant.headers, "Idempotency-Key": str(uuid.uuid4())}
    answer = closed.http.post("/api/v1/batches/upload/", files={"file": ("rows.csv", rows)}, headers=headers)
    assert answer.status_code == 400, answer.text
    merchant.uploads.append(answer.json()["upload_id"])
    deadline = time.monotonic() + 30
    while not (told := closed.ask("GET", "/deliveries/", merchant.key).json()["results"]):
        assert time.monotonic() < deadline, "nothing is told"
        time.sleep(0.2)
    merchant.deliveries += [one["id"] for one in told]

    listed = _done(closed.ask("GET", "/payouts/?limit=20&include=record", merchant.key))["results"]
    for place in [one["record"] for one in listed if one["record"] is not None]:
        path = f"payouts.events/{place['partition']}/{place['offset']}"
        source = _done(closed.ask("GET", f"/log/{path}/", merchant.key))["value"]["source_offset"]
        merchant.records += [path, f"payouts.commands/{place['partition']}/{source}"]


def payee(name: str) -> dict[str, Any]:
    """A payout of 1 USD."""
    return {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890", "name": name}}


def _done(answer: httpx2.Response) -> dict[str, Any]:
    assert answer.status_code in {200, 201}, answer.text
    return dict(answer.json())
