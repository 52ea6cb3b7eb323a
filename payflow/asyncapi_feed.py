"""The live feed in the AsyncAPI document: every message of both sides, over WebSocket and as server-sent events (LIV-01).

Owns their forms for readers and generators; docs/feed.md tells the rules. Every message that a unit test of the gateway hears is held
against them. Must not know how messages are made.
"""

from typing import Any

Json = dict[str, Any]

TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer"}
TIME: Json = {"type": "string", "format": "date-time"}
PLACE = "(?:0|[1-9][0-9]*):(?:0|[1-9][0-9]*):(?:0|[1-9][0-9]*)"
CURSOR: Json = {
    "type": "string",
    "pattern": f"^{PLACE}(?:,{PLACE})*@(?:\\*|[a-z0-9][a-z0-9_-]{{0,63}})$",
    "description": (
        "`<partition>:<offset>:<index>@<merchant>`; opaque: keep the last one of each channel. Over all merchants (`@*`) it has "
        "a place for each partition."
    ),
    "examples": ["3:26:50@demo"],
}
CHANNEL: Json = {
    "type": "string",
    "examples": [
        "batch:01a1fce3-eadb-73ce-b132-dc140c212c12",
        "payouts?status=failed,requires_action",
        "merchant:demo:balance",
        "ops",
    ],
}


