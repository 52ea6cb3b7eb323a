"""A refusal never repeats what was sent: a payee's telephone, IBAN or name, or a key, in any field, by any door (SEC-08)."""

import itertools
from typing import Any

import httpx2
import pytest

from tests.support.canaries import CANARIES, found_in
from tests.unit.gateway.conftest import front  # noqa: F401  the gateway over memory
from tests.unit.gateway.front import Front
from tests.unit.ingest.conftest import GOOD, Ingest, ingest  # noqa: F401  ingest over memory

FIELDS = (
    "amount",
    "currency",
    "reference",
    "description",
    "bank_account_id",
    "merchant_id",
    "on_insufficient_funds",
    "amount_minor",
    "recipient_details",
)
MEMBERS = ("account_number", "account", "iban", "msisdn", "type", "bank_name", "ifsc", "name", "swift", "network", "country")
FILTERS = (
    "status",
    "currency",
    "created_after",
    "created_before",
    "min_amount",
    "max_amount",
    "merchant_id",
    "batch_id",
    "reference",
    "provider",
    "reason",
    "attention",
    "cursor",
    "page",
    "limit",
    "offset",
)


def said(answer: httpx2.Response, what: object) -> None:
    """A refusal that repeats nothing."""
    assert answer.status_code < 500, what
    if answer.status_code >= 400:
        assert found_in(answer.text) == [], (what, answer.text)


def bodies() -> list[dict[str, Any]]:
    found = [{**GOOD, name: canary} for canary, name in itertools.product(CANARIES, FIELDS)]
    for canary, member in itertools.product(CANARIES, MEMBERS):
        found.append({**GOOD, "recipient_details": {"account_number": "12345678", member: canary}})
        found.append({**GOOD, "recipient_details": {member: canary}})
        found.append({**GOOD, "recipient_details": {member: canary, "type": "mobile_money"}})
    return found


async def test_sec_08_payouts_and_batches(ingest: Ingest) -> None:  # noqa: F811
    for number, body in enumerate(bodies()):
        said(await ingest.pay(body, Idempotency_Key=f"p{number}"), body)
        said(await ingest.post("/batches", {"name": "b", "rows": [body]}, Idempotency_Key=f"b{number}"), body)


@pytest.mark.parametrize("canary", CANARIES)
async def test_sec_08_everything_else_that_ingest_takes(ingest: Ingest, canary: str) -> None:  # noqa: F811
    for name in (
        "Idempotency-Key",
        "X-Merchant-Id",
        "Prefer",
        "If-Match",
        "Content-Type",
        "Content-Encoding",
        "traceparent",
    ):
        said(await ingest.client.post("/api/v1/payouts", json=GOOD, headers={name: canary}), name)
    for field in ("id", "name", "main_currency"):
        said(await ingest.post("/merchants", {"id": "demo", "name": "n", field: canary}), field)
    for field in ("amount", "currency", "reference", "description"):
        body = {"amount": "1.00", "currency": "USD", "reference": "r", field: canary}
        said(await ingest.post("/merchants/demo/credits", body, Idempotency_Key=f"c{field}"), field)
    for field in ("id", "holder", "account_number", "ifsc", "bank_name", "account_type", "verified", "primary"):
        said(
            await ingest.post("/merchants/demo/bank-accounts", {"holder": "h", "account_number": "12345678", field: canary}),
            field,
        )
    for field in ("name", "reference", "funding", "on_row_failure", "merchant_id", "declared", "rows"):
        said(await ingest.post("/batches", {"name": "b", "rows": [GOOD], field: canary}, Idempotency_Key=f"f{field}"), field)
    said(
        await ingest.client.post(
            "/api/v1/payouts", content=f'{{"amount": "{canary}'.encode(), headers={"Content-Type": "application/json"}
        ),
        "broken",
    )
    cells = f"account_number,amount,currency,name,reference\n{canary},{canary},{canary},{canary},{canary}\n{canary}\n"
    headers = {"Idempotency-Key": "file"}
    files = {"file": (f"{canary}.csv", cells.encode(), "text/csv")}
    for data in ({}, {"name": canary}, {"declared": canary}, {"row_count": canary}):
        said(await ingest.client.post("/api/v1/batches/upload", files=files, data=data, headers=headers), data)


@pytest.mark.parametrize("canary", CANARIES)
async def test_sec_08_reads(front: Front, canary: str) -> None:  # noqa: F811
    transport = httpx2.ASGITransport(app=front.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        for path, name in itertools.product(
            ("payouts", "batches", "balance", "ledger", "merchants", "batches/x/rows"), FILTERS
        ):
            said(await client.get(f"/api/v1/{path}/", params={name: canary}), (path, name))
        for name in ("X-Merchant-Id", "Payflow-Position", "If-None-Match"):
            said(await client.get("/api/v1/payouts/", headers={name: canary}), name)
