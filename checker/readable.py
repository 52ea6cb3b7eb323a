"""Which commands can be read without doubt, as the published schema has them (schemas/exported).

Owns that judgement. It is cautious: a member that is not known here, or a value of another type, is left open. Must not know decisions.
"""

from collections.abc import Callable
from typing import Any

from checker.evidence import Record

Test = Callable[[Any], bool]
NUMBER_MAX = 2**63


def _text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable()


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < NUMBER_MAX


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(_text(one) for one in value)


def _words(value: Any) -> bool:
    return isinstance(value, dict) and all(_text(one) for pair in value.items() for one in pair)


def _form(value: Any) -> bool:
    return isinstance(value, dict) and _has(value, FORM, FORM_MORE)


def _forms(value: Any) -> bool:
    return isinstance(value, list) and all(_form(one) for one in value)


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _declared(value: Any) -> bool:
    return isinstance(value, dict) and _has(value, {}, DECLARED)


def _refused(value: Any) -> bool:
    return isinstance(value, dict) and _has(value, {"count": _number}, REFUSED)


def _amounts(value: Any) -> bool:
    return isinstance(value, dict) and all(_number(one) for one in value.values())


def _errors(value: Any) -> bool:
    return isinstance(value, list) and all(_words(one) for one in value)


def _numbers(value: Any) -> bool:
    return isinstance(value, list) and all(_number(one) for one in value)


def _match(value: Any) -> bool:
    return _number(value) or _numbers(value)


def _outcome(value: Any) -> bool:
    return value in OUTCOMES


def _phase(value: Any) -> bool:
    return value in PHASES


def _answers(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, dict) and _has(one, ANSWER, ANSWER_MORE) for one in value)


PHASES = ("open", "released", "refused", "canceled")
OUTCOMES = ("paid", "failed", "unknown", "in_progress")
DECLARED: dict[str, Test] = {"count": _number}
REFUSED: dict[str, Test] = {"sums_minor": _amounts, "fault_count": _number, "errors": _errors}
ANSWER: dict[str, Test] = {"payout_id": _text, "attempt": _number, "outcome": _outcome}
ANSWER_MORE: dict[str, Test] = {
    "retryable": _flag,
    "code": _text,
    "reason": _text,
    "provider_reference": _text,
    "inquiry": _flag,
}
FORM: dict[str, Test] = {"amount_minor": _number, "currency": _text}
FORM_MORE: dict[str, Test] = {"recipient": _words, "bank_account_id": _text, "reference": _text, "description": _text}
ENVELOPE: dict[str, Test] = {"id": _text, "merchant_id": _text, "at": _number, "body": lambda body: isinstance(body, dict)}
ENVELOPE_MORE: dict[str, Test] = dict.fromkeys(("actor", "key", "content_hash", "trace", "instance"), _text)
ENVELOPE_MORE |= {"key_made": _flag}
GUARDS: dict[str, Test] = {"match_version": _match, "expected_version": _number}
MANY: dict[str, Test] = {"payout_ids": _texts}
BODIES: dict[str, tuple[dict[str, Test], dict[str, Test]]] = {
    "open_merchant": ({"name": _text}, {"main_currency": _text}),
    "change_merchant": ({}, {"name": _text, "main_currency": _text, "active": _flag, "key_required": _flag}),
    "add_bank_account": (
        {"bank_account_id": _text, "holder": _text, "account_number": _text},
        {"ifsc": _text, "bank_name": _text, "account_type": _text, "verified": _flag, "primary": _flag},
    ),
    "change_bank_account": (
        {"bank_account_id": _text},
        {"bank_name": _text, "account_type": _text, "primary": _flag, "verified": _flag},
    ),
    "close_bank_account": ({"bank_account_id": _text}, {}),
    "start_verification": (
        {"bank_account_id": _text, "verification_id": _text, "amounts_minor": _numbers},
        {"currency": _text},
    ),
    "record_deposit": (
        {"bank_account_id": _text, "verification_id": _text, "number": _number, "provider": _text, "outcome": _outcome},
        {"code": _text, "provider_reference": _text},
    ),
    "confirm_verification": ({"bank_account_id": _text, "amounts": _texts}, {}),
    "credit_merchant": (
        {"credit_id": _text, "amount_minor": _number, "currency": _text, "reference": _text},
        {"description": _text},
    ),
    "request_payout": ({"payout_id": _text, "form": _form}, {"release_at": _number}),
    "open_batch": (
        {"batch_id": _text},
        {"name": _text, "reference": _text, "source": _text, "submit": _flag, "declaration": _declared},
    ),
    "add_rows": (
        {"batch_id": _text, "first_row": _number, "rows": _forms},
        {"match_version": _match, "numbers": _numbers, "refused_rows": _refused},
    ),
    "seal_batch": ({"batch_id": _text}, {"declaration": _declared, "refused_rows": _refused, **GUARDS}),
    "cancel_batch": ({"batch_id": _text}, {"reason": _text, "expected_phase": _phase, **GUARDS}),
    "start_attempts": ({"provider": _text, **MANY}, {"batch_id": _text}),
    "record_answers": ({"provider": _text, "answers": _answers}, {"batch_id": _text}),
    "retry_due": (MANY, {"batch_id": _text}),
    "time_out_attempts": (MANY, {"batch_id": _text}),
    "edit_payout": (
        {"payout_id": _text},
        {"amount": _text, "amount_minor": _number, "currency": _text, "recipient": _words, **GUARDS},
    ),
    "cancel_payout": ({"payout_id": _text}, {"reason": _text, **GUARDS}),
}
"""Type of a command to the members that it must have, and to those that it may have."""


def surely(command: Record) -> bool:
    """Whether everybody who knows the schema can read this command, and it is its key's merchant's."""
    value = command.value
    if command.raw is not None or not isinstance(value, dict) or not _has(value, ENVELOPE, ENVELOPE_MORE):
        return False
    kind = value["body"].get("type")
    if command.key != value["merchant_id"] or not isinstance(kind, str) or kind not in BODIES:
        return False
    due, more = BODIES[kind]
    return _has({name: one for name, one in value["body"].items() if name != "type"}, due, more)


def _has(value: dict[str, Any], due: dict[str, Test], more: dict[str, Test]) -> bool:
    """Whether all that is due is there, and nothing that is not known."""
    known = {**due, **more}
    return due.keys() <= value.keys() and all(name in known and known[name](one) for name, one in value.items())
