"""From a decision on the log to the HTTP answer: the stored bytes, with the headers around them (IDM-03, API-14).

Owns headers and the 202. Must not change a byte of an answer's body: what the processor wrote is what the client gets.
"""

from dataclasses import dataclass

import msgspec
from fastapi import Response

from domain.case import REMEMBERED_REFUSALS
from services.ingest.problems import PROBLEM_JSON, RETRY_AFTER_SECONDS, ProblemError
from services.ingest.store import StoredAnswer
from services.ingest.waiting import Decided

OK = 200
ACCEPTED = 202
NO_CONTENT = 204
FIRST_ERROR = 400


_ASK = "ask at Location."
_NEWER_TRY = "A newer try under this key has opened a batch of its own; ask again in a moment, with the same key."
_AGAIN = "send it again, the same and with the same key, to hear the decision."


@dataclass(frozen=True)
class About:
    """What the headers need besides the decision. `collection` is the path below which the subject is found, if it is anywhere.

    `creates` puts a Location on the final answer too; `versioned` puts an ETag on it.
    """

    key: str | None = None
    collection: str | None = None
    creates: bool = True
    versioned: bool = False

    def location(self, subject: str | None) -> str | None:
        """Where the subject is found."""
        return f"{self.collection}/{subject}" if self.collection is not None and subject is not None else None


def response_of(decided: Decided, about: About, *, joined: bool = False) -> Response:
    """The decision as an HTTP answer. `joined`: this request only waited for an equal one that ran at the same time.

    Raises ProblemError `idempotency_in_flight` for a batch whose key came to belong to a newer try while this one hung past the key's
    life: the newer one's seal will give the answer.
    """
    answer = decided.record.answer
    if answer is None:
        raise ProblemError("idempotency_in_flight", _NEWER_TRY)
    status = _replayed_status(answer.status) if joined else answer.status
    position = f"{decided.partition}:{decided.offset}"
    headers = _headers(about, position, decided.record.subject, answer.version if status < FIRST_ERROR else None)
    kept = status < FIRST_ERROR or status in REMEMBERED_REFUSALS
    return _response(status, answer.body.encode(), headers, replayed=answer.replayed or (joined and kept))


def replay_of(stored: StoredAnswer, about: About) -> Response:
    """A stored first answer again: the same bytes, 200 or the refusal's own status, marked as a replay."""
    assert stored.status is not None
    status = _replayed_status(stored.status)
    position = f"{stored.partition}:{stored.offset}"
    headers = _headers(about, position, stored.subject, stored.version if status < FIRST_ERROR else None)
    return _response(status, stored.body or b"", headers, replayed=True)


def pending_response(subject: str, about: About) -> Response:
    """202: the command is durable on the log and not decided yet; `Location`, where there is one, answers at once (API-14)."""
    location = about.location(subject)
    detail = "The request is on the log and will be decided; " + (_ASK if location else _AGAIN)
    body = msgspec.json.encode({"id": subject, "pending": True, "detail": detail, "location": location})
    headers = {"Retry-After": RETRY_AFTER_SECONDS, "Location": location, "Idempotency-Key": about.key}
    return Response(body, ACCEPTED, _given(headers), "application/json")


def _headers(about: About, position: str, subject: str | None, version: int | None) -> dict[str, str]:
    named = {
        "Payflow-Position": position,
        "Idempotency-Key": about.key,
        "Location": about.location(subject) if about.creates else None,
        "ETag": f'"{version}"' if about.versioned and version is not None else None,
    }
    return _given(named)


def _response(status: int, body: bytes, headers: dict[str, str], *, replayed: bool) -> Response:
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    if not body:  # a cancel says nothing; also when it is given again (API-24)
        return Response(status_code=NO_CONTENT, headers=headers)
    if status < FIRST_ERROR:
        return Response(body, status, headers, "application/json")
    headers.pop("Location", None)
    if msgspec.json.decode(body).get("retryable"):
        headers["Retry-After"] = RETRY_AFTER_SECONDS
    return Response(body, status, headers, PROBLEM_JSON)


def _given(named: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in named.items() if value is not None}


def _replayed_status(status: int) -> int:
    return OK if status < FIRST_ERROR else status
