"""An inbox record as a message: CloudEvents in binary or structured mode, or plain JSON (INB-01, INB-04).

Owns the three forms and what makes a record unreadable. Must not know what a message asks for.

    binary      headers ce_specversion 1.0, ce_id, ce_type `payflow.<kind>.v1`; the value is the data
    structured  content-type application/cloudevents+json; the value has specversion, id, type and data
    plain       the value is {"type": "<kind>", "idempotency_key": "...", "data": {...}}

The key of a message is `idempotency_key` (plain: beside `data`; CloudEvents: the extension `idempotencykey`), else the CloudEvents id.
"""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from aiokafka import ConsumerRecord

from domain.intake.content import JsonFault, parse_json
from runtime.event_log.foreign_records import Withheld

InboxRecord: TypeAlias = "ConsumerRecord[bytes, bytes]"

KINDS = frozenset(
    {"request_payout", "open_batch", "add_rows", "seal_batch", "cancel_batch", "cancel_payout", "credit_merchant"}
)
VALUE_BYTES_MAX = 1024 * 1024
STRUCTURED = "application/cloudevents+json"
SPECVERSION = "1.0"
KEY, PLAIN_KEY = "idempotencykey", "idempotency_key"

_PREFIX, _SUFFIX = "payflow.", ".v1"


class UnreadableError(Exception):
    """The record is a dead letter; `code` is a bounded word for metrics, `reason` a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        """Keeps both."""
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Message(NamedTuple):
    """What a record says. `data` is not validated yet."""

    kind: str
    data: Mapping[str, object]
    key: str | None = None
    message_id: str | None = None
    trace: str | None = None


def read_message(record: InboxRecord) -> Message:
    """The message of a record. Raises UnreadableError."""
    headers = _headers(record)
    content = _json(record.value)
    if any(name.startswith("ce_") for name in headers):
        return _binary(headers, content)
    if headers.get("content-type", "").startswith(STRUCTURED) or (isinstance(content, Mapping) and "specversion" in content):
        return _structured(headers, content)
    return _plain(headers, content)


def _headers(record: InboxRecord) -> dict[str, str]:
    """By name in lower case. One that says what the record is may be there once: twice it says nothing."""
    headers: dict[str, str] = {}
    for name, value in ((name.lower(), value) for name, value in record.headers if value is not None):
        if name in headers and (name.startswith("ce_") or name == "content-type"):
            raise UnreadableError("bad_envelope", f"the header {name[:80]!r} was sent twice; send it once")
        headers[name] = value.decode("utf-8", "replace")
    return headers


def _json(value: bytes | None) -> object:
    if value is None:
        raise UnreadableError("no_value", "the record has no value")
    if isinstance(value, Withheld):
        raise UnreadableError("not_unpacked", value.why)
    if len(value) > VALUE_BYTES_MAX:
        raise UnreadableError("oversized", f"the value has {len(value)} bytes; at most {VALUE_BYTES_MAX} are read")
    try:
        return parse_json(value)
    except JsonFault as fault:
        raise UnreadableError("bad_json", str(fault)) from None


def _binary(headers: Mapping[str, str], content: object) -> Message:
    attributes = {name.removeprefix("ce_"): value for name, value in headers.items() if name.startswith("ce_")}
    return _cloud_event(attributes, content, headers.get("traceparent") or attributes.get("traceparent"))


def _structured(headers: Mapping[str, str], content: object) -> Message:
    if not isinstance(content, Mapping):
        raise UnreadableError("bad_envelope", "a structured CloudEvent is a JSON object")
    if not all(isinstance(content.get(name), str | None) for name in (KEY, PLAIN_KEY)):
        raise UnreadableError("bad_envelope", f"{KEY} must be text")
    attributes = {str(name): value for name, value in content.items() if isinstance(value, str) and name != "data"}
    return _cloud_event(attributes, content.get("data"), headers.get("traceparent") or attributes.get("traceparent"))


def _cloud_event(attributes: Mapping[str, str], data: object, trace: str | None) -> Message:
    """A key that is there and no key, or that is called as in plain form, is no reason to take the id: each try has a new one."""
    if PLAIN_KEY in attributes:
        raise UnreadableError("bad_envelope", f"over CloudEvents the key is the extension {KEY}")
    if attributes.get("specversion") != SPECVERSION:
        raise UnreadableError("bad_envelope", f"CloudEvents specversion must be {SPECVERSION}")
    name = attributes.get("type", "")
    kind = name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    if name != f"{_PREFIX}{kind}{_SUFFIX}":
        raise UnreadableError("unknown_type", f"the type {name[:80]!r} is not known")
    message_id = attributes.get("id")
    return _message(kind, data, attributes.get(KEY, message_id), message_id, trace)


def _plain(headers: Mapping[str, str], content: object) -> Message:
    if not isinstance(content, Mapping):
        raise UnreadableError(
            "bad_envelope", 'the value must be an object such as {"type": "request_payout", "data": {...}}'
        )
    unknown = set(content) - {"type", PLAIN_KEY, "data"}
    if unknown:
        raise UnreadableError("bad_envelope", f"the member {min(map(str, unknown))[:80]!r} is not known beside data")
    key = content.get(PLAIN_KEY)
    if key is not None and not isinstance(key, str):
        raise UnreadableError("bad_envelope", f"{PLAIN_KEY} must be text")
    return _message(str(content.get("type")), content.get("data"), key, None, headers.get("traceparent"))


def _message(kind: str, data: object, key: str | None, message_id: str | None, trace: str | None) -> Message:
    if kind not in KINDS:
        raise UnreadableError("unknown_type", f"the type {kind[:80]!r} is not known; known are {', '.join(sorted(KINDS))}")
    if not isinstance(data, Mapping):
        raise UnreadableError("bad_envelope", "data must be an object")
    return Message(kind, data, key, message_id, trace)
