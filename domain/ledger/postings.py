"""Double-entry postings of each kind of money move (LED-02, LED-06).

Owns which account gives and which takes. Every list sums to zero per currency. Must not know balances: whether the money is there
is decided before.
"""

from schemas.events import Posting
from schemas.words import AVAILABLE, EXTERNAL, FEES, HELD, RECEIVABLE, EntryType, clearing


def credit(amount_minor: int, currency: str) -> list[Posting]:
    """Money came in."""
    return _move(EXTERNAL, AVAILABLE, amount_minor, currency, EntryType.PAYMENT_RECEIVED)


def hold(total_minor: int, currency: str) -> list[Posting]:
    """Set aside amount plus fee."""
    return _move(AVAILABLE, HELD, total_minor, currency, EntryType.PAYOUT_HOLD)


def release(total_minor: int, currency: str) -> list[Posting]:
    """Give amount plus fee back."""
    return _move(HELD, AVAILABLE, total_minor, currency, EntryType.PAYOUT_RELEASE)


def complete(amount_minor: int, fee_minor: int, currency: str, provider: str) -> list[Posting]:
    """The provider paid: the amount goes to its clearing account, the fee to fees."""
    paid = _move(HELD, clearing(provider), amount_minor, currency, EntryType.PAYOUT_COMPLETED)
    return paid + _move(HELD, FEES, fee_minor, currency, EntryType.FEE_DEBIT)


def deposit(amount_minor: int, currency: str, provider: str) -> list[Posting]:
    """The provider paid a deposit that verifies an account: the house laid it out, and no account that the merchant sees moves."""
    return _move(RECEIVABLE, clearing(provider), amount_minor, currency, EntryType.PAYOUT_COMPLETED)


def _move(giver: str, taker: str, amount_minor: int, currency: str, entry_type: EntryType) -> list[Posting]:
    """Two legs, or none for nothing: an entry is never zero (LED-05)."""
    if not amount_minor:
        return []
    return [
        Posting(account=giver, amount_minor=-amount_minor, currency=currency, entry_type=entry_type),
        Posting(account=taker, amount_minor=amount_minor, currency=currency, entry_type=entry_type),
    ]
