"""What is before the law, and what it can answer.

Owns the two values that every rule takes and gives: the case (book, command, time, policy) and the decision (facts, answer). A
decision never changes the book. Must not know any single rule.
"""

import msgspec
from msgspec import Struct

from domain.book import Book, Merchant
from domain.policy import Policy
from schemas import errors
from schemas.commands import CommandRecord
from schemas.events import Answer, AnyEvent, CommandRefused, Remember
from schemas.words import RecordOutcome

REMEMBERED_REFUSALS = frozenset({402, 409, 422})
"""HTTP statuses of refusals that a key remembers (IDM-03). A 400, 404 or 412 stores nothing: the same key may try again."""


class Case(Struct, frozen=True, kw_only=True):
    """One command at `now` (ms UTC), the book it meets and the policy in force."""

    book: Book
    record: CommandRecord
    now: int
    policy: Policy

    @property
    def merchant_id(self) -> str:
        """Whose command it is."""
        return self.record.merchant_id

    def merchant(self) -> Merchant | None:
        """The active merchant, or None."""
        merchant = self.book.merchants.get(self.record.merchant_id)
        return merchant if merchant is not None and merchant.active else None


class Decision(Struct, frozen=True, kw_only=True):
    """Facts, what the client is told, and what a key remembers. No facts and no refusal is a repeat."""

    outcome: RecordOutcome
    events: list[AnyEvent] = []
    subject: str | None = None
    answer: Answer | None = None
    remember: Remember | None = None


def decided(events: list[AnyEvent], *, subject: str | None = None, answer: Answer | None = None) -> Decision:
    """Something happened."""
    return Decision(outcome=RecordOutcome.DECIDED, events=events, subject=subject, answer=answer)


def repeated(*, subject: str | None = None, answer: Answer | None = None) -> Decision:
    """Nothing happened, because it had happened before or there was nothing to do (LIF-14)."""
    return Decision(outcome=RecordOutcome.REPEAT, subject=subject, answer=answer)


def refused(case: Case, code: str, detail: str, *, subject: str | None = None, **more: object) -> Decision:
    """The command is refused and nothing changes; `more` are extra members of the problem body."""
    return Decision(
        outcome=RecordOutcome.REFUSED,
        events=[CommandRefused(code=code, detail=detail)],
        subject=subject,
        answer=problem_answer(case, code, detail, **more),
    )


def problem_answer(case: Case, code: str, detail: str, **more: object) -> Answer:
    """The problem+json answer of a registered code (ERR-01)."""
    pointers = more.pop("errors", None)
    body = errors.problem(
        code,
        detail,
        instance=case.record.instance,
        trace_id=_trace_id(case.record.trace),
        errors=pointers if isinstance(pointers, list) else None,
        **more,
    )
    return Answer(status=errors.REGISTRY[code].status, body=json_text(body))


def json_answer(status: int, body: object, *, version: int | None = None) -> Answer:
    """An answer with a JSON body."""
    return Answer(status=status, body=json_text(body), version=version)


def json_text(body: object) -> str:
    """JSON text; the same value gives the same text."""
    return msgspec.json.encode(body).decode()


def _trace_id(traceparent: str | None) -> str | None:
    parts = traceparent.split("-") if traceparent else []
    return parts[1] if len(parts) > 1 else None
