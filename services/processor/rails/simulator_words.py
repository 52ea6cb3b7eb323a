"""What the provider simulator's words mean.

Owns what each status, code and echo of one transfer stands for: an unknown status, an unknown code, or an echo that differs from what was
sent is unknown, never failed (RAI-04). Must not know how the words came.
"""

from typing import Any

from domain.book import BankAccount
from domain.payout.state import Payout
from schemas.money import format_amount
from schemas.words import Outcome
from services.processor.rails.failure_codes import CODES
from services.processor.rails.provider import Verdict, not_sent, unknown

OK, BAD_REQUEST, NOT_FOUND, CONFLICT, TOO_MANY = 200, 400, 404, 409, 429
NOWHERE = Verdict(outcome=Outcome.UNKNOWN, code="not_found", reason="The provider does not know it.", found=False)


def transfer(payout: Payout, reference: str, account: BankAccount | None) -> dict[str, Any]:
    """A payout in the simulator's words."""
    return {
        "reference": reference,
        "amount": format_amount(payout.amount_minor, payout.currency),
        "currency": payout.currency,
        "payee": _payee(payout, account),
        "description": payout.description,
    }


def verdict(status: int, answer: Any, payout: Payout, reference: str) -> Verdict:
    """What an answer to a call about one transfer means; a status of 0 is a request that never left."""
    if status in {0, TOO_MANY}:
        return unsent(status, answer)
    if status == BAD_REQUEST and isinstance(answer, dict):
        return failure(answer.get("code"))
    if status != OK or not isinstance(answer, dict):
        return unusable(status)
    return standing(answer) if echoes(answer, payout, reference) else differs()


def unsent(status: int, answer: Any) -> Verdict:
    """It never left, or the provider did not want it now."""
    return not_sent(str(answer) if status == 0 else "The provider asked to slow down.")


def unusable(status: int) -> Verdict:
    """There is no answer, or nobody can read it."""
    return unknown("no_usable_answer", f"The provider gave no usable answer ({status}).")


def differs() -> Verdict:
    """The answer is about something else."""
    return unknown("echo_differs", "The provider's answer names another reference, amount or currency.")


def echoes(answer: dict[str, Any], payout: Payout, reference: str) -> bool:
    """Whether the answer is about what was sent."""
    named = answer.get("reference") == reference and answer.get("currency") == payout.currency
    return named and answer.get("amount") == format_amount(payout.amount_minor, payout.currency)


def standing(answer: dict[str, Any]) -> Verdict:
    """How the provider says that a transfer stands."""
    provider_reference = answer.get("provider_reference")
    kept = provider_reference if isinstance(provider_reference, str) else None
    match answer.get("status"):
        case "paid":
            return Verdict(outcome=Outcome.PAID, provider_reference=kept)
        case "in_progress":
            return Verdict(outcome=Outcome.IN_PROGRESS, provider_reference=kept)
        case "failed":
            return failure(answer.get("code"))
        case other:
            return unknown("unknown_status", f"The provider's status {str(other)[:40]!r} is not known.")


def failure(code: object) -> Verdict:
    """A failure by its code; one that is not on our list says nothing."""
    known = CODES.get(code) if isinstance(code, str) else None
    if known is None:
        return unknown("unknown_code", f"The provider's code {str(code)[:40]!r} is not known.")
    return Verdict(outcome=Outcome.FAILED, retryable=known.retryable, code=known.code, reason=known.reason)


def _payee(payout: Payout, account: BankAccount | None) -> dict[str, str]:
    if account is None:
        return payout.recipient or {}
    details = {"type": "bank_account", "account_number": account.account_number, "holder": account.holder}
    return {**details, "ifsc": account.ifsc} if account.ifsc else details
