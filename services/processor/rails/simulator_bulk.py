"""The simulator's bulk dialect: bodies that fit, and what one reply means for each of many transfers.

Owns that a reply is read by reference, not by place, and that one transfer's trouble is its own: what the reply does not name, names twice
or names with another amount or currency is unknown; a reply that cannot be read makes all of them unknown. Must not send.
"""

from collections.abc import Sequence
from typing import Any

import orjson

from services.processor.rails import simulator_words as words
from services.processor.rails.provider import Request, Verdict, not_sent, unknown
from services.processor.rails.simulator_words import OK, TOO_MANY

BULK_MAX = 500
BODY_BYTES_MAX = 4 * 1024 * 1024
LATER = not_sent("The call before it was full.")
CONFLICT = unknown("conflict", "The provider holds this reference and does not show it.")
MISSING = unknown("not_named", "The provider's answer does not name this transfer.")
TWICE = unknown("named_twice", "The provider's answer names this transfer more than once.")

_ABSENT: dict[str, Any] = {}
_FRAME = (b'{"transfers":[', b"]}")


def transfers(requests: Sequence[Request]) -> tuple[bytes, int]:
    """A body with the first of them, and how many those are: as many as fit, one at least."""
    asked = [words.transfer(*request) for request in requests]
    whole = orjson.dumps({"transfers": asked})
    if len(whole) <= BODY_BYTES_MAX:
        return whole, len(asked)
    bodies = [orjson.dumps(body) for body in asked]
    size, count = sum(map(len, _FRAME)), 0
    for body in bodies:
        size += len(body) + 1
        if count and size > BODY_BYTES_MAX:
            break
        count += 1
    return _FRAME[0] + b",".join(bodies[:count]) + _FRAME[1], count


def references(requests: Sequence[Request]) -> bytes:
    """A body that asks about all of them."""
    return orjson.dumps({"references": [request.reference for request in requests]})


def of_sends(status: int, answer: Any, requests: Sequence[Request]) -> list[Verdict]:
    """What the reply to a send means for each."""
    return _each(status, answer, requests)


def of_questions(status: int, answer: Any, requests: Sequence[Request]) -> list[Verdict]:
    """What the reply to an inquiry means for each; only here a transfer can be said to be nowhere."""
    return _each(status, answer, requests, asked=True)


def _each(status: int, answer: Any, requests: Sequence[Request], *, asked: bool = False) -> list[Verdict]:
    if status in {0, TOO_MANY}:
        return [words.unsent(status, answer)] * len(requests)
    named = _by_reference(answer) if status == OK else None
    if named is None:
        return [words.unusable(status)] * len(requests)
    return [_one(named.get(request.reference, _ABSENT), request, asked=asked) for request in requests]


def _by_reference(answer: Any) -> dict[str, dict[str, Any] | None] | None:
    """Entries by the reference they name, None for one that is named twice; None for an answer that is no list of entries."""
    entries = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(entries, list):
        return None
    named: dict[str, dict[str, Any] | None] = {}
    for entry in entries:
        reference = entry.get("reference") if isinstance(entry, dict) else None
        if isinstance(reference, str):
            named[reference] = None if reference in named else entry
    return named


def _one(entry: dict[str, Any] | None, request: Request, *, asked: bool) -> Verdict:
    if entry is None:
        return TWICE
    if entry is _ABSENT:
        return MISSING
    status = entry.get("status")
    if asked and status == "not_found":
        return words.NOWHERE
    if not words.echoes(entry, request.payout, request.reference):
        return words.differs()
    return _refusal(entry.get("code")) if status == "refused" and not asked else words.standing(entry)


def _refusal(code: object) -> Verdict:
    """What the provider says of a transfer that it has not taken in."""
    match code:
        case "bad_request":
            return words.failure(code)
        case "duplicate_reference":
            return CONFLICT
        case "too_many_requests":
            return words.unsent(TOO_MANY, None)
        case other:
            return unknown("unknown_code", f"The provider's code {str(other)[:40]!r} is not known.")
