"""What the one OpenAPI document says beyond its routes: forms of ids, examples by name, links, and an introduction (API-30).

Owns the links from an answer to what can be done with what it made: readers follow them, and so does the stateful test of the API. Must
not add a route, a field or a status: those come from the services.
"""

from collections.abc import Iterator
from typing import Any

from schemas.errors import REGISTRY

Json = dict[str, Any]

FORMS = {
    "payout_id": {"type": "string", "format": "uuid"},
    "batch_id": {"type": "string", "format": "uuid"},
    "letter_id": {"type": "string", "pattern": r"^[a-z0-9._-]{1,249}:[0-9]{1,4}:[0-9]{1,18}$"},
    "topic": {"type": "string", "enum": ["payouts.commands", "payouts.events"]},
    "partition": {"type": "integer", "minimum": 0, "maximum": 9999},
    "offset": {"type": "integer", "minimum": 0, "maximum": 999_999_999_999_999_999},
    "draft_id": {"type": "string", "format": "uuid"},
    "key_id": {"type": "string", "maxLength": 64},
    "user_id": {"type": "string", "maxLength": 64},
    "upload_id": {"type": "string", "format": "uuid"},
    "webhook_id": {"type": "string", "format": "uuid"},
    "delivery_id": {"type": "string", "format": "uuid"},
    "bank_account_id": {"type": "string", "format": "uuid"},
    "code": {"type": "string", "enum": sorted(REGISTRY)},
    "merchant_id": {"type": "string", "pattern": r"^[a-z0-9][a-z0-9_-]{0,63}$"},
}
UNUSED = ("HTTPValidationError", "ValidationError")
WITH_RECORD = ("Payout", "Batch", "LedgerEntry")
RECORD = {
    "anyOf": [{"$ref": "#/components/schemas/RecordPlace"}, {"type": "null"}],
    "description": "With `include=record` only.",
}
"""Where the log record behind a row stands: reads add it to what the writes answer too (CON-25)."""
INTRODUCTION = """Pays many people at once and never loses sight of a single payment.

- Every path works under `/api/v1/` and `/api/`, with and without a slash at the end.
- Money is a decimal string (`amount`) and an integer of minor units (`amount_minor`), never a float.
- A write names its place on the log (`Payflow-Position`); send it with a read, and the read waits until the views have passed it.
- A write with an `Idempotency-Key` can be sent again: the first answer comes back, byte for byte, with `Idempotency-Replayed: true`.
- Every error is `application/problem+json` with a stable `code`; `type` leads to what to do about it.
- Inside v1 changes only add: ignore members and words you do not know.
"""
TAGS = {
    "payouts": "One payment to one payee.",
    "batches": "Payouts submitted together: whole, in chunks, or as a file.",
    "files": "Uploaded files: what was wrong, corrections, results, templates, and what columns mean.",
    "drafts": "Payouts and batches written down and not asked for yet; they touch no money.",
    "money": "Balances and the ledger.",
    "figures": "What was counted with the payouts, what needs somebody, and charts.",
    "log": "The record behind a row.",
    "dead letters": "Records that nobody could read, and what is done about them.",
    "merchants": "Whose money it is, where it comes from, and saved bank accounts.",
    "webhooks": "Addresses of a merchant's own that are told what was decided, signed and in order.",
    "deliveries": "What was sent to webhooks, each attempt of it, and sending it again.",
    "sign-in": "People: by password or OpenID Connect.",
    "access": "API keys, people, tickets for the feed, and the audit trail.",
    "documentation": "What error codes mean.",
    "health": "Whether it is well.",
}
_ID = "$response.body#/id"
_CREATED = {
    "request_payout": (
        "payout_id",
        _ID,
        (
            "get_payout",
            "get_payout_events",
            "get_payout_actions",
            "edit_payout",
            "delete_payout",
            "cancel_payout",
            "reveal_payee",
        ),
    ),
    "create_batch": (
        "batch_id",
        _ID,
        ("get_batch", "get_batch_actions", "list_rows", "add_rows", "seal_batch", "delete_batch"),
    ),
    "create_draft": ("draft_id", _ID, ("get_draft", "replace_draft", "submit_draft", "discard_draft")),
    "create_webhook": (
        "webhook_id",
        _ID,
        ("get_webhook", "change_webhook", "rotate_webhook_secret", "test_webhook", "delete_webhook"),
    ),
    "create_key": ("key_id", _ID, ("revoke_key",)),
    "create_user": ("user_id", _ID, ("change_user",)),
    "upload_batch": ("upload_id", _ID, ("get_upload", "get_upload_errors", "get_refused_rows")),
    "open_merchant": ("merchant_id", _ID, ("credit_merchant", "add_bank_account", "change_merchant")),
    "add_bank_account": (
        "bank_account_id",
        _ID,
        ("change_bank_account", "start_verification", "confirm_verification", "close_bank_account"),
    ),
}
"""operation -> (parameter, where its value stands, the operations that take it)."""

_SAME = {"add_bank_account": {"merchant_id": "$request.path.merchant_id"}}
"""operation -> further parameters that its targets share with it"""


def finished(document: Json) -> Json:
    """The same document, complete. Changes it in place."""
    document["info"]["description"] = INTRODUCTION
    formed(document)
    for operation in _operations(document):
        _link(operation)
    for name in WITH_RECORD:
        document["components"]["schemas"][name]["properties"]["record"] = RECORD
    for name in UNUSED:
        document["components"]["schemas"].pop(name, None)
    used = {tag for operation in _operations(document) for tag in operation.get("tags", [])}
    document["tags"] = [{"name": tag, "description": TAGS.get(tag, tag)} for tag in (*TAGS, *sorted(used - set(TAGS)))]
    return document


def formed(document: Json) -> Json:
    """The same document without the framework's own answers, with ids in their form and examples where tools find them. In place."""
    for operation in _operations(document):
        _drop_framework_answers(operation)
        _form_ids(operation)
        _show_examples(document, operation)
    return document


def _operations(document: Json) -> Iterator[Json]:
    for item in document["paths"].values():
        yield from item.values()


def _drop_framework_answers(operation: Json) -> None:
    """The framework's own 422 is never given: parameters of paths are read by our rules. An answer that is a file is no JSON."""
    answer = operation["responses"].get("422", {})
    if "HTTPValidationError" in str(answer):
        del operation["responses"]["422"]
    for answer in operation["responses"].values():
        kept = {media: form for media, form in answer.get("content", {}).items() if form["schema"]}
        if kept:
            answer["content"] = kept


def _form_ids(operation: Json) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "path" and parameter["name"] in FORMS:
            parameter["schema"] = FORMS[parameter["name"]]


def _show_examples(document: Json, operation: Json) -> None:
    """The examples of a request's form stand beside its media type too, where every tool finds them."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        if "example" in media:
            media["examples"] = {"one": {"value": media.pop("example")}}
        refs = [part.get("$ref", "") for part in (media["schema"], *media["schema"].get("anyOf", []))]
        name = next((ref.rpartition("/")[2] for ref in refs if ref), "")
        examples = document["components"]["schemas"].get(name, {}).get("examples", [])
        if examples:
            media["examples"] = {f"{name}{number}": {"value": value} for number, value in enumerate(examples, 1)}


def _link(operation: Json) -> None:
    made = _CREATED.get(operation.get("operationId", ""))
    if made is None:
        return
    parameter, where, targets = made
    more = _SAME.get(operation["operationId"], {})
    links = {target: {"operationId": target, "parameters": {parameter: where, **more}} for target in targets}
    for status in ("200", "201"):
        if status in operation["responses"]:
            operation["responses"][status]["links"] = links
