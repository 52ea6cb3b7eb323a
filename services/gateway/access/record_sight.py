"""What of a record of the log is shown to whom: payees masked as everywhere (SEC-07), the amounts that verify an account never (API-28).

Owns that cover, which knows members by name at any depth. Must not know where a record stood or who asks.
"""

from typing import Any

import orjson

from schemas.masking import masked, masked_name, masked_recipient
from services.gateway.access.sight import WHOLE

PERSONAL = frozenset({"recipient", "recipient_details"})
NUMBERS = frozenset({"account_number"})
VERIFYING = frozenset({"start_verification", "record_deposit", "confirm_verification"})
AMOUNTS = frozenset({"amount_minor", "amounts_minor", "amounts"})
REMOVED = "[removed]"


def shown(value: Any) -> Any:
    """The value as this request may see it: the amounts of deposits for nobody (API-28), payees masked at every depth (SEC-07)."""
    kept = _without_amounts(value)
    return kept if WHOLE.get() else _covered(kept)


def _without_amounts(value: Any, told: bool = False) -> Any:
    """The value with no amount beneath what is about a verification: who could read them here would not need the statement."""
    if isinstance(value, list):
        return [_without_amounts(one, told) for one in value]
    if not isinstance(value, dict):
        return value
    secret = told or _verifies(value)
    return {name: REMOVED if secret and name in AMOUNTS else _without_amounts(one, secret) for name, one in value.items()}


def _verifies(value: dict[str, Any]) -> bool:
    return bool(value.get("verification")) or value.get("type") in VERIFYING


def _covered(value: Any) -> Any:
    if isinstance(value, list):
        return [_covered(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {name: _member(name, one) for name, one in value.items()}


def _member(name: str, value: Any) -> Any:
    if name in PERSONAL and isinstance(value, dict):
        return masked_recipient(value)
    if name in NUMBERS and isinstance(value, str):
        return masked(value)
    if name == "holder" and isinstance(value, str):
        return masked_name(value)
    if name == "answer" and isinstance(value, dict) and isinstance(value.get("body"), str):
        return {**value, "body": _covered_text(value["body"])}
    return _covered(value)


def _covered_text(text: str) -> str:
    """An answer's body, which is JSON in a text; what is none is not shown."""
    if not text:
        return text
    try:
        return orjson.dumps(_covered(orjson.loads(text))).decode()
    except orjson.JSONDecodeError:
        return REMOVED
