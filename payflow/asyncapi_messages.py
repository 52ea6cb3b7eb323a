"""The messages of the AsyncAPI document: inbox records in their three forms, and replies (INB-01).

Owns how each is described, with the checked-in golden messages as examples. Must not know channels.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]

PREFIX = "inbox_"
_CE_HEADERS = ("ce_specversion", "ce_id", "ce_source", "ce_type")


def inbox_messages() -> Json:
    """Every kind in plain form and as a CloudEvent in structured and binary mode, and the reply."""
    from services.ingest.inbox.messages import KINDS

    found: Json = {}
    for kind in sorted(KINDS):
        found[kind] = _message(f"{kind}, plain JSON", f"{PREFIX}{kind}", kind)
        found[f"{kind}_structured"] = _message(f"{kind}, CloudEvent in structured mode", f"{PREFIX}{kind}_structured")
        found[f"{kind}_structured"]["contentType"] = "application/cloudevents+json"
        found[f"{kind}_binary"] = _message(f"{kind}, CloudEvent in binary mode", _data_schema(kind))
        found[f"{kind}_binary"]["headers"] = _ce_headers(kind)
    found["Reply"] = {
        **_message("The one reply to one record.", f"{PREFIX}Reply"),
        "correlationId": {"$ref": "#/components/correlationIds/byId"},
        "examples": list(_replies()),
    }
    return found


def inbox_schemas() -> Json:
    """The published inbox schema, taken apart: one per kind and form, and the parts they share."""
    from services.ingest.inbox.published import DATA, document

    published = json.loads(json.dumps(document()).replace('"#/$defs/', f'"#/components/schemas/{PREFIX}'))
    found = {f"{PREFIX}{name}": schema for name, schema in published["$defs"].items()}
    for message in published["oneOf"]:
        kind = message["properties"]["type"]["const"]
        found[f"{PREFIX}{kind}"] = message
        found[f"{PREFIX}{kind}_structured"] = _structured(kind, message["properties"]["data"])
    assert len(published["oneOf"]) == len(DATA)
    return found


def _message(summary: str, schema: str, example: str | None = None) -> Json:
    shown = {"examples": [{"name": example, "payload": _golden("payouts.inbox", example)}]} if example else {}
    return {"summary": summary, "payload": _ref(schema), **_KEYED, **shown}


_KEYED: Json = {
    "bindings": {"kafka": {"key": {"type": "string", "description": "The merchant id."}, "bindingVersion": "0.5.0"}}
}


def _ref(name: str) -> Json:
    media = "application/schema+json;version=draft-2020-12"
    return {"schemaFormat": media, "schema": {"$ref": f"#/components/schemas/{name}"}}


def _data_schema(kind: str) -> str:
    from services.ingest.inbox.published import DATA

    return f"{PREFIX}{DATA[kind].__name__}"


def _ce_headers(kind: str) -> Json:
    forms = {name: {"type": "string"} for name in (*_CE_HEADERS, "ce_idempotencykey", "traceparent")}
    forms |= {"ce_specversion": {"const": "1.0"}, "ce_type": {"const": f"payflow.{kind}.v1"}}
    return {"type": "object", "required": ["ce_specversion", "ce_id", "ce_type"], "properties": forms}


def _structured(kind: str, data: Json) -> Json:
    members = {name: {"type": "string"} for name in ("id", "source", "idempotencykey", "time", "datacontenttype")}
    members |= {"specversion": {"const": "1.0"}, "type": {"const": f"payflow.{kind}.v1"}, "data": data}
    return {"type": "object", "required": ["specversion", "id", "source", "type", "data"], "properties": members}


def _replies() -> Iterator[Json]:
    for name in ("accepted", "duplicate", "refused"):
        yield {"name": name, "payload": _golden("payouts.replies", name)}


def _golden(topic: str, name: str) -> Any:
    import schemas

    path = Path(schemas.__file__).parent / "examples" / topic / "v1" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))
