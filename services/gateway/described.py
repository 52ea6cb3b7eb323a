"""What the reads take and give, for the one OpenAPI document (API-30).

Owns one entry per documented route of the gateway: parameters, answers, problems. The document is generated from these; the routes
themselves read parameters by `filters`. Must not read a request.
"""

from typing import Any, NamedTuple

from schemas.ids import MERCHANT_ID_PATTERN, UUID_PATTERN
from schemas.words import PayoutStatus, Reason
from services.gateway.answers import SCHEMAS, Schema, named
from services.gateway.filters import ATTENTION, CURSOR_LIMIT_MAX, LIMIT_MAX, OFFSET_MAX, PAGE_MAX

JSON = "application/json"
PROBLEM = {
    400: "A parameter is not valid; it is named.",
    404: "There is no such thing here.",
    413: "The body is too large.",
    503: "The views cannot be read now.",
}
_ID = {"type": "string", "format": "uuid"}
_PLAIN = {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[^\\u0000]*$"}
_DECIMAL = {"type": "string", "pattern": r"^[0-9]{1,12}(\.[0-9]{1,4})?$"}
_TIME = {"type": "string", "format": "date-time"}


class Entry(NamedTuple):
    """One route: its tag, the form it gives, its parameters, problems besides 503, and headers and statuses besides 200."""

    tag: str
    gives: str
    parameters: tuple[Schema, ...] = ()
    problems: tuple[int, ...] = (400, 404)
    tagged: bool = False
    undecided: bool = False


def _query(name: str, schema: Schema, description: str, example: object = None) -> Schema:
    shown = {"example": example} if example is not None else {}
    by_comma = {"style": "form", "explode": False} if schema["type"] == "array" else {}
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
        **by_comma,
        **shown,
    }


def _header(name: str, schema: Schema, description: str) -> Schema:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _words(items: Schema) -> Schema:
    return {"type": "array", "items": {"type": "string", **items}, "minItems": 1, "maxItems": 20}


def _one_of(words: list[str]) -> Schema:
    return _words({"enum": words})


def _whole(least: int, most: int) -> Schema:
    return {"type": "integer", "minimum": least, "maximum": most}


_MERCHANT_HEADER = _header("X-Merchant-Id", {"type": "string", "pattern": MERCHANT_ID_PATTERN}, "Whose data it is.")
_POSITION_HEADER = _header(
    "Payflow-Position",
    {"type": "string", "pattern": "^[0-9]{1,3}:[0-9]{1,18}$"},
    "A place on the log, as an answer to a write named it: the read waits up to 2 s until the views have passed it.",
)
_SHARED = (_MERCHANT_HEADER, _POSITION_HEADER)
_MERCHANT = _query("merchant_id", {"type": "string", "pattern": MERCHANT_ID_PATTERN}, "The merchant; or the header.", "demo")
_CURSOR = _query(
    "cursor",
    {"type": "string", "pattern": f"^({UUID_PATTERN[1:-1]})?$"},
    "Where the list goes on: `next_cursor` of the page before. Empty for its start.",
)
_LIMIT = _query("limit", _whole(1, LIMIT_MAX), f"Rows of a page; with a cursor up to {CURSOR_LIMIT_MAX}.", 50)
_PAGING = (
    _query("page", _whole(1, PAGE_MAX), "A page of 10, from 1; not together with limit, offset or cursor.", 1),
    _LIMIT,
    _query("offset", _whole(0, OFFSET_MAX), "How many to leave out; past it go on by cursor.", 0),
    _CURSOR,
)
_FILTERS = (
    _query("status", _one_of([status.value for status in PayoutStatus]), "In any case.", ["pending", "processing"]),
    _query("currency", _words({"pattern": "^[A-Z]{3}$"}), "ISO 4217, in any case.", ["USD", "EUR"]),
    _query("created_after", _TIME, "From this time on, inclusive.", "2026-01-31T08:00:00Z"),
    _query("created_before", _TIME, "Up to this time, inclusive.", "2036-01-31T08:00:00Z"),
    _query("min_amount", _DECIMAL, "At least so much, in whole units.", "10.00"),
    _query("max_amount", _DECIMAL, "At most so much, in whole units.", "1000.00"),
    _query("reference", _PLAIN, "The merchant's own reference.", "INV-2026-0042"),
    _query("provider", _PLAIN, "Which provider has it.", "simulator"),
    _query("reason", _one_of([reason.value for reason in Reason]), "Why it waits.", ["funds"]),
    _query("attention", _one_of(sorted(ATTENTION)), "Whether it needs somebody.", ["action_required"]),
)
_BATCH = _query("batch_id", _ID, "Rows of this batch only.")
_ACTIVE = _query("active", {"type": "boolean"}, "false: those that were deactivated.")

