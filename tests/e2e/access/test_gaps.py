"""Masked drafts, vouching and spoofed inbox records on a stack that asks for credentials (LIF-05, SEC-07, API-28, INB-02)."""

import asyncio
import json
import time
import uuid
from typing import Any

import httpx2
import pytest
from aiokafka import AIOKafkaProducer

from tests.e2e.access.conftest import Closed, payee

MASKED = "XXXXXXXXXXXX7890"


@pytest.fixture(scope="module")
def operator(closed: Closed) -> dict[str, str]:
    """The headers of a person who is operator of alpha."""
    email, password = f"{uuid.uuid4()}@example.com", "a long pass phrase"
    person = {"email": email, "name": "Op", "password": password}
    grants = [{"role": "operator", "merchants": ["alpha"]}]
    assert closed.ask("POST", "/users/", body={**person, "grants": grants}).status_code == 201
    signed = httpx2.post(f"{closed.stack.url}/api/v1/sessions/", json={"email": email, "password": password})
    cookie = f"__Host-payflow_session={signed.cookies['__Host-payflow_session']}"
    return {"Cookie": cookie, "X-CSRF-Token": signed.json()["csrf_token"]}


def test_lif_05_sec_07_an_operator_who_puts_a_masked_draft_back_pays_the_real_payee(
    closed: Closed, operator: dict[str, str]
) -> None:
    made = closed.ask(
        "POST", "/drafts/", closed.alpha.key, {"payout": payee("Ama Mensah")}, Idempotency_Key=str(uuid.uuid4())
    )
    path = f"{closed.stack.url}/api/v1/drafts/{made.json()['id']}"
    shown = httpx2.get(path, headers=operator).json()["payout"]
    assert (shown["recipient_details"]["account_number"], shown["recipient_details"]["name"]) == (MASKED, "A*** M***")
    back = httpx2.put(path, json={"payout": {**shown, "amount": "2.00"}}, headers=operator)
    assert (back.status_code, MASKED in back.text, "1234567890" in back.text) == (200, True, False)
    submitted = httpx2.post(f"{path}/submit", headers=operator)
    assert submitted.status_code == 201
    paid = closed.ask("GET", f"/payouts/{submitted.json()['id']}/", closed.alpha.key).json()
    assert paid["amount"] == "2.00"
    assert paid["recipient_details"]["account_number"] == "1234567890"
    assert paid["recipient_details"]["name"] == "Ama Mensah"


def test_sec_07_a_masked_payee_makes_no_payout(closed: Closed, operator: dict[str, str]) -> None:
    body = payee("Ama Mensah")
    body["recipient_details"]["account_number"] = MASKED
    refused = httpx2.post(f"{closed.stack.url}/api/v1/payouts/", json=body, headers=operator)
    assert (refused.status_code, "is masked" in refused.text) == (400, True)


def test_api_28_an_operator_has_an_account_verified_and_does_not_vouch_for_it(
    closed: Closed, operator: dict[str, str]
) -> None:
    path = f"{closed.stack.url}/api/v1/merchants/alpha/bank-accounts/"
    body = {"holder": "Ama Mensah", "account_number": "1234567890"}
    refused = httpx2.post(path, json={**body, "verified": True}, headers=operator)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    made = httpx2.post(path, json=body, headers=operator)
    assert (made.status_code, made.json()["verified"], made.json()["holder"]) == (201, False, "A*** M***")
    one = f"{path}{made.json()['id']}"
    assert httpx2.patch(one, json={"verified": True}, headers=operator).status_code == 403
    started = httpx2.post(f"{one}/verification", json={}, headers={**operator, "Idempotency-Key": str(uuid.uuid4())})
    assert (started.status_code, started.json()["verification"]["status"]) == (200, "sending")
    assert (
        httpx2.patch(f"{closed.stack.url}/api/v1/merchants/alpha", json={"active": False}, headers=operator).status_code
        == 403
    )
    vouched = closed.ask("PATCH", f"/merchants/alpha/bank-accounts/{made.json()['id']}/", None, {"verified": True})
    assert (vouched.status_code, vouched.json()["verified"]) == (200, True)


def test_inb_02_a_spoofed_merchant_is_in_the_audit_trail(closed: Closed) -> None:
    value = {"type": "request_payout", "idempotency_key": str(uuid.uuid4()), "data": payee("Somebody")}

    async def spoof() -> Any:
        producer = AIOKafkaProducer(bootstrap_servers=closed.stack.bootstrap)
        await producer.start()
        try:
            return await producer.send_and_wait("payouts.inbox.erp", json.dumps(value).encode(), key=b"beta")
        finally:
            await producer.stop()

    sent = asyncio.run(spoof())
    place, deadline = f"payouts.inbox.erp/{sent.partition}/{sent.offset}", time.monotonic() + 30
    while True:
        rows = [row for row in closed.ask("GET", "/audit/").json()["results"] if row["subject"] == place]
        if rows:
            break
        assert time.monotonic() < deadline, "no row"
        time.sleep(0.2)
    assert (rows[0]["actor"], rows[0]["action"]) == ("inbox:erp", "inbox.foreign_merchant")
    assert (rows[0]["outcome"], rows[0]["merchants"]) == ("refused", ["beta"])
    assert "1234567890" not in json.dumps(rows)
