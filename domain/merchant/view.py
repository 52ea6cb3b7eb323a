"""The public form of a merchant and of its credits (API-27, API-29), one for answers and for reads.

Owns names. Must not know where the merchant came from.
"""

from domain.book import BankAccount, Merchant
from domain.payout.view import amounts, bank_account_view
from schemas.accounts import TRIES_MAX
from schemas.events import MerchantCredited
from schemas.times import rfc3339, rfc3339_or_none


def merchant_view(merchant: Merchant, accounts: list[BankAccount] | None = None) -> dict[str, object]:
    """The JSON members of a merchant (API-27)."""
    return {
        "id": merchant.id,
        "name": merchant.name,
        "main_currency": merchant.main_currency,
        "active": merchant.active,
        "idempotency_key_required": merchant.key_required,
        "bank_accounts": [saved_account_view(account) for account in accounts or []],
    }


def saved_account_view(account: BankAccount) -> dict[str, object]:
    """The JSON members of a saved account with how far it is (API-28). The amounts of its deposits are in no view."""
    known = account.verification
    shown = {
        "status": known.status.value,
        "currency": known.currency,
        "tries_left": TRIES_MAX - known.tries,
        "started_at": rfc3339(known.started_at),
    } if known is not None else None  # fmt: skip
    return {**bank_account_view(account), "closed_at": rfc3339_or_none(account.closed_at), "verification": shown}


def credit_view(credit: MerchantCredited, merchant_id: str, at: int) -> dict[str, object]:
    """The JSON members of incoming money, booked at `at` (ms UTC)."""
    return {
        "id": credit.credit_id,
        "merchant_id": merchant_id,
        **amounts(credit.amount_minor, credit.currency),
        "reference": credit.reference,
        "description": credit.description,
        "created_at": rfc3339(at),
    }
