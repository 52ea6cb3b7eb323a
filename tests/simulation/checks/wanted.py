"""What a request asks for, read from its own bytes, in the words of the log.

Owns the decimals of the currencies that clients use here and the normal form of a payee. Uses nothing of the product, so that a wrong
conversion there is not made here too. Must not know what became of a request.
"""

from decimal import Decimal
from typing import Any

import orjson

DECIMALS = {"USD": 2, "RUB": 2, "UGX": 0, "JPY": 0, "KWD": 3}
FINAL = (200, 201, 204)
"""Statuses of an answer that says: it was done."""
_WALLET = "msisdn"


def minor(text: str, currency: str) -> int:
    """Decimal text in minor units. Raises ValueError for more decimals than the currency has."""
    scaled = Decimal(text).scaleb(DECIMALS[currency])
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text} is no amount of {currency}")
    return int(scaled)


def text(amount_minor: int, currency: str) -> str:
    """Minor units as decimal text with all decimals of the currency."""
    return f"{Decimal(amount_minor).scaleb(-DECIMALS[currency]):.{DECIMALS[currency]}f}"


def amount_of(body: dict[str, Any], currency: str) -> int:
    """The amount that a body names, in either spelling."""
    return body["amount_minor"] if "amount_minor" in body else minor(body["amount"], currency)


def payee_of(details: dict[str, str]) -> dict[str, str]:
    """A payee as the log keeps it: as sent, with its type."""
    return {**details, "type": "mobile_money" if _WALLET in details else "bank_account"}


def form(body: dict[str, Any]) -> dict[str, Any]:
    """What one payee is to get, as a body or a row of it says."""
    return {
        "amount_minor": amount_of(body, body["currency"]),
        "currency": body["currency"],
        "recipient": payee_of(body["recipient_details"]),
        "reference": body.get("reference"),
        "description": body.get("description"),
    }


def forms(body: bytes) -> list[dict[str, Any]]:
    """The forms of all rows of a body, in order."""
    return [form(row) for row in orjson.loads(body).get("rows", ())]


def told(event_form: dict[str, Any]) -> dict[str, Any]:
    """The form of an event in the same words."""
    return {name: event_form.get(name) for name in ("amount_minor", "currency", "recipient", "reference", "description")}


def edit(body: bytes, before: dict[str, Any]) -> dict[str, Any]:
    """The form of a payout after this edit of `before`."""
    asked = orjson.loads(body)
    after = {**before, **{name: asked[name] for name in ("currency", "description") if name in asked}}
    if "amount" in asked or "amount_minor" in asked:
        after["amount_minor"] = amount_of(asked, after["currency"])
    if "recipient_details" in asked:
        after["recipient"] = payee_of(asked["recipient_details"])
    return after


def shown(view: dict[str, Any]) -> dict[str, Any]:
    """The form that a public view of a payout tells; its decimal text and its two names of an account are held to each other."""
    payee = dict(view["recipient_details"] or {})
    if payee.pop("account", None) != payee.get("account_number"):
        payee["account"] = "differs"
    agrees = view["amount"] == text(view["amount_minor"], view["currency"])
    return {**told(view), "amount_minor": view["amount_minor"] if agrees else view["amount"], "recipient": payee}
