"""A saved account is verified by two deposits that the provider really pays (API-28), and takes payouts only then."""

import uuid
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from payflow.stack import Stack
from tests.e2e.api import key, post, until

Books = Callable[[], dict[str, dict[str, Any]]]
PAID, FAILS, LOST, SLOW = "50101234567890", "999900000001", "999900000009", "999900000005"
"""An account like others, and the simulator's magic ones: refused, paid without a usable answer, paid after 5 s."""


@pytest.fixture
def merchant(http: httpx2.Client) -> str:
    """A merchant of its own, with money."""
    name = f"m-{uuid.uuid4()}"
    assert post(http, {"id": name, "name": name}, "/api/v1/merchants/").status_code == 201
    credit = {"amount": "1000.00", "currency": "USD", "reference": name}
    assert post(http, credit, f"/api/v1/merchants/{name}/credits/", Idempotency_Key=key()).status_code == 201
    return name


def saved(http: httpx2.Client, merchant: str, number: str) -> str:
    body = {"holder": "Asha", "account_number": number}
    answer = post(http, body, f"/api/v1/merchants/{merchant}/bank-accounts/", Idempotency_Key=key())
    return f"/api/v1/merchants/{merchant}/bank-accounts/{answer.json()['id']}"


def account(http: httpx2.Client, merchant: str, path: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The account as the views have it, once it is so."""

    def one(body: dict[str, Any]) -> dict[str, Any]:
        held = body["results"][0]["bank_accounts"] if body["results"] else []
        return next((row for row in held if path.endswith(row["id"])), {})

    return one(until(http, f"/api/v1/merchants/?merchant_id={merchant}", lambda body: bool(one(body)) and holds(one(body))))


def begin(http: httpx2.Client, path: str) -> None:
    started = post(http, {"currency": "USD"}, f"{path}/verification/", Idempotency_Key=key())
    assert started.status_code == 200, started.text


def is_waiting(row: dict[str, Any]) -> bool:
    return bool(row["verification"]) and row["verification"]["status"] == "waiting"


def deposits(provider: Books, number: str, before: set[str]) -> list[str]:
    """What the provider's books say came to an account."""
    return [row["amount"] for ref, row in provider().items() if row["payee"] == number and ref not in before]


def named(http: httpx2.Client, path: str, amounts: list[str]) -> httpx2.Response:
    return post(http, {"amounts": amounts}, f"{path}/verification/confirm/", Idempotency_Key=key())


@pytest.mark.parametrize("number", [PAID, LOST, SLOW])
def test_api_28_the_amounts_on_the_statement_verify_the_account(
    http: httpx2.Client, provider: Books, merchant: str, number: str
) -> None:
    path, before = saved(http, merchant, number), set(provider())
    pay = {"amount": "5.00", "currency": "USD", "bank_account_id": path.rpartition("/")[2]}
    refused = post(http, pay, X_Merchant_Id=merchant, Idempotency_Key=key())
    assert (refused.status_code, refused.json()["code"]) == (400, "bank_account_unusable")
    begin(http, path)
    account(http, merchant, path, is_waiting)
    came = deposits(provider, number, before)
    assert len(came) == 2
    assert all("0.01" <= amount <= "0.99" for amount in came)
    balances = http.get("/api/v1/balance/", params={"merchant_id": merchant}).json()
    assert balances["available"] == "1000.00", "the house pays them"
    wrong = named(http, path, ["0.01", "5.00"])
    assert (wrong.status_code, wrong.json()["tries_left"]) == (422, 2)
    right = named(http, path, came[::-1])
    assert (right.status_code, right.json()["verified"]) == (200, True)
    assert post(http, pay, X_Merchant_Id=merchant, Idempotency_Key=key()).status_code == 201
    assert account(http, merchant, path, lambda row: row["verified"])["verification"]["tries_left"] == 2


def test_api_28_a_deposit_that_is_refused_ends_the_verification(http: httpx2.Client, merchant: str) -> None:
    path = saved(http, merchant, FAILS)
    begin(http, path)
    account(http, merchant, path, lambda row: (row["verification"] or {}).get("status") == "failed")
    assert named(http, path, ["0.01", "0.02"]).json()["code"] == "invalid_state_transition"


def test_api_28_rails_that_are_killed_send_each_deposit_once(
    http: httpx2.Client, stack: Stack, provider: Books, merchant: str
) -> None:
    number = f"5020{uuid.uuid4().int % 10**10:010}"
    path, before = saved(http, merchant, number), set(provider())
    begin(http, path)
    stack.children["rails"].process.kill()
    account(http, merchant, path, is_waiting)
    assert len(deposits(provider, number, before)) == 2
    closed = http.delete(path)
    assert closed.status_code == 204
    assert account(http, merchant, path, lambda row: row["closed_at"] is not None)["primary"] is False


def test_api_27_a_merchant_is_deactivated_and_comes_back(http: httpx2.Client, merchant: str) -> None:
    def active(text: str) -> Any:
        return lambda body: bool(body["results"]) is (text == "there")

    assert http.patch(f"/api/v1/merchants/{merchant}/", json={"active": False}).status_code == 200
    until(http, f"/api/v1/merchants/?merchant_id={merchant}", active("gone"))
    until(http, f"/api/v1/merchants/?merchant_id={merchant}&active=false", active("there"))
    pay = {"amount": "5.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
    refused = post(http, pay, X_Merchant_Id=merchant)
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_merchant")
    assert http.get("/api/v1/balance/", params={"merchant_id": merchant}).json()["available"] == "1000.00"
    assert http.patch(f"/api/v1/merchants/{merchant}/", json={"active": True}).status_code == 200
    assert post(http, pay, X_Merchant_Id=merchant).status_code == 201


def test_idm_01_a_merchant_makes_the_key_mandatory(http: httpx2.Client, merchant: str) -> None:
    pay = {"amount": "5.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
    assert post(http, pay, X_Merchant_Id=merchant).status_code == 201
    changed = http.patch(f"/api/v1/merchants/{merchant}/", json={"idempotency_key_required": True})
    assert changed.json()["idempotency_key_required"] is True
    refused = post(http, pay, X_Merchant_Id=merchant)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_required")
    assert post(http, pay, X_Merchant_Id=merchant, Idempotency_Key=key()).status_code == 201
