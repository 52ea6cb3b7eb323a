"""The OpenAPI of ingest: what each route takes and answers, in the forms of `services.ingest.forms` (API-30).

Owns one entry per route. The gateway merges the document into the public one. Must not know how a request is read.
"""

from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas.ids import MERCHANT_ID_PATTERN, UUID_PATTERN
from services.ingest import forms

JSON = "application/json"
REFS = "#/components/schemas/{model}"
_PROBLEM_OF = {
    400: "The request is not valid; all faults are listed.",
    402: "The available balance does not cover it.",
    403: "Who asks may not do this.",
    404: "There is no such thing here.",
    409: "The key, the reference, the version or the state does not allow it.",
    410: "The file's content was deleted by its age.",
    412: "If-Match is not the current version.",
    413: "The body is too large.",
    415: "The content type is not supported.",
    422: "A limit or the amounts do not allow it.",
    429: "Too much waits for its decision; nothing was acknowledged. Retry-After says when to send the same again.",
    503: "The log cannot take commands now; nothing was acknowledged.",
}
_COMMON = (400, 404, 409, 413, 415, 429, 503)
_READS = (400, 404, 412, 429, 503)


class Entry(NamedTuple):
    """One route: tag, request form, content types, success statuses to answer forms, further problem statuses, headers.

    `query` names parameters and their choices (none: a number); `files` are media types of an answer that is a file; `by_file` is the form
    where the request is one; `reads`: nothing
    is decided, so there is no 202.
    """

    tag: str
    takes: type[BaseModel] | None
    gives: dict[int, type[BaseModel] | None]
    problems: tuple[int, ...] = ()
    types: tuple[str, ...] = (JSON,)
    needs_body: bool = True
    key: str = "optional"
    query: tuple[tuple[str, tuple[str, ...]], ...] = ()
    files: tuple[str, ...] = ()
    by_file: type[BaseModel] | None = None
    reads: bool = False


MULTIPART = "multipart/form-data"
PATCH = (JSON, "application/merge-patch+json")
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
XML = "application/xml"
REVEALING = frozenset({"get_result", "get_refused_rows"})
_WHY = "Why the file is taken, in 4 to 200 characters: required of who sees payees masked elsewhere (people, keys of all merchants)."
_FORM = ("form", ("raw", "spreadsheet"))
_TABLE: Any = {"query": (("format", ("csv", "xlsx")), _FORM), "files": (CSV, XLSX), "reads": True}
FILE_ENTRIES: dict[str, Entry] = {
    "get_mapping": Entry("files", None, {200: forms.ColumnMapping}, reads=True),
    "forget_mapping": Entry("files", None, {204: None}, reads=True),
    "get_template": Entry(
        "files",
        None,
        {200: None},
        query=(("format", ("csv", "xlsx", "pain.001")), _FORM),
        files=(CSV, XLSX, XML),
        reads=True,
    ),
    "get_upload": Entry("files", None, {200: forms.Upload}, reads=True),
    "get_upload_errors": Entry(
        "files",
        None,
        {200: forms.UploadErrors},
        (410,),
        query=(("format", ("json", "csv", "xlsx")), _FORM, ("offset", ()), ("limit", ())),
        files=(CSV, XLSX),
        reads=True,
    ),
    "get_refused_rows": Entry("files", None, {200: None}, (410,), **_TABLE),
    "correct_upload": Entry(
        "files",
        forms.Corrections,
        {201: forms.Batch, 200: forms.Batch},
        (402, 410),
        types=(JSON, MULTIPART),
        key="required",
        by_file=forms.CorrectionFile,
    ),
    "get_result": Entry(
        "files",
        None,
        {200: None},
        (410,),
        query=(("format", ("csv", "xlsx", "pain.002")), _FORM),
        files=(CSV, XLSX, XML),
        reads=True,
    ),
}

