"""The public form of a payout (API-15), one for answers and for reads, so that both say the same.

Owns names, masking and the two spellings of an account number (API-05). Must not know where the payout came from.
"""

from domain.book import BankAccount
from domain.payout.state import Payout
from schemas.masking import masked
from schemas.money import format_amount
from schemas.times import rfc3339, rfc3339_or_none
from schemas.words import PayoutStatus, Reason

_WAITS_UNTIL = frozenset({Reason.SCHEDULE, Reason.RETRY, Reason.OUTCOME_UNKNOWN})


def payout_view(payout: Payout, *, batch_open: bool = False, bank_account: BankAccount | None = None) -> dict[str, object]:
    """The JSON members of a payout. `batch_open` shows a pending row as waiting for the seal of its batch."""
    reason = Reason.UNSEALED if batch_open and payout.status is PayoutStatus.PENDING else payout.reason
    return {
        "id": payout.id,
        "merchant_id": payout.merchant_id,
        "batch_id": payout.batch_id,
        "row": payout.row,
        "reference": payout.reference,
        **amounts(payout.amount_minor, payout.currency),
        "fee": format_amount(payout.fee_minor, payout.currency),
        "fee_minor": payout.fee_minor,
        "recipient_details": recipient_view(payout.recipient),
        "bank_account_id": payout.bank_account_id,
        "bank_account": bank_account_view(bank_account) if bank_account else None,
        "description": payout.description,
        "status": payout.status.value,
        "reason": reason.value if reason else None,
        "waits_until": waits_until(reason, payout.due_at),
        "version": payout.version,
        "idempotency_key": payout.idempotency_key,
        "provider": payout.provider,
        "attempt_count": payout.attempt_count,
        "failure_code": payout.failure_code,
        "failure_reason": payout.failure_reason,
        "bank_reference_id": payout.bank_reference_id,
        "expected_settlement_date": payout.expected_settlement_date,
        "created_at": rfc3339(payout.created_at),
        "updated_at": rfc3339(payout.updated_at),
        "processing_started_at": rfc3339_or_none(payout.processing_started_at),
        "completed_at": rfc3339_or_none(payout.completed_at),
        "failed_at": rfc3339_or_none(payout.failed_at),
        "canceled_at": rfc3339_or_none(payout.canceled_at),
        "returned_at": rfc3339_or_none(payout.returned_at),
        "settled_at": rfc3339_or_none(payout.settled_at),
    }


def waits_until(reason: str | None, due_at: int | None) -> str | None:
    """When time alone ends the wait; None where it does not."""
    return rfc3339_or_none(due_at) if reason in _WAITS_UNTIL else None


def amounts(amount_minor: int, currency: str) -> dict[str, object]:
    """`amount`, `amount_minor`, `currency`, and `amount_paise` for INR (API-10)."""
    view: dict[str, object] = {
        "amount": format_amount(amount_minor, currency),
        "amount_minor": amount_minor,
        "currency": currency,
    }
    return {**view, "amount_paise": amount_minor} if currency == "INR" else view


def recipient_view(recipient: dict[str, str] | None) -> dict[str, str] | None:
    """The recipient as sent, with both names of an account number."""
    if recipient is None or not ("account" in recipient or "account_number" in recipient):
        return recipient
    number = recipient.get("account_number") or recipient["account"]
    return {**recipient, "account_number": number, "account": number}


def bank_account_view(account: BankAccount) -> dict[str, object]:
    """A saved account with its number masked (API-28)."""
    return {
        "id": account.id,
        "holder": account.holder,
        "account_number": masked(account.account_number),
        "ifsc": account.ifsc,
        "bank_name": account.bank_name,
        "type": account.account_type,
        "verified": account.verified,
        "primary": account.primary,
    }
