"""Facts make merchants and their saved accounts.

Owns what each fact brings into being. Must not know why it came to be.
"""

from domain.book import BankAccount, Merchant
from schemas.events import BankAccountAdded, BankAccountChanged, MerchantChanged, MerchantOpened


def opened(event: MerchantOpened, merchant_id: str) -> Merchant:
    """The merchant that the event makes known."""
    return Merchant(id=merchant_id, name=event.name, main_currency=event.main_currency)


def saved(event: BankAccountAdded, merchant_id: str) -> BankAccount:
    """The account that the event brings into being."""
    return BankAccount(
        id=event.bank_account_id,
        merchant_id=merchant_id,
        holder=event.holder,
        account_number=event.account_number,
        ifsc=event.ifsc,
        bank_name=event.bank_name,
        account_type=event.account_type,
        verified=event.verified,
        primary=event.primary,
    )


def changed(event: MerchantChanged, merchant_id: str) -> Merchant:
    """The merchant as the event leaves it."""
    return Merchant(
        id=merchant_id,
        name=event.name,
        main_currency=event.main_currency,
        active=event.active,
        key_required=event.key_required,
    )


def account_changed(event: BankAccountChanged, merchant_id: str) -> BankAccount:
    """The account as the event leaves it."""
    return BankAccount(
        id=event.bank_account_id,
        merchant_id=merchant_id,
        holder=event.holder,
        account_number=event.account_number,
        ifsc=event.ifsc,
        bank_name=event.bank_name,
        account_type=event.account_type,
        verified=event.verified,
        primary=event.primary,
        closed_at=event.closed_at,
        verification=event.verification,
    )
