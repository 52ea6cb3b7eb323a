"""The inbox of an upstream system as the published documents have it (docs/topics.md, schemas/exported/inbox.json and its examples).

Owns the reading of an inbox record and of a reply. Must not judge, nor know what became of a request.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from checker.evidence import Evidence, Row

KINDS = frozenset(
    {"request_payout", "open_batch", "add_rows", "seal_batch", "cancel_batch", "cancel_payout", "credit_merchant"}
)
PLAIN = frozenset({"type", "idempotency_key", "data"})
DEPTH_MAX = 32
"""Deeper JSON is not read."""

Place = tuple[str, int, int]
"""Topic, partition, offset."""


class Message(NamedTuple):
    """What a readable record asks for."""

    kind: str
    data: Row
    key: str | None


class InboxRecord(NamedTuple):
    """One record. `readable` is None where the documents leave it open."""

    place: Place
    where: str
    key: str | None
    value: Any
    raw: bytes | None
    readable: bool | None
    message: Message | None


def inbox(evidence: Evidence) -> Iterator[InboxRecord]:
    """The records in order; none when there is no dump."""
    for line, row in enumerate(evidence.rows("inbox") or (), 1):
        raw = row.get("raw")
        readable, message = _read(row)
        yield InboxRecord(
            (str(row.get("topic")), int(row["p"]), int(row["o"])),
            f"inbox.jsonl:{line}",
            row.get("key"),
            row.get("value"),
            None if raw is None else base64.b64decode(raw),
            readable,
            message,
        )


def _read(row: Row) -> tuple[bool | None, Message | None]:
    value, headers = row.get("value"), {name.lower(): text for name, text in (row.get("headers") or {}).items()}
    if any(name.startswith("ce_") for name in headers):
        event = {name.removeprefix("ce_"): text for name, text in headers.items() if name.startswith("ce_")}
        return _cloud_event(event, value)
    if not isinstance(value, dict):
        return False, None
    if _deep(value):
        return None, None
    if "specversion" in value:
        return _cloud_event(value, value.get("data"))
    if set(value) - PLAIN:
        return False, None
    return _message(value.get("type"), value.get("data"), value.get("idempotency_key"))


def _cloud_event(event: Row, data: Any) -> tuple[bool | None, Message | None]:
    name = str(event.get("type"))
    kind = name.removeprefix("payflow.").removesuffix(".v1")
    if event.get("specversion") != "1.0" or name != f"payflow.{kind}.v1":
        return False, None
    return _message(kind, data, event.get("idempotencykey") or event.get("id"))


def _message(kind: object, data: object, key: object) -> tuple[bool | None, Message | None]:
    if kind not in KINDS or not isinstance(data, dict) or not isinstance(key, str | None):
        return False, None
    if _strange(data):
        return None, None
    return True, Message(str(kind), data, key)


def _deep(value: Any) -> bool:
    """Whether it may be nested deeper than is read."""
    level, depth = [value], 0
    while level and depth < DEPTH_MAX:
        level = [one for part in level if isinstance(part, dict | list) for one in _parts(part)]
        depth += 1
    return bool(level)


def _parts(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _strange(data: Row) -> bool:
    """Numbers and texts that are no strict JSON: NaN, infinities, lone surrogates."""
    try:
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return True
    return False


class Reply(NamedTuple):
    """One reply."""

    where: str
    to: Place
    result: str
    status: int
    code: str | None
    subject: str | None
    position: tuple[int, int] | None
    body: Any
    row: Row


def replies(evidence: Evidence) -> Iterator[Reply | str]:
    """The replies in order; the place of one that has not the published form."""
    for line, row in enumerate(evidence.rows("replies") or (), 1):
        where = f"replies.jsonl:{line}"
        value: Any = row.get("value")
        try:
            to = (str(value["topic"]), int(value["partition"]), int(value["offset"]))
            head = (where, to, str(value["result"]), int(value["status"]), value.get("code"), value.get("subject"))
            yield Reply(*head, _position(value.get("position")), value.get("body"), row)
        except (KeyError, TypeError, ValueError):
            yield where


def _position(text: object) -> tuple[int, int] | None:
    partition, _, offset = str(text or "").partition(":")
    return (int(partition), int(offset)) if partition.isdigit() and offset.isdigit() else None
