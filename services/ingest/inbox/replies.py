"""The reply to an inbox record on `payouts.replies`: accepted, refused with the REST code, or duplicate naming the original (INB-03).

Owns the reply's form and which of the three it is. Must not know how it is written.
"""

from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import Raw, Struct

from runtime.http_trace import traceparent
from schemas.errors import REGISTRY, problem
from schemas.times import rfc3339
from services.ingest.inbox.messages import InboxRecord
from services.ingest.problems import ProblemError
from services.ingest.waiting import Decided

NAME_MAX = 255
"""What an upstream calls a thing is said back up to here, as long as a good name can be; topic, partition and offset say which it is."""
REPLY_TYPE = "payflow.reply.v1"
FIRST_ERROR_STATUS = 400

Result = Literal["accepted", "refused", "duplicate"]


class Reply(Struct, frozen=True, kw_only=True):
    """One reply. `body` is what REST would have answered, byte for byte; `position` is that of the decision on the log.

    `subject` is the payout, batch or credit; for a duplicate that of the original.
    """

    result: Result
    status: int
    code: str | None
    topic: str
    partition: int
    offset: int
    at: str
    merchant_id: str | None = None
    kind: str | None = None
    message_id: str | None = None
    idempotency_key: str | None = None
    subject: str | None = None
    position: str | None = None
    body: Raw | None = None


class Asked(NamedTuple):
    """What is known of the message a reply is to; `own_subject` is the id this record would have given to a new thing."""

    kind: str | None = None
    message_id: str | None = None
    key: str | None = None
    own_subject: str | None = None


def reply_to_decision(record: InboxRecord, asked: Asked, decided: Decided, at: int) -> Reply:
    """The reply to a record whose command was decided. `at` in ms UTC."""
    answer = decided.record.answer
    status = answer.status if answer is not None else 200
    body = answer.body.encode() if answer is not None and answer.body else None
    return Reply(
        result=_result(asked, decided, status),
        status=status,
        code=_code(body) if status >= FIRST_ERROR_STATUS else None,
        subject=decided.record.subject,
        position=f"{decided.partition}:{decided.offset}",
        body=Raw(body) if body is not None else None,
        **_about(record, asked, at),
    )


def reply_to_problem(record: InboxRecord, asked: Asked, error: ProblemError, at: int) -> Reply:
    """The reply to a record that was refused before the log. `at` in ms UTC."""
    code = error.entry.code
    more: dict[str, Any] = error.more
    encoded = msgspec.json.encode(problem(code, error.detail, errors=error.errors, **more))
    about = _about(record, asked, at)
    return Reply(result="refused", status=REGISTRY[code].status, code=code, body=Raw(encoded), **about)


def encode(reply: Reply) -> bytes:
    """UTF-8 JSON."""
    return msgspec.json.encode(reply)


def key(record: InboxRecord) -> bytes | None:
    """The record's own key, up to what a good one can have: a reply with megabytes of key is taken by no topic."""
    return record.key[:NAME_MAX] if record.key is not None else None


def headers(record: InboxRecord, reply: Reply) -> list[tuple[str, bytes]]:
    """CloudEvents headers of a reply; the id follows from the record it is to, so a reader can drop a second one."""
    named = {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{record.topic}/{record.partition}/{record.offset}",
        "ce_source": "/payflow/ingest",
        "ce_type": REPLY_TYPE,
        "ce_time": reply.at,
    }
    trace = traceparent((dict(record.headers).get("traceparent") or b"").decode(errors="replace"))
    return [(name, text.encode()) for name, text in {**named, **({"traceparent": trace} if trace else {})}.items()]


def _result(asked: Asked, decided: Decided, status: int) -> Result:
    answer = decided.record.answer
    # A record that is read again after a crash finds its own first decision; that is not a duplicate.
    if answer is not None and answer.replayed and (asked.own_subject is None or decided.record.subject != asked.own_subject):
        return "duplicate"
    return "refused" if status >= FIRST_ERROR_STATUS else "accepted"


def _code(body: bytes | None) -> str | None:
    found = msgspec.json.decode(body) if body else {}
    return found.get("code") if isinstance(found, dict) else None


def _about(record: InboxRecord, asked: Asked, at: int) -> dict[str, Any]:
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "at": rfc3339(at),
        "merchant_id": record.key[:NAME_MAX].decode(errors="replace") if record.key is not None else None,
        "kind": asked.kind,
        "message_id": _shown(asked.message_id),
        "idempotency_key": _shown(asked.key),
    }


def _shown(name: str | None) -> str | None:
    return name[:NAME_MAX] if name is not None else None
