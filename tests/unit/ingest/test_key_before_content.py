"""The key is checked before what was sent (IDM-06): a used key with other content is a conflict, however bad that content is."""

import pytest

from tests.unit.ingest.conftest import Ingest

ACCOUNT = "aaaaaaaa-0001-4000-8000-000000000001"
ACCOUNTS = "/api/v1/merchants/demo/bank-accounts"
NEW = {"id": ACCOUNT, "holder": "Ann", "account_number": "1234567890"}
ROW = {"amount": "1.00", "currency": "USD", "recipient_details": {"msisdn": "+256772123456"}}
ROUTES = {
    "rows": ("POST", "/api/v1/batches/{batch}/rows", {"rows": [ROW], "first_row": 1}, {"rows": 7}),
    "seal": ("POST", "/api/v1/batches/{batch}/seal", {}, {"declared": 7}),
    "drop": ("DELETE", "/api/v1/batches/{batch}", {"reason": "twice"}, {"reason": 7}),
    "cancel": ("POST", "/api/v1/payouts/{payout}/cancel", {"reason": "twice"}, {"reason": 7}),
    "account": ("PATCH", f"{ACCOUNTS}/{ACCOUNT}", {"bank_name": "HDFC"}, {"bank_name": 7}),
    "verification": ("POST", f"{ACCOUNTS}/{ACCOUNT}/verification", {"currency": "USD"}, {"currency": 7}),
}


@pytest.mark.parametrize("route", ROUTES)
async def test_a_used_key_with_bad_content_is_a_conflict__IDM_06(ingest: Ingest, route: str) -> None:
    method, path, good, bad = ROUTES[route]
    payout = (await ingest.pay(Idempotency_Key="p")).json()["id"]
    await ingest.post("/merchants/demo/bank-accounts", NEW)
    headers = {"Idempotency-Key": "k", "X-Merchant-Id": "demo"}
    batch = (await ingest.post("/batches", {}, Idempotency_Key="b")).json()["id"]
    if route == "seal":
        await ingest.post(f"/batches/{batch}/rows", {"rows": [ROW], "first_row": 1})
    path = path.format(payout=payout, batch=batch)
    first = await ingest.client.request(method, path, json=good, headers=headers)
    assert first.status_code < 300, first.text
    other = await ingest.client.request(method, path, json=bad, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    new = await ingest.client.request(method, path, json=bad, headers={**headers, "Idempotency-Key": "l"})
    assert (new.status_code, new.json()["code"]) == (400, "validation_error")
