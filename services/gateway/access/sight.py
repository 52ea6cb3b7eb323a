"""What of a payee is shown to whom (SEC-07): masked unless the guard has said otherwise for this request.

Owns that default. It stands beside the request, not in each route: a new list that knows nothing of masking masks. Must not know who asks.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import orjson

from schemas.masking import masked_name, masked_recipient

WHOLE: ContextVar[bool] = ContextVar("payflow_sees_whole", default=False)
"""True while a request is answered that may see recipients as they were sent."""


def shown(form: dict[str, Any]) -> dict[str, Any]:
    """A payout, or anything with recipients at its top, as this request may see it."""
    return form if WHOLE.get() else covered(form)


def covered(form: Mapping[str, Any]) -> dict[str, Any]:
    """The masked form, at every depth."""
    found = dict(form)
    if isinstance(found.get("recipient_details"), Mapping):
        found["recipient_details"] = masked_recipient(found["recipient_details"])
    if isinstance(found.get("bank_account"), Mapping):
        found["bank_account"] = account(found["bank_account"])
    if "holder" in found:
        found["holder"] = masked_name(str(found["holder"]))
    return {name: _within(value) for name, value in found.items()}


def _within(value: Any) -> Any:
    """What stands deeper: the payout of a draft, the rows of a batch, the results of a list."""
    if isinstance(value, list):
        return [_within(one) for one in value]
    return covered(value) if isinstance(value, dict) else value


def account(form: Mapping[str, Any]) -> dict[str, Any]:
    """A saved account as this request may see it; its number is masked already."""
    return {**form, "holder": form["holder"] if WHOLE.get() else masked_name(str(form["holder"]))}


def shown_body(body: bytes) -> bytes:
    """The JSON answer of another service as this request may see it; what is no object with recipients stays byte for byte."""
    if WHOLE.get() or not (b'"recipient_details"' in body or b'"holder"' in body):
        return body
    try:
        form = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    return orjson.dumps(covered(form)) if isinstance(form, dict) else body
