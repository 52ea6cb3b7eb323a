"""The OpenAPI of webhooks: what each route takes and answers (API-30).

Owns one entry per route. The gateway's document is merged from those of all services. Must not know how a request is read.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from schemas.ids import MERCHANT_ID_PATTERN
from services.webhooks import forms

JSON = "application/json"
REFS = "#/components/schemas/{model}"
SHARED = frozenset({"Problem"})
"""Forms of this name stand in the merged document once, as ingest has them."""

_PROBLEM_OF = {
    400: "The request is not valid; all faults are listed.",
    404: "There is no such thing here.",
    409: "The address is taken, or the webhook is not enabled.",
    413: "The body is too large.",
    415: "The content type is not supported.",
    422: "A limit or the guard of addresses forbids it.",
    503: "Webhooks cannot be reached now.",
}
_UUID = {"type": "string", "format": "uuid"}
_HEX = "[0-9a-fA-F]"
_CURSOR = {"type": "string", "pattern": f"^({_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}})?$"}
_TIME = {"type": "string", "format": "date-time"}
_FORMS_OF: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("webhook_id", "payout_id", "batch_id"), _UUID),
    "cursor": _CURSOR,
    **dict.fromkeys(("created_after", "created_before"), _TIME),
    "limit": {"type": "integer", "minimum": 1, "maximum": 500},
}
_FILTERS = {
    "webhook_id": "Of one endpoint.",
    "status": "`pending`, `delivered`, `failed`, `canceled`; several by comma.",
    "type": "Event types, several by comma.",
    "payout_id": "About one payout.",
    "batch_id": "About one batch.",
    "created_after": "Events from this time on (RFC 3339).",
    "created_before": "Events up to this time.",
    "limit": "1 to 500, default 50.",
    "cursor": "`next_cursor` of the page before. Empty for the start.",
}


class Entry(NamedTuple):
    """One route: its tag, request form, success status and answer form, further problem statuses, query parameters."""

    tag: str
    takes: type[BaseModel] | None
    status: int
    gives: type[BaseModel] | None
    problems: tuple[int, ...] = ()
    query: Mapping[str, str] = MappingProxyType({})


_BODY = (413, 415)

ENTRIES: dict[str, Entry] = {
    "list_webhooks": Entry("webhooks", None, 200, forms.Webhooks),
    "create_webhook": Entry("webhooks", forms.WebhookRequest, 201, forms.CreatedWebhook, (409, *_BODY, 422)),
    "test_webhook_address": Entry("webhooks", forms.WebhookTestRequest, 200, forms.WebhookTest, (*_BODY, 422)),
    "get_webhook": Entry("webhooks", None, 200, forms.Webhook, (404,)),
    "change_webhook": Entry("webhooks", forms.WebhookChange, 200, forms.Webhook, (404, 409, *_BODY, 422)),
    "delete_webhook": Entry("webhooks", None, 204, None, (404,)),
    "rotate_webhook_secret": Entry("webhooks", None, 200, forms.RotatedSecret, (404, 422)),
    "test_webhook": Entry("webhooks", None, 200, forms.WebhookTest, (404,)),
    "list_deliveries": Entry("deliveries", None, 200, forms.Deliveries, query=_FILTERS),
    "send_deliveries_again": Entry("deliveries", forms.Selection, 202, forms.SentAgain, (404, 409, *_BODY, 422)),
    "get_delivery": Entry("deliveries", None, 200, forms.DeliveryDetail, (404,)),
    "list_attempts": Entry("deliveries", None, 200, forms.Attempts, (404,)),
    "send_delivery_again": Entry("deliveries", None, 202, forms.SentAgain, (404, 409)),
}


def documented(name: str) -> dict[str, Any]:
    """The keyword arguments of a route's decorator. Raises KeyError for a route without an entry."""
    entry = ENTRIES[name]
    return {
        "operation_id": name,
        "tags": [entry.tag],
        "status_code": entry.status,
        "response_model": None,
        "responses": {entry.status: _response(entry.gives)}
        | {status: _problem(status) for status in sorted({400, 503, *entry.problems})},
        "openapi_extra": {"parameters": _parameters(entry), **_request_body(entry)},
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
    models = [form for form in vars(forms).values() if isinstance(form, type) and issubclass(form, BaseModel)]
    wanted = [(model, "validation") for model in models if model is not BaseModel]
    _, schema = models_json_schema(wanted, ref_template=REFS)  # type: ignore[arg-type]
    found.setdefault("components", {}).setdefault("schemas", {}).update(schema["$defs"])
    return found


def _response(model: type[BaseModel] | None) -> dict[str, Any]:
    if model is None:
        return {"description": "Done."}
    description = (model.__doc__ or "").strip()
    return {"description": description, "content": {JSON: {"schema": {"$ref": REFS.format(model=model.__name__)}}}}


def _problem(status: int) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": REFS.format(model=forms.Problem.__name__)}}}
    return {"description": _PROBLEM_OF[status], "content": content}


def _request_body(entry: Entry) -> dict[str, Any]:
    if entry.takes is None:
        return {}
    return {
        "requestBody": {"required": True, "content": {JSON: {"schema": {"$ref": REFS.format(model=entry.takes.__name__)}}}}
    }


def _parameters(entry: Entry) -> list[dict[str, Any]]:
    merchant = "Whose webhooks; without it open mode means `demo`."
    header = {
        "name": "X-Merchant-Id",
        "in": "header",
        "required": False,
        "description": merchant,
        "schema": {"type": "string", "pattern": MERCHANT_ID_PATTERN},
    }
    query = [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": text,
            "schema": _FORMS_OF.get(name, {"type": "string"}),
        }
        for name, text in entry.query.items()
    ]
    return [header, *query]
