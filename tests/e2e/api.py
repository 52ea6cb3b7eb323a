"""Requests that end-to-end tests send, and waiting for a state."""

import time
import uuid
from typing import Any

import httpx2

MERCHANT = "demo"
INR_MERCHANT = "11111111-1111-4111-8111-111111111111"
VERIFIED = "aaaaaaaa-0001-4000-8000-000000000001"


def bank(amount: str = "10.00", currency: str = "USD", **more: Any) -> dict[str, Any]:
    """A body in the form of API-03."""
    return {"amount": amount, "currency": currency, "recipient_details": {"account_number": "1234567890"}, **more}


def wallet(number: str = "+256772123456", amount: str = "1000", currency: str = "UGX", **more: Any) -> dict[str, Any]:
    """A mobile-money body."""
    return {"amount": amount, "currency": currency, "recipient_details": {"msisdn": number}, **more}


def key() -> str:
    """A fresh idempotency key."""
    return str(uuid.uuid4())


def post(http: httpx2.Client, body: Any, path: str = "/api/v1/payouts/", **headers: str) -> httpx2.Response:
    """POST JSON; header names are written with underscores."""
    return http.post(path, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def until(http: httpx2.Client, path: str, holds: Any, seconds: float = 30) -> dict[str, Any]:
    """GET until `holds(body)`; fails with the last body."""
    deadline = time.monotonic() + seconds
    while True:
        body = http.get(path).json()
        if holds(body):
            return body
        assert time.monotonic() < deadline, f"{path} stands at {body}"
        time.sleep(0.1)


def settled(http: httpx2.Client, payout_id: str, status: str, seconds: float = 30) -> dict[str, Any]:
    """A payout once it has this status."""
    return until(http, f"/api/v1/payouts/{payout_id}/", lambda body: body.get("status") == status, seconds)


def balance(http: httpx2.Client, currency: str, merchant: str = MERCHANT) -> dict[str, Any]:
    """One currency's balance."""
    found = http.get("/api/v1/balance/", params={"merchant_id": merchant}).json()["balances"]
    return next(entry for entry in found if entry["currency"] == currency)
