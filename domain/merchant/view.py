"""The public form of a merchant and of its credits (API-27, API-29), one for answers and for reads.

Owns names. Must not know where the merchant came from.
"""

from domain.book import BankAccount, Merchant
from domain.payout.view import amounts, bank_account_view
from schemas.events import MerchantCredited
from schemas.times import rfc3339


def merchant_view(merchant: Merchant, accounts: list[BankAccount] | None = None) -> dict[str, object]:
    """The JSON members of a merchant (API-27)."""
    return {
        "id": merchant.id,
        "name": merchant.name,
        "main_currency": merchant.main_currency,
        "active": merchant.active,
        "bank_accounts": [bank_account_view(account) for account in accounts or []],
    }


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
