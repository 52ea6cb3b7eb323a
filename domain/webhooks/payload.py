"""The body of a webhook (WHK-01, WHK-03): what the event itself said, and beside it, where it may have moved on, the state now.

Owns the form and its bound of 20 kB. Must not know how it is sent.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from schemas.times import rfc3339

BODY_BYTES_MAX = 20_000
"""The specification asks for less than about 20 kB; that is taken in its smaller sense."""

Form = Mapping[str, object]


class Letter(Struct, frozen=True, kw_only=True):
    """One delivery as its body needs it. `own` is what the event said; `at` in ms UTC; `tries` is how many were made before."""

    id: str
    merchant_id: str
    subject: str
    kind: str
    version: int
    order: int
    at: int
    own: Form
    tries: int = 0


class State(Struct, frozen=True, kw_only=True):
    """The subject as the views have it when the webhook is sent.

    `facts` never change and complete `own`; `said` is what of `own` had to be cleaned of the payee, and takes its place; `current` is the
    whole state now, `version` its version. `moved_on` is whether something came after the event.
    """

    facts: Form
    current: Form
    version: int
    moved_on: bool
    said: Form = {}


def body(letter: Letter, state: State) -> bytes:
    """The bytes that are signed and sent. A late try carries the current state beside its own; the first one does if it moved on."""
    what = letter.subject.partition(":")[0]
    late = letter.tries > 0 or state.moved_on
    data: dict[str, object] = {
        "merchant_id": letter.merchant_id,
        "version": letter.version or state.version,
        "order": letter.order,
        what: {**state.facts, **letter.own, **state.said},
        "current": state.current if late else None,
    }
    return _bounded(letter, data)


def test_body(webhook_id: str, merchant_id: str, now: int) -> bytes:
    """The body of a test: it is about no payout."""
    data = {"merchant_id": merchant_id, "test": True}
    return _encoded(webhook_id, "webhook.test.v1", now, data)


def _bounded(letter: Letter, data: dict[str, object]) -> bytes:
    found = _encoded(letter.id, letter.kind, letter.at, data)
    if len(found) < BODY_BYTES_MAX:
        return found
    shorter = {**data, "current": None, "truncated": True}
    return _encoded(letter.id, letter.kind, letter.at, shorter)


def _encoded(webhook_id: str, kind: str, at: int, data: object) -> bytes:
    return msgspec.json.encode({"id": webhook_id, "type": kind, "timestamp": rfc3339(at), "data": data})
