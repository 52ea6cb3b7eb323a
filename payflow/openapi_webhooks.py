"""What goes to merchants' own addresses, as the `webhooks` of the OpenAPI document: one entry for each type of event (API-30, WHK-01).

Owns the published form of a webhook's body and headers, from the list of types that the service itself sends. Receivers are to ignore
members that they do not know, so no form is closed. Must not know how one is sent.
"""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_REF = "#/components/schemas/"
_TEXT: Json = {"type": ["string", "null"]}
_COUNT: Json = {"type": "integer", "minimum": 0}
_MINOR: Json = {"type": "integer", "description": "In minor units of the currency."}
_AMOUNT: Json = {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"}
_ID: Json = {"type": "string", "format": "uuid"}
_TIME: Json = {"type": "string", "format": "date-time"}
_MASKED: Json = {
    "type": ["object", "null"],
    "description": "The kind and the last four characters; nothing else of a payee is ever sent.",
    "required": ["type", "account"],
    "properties": {"type": {"type": "string"}, "account": {"type": "string", "pattern": "^X{12}.{0,4}$"}},
}
_FAILURE = dict.fromkeys(("reason", "failure_code", "failure_reason", "bank_reference_id"), _TEXT)
_SUMS = {
    f"{name}{end}": form for name in ("available", "held", "total") for end, form in (("", _AMOUNT), ("_minor", _MINOR))
}
_FORMS: dict[str, Json] = {
    "payout": {
        "required": ["id", "version", "status"],
        "properties": {
            "id": _ID,
            "version": _COUNT,
            "status": {"type": "string"},
            "amount": _AMOUNT,
            "amount_minor": _MINOR,
            "currency": {"type": "string"},
            "reference": _TEXT,
            "batch_id": {"type": ["string", "null"], "format": "uuid"},
            "row": {"type": ["integer", "null"]},
            "recipient": _MASKED,
            "attempt": _COUNT,
            **_FAILURE,
            "created_at": _TIME,
            "updated_at": _TIME,
        },
    },
    "batch": {
        "required": ["id", "version", "row_count", "done"],
        "properties": {
            "id": _ID,
            "version": _COUNT,
            "row_count": _COUNT,
            "done": {**_COUNT, "description": "Rows that have ended."},
            "phase": {"type": "string"},
            "stopped": {**_COUNT, "description": "Rows that a stop has canceled."},
            "percent": {"enum": [20, 40, 60, 80, 100]},
            "name": _TEXT,
            "reference": _TEXT,
        },
    },
    "balance": {"required": ["currency", *_SUMS], "properties": {"currency": {"type": "string"}, **_SUMS}},
}
_CURRENT = "The state now, if it has moved on or this is not the first try; a late webhook so never takes you back."
_HEADERS = {
    "webhook-id": "The same for every try: keep those you have seen.",
    "webhook-timestamp": "Seconds since 1970, of this try.",
    "webhook-signature": "`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`, one per valid secret, separated by spaces.",
}
_ANSWERS: Json = {
    "2XX": {"description": "Taken; it is not sent again."},
    "410": {"description": "Send nothing here any more: the endpoint is disabled."},
    "default": {
        "description": "Not taken, as are redirects and 15 s without an answer: it is tried again; `Retry-After` is honoured."
    },
}


def webhooks() -> Json:
    """The `webhooks` member: a POST for each type of event, and that of a test."""
    from domain.webhooks import kinds

    return {kind: {"post": _operation(kind)} for kind in (*kinds.KINDS, kinds.TEST)}


def forms() -> Iterator[tuple[str, Json]]:
    """Schemas of the components: the bodies about payouts, batches and balances, and that of a test."""
    for what, form in _FORMS.items():
        yield f"{what.title()}Event", _body({what: {"type": "object", **form}})
    yield "TestEvent", _event(["merchant_id", "test"], {"merchant_id": {"type": "string"}, "test": {"const": True}})


def _body(own: Json) -> Json:
    (what,) = own
    data = {
        "merchant_id": {"type": "string"},
        "version": {**_COUNT, "description": "Of the subject: compare, do not count."},
        "order": {**_COUNT, "description": "Rises with the log, over everything of one merchant."},
        **own,
        "current": {"type": ["object", "null"], "description": _CURRENT},
        "truncated": {
            "const": True,
            "description": "`current` was left out: the body would have been 20,000 bytes or more.",
        },
    }
    return _event(["merchant_id", "version", "order", what, "current"], data)


def _event(required: list[str], data: Json) -> Json:
    members = {"id": {**_ID, "description": "Equal to `webhook-id`."}, "type": {"type": "string"}, "timestamp": _TIME}
    return {
        "type": "object",
        "required": [*members, "data"],
        "properties": {**members, "data": {"type": "object", "required": required, "properties": data}},
    }


def _operation(kind: str) -> Json:
    what = kind.partition(".")[0]
    name = "TestEvent" if what == "webhook" else f"{what.title()}Event"
    form = {"allOf": [{"$ref": _REF + name}, {"properties": {"type": {"const": kind}}}]}
    return {
        "summary": kind,
        "tags": ["webhooks"],
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for header, text in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": form}}},
        "responses": _ANSWERS,
    }
