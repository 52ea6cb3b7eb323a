"""Any JSON value in any field of any request (ERR-04): what it cannot be is a 4xx that names the field, never a 5xx."""

from typing import Any

import pytest

from services.ingest import forms
from tests.unit.ingest.conftest import GOOD, Ingest

VALUES: list[Any] = [{}, {"a": []}, [], [[]], [None], "", "text", 0, -1, 1.5, 10**30, True, False, None]
BATCH = {"rows": [GOOD]}
ACCOUNT = "aaaaaaaa-0001-4000-8000-000000000001"
ROUTES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "/payouts": (forms.PayoutRequest, dict(GOOD)),
    "/batches": (forms.BatchRequest, BATCH),
    "/merchants": (forms.MerchantRequest, {"id": "acme", "name": "Acme"}),
    "/merchants/demo/credits": (forms.CreditRequest, {"amount": "1.00", "currency": "USD", "reference": "r"}),
    "/merchants/demo/bank-accounts": (forms.BankAccountRequest, {"holder": "Ann", "account_number": "1234567890"}),
}
CHANGES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "/merchants/demo": (forms.MerchantChange, {"name": "Acme"}),
    f"/merchants/demo/bank-accounts/{ACCOUNT}": (forms.BankAccountChange, {"bank_name": "HDFC"}),
}
ACTS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    f"/merchants/demo/bank-accounts/{ACCOUNT}/verification": (forms.VerificationStart, {}),
    f"/merchants/demo/bank-accounts/{ACCOUNT}/verification/confirm": (
        forms.DepositAmounts,
        {"amounts": ["0.32", "0.45"]},
    ),
}
CASES = [(path, name) for path, (model, _) in ROUTES.items() for name in model.model_fields]


@pytest.mark.parametrize(("path", "name"), CASES)
async def test_any_value_in_any_field_is_taken_or_named__ERR_04(ingest: Ingest, path: str, name: str) -> None:
    good = ROUTES[path][1]
    for number, value in enumerate(VALUES):
        before = len(ingest.log.commands)
        answer = await ingest.post(path, {**good, name: value}, Idempotency_Key=f"k{number}", X_Merchant_Id="demo")
        assert answer.status_code < 500, (value, answer.text)
        if answer.status_code == 400:
            assert answer.json()["errors"], (value, answer.text)
            assert len(ingest.log.commands) == before, value


@pytest.mark.parametrize(
    ("path", "name"), [(p, n) for p, (form, _) in {**CHANGES, **ACTS}.items() for n in form.model_fields]
)
async def test_any_value_in_any_field_of_a_change_is_taken_or_named__ERR_04(ingest: Ingest, path: str, name: str) -> None:
    await ingest.post("/merchants/demo/bank-accounts", {"id": ACCOUNT, "holder": "Ann", "account_number": "1234567890"})
    method, good = ("PATCH", CHANGES[path][1]) if path in CHANGES else ("POST", ACTS[path][1])
    for number, value in enumerate(VALUES):
        before = len(ingest.log.commands)
        body, headers = {**good, name: value}, {"Idempotency-Key": f"k{number}"}
        answer = await ingest.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert answer.status_code < 500, (value, answer.text)
        if answer.status_code == 400 and answer.json()["code"] != "unknown_merchant":
            assert answer.json()["errors"], (value, answer.text)
            assert len(ingest.log.commands) == before, value
        await ingest.client.patch("/api/v1/merchants/demo", json={"active": True})


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_any_value_as_a_whole_body_is_refused__ERR_04(ingest: Ingest, value: Any) -> None:
    for number, path in enumerate(ROUTES):
        answer = await ingest.post(path, value, Idempotency_Key=f"k{number}", X_Merchant_Id="demo")
        if not (path == "/batches" and value == {}):  # an empty object opens an empty batch
            assert answer.status_code == (400 if value is not None else 415), (path, answer.text)  # null is sent as no body
            assert answer.json()["errors"], (path, answer.text)
    assert ingest.log.types().count("request_payout") == 0