ENTRIES: dict[str, Entry] = {
    "request_payout": Entry("payouts", forms.PayoutRequest, {201: forms.Payout, 200: forms.Payout}, (402,)),
    "edit_payout": Entry("payouts", forms.PayoutEdit, {200: forms.Payout}, (402, 412)),
    "replace_payout": Entry("payouts", forms.PayoutReplacement, {200: forms.Payout}, (402, 412)),
    "delete_payout": Entry("payouts", None, {204: None}, (412,)),
    "cancel_payout": Entry("payouts", forms.CancelRequest, {204: None}, (412,), needs_body=False),
    "create_batch": Entry("batches", forms.BatchRequest, {201: forms.Batch, 200: forms.Batch}, (402,), key="required"),
    "upload_batch": Entry(
        "batches",
        forms.UploadForm,
        {201: forms.Batch, 200: forms.Batch},
        (402,),
        types=(MULTIPART,),
        key="required",
    ),
    "add_rows": Entry("batches", forms.RowsRequest, {200: forms.RowsAdded}, (412,)),
    "seal_batch": Entry("batches", forms.SealRequest, {200: forms.Batch}, (402, 412), needs_body=False),
    "delete_batch": Entry("batches", forms.DropRequest, {204: None, 200: forms.BatchStopped}, (412,), needs_body=False),
    "create_draft": Entry("drafts", forms.DraftRequest, {201: forms.Draft, 200: forms.Draft}),
    "list_drafts": Entry("drafts", None, {200: forms.DraftPage}, reads=True),
    "get_draft": Entry("drafts", None, {200: forms.Draft}, reads=True),
    "replace_draft": Entry("drafts", forms.DraftRequest, {200: forms.Draft}, (412,)),
    "discard_draft": Entry("drafts", None, {204: None}, (412,)),
    "submit_draft": Entry("drafts", None, {201: forms.Submitted, 200: forms.Submitted}, (402, 412)),
    **FILE_ENTRIES,
    "open_merchant": Entry("merchants", forms.MerchantRequest, {201: forms.OpenedMerchant, 200: forms.OpenedMerchant}),
    "credit_merchant": Entry("merchants", forms.CreditRequest, {201: forms.Credit, 200: forms.Credit}, key="required"),
    "change_merchant": Entry("merchants", forms.MerchantChange, {200: forms.OpenedMerchant}, (403,), types=PATCH),
    "add_bank_account": Entry(
        "merchants", forms.BankAccountRequest, {201: forms.SavedAccount, 200: forms.SavedAccount}, (403,)
    ),
    "change_bank_account": Entry("merchants", forms.BankAccountChange, {200: forms.SavedAccount}, (403,), types=PATCH),
    "close_bank_account": Entry("merchants", None, {204: None}),
    "start_verification": Entry(
        "merchants", forms.VerificationStart, {200: forms.SavedAccount}, (422,), needs_body=False, key="required"
    ),
    "confirm_verification": Entry("merchants", forms.DepositAmounts, {200: forms.SavedAccount}, (422,), key="required"),
}


def documented(name: str) -> dict[str, Any]:
    """The keyword arguments of a route's decorator. Raises KeyError for a route without an entry."""
    entry = ENTRIES[name]
    first, *others = entry.gives
    return {
        "operation_id": name,
        "tags": [entry.tag],
        "status_code": first,
        "response_model": None,
        "responses": {status: _success(entry, status) for status in (first, *others)}
        | ({} if entry.reads else {202: _response(forms.Pending)})
        | {status: _problem(status) for status in sorted({*(_READS if entry.reads else _COMMON), *entry.problems})},
        "openapi_extra": {"parameters": _parameters(entry, name), **_request_body(entry)},
    }


