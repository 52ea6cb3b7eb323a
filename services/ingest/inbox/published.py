"""The published JSON Schema of inbox messages and of replies (INB-01).

Owns the document; the data of a message has the form of the same request over REST. Must not read a message.
"""

from typing import Any

import msgspec
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.ingest import forms
from services.ingest.forms.batches import FundingWord, InvalidRowsWord, RowFailureWord
from services.ingest.inbox.messages import KINDS
from services.ingest.inbox.replies import Reply

DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFS = "#/$defs/{model}"


class NamesBatch(BaseModel):
    """Which batch: its id, or the idempotency key of the message that opened it."""

    batch_id: str | None = None
    batch_key: str | None = None


class BatchOpening(BaseModel):
    """An empty batch to open."""

    name: str | None = None
    reference: str | None = None
    funding: FundingWord = "all_or_nothing"
    on_row_failure: RowFailureWord = "continue"
    declared: forms.Declaration | None = None


class RowsMessage(NamesBatch):
    """The next rows of an open batch, at most 500."""

    rows: list[forms.RowRequest]
    first_row: int
    on_invalid_rows: InvalidRowsWord = "reject_all"


class SealMessage(NamesBatch, forms.SealRequest):
    """Close a batch and release it."""


class BatchCancel(NamesBatch, forms.DropRequest):
    """Drop an unsealed batch, or stop a running one."""


class PayoutCancel(forms.CancelRequest):
    """Cancel a pending payout."""

    payout_id: str


DATA: dict[str, type[BaseModel]] = {
    "request_payout": forms.PayoutRequest,
    "open_batch": BatchOpening,
    "add_rows": RowsMessage,
    "seal_batch": SealMessage,
    "cancel_batch": BatchCancel,
    "cancel_payout": PayoutCancel,
    "credit_merchant": forms.CreditRequest,
}
assert set(DATA) == KINDS


def document() -> dict[str, Any]:
    """JSON Schema 2020-12: a record's value in plain form is one of `oneOf`; the reply is `$defs/Reply`."""
    _, schema = models_json_schema([(model, "validation") for model in DATA.values()], ref_template=REFS)
    reply = msgspec.json.schema(Reply, ref_template="#/$defs/{name}")
    return {
        "$schema": DIALECT,
        "title": "Inbox messages in plain form; over CloudEvents the type is payflow.<type>.v1 and the value or data is `data`",
        "oneOf": [_message(kind, model.__name__) for kind, model in DATA.items()],
        "$defs": {**schema["$defs"], **reply["$defs"]},
    }


def _message(kind: str, model: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "type": {"const": kind},
            "idempotency_key": {"type": "string", "minLength": 1, "maxLength": 255},
            "data": {"$ref": REFS.format(model=model)},
        },
        "required": ["type", "idempotency_key", "data"],
        "additionalProperties": False,
    }
