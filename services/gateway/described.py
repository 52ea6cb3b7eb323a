"""What the reads take and give, for the one OpenAPI document (API-30).

Owns one entry per documented route of the gateway: parameters, answers, problems. The document is generated from these; the routes
themselves read parameters by `filters`. Must not read a request.
"""

from typing import Any, NamedTuple

from domain.batch.view import LEVELS
from schemas.ids import BATCH_ROWS_MAX, MERCHANT_ID_PATTERN, UUID_PATTERN
from schemas.words import PayoutStatus, Reason
from services.gateway.answers import SCHEMAS
from services.gateway.filters import CURSOR_LIMIT_MAX, LIMIT_MAX, OFFSET_MAX, PAGE_MAX, WORDS_MAX
from services.gateway.shapes import Schema, named

JSON = "application/json"
PROBLEM = {
    400: "A parameter is not valid; it is named.",
    403: "The credential may not do this.",
    404: "There is no such thing here.",
    409: "Its state does not allow this; the detail says why.",
    413: "The body is too large.",
    415: "The body is not JSON, or it is encoded.",
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
    versioned: bool = False
    """It has an ETag for If-Match, and no 304."""


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
    return {"type": "array", "items": {"type": "string", **items}, "minItems": 1, "maxItems": WORDS_MAX}


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
_MERCHANTS_PAGING = (
    _query("page", _whole(1, PAGE_MAX), "A page of 10, from 1; not together with limit, offset or cursor.", 1),
    _query(
        "limit",
        _whole(1, LIMIT_MAX),
        f"Rows of a page; with a cursor up to {CURSOR_LIMIT_MAX}; 1,000 where no page is asked for.",
        50,
    ),
    _query("offset", _whole(0, OFFSET_MAX), "How many to leave out; past it go on by cursor.", 0),
    _query(
        "cursor",
        {"type": "string", "pattern": f"^({MERCHANT_ID_PATTERN[1:-1]})?$"},
        "Where the list goes on: `next_cursor` of the page before. Empty for its start.",
    ),
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
    _query("attention", _one_of(list(LEVELS)), "Whether it needs somebody.", ["action_required"]),
)
_BATCH = _query("batch_id", _ID, "Rows of this batch only.")
_ACTIVE = _query("active", {"type": "boolean"}, "false: those that were deactivated.")
_INCLUDE = _query(
    "include", _one_of(["record"]), "Further members: where the log record behind each row stands.", ["record"]
)
_ORDER = _query(
    "order",
    {"type": "string", "enum": ["newest", "attention"]},
    "Newest first, or what needs somebody first; the latter goes with limit and cursor only.",
    "newest",
)
_LEVELS = _query("attention", _one_of(list(LEVELS)), "Only these levels; the worst first.", ["action_required"])
_FROM_ROW = _query("from_row", _whole(1, BATCH_ROWS_MAX), "The row that the page begins at; not together with cursor.", 1)
_DIRECTION = _query("direction", {"type": "string", "enum": ["credit", "debit"]}, "Only what came in, or went out.", "debit")
_ZONE = _query("zone", {"type": "string", "maxLength": 64}, "An IANA time zone; UTC by default.", "Africa/Kampala")
_ONE_FIGURE = (_MERCHANT, *_SHARED)
_CHART = (
    _query("from", _TIME, "Its start; by default a day, or 30 days, before `to`.", "2026-01-01T00:00:00Z"),
    _query("to", _TIME, "Its end; now by default.", "2026-01-31T00:00:00Z"),
    _query("step", {"type": "string", "enum": ["hour", "day"]}, "A point for each hour or day of the zone.", "hour"),
    _ZONE,
    _query("provider", _PLAIN, "Only this provider's payouts.", "simulator"),
    _query("currency", {"type": "string", "pattern": "^[A-Za-z]{3}$"}, "Narrows what is counted by currency.", "USD"),
)

ENTRIES: dict[str, Entry] = {
    "list_payouts": Entry(
        "payouts", "PayoutPage", (*_PAGING, _MERCHANT, _BATCH, *_FILTERS, _ORDER, _INCLUDE, *_SHARED), (400,)
    ),
    "get_payout": Entry("payouts", "Payout", (_INCLUDE, *_SHARED), tagged=True, undecided=True),
    "get_payout_actions": Entry("payouts", "PayoutActions", _SHARED),
    "get_lifecycle": Entry("payouts", "Lifecycle", (), ()),
    "get_payout_events": Entry("payouts", "History", _SHARED, undecided=True),
    "get_payout_timeline": Entry("payouts", "PayoutTimeline", _SHARED, undecided=True),
    "get_batch_events": Entry("batches", "BatchHistory", _SHARED, undecided=True),
    "get_batch_timeline": Entry("batches", "BatchTimeline", _SHARED, undecided=True),
    "reveal_payee": Entry("payouts", "RevealedPayee", (_MERCHANT_HEADER,), (400, 404, 413, 415)),
    "list_batches": Entry("batches", "BatchPage", (*_PAGING, _MERCHANT, _ORDER, _LEVELS, _INCLUDE, *_SHARED), (400,)),
    "get_batch": Entry("batches", "Batch", (_INCLUDE, *_SHARED), undecided=True, versioned=True),
    "get_batch_actions": Entry("batches", "BatchActions", _SHARED),
    "list_rows": Entry("batches", "RowPage", (_CURSOR, _LIMIT, _FROM_ROW, _INCLUDE, *_FILTERS, *_SHARED), undecided=True),
    "get_balance": Entry("money", "Balance", (_MERCHANT, *_SHARED), (400,)),
    "list_ledger": Entry(
        "money",
        "Ledger",
        (
            *_PAGING[:3],
            _query("cursor", {"type": "string", "pattern": "^([0-9]{1,18}:[0-9]{1,9})?$"}, "Where the list goes on."),
            _MERCHANT,
            _query("payout_id", _ID, "Entries of this payout only."),
            _DIRECTION,
            _INCLUDE,
            *_SHARED,
        ),
        (400,),
    ),
    "list_merchants": Entry("merchants", "MerchantList", (_MERCHANT, _ACTIVE, *_MERCHANTS_PAGING, *_SHARED), (400,)),
    "get_in_flight": Entry("figures", "Figure", _ONE_FIGURE, (400,)),
    "get_waiting": Entry("figures", "WaitingFigure", _ONE_FIGURE, (400,)),
    "get_unknown": Entry("figures", "Figure", _ONE_FIGURE, (400,)),
    "get_paid_today": Entry("figures", "DayFigure", (_ZONE, *_ONE_FIGURE), (400,)),
    "get_failure_rate": Entry(
        "figures", "FailureRate", (_query("hours", _whole(1, 168), "The window, up to now.", 24), *_ONE_FIGURE), (400,)
    ),
    "get_lag": Entry("figures", "Lag", (_MERCHANT, _MERCHANT_HEADER), (400,)),
    "get_payout_counters": Entry("figures", "Counters", _ONE_FIGURE, (400,)),
    "get_batch_counters": Entry("figures", "Counters", _ONE_FIGURE, (400,)),
    "get_attention": Entry("figures", "AttentionList", _ONE_FIGURE, (400,)),
    "get_insights": Entry("figures", "Insights", (*_CHART, *_ONE_FIGURE), (400,)),
    "list_dead_letters": Entry(
        "dead letters",
        "DeadLetterPage",
        (
            _query("state", {"type": "string", "enum": ["open", "all"]}, "Those that wait for a decision, or all.", "open"),
            _query("limit", _whole(1, CURSOR_LIMIT_MAX), "Letters of a page.", 50),
            _query(
                "cursor", {"type": "string", "maxLength": 300}, "Where the list goes on: `next_cursor` of the page before."
            ),
        ),
        (400, 403),
    ),
    "get_dead_letter": Entry("dead letters", "DeadLetter", (), (403, 404)),
    "redrive_dead_letter": Entry("dead letters", "DeadLetterOutcome", (), (403, 404, 409)),
    "discard_dead_letter": Entry("dead letters", "DeadLetterOutcome", (), (400, 403, 404, 409, 413, 415)),
    "get_log_record": Entry("log", "LogRecord", _SHARED, (400, 404)),
    "list_providers": Entry("operations", "ProviderList", _SHARED[1:], (400,)),
    "get_operation": Entry("operations", "Operation", _SHARED[1:], (400,)),
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
    if entry.tagged or entry.versioned:
        found[200]["headers"] = _ETAG
    if entry.tagged:
        found[304] = {"description": "You have it as it stands.", "headers": _ETAG}
    if entry.undecided:
        found[202] = {**_answer("Undecided"), "headers": _RETRY}
    problem = {"application/problem+json": {"schema": named("Problem")}}
    return found | {status: {"description": PROBLEM[status], "content": problem} for status in (*entry.problems, 503)}


def _answer(form: str) -> dict[str, Any]:
    described_as = SCHEMAS.get(form, {}).get("description", "As it stands.")
    return {"description": described_as, "content": {JSON: {"schema": named(form)}}}