def maybe(schema: Json) -> Json:
    """It or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def _message(kind: str, description: str, /, optional: tuple[str, ...] = (), **members: Json) -> Json:
    needed = [name for name in members if name not in optional]
    return {
        "type": "object",
        "description": description,
        "required": ["type", *needed],
        "properties": {"type": {"const": kind}, **members},
    }


def _on(kind: str, description: str, /, optional: tuple[str, ...] = (), **members: Json) -> Json:
    """A message about a channel, with the place it stands at."""
    return _message(kind, description, optional, channel=CHANNEL, cursor=CURSOR, **members)


_CHANGE: Json = {
    "type": "object",
    "description": "A payout's whole moving state at a version: to take it twice does no harm.",
    "required": ["id", "merchant_id", "version", "status", "amount", "amount_minor", "currency", "updated_at"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "batch_id": maybe({"type": "string", "format": "uuid"}),
        "row": maybe(WHOLE),
        "merchant_id": TEXT,
        "reference": maybe(TEXT),
        "amount": TEXT,
        "amount_minor": WHOLE,
        "currency": TEXT,
        "version": WHOLE,
        "status": TEXT,
        "reason": maybe(TEXT),
        "waits_until": maybe(TIME),
        "attempt_count": WHOLE,
        "provider": maybe(TEXT),
        "failure_code": maybe(TEXT),
        "failure_reason": maybe(TEXT),
        "bank_reference_id": maybe(TEXT),
        "updated_at": TIME,
    },
}
_LEFT: Json = {"type": "object", "required": ["id", "version"], "properties": {"id": TEXT, "version": WHOLE}}

ASKED: dict[str, Json] = {
    "FeedSignIn": _message(
        "sign_in",
        "Who I am, where the handshake did not say: a ticket of POST feed/tickets/ (good once, for 60 s) or a key.",
        ("ticket", "key", "merchant_id"),
        ticket=TEXT,
        key=TEXT,
        merchant_id=TEXT,
    ),
    "FeedSubscribe": _message(
        "subscribe",
        "Follow a channel; with `resume` behind a cursor. `rows` false: no rows in the snapshot. `fold` false: every change.",
        ("resume", "rows", "fold"),
        channel=CHANNEL,
        resume=maybe(TEXT),
        rows={"type": "boolean"},
        fold={"type": "boolean"},
    ),
    "FeedUnsubscribe": _message("unsubscribe", "Follow it no more.", channel=CHANNEL),
    "FeedPing": _message("ping", "Is answered by pong."),
}

TOLD: dict[str, Json] = {
    "FeedHello": _message(
        "hello",
        "The first message: version, limits, the server's time, and whether the handshake has signed in.",
        v=WHOLE,
        signed_in={"type": "boolean"},
        limits={"type": "object", "additionalProperties": {"type": "number"}},
        time=TIME,
    ),
    "FeedSignedIn": _message(
        "signed_in", "The sign-in holds, for this merchant or all.", merchant_id=maybe(TEXT), time=TIME
    ),
    "FeedSubscribed": _on(
        "subscribed", "Followed from here. `resumed`: behind the cursor that was sent.", resumed={"type": "boolean"}
    ),
    "FeedUnsubscribed": _message("unsubscribed", "Not followed any more.", channel=CHANNEL),
    "FeedError": _message(
        "error",
        "One request, or one subscription, ends here; the line goes on. `code` and `status` are REST's (docs/errors.md).",
        channel=maybe(TEXT),
        code=TEXT,
        status=WHOLE,
        detail=TEXT,
    ),
    "FeedSnapshot": _on(
        "snapshot",
        "The state at the cursor: a payout, or up to 200 rows (`more`: read the others by REST).",
        ("payout", "rows", "more"),
        payout=maybe({"type": "object"}),
        rows={"type": "array", "items": {"type": "object"}},
        more={"type": "boolean"},
    ),
    "FeedChanges": _on(
        "changes",
        "Changes in the order of the log. `left`: rows that the filters do not want (any more). `folded`: left out for newer ones.",
        ("left", "folded"),
        changes={"type": "array", "items": _CHANGE},
        left={"type": "array", "items": _LEFT},
        folded=WHOLE,
    ),
    "FeedBatch": _on("batch", "The batch as it stands after a commit.", batch={"type": "object"}),
    "FeedBalance": _on("balance", "The merchant's balances as they stand after a commit.", balance={"type": "object"}),
    "FeedProviders": _on("providers", "As GET providers/ tells it.", providers={"type": "object"}),
    "FeedOps": _on("ops", "As GET operations/ tells it.", ops={"type": "object"}),
    "FeedHeartbeat": _message(
        "heartbeat",
        "Every 15 s: the server's time, the views' position by partition, how old they are.",
        time=TIME,
        position={"type": "object", "additionalProperties": WHOLE},
        lag_ms=WHOLE,
    ),
    "FeedBookmark": _on("bookmark", "Nothing happened on the channel up to here: a newer cursor to resume from."),
    "FeedReset": _on(
        "reset", "The cursor that was sent is too old; a snapshot follows.", code=TEXT, status=WHOLE, detail=TEXT
    ),
    "FeedGap": _on("gap", "So many changes were dropped for a slow reader, from `resume` on.", resume=CURSOR, dropped=WHOLE),
    "FeedBye": _message(
        "bye",
        "The server closes: 4008 too slow, 1012 a planned restart, 4401 the credential has ended. Come back after `retry_after_ms`.",
        ("retry_after_ms",),
        code=WHOLE,
        reason=TEXT,
        resume={"type": "object", "additionalProperties": CURSOR},
        retry_after_ms=WHOLE,
    ),
    "FeedPong": _message("pong", "The answer to ping; `lag_ms` is how old the views are now.", time=TIME, lag_ms=WHOLE),
}
STREAMED = tuple(name for name in TOLD if name not in {"FeedSignedIn", "FeedUnsubscribed", "FeedPong"})
"""What a stream of server-sent events tells: there nothing is said by the client."""

_QUERY: Json = {
    "type": "object",
    "required": ["channel"],
    "properties": {
        "channel": {
            "type": "array",
            "items": CHANNEL,
            "minItems": 1,
            "maxItems": 50,
            "description": "One parameter for each.",
        },
        "resume": {**TEXT, "description": "As Last-Event-ID, for what cannot set it."},
        "rows": {"enum": ["true", "false"]},
        "fold": {"enum": ["true", "false"]},
        "merchant_id": TEXT,
        "ticket": TEXT,
    },
}
_SERVER = [{"$ref": "#/servers/feed"}]
_STREAM_SERVER = [{"$ref": "#/servers/stream"}]


def channels() -> Json:
    """The two addresses."""
    return {
        "feed": {
            "address": "/api/v1/feed/",
            "description": "Batches, payouts, balances, providers and the operation, live; resumed by cursor. JSON text messages.",
            "servers": _SERVER,
            "messages": _refs((*ASKED, *TOLD)),
            "bindings": {
                "ws": {
                    "method": "GET",
                    "query": {"type": "object", "properties": {"ticket": TEXT, "merchant_id": TEXT}},
                    "bindingVersion": "0.1.0",
                }
            },
        },
        "feedStream": {
            "address": "/api/v1/feed/sse/",
            "description": (
                "The same messages as server-sent events: `data` is the JSON, `id` where all channels of the stream go on (their "
                "cursors, with `;` between). No event names: the type stands in the JSON."
            ),
            "servers": _STREAM_SERVER,
            "messages": _refs(STREAMED),
        },
    }


def operations() -> Json:
    """Who says what."""
    return {
        "takeFeedRequests": _operation("receive", "feed", ASKED),
        "tellFeed": _operation("send", "feed", TOLD),
        "tellFeedStream": {
            **_operation("send", "feedStream", STREAMED),
            "bindings": {"http": {"method": "GET", "query": _QUERY, "bindingVersion": "0.3.0"}},
        },
    }


def _operation(action: str, channel: str, names: Any) -> Json:
    messages = [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}, "messages": messages}


def _refs(names: tuple[str, ...]) -> Json:
    return {name: {"$ref": f"#/components/messages/{name}"} for name in names}


def messages() -> Json:
    """Every message, its form by reference."""
    media = "application/schema+json;version=draft-2020-12"
    return {
        name: {
            "name": schema["properties"]["type"]["const"],
            "summary": schema["description"],
            "payload": {"schemaFormat": media, "schema": {"$ref": f"#/components/schemas/{name}"}},
        }
        for name, schema in schemas().items()
    }


def schemas() -> Json:
    """Forms of all messages. Members that are not known are to be ignored."""
    return {**ASKED, **TOLD}
