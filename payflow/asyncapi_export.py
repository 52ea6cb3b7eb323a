"""One AsyncAPI 3 document: the inbox of upstream systems, its replies, the log, dead letters, and the live feed (API-30, INB-01).

Owns the document, built from the catalogue of topics and the same schemas that are exported for messages. Must not know a broker.
"""

from typing import Any

import msgspec

from payflow import asyncapi_feed

Json = dict[str, Any]

VERSION = "1.1.0"
_SCHEMA = "application/schema+json;version=draft-2020-12"


def document() -> Json:
    """AsyncAPI 3.0."""
    from schemas.topics import COMMANDS, DEAD_LETTERS, EVENTS, REPLIES, inbox

    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Payflow messages",
            "version": VERSION,
            "description": (
                "Upstream systems write to an inbox topic of their own and read one reply for each record. The key of every record is "
                "the merchant id; the partition is the Java client's default (murmur2 of the key). An inbox record is plain JSON, or a "
                "CloudEvent in binary or structured mode. The live feed is a WebSocket or server-sent events; docs/feed.md tells its rules."
            ),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {"host": "localhost:9092", "protocol": "kafka", "description": "The broker of the log."},
            "feed": {"host": "localhost:8000", "protocol": "ws", "description": "The front door."},
            "stream": {
                "host": "localhost:8000",
                "protocol": "http",
                "description": "The front door, for server-sent events.",
            },
        },
        "channels": {
            "inbox": _inbox_channel(inbox("{upstream}")),
            "replies": _topic(REPLIES, {"reply": _message_ref("Reply")}),
            "commands": _topic(COMMANDS, {"command": _message_ref("Command")}),
            "events": _topic(EVENTS, {"event": _message_ref("Event")}),
            "deadLetters": _topic(DEAD_LETTERS, {"deadLetter": _message_ref("DeadLetter")}),
            **asyncapi_feed.channels(),
        },
        "operations": _operations(),
        "components": {"messages": _messages(), "schemas": _schemas(), "correlationIds": _CORRELATION},
    }


_CORRELATION = {
    "byId": {"description": "The CloudEvents id, or the idempotency key.", "location": "$message.payload#/idempotency_key"}
}


def _topic(topic: Any, messages: Json) -> Json:
    kafka = {"topic": topic.name, "topicConfiguration": {"max.message.bytes": topic.max_message_bytes}}
    kafka["topicConfiguration"]["retention.ms"] = topic.retention_ms
    kafka["topicConfiguration"]["cleanup.policy"] = ["delete"]
    return {
        "address": topic.name,
        "description": f"{topic.description} Written by: {', '.join(topic.writers)}. Read by: {', '.join(topic.readers)}.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": messages,
        "bindings": {"kafka": {**kafka, "bindingVersion": "0.5.0"}},
    }


def _inbox_channel(topic: Any) -> Json:
    from services.ingest.inbox.messages import KINDS

    names = [kind + form for kind in sorted(KINDS) for form in ("", "_structured", "_binary")]
    channel = _topic(topic, {name: _message_ref(name) for name in names})
    del channel["bindings"]["kafka"]["topic"]
    channel["parameters"] = {"upstream": {"description": "The upstream system, as INBOX_UPSTREAMS names it."}}
    channel["description"] = "What an upstream system asks for; broker rights say who speaks. Read by: ingest."
    return channel


def _operations() -> Json:
    def channel(name: str) -> Json:
        return {"$ref": f"#/channels/{name}"}

    return {
        "takeFromInbox": {
            "action": "receive",
            "channel": channel("inbox"),
            "summary": "Each record is decided once and answered by exactly one reply.",
            "reply": {"channel": channel("replies"), "messages": [{"$ref": "#/channels/replies/messages/reply"}]},
            "bindings": {
                "kafka": {"groupId": {"type": "string", "const": "ingest-inbox-<upstream>"}, "bindingVersion": "0.5.0"}
            },
        },
        "putCommands": {"action": "send", "channel": channel("commands"), "summary": "Everything that may change money."},
        "putEvents": {"action": "send", "channel": channel("events"), "summary": "What was decided, one for one."},
        "keepDeadLetters": {"action": "send", "channel": channel("deadLetters"), "summary": "What nobody could read."},
        **asyncapi_feed.operations(),
    }


def _message_ref(name: str) -> Json:
    return {"$ref": f"#/components/messages/{name}"}


def _messages() -> Json:
    from payflow.asyncapi_messages import inbox_messages

    plain = {
        "Command": ("A command on the log.", "commands"),
        "Event": ("The events of one command.", "events"),
    }
    keyed = {"kafka": {"key": {"type": "string", "description": "The merchant id."}, "bindingVersion": "0.5.0"}}
    found = {
        name: {"summary": text, "payload": _payload(schema), "bindings": keyed} for name, (text, schema) in plain.items()
    }
    return {**inbox_messages(), **found, "DeadLetter": {**_DEAD_LETTER, "bindings": keyed}, **asyncapi_feed.messages()}


def _payload(name: str) -> Json:
    return {"schemaFormat": _SCHEMA, "schema": {"$ref": f"#/components/schemas/{name}"}}


def _schemas() -> Json:
    """The exported JSON Schemas, each under one name, with what they refer to beside them."""
    from schemas.commands import CommandRecord
    from schemas.events import EventRecord

    found: Json = {}
    for name, kind in (("commands", CommandRecord), ("events", EventRecord)):
        own, parts = msgspec.json.schema_components([kind], ref_template="#/components/schemas/" + name + "_{name}")
        found |= {f"{name}_{part}": _without_discriminators(schema) for part, schema in parts.items()}
        found[name] = own[0]
    from payflow.asyncapi_messages import inbox_schemas

    return {**found, **inbox_schemas(), **asyncapi_feed.schemas()}


def _without_discriminators(schema: Any) -> Any:
    """The same without OpenAPI's `discriminator` objects, which AsyncAPI does not have; the types' own constants tell them apart."""
    if isinstance(schema, dict):
        return {name: _without_discriminators(part) for name, part in schema.items() if name != "discriminator"}
    return [_without_discriminators(part) for part in schema] if isinstance(schema, list) else schema


_TOLD = ("topic", "partition", "offset", "code", "reason", "failed_at")
_DEAD_LETTER: Json = {
    "summary": "A record that nobody could read: the payload is its bytes, the headers say where it stood and why.",
    "contentType": "application/octet-stream",
    "headers": {"type": "object", "required": list(_TOLD), "properties": {name: {"type": "string"} for name in _TOLD}},
}