def install(app: FastAPI) -> None:
    """Make the app's document complete: the forms stand in its components."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    found = get_openapi(title=app.title, version=app.version, routes=app.routes, description=app.description)
    models: list[type[BaseModel]] = [getattr(forms, name) for name in forms.__all__]
    _, schema = models_json_schema([(model, "validation") for model in models], ref_template=REFS)
    found.setdefault("components", {}).setdefault("schemas", {}).update(schema["$defs"])
    return found


def _success(entry: Entry, status: int) -> dict[str, Any]:
    found = _response(entry.gives.get(status))
    if entry.files:
        schema = {"schema": {"type": "string", "format": "binary"}}
        found["content"] = {**found.get("content", {}), **dict.fromkeys(entry.files, schema)}
    return found


def _response(model: type[BaseModel] | None) -> dict[str, Any]:
    if model is None:
        return {"description": "Done.", "headers": _HEADERS}
    description = (model.__doc__ or "").strip()
    content = {JSON: {"schema": {"$ref": REFS.format(model=model.__name__)}}}
    return {"description": description, "content": content, "headers": _HEADERS}


def _problem(status: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": REFS.format(model=forms.Problem.__name__)}}}
    return {"description": _PROBLEM_OF[status], "content": content}


def _request_body(entry: Entry) -> dict[str, Any]:
    if entry.takes is None:
        return {}
    content = {kind: {"schema": _body(entry, entry.by_file if kind == MULTIPART else None)} for kind in entry.types}
    return {"requestBody": {"required": entry.needs_body, "content": content}}


def _body(entry: Entry, by_file: type[BaseModel] | None) -> dict[str, Any]:
    form = by_file or entry.takes
    assert form is not None
    schema = {"$ref": REFS.format(model=form.__name__)}
    return schema if entry.needs_body else {"anyOf": [schema, {"type": "null"}]}


def _parameters(entry: Entry, name: str) -> list[dict[str, Any]]:
    queries = [_query(query, choices) for query, choices in entry.query]
    if entry.reads:
        merchant = _header("X-Merchant-Id", "Whose it is; without one, demo's.", required=False)
        why = [_header("Payflow-Reason", _WHY, required=False)] if name in REVEALING else []
        return [*queries, merchant, *why, *(_LISTED if name.startswith("list_") else [])]
    parameters = [
        *queries,
        _header("X-Merchant-Id", "Whose money it is; see the rules of each request.", required=False),
        _header("Idempotency-Key", "1 to 255 visible ASCII characters.", required=entry.key == "required"),
        _header(
            "Prefer",
            "`wait=n`: seconds (0 to 30, default 5) to wait for the decision; past it the answer is 202.",
            required=False,
        ),
    ]
    if 412 in entry.problems:
        parameters.append(
            _header(
                "If-Match", "The ETag you saw, or several, of which any will do; another version is 412.", required=False
            )
        )
    return parameters


_CURSOR = {"type": "string", "pattern": f"^({UUID_PATTERN[1:-1]})?$"}
_LISTED: list[dict[str, Any]] = [
    {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": schema,
    }
    for name, description, schema in (
        ("limit", "How many, 50 if left out.", {"type": "integer", "minimum": 1, "maximum": 100}),
        ("cursor", "Where the list goes on: `next_cursor` of the page before. Empty for its start.", _CURSOR),
        ("merchant_id", "The merchant; or the header.", {"type": "string", "pattern": MERCHANT_ID_PATTERN}),
    )
]


def _query(name: str, choices: tuple[str, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "enum": list(choices)} if choices else {"type": "integer", "minimum": 0}
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _header(name: str, description: str, *, required: bool) -> dict[str, Any]:
    schema = {"type": "string", **_FORMS.get(name, {})}
    return {"name": name, "in": "header", "required": required, "description": description, "schema": schema}


_FORMS: dict[str, dict[str, Any]] = {
    "X-Merchant-Id": {"pattern": MERCHANT_ID_PATTERN, "examples": ["demo"]},
    "Idempotency-Key": {"pattern": r"^[\x21-\x7e]{1,255}$", "examples": ["0d5f8f5e-6f5d-4a0f-9c1b-2f3f0c7e8a11"]},
    "Payflow-Reason": {"examples": ["the bank asks for the refused rows"]},
    "If-Match": {"examples": ['"3"']},
    "Prefer": {"examples": ["wait=10"]},
}
_HEADERS = {
    name: {"description": description, "schema": {"type": "string"}}
    for name, description in (
        ("Payflow-Position", "Where the decision stands on the log; send it with a read to see what you wrote."),
        ("Idempotency-Key", "The key of the request; made here if you sent none where none is required."),
        ("Idempotency-Replayed", "true: this is the first answer again."),
        ("Preference-Applied", "The wait that was granted, if you asked for one."),
        ("Location", "Where the thing is found."),
        ("Retry-After", "Seconds, where asking again helps."),
        ("ETag", "The version; send it as If-Match with a change."),
    )
}
