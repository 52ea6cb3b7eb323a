"""The OpenAPI of identity: what each route takes and answers (API-30).

Owns one entry per route. The public document is merged from it; the credentials that a route needs are told by the matrix. Must not know
how a request is read.
"""

from typing import Any, NamedTuple

from domain.intake.text import LINE_PATTERN, VALUE_MAX

JSON = "application/json"
PROBLEMS = {
    400: "The request is not valid; all faults are listed.",
    404: "There is no such thing here.",
    409: "There is one already.",
    413: "The body is too large.",
    415: "The content type is not supported.",
    503: "Sign-in and keys cannot be read now.",
}

_TEXT = {"type": "string"}
_TIME = {"type": "string", "format": "date-time"}
_TEXTS = {"type": "array", "items": _TEXT}
_GRANTS = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["role", "merchants"],
        "properties": {
            "role": {"type": "string", "enum": ["viewer", "operator", "approver", "developer", "admin"]},
            "merchants": _TEXTS,
        },
    },
}
_PASSWORD = {"type": "string", "minLength": 12, "maxLength": 256, "format": "password"}
_REASON = {
    "type": ["string", "null"],
    "maxLength": VALUE_MAX,
    "pattern": LINE_PATTERN,
    "description": "Why, in one line: the audit trail keeps it, without numbers and secrets.",
}
_KEY = {
    "id": _TEXT,
    "shown": {**_TEXT, "description": "The beginning of the key."},
    "name": _TEXT,
    "scopes": _TEXTS,
    "merchants": _TEXTS,
    "live": {"type": "boolean"},
    "created_at": _TIME,
    "expires_at": {"type": ["string", "null"], "format": "date-time"},
    "revoked_at": {"type": ["string", "null"], "format": "date-time"},
}
_PERSON = {"id": _TEXT, "email": _TEXT, "name": _TEXT, "grants": _GRANTS, "active": {"type": "boolean"}, "created_at": _TIME}
_ENTRY = {
    "id": _TEXT,
    "at": _TIME,
    "actor": _TEXT,
    "action": _TEXT,
    "subject": {"type": ["string", "null"]},
    "outcome": _TEXT,
    "merchants": _TEXTS,
    "reason": {"type": ["string", "null"]},
    "detail": {"type": "object"},
}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **({"required": list(required)} if required else {})}


def _form(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """Of a request: no other members."""
    return {**_object(properties, *required), "additionalProperties": False}


def _list(properties: dict[str, Any]) -> dict[str, Any]:
    return _object({"count": {"type": "integer"}, "results": {"type": "array", "items": _object(properties)}}, "results")


class Entry(NamedTuple):
    """One route: what it takes (schema and example, a body unless it may be left out), its success status and what it gives, parameters."""

    gives: dict[str, Any] | None
    status: int = 200
    takes: dict[str, Any] | None = None
    example: dict[str, Any] | None = None
    parameters: tuple[str, ...] = ()
    needs_body: bool = True


ENTRIES: dict[str, Entry] = {
    "sign_in": Entry(
        _object({"name": _TEXT, "expires_at": _TIME, "csrf_token": _TEXT}),
        201,
        _form({"email": _TEXT, "password": {"type": "string", "format": "password"}}, "email", "password"),
        {"email": "ama@example.com", "password": "a long pass phrase"},
    ),
    "who_am_i": Entry(_object({"kind": _TEXT, "id": _TEXT, "name": _TEXT, "grants": {"type": "array"}})),
    "sign_out": Entry(None, 204),
    "change_password": Entry(
        None,
        204,
        _form({"old_password": _TEXT, "new_password": _PASSWORD}, "old_password", "new_password"),
        {"old_password": "a long pass phrase", "new_password": "another long pass phrase"},
    ),
    "start_oidc": Entry(None, 303, parameters=("return_to",)),
    "finish_oidc": Entry(None, 303, parameters=("code", "state")),
    "list_keys": Entry(_list(_KEY)),
    "create_key": Entry(
        _object({**_KEY, "key": {**_TEXT, "description": "The key itself, told this once."}}),
        201,
        _form(
            {
                "name": {**_TEXT, "minLength": 1, "maxLength": 120},
                "scopes": _TEXTS,
                "merchants": _TEXTS,
                "live": {"type": "boolean"},
                "expires_in_days": {"type": ["integer", "null"], "minimum": 1, "maximum": 3650},
            },
            "name",
            "scopes",
            "merchants",
        ),
        {"name": "ERP", "scopes": ["payouts:read", "payouts:write"], "merchants": ["demo"], "expires_in_days": 365},
    ),
    "revoke_key": Entry(None, 204, _form({"reason": _REASON}), {"reason": "the laptop was lost"}, needs_body=False),
    "list_users": Entry(_list(_PERSON)),
    "create_user": Entry(
        _object(_PERSON),
        201,
        _form({"email": _TEXT, "name": _TEXT, "password": _PASSWORD, "grants": _GRANTS}, "email", "name", "grants"),
        {
            "email": "ama@example.com",
            "name": "Ama",
            "password": "a long pass phrase",
            "grants": [{"role": "operator", "merchants": ["demo"]}],
        },
    ),
    "change_user": Entry(
        _object(_PERSON),
        200,
        _form({"name": _TEXT, "active": {"type": "boolean"}, "password": _PASSWORD, "grants": _GRANTS, "reason": _REASON}),
        {"active": False, "reason": "left the company"},
    ),
    "read_audit": Entry(
        _object(
            {"results": {"type": "array", "items": _object(_ENTRY)}, "next_cursor": {"type": ["string", "null"]}}, "results"
        ),
        parameters=("cursor", "limit"),
    ),
    "create_ticket": Entry(
        _object({"ticket": _TEXT, "expires_at": _TIME, "merchant_id": {"type": ["string", "null"]}}), 201
    ),
}


def documented(name: str) -> dict[str, Any]:
    """The keyword arguments of a route's decorator. Raises KeyError for a route without an entry."""
    entry = ENTRIES[name]
    extra: dict[str, Any] = {"parameters": [_parameter(query) for query in entry.parameters]}
    if entry.takes is not None:
        content = {"schema": entry.takes, "example": entry.example}
        extra["requestBody"] = {"required": entry.needs_body, "content": {JSON: content}}
    return {
        "operation_id": name,
        "status_code": entry.status,
        "response_model": None,
        "responses": {entry.status: _response(entry)} | {status: _problem(text) for status, text in PROBLEMS.items()},
        "openapi_extra": extra,
    }


def _response(entry: Entry) -> dict[str, Any]:
    if entry.gives is None:
        return {"description": "Done." if entry.status == 204 else "Go on at the Location."}
    return {"description": "Done.", "content": {JSON: {"schema": entry.gives}}}


def _problem(text: str) -> dict[str, Any]:
    return {
        "description": text,
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _parameter(name: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": _TEXT}