ENTRIES: dict[str, Entry] = {
    "list_payouts": Entry("payouts", "PayoutPage", (*_PAGING, _MERCHANT, _BATCH, *_FILTERS, *_SHARED), (400,)),
    "get_payout": Entry("payouts", "Payout", _SHARED, tagged=True, undecided=True),
    "get_payout_events": Entry("payouts", "History", _SHARED, undecided=True),
    "reveal_payee": Entry("payouts", "RevealedPayee", (_MERCHANT_HEADER,), (400, 404, 413)),
    "list_batches": Entry("batches", "BatchPage", (*_PAGING, _MERCHANT, *_SHARED), (400,)),
    "get_batch": Entry("batches", "Batch", _SHARED, undecided=True),
    "list_rows": Entry("batches", "RowPage", (_CURSOR, _LIMIT, *_FILTERS, *_SHARED), undecided=True),
    "get_balance": Entry("money", "Balance", (_MERCHANT, *_SHARED), (400,)),
    "list_ledger": Entry(
        "money",
        "Ledger",
        (*_PAGING[:3], _MERCHANT, _query("payout_id", _ID, "Entries of this payout only."), *_SHARED),
        (400,),
    ),
    "list_merchants": Entry("merchants", "MerchantList", (_MERCHANT, _ACTIVE, *_SHARED), (400,)),
    "get_error_code": Entry("documentation", "ErrorCode", (), (404,)),
}


def described(name: str) -> dict[str, Any]:
    """The keyword arguments of a route's decorator. Raises KeyError for a route without an entry."""
    entry = ENTRIES[name]
    return {
        "operation_id": name,
        "tags": [entry.tag],
        "response_model": None,
        "responses": _responses(entry),
        "openapi_extra": {"parameters": [*entry.parameters, *([_IF_NONE_MATCH] if entry.tagged else [])]},
    }


def health_described(name: str, *more: int) -> dict[str, Any]:
    """The same for a health address, which answers `Health` with each of its statuses."""
    responses = {status: _answer("Health") for status in (200, *more)}
    return {"operation_id": name, "tags": ["health"], "response_model": None, "responses": responses}


_IF_NONE_MATCH = _header("If-None-Match", {"type": "string"}, "The ETag you have: 304 if it still stands.")
_RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
_ETAG = {"ETag": {"description": "The version; send it as If-Match with a change.", "schema": {"type": "string"}}}


def _responses(entry: Entry) -> dict[int | str, dict[str, Any]]:
    found: dict[int | str, dict[str, Any]] = {200: _answer(entry.gives)}
    if entry.tagged:
        found[200]["headers"] = _ETAG
        found[304] = {"description": "You have it as it stands.", "headers": _ETAG}
    if entry.undecided:
        found[202] = {**_answer("Undecided"), "headers": _RETRY}
    problem = {"application/problem+json": {"schema": named("Problem")}}
    return found | {status: {"description": PROBLEM[status], "content": problem} for status in (*entry.problems, 503)}


def _answer(form: str) -> dict[str, Any]:
    described_as = SCHEMAS.get(form, {}).get("description", "As it stands.")
    return {"description": described_as, "content": {JSON: {"schema": named(form)}}}
