"""A merchant saves a payee's account, changes what is known of it, or closes it (API-28).

Owns that there is one primary account, that who is paid never changes, and that a closed account stays closed. Must not know how an account
is verified by deposits.
"""

from msgspec import structs

from domain.book import BankAccount
from domain.case import Case, Decision, decided, json_answer, refused, repeated
from domain.merchant.evolve import saved
from domain.merchant.fields import given
from domain.merchant.view import saved_account_view
from domain.payout import rejections
from schemas.commands import AddBankAccount, ChangeBankAccount, CloseBankAccount
from schemas.events import Answer, AnyEvent, BankAccountAdded, BankAccountChanged, Posting
from schemas.ids import is_uuid
from schemas.words import AccountChange

OK = 200
CREATED = 201
CLOSED = Answer(status=204, body="")
TYPES = frozenset({"savings", "current"})


def add_bank_account(case: Case, body: AddBankAccount) -> Decision:
    """Save an account; a known id of this merchant is a repeat. A new primary account takes the place of the one before."""
    refusal = rejections.merchant_refusal(case) or rejections.key_refusal(case)
    if refusal is not None:
        return refusal
    known = case.book.bank_accounts.get(body.bank_account_id)
    if known is not None and known.merchant_id == case.merchant_id:
        return repeated(subject=known.id, answer=json_answer(OK, saved_account_view(known)))
    if known is not None or not is_uuid(body.bank_account_id):
        return refused(case, "validation_error", "The bank account id must be a new UUID.")
    event = BankAccountAdded(
        bank_account_id=body.bank_account_id,
        holder=body.holder,
        account_number=body.account_number,
        ifsc=body.ifsc,
        bank_name=body.bank_name,
        account_type=body.account_type,
        verified=body.verified,
        primary=body.primary,
    )
    account = saved(event, case.merchant_id)
    before = _primary_before(case, account)
    return decided([*before, event], subject=account.id, answer=json_answer(CREATED, saved_account_view(account)))


def change_bank_account(case: Case, body: ChangeBankAccount) -> Decision:
    """Change details, the primary account, or whether somebody vouches for it; what changes nothing is a repeat."""
    account = own_account(case, body.bank_account_id)
    if isinstance(account, Decision):
        return account
    if account.closed_at is not None:
        return closed_refusal(case, account)
    wanted = structs.replace(account, **given(body))
    if wanted.account_type not in TYPES:
        return refused(case, "validation_error", "The type of an account is savings or current.", subject=account.id)
    if wanted == account:
        return repeated(subject=account.id, answer=json_answer(OK, saved_account_view(account)))
    return changed(case, wanted, AccountChange.DETAILS)


def close_bank_account(case: Case, body: CloseBankAccount) -> Decision:
    """Close an account for good. A closed one is a repeat: 204 again."""
    account = own_account(case, body.bank_account_id)
    if isinstance(account, Decision):
        return account
    if account.closed_at is not None:
        return repeated(subject=account.id, answer=CLOSED)
    return changed(case, structs.replace(account, closed_at=case.now, primary=False), AccountChange.CLOSED, answer=CLOSED)


def own_account(case: Case, account_id: str) -> BankAccount | Decision:
    """The active merchant's account with this id, or the refusal: 404 is the same for unknown and for another merchant's."""
    refusal = rejections.merchant_refusal(case)
    if refusal is not None:
        return refusal
    account = case.book.bank_accounts.get(account_id)
    mine = account is not None and account.merchant_id == case.merchant_id
    return account if account is not None and mine else rejections.not_found(case, "bank account")


def closed_refusal(case: Case, account: BankAccount) -> Decision:
    """409: it is closed for good."""
    return refused(
        case, "invalid_state_transition", "The bank account is closed for good; save another.", subject=account.id
    )


def changed(
    case: Case,
    account: BankAccount,
    change: AccountChange,
    *,
    postings: list[Posting] | None = None,
    answer: Answer | None = None,
) -> Decision:
    """The account is now as given. `answer` is what the client is told, if it is not the account."""
    event = account_event(account, change, postings)
    told = answer or json_answer(OK, saved_account_view(account))
    return decided([*_primary_before(case, account), event], subject=account.id, answer=told)


def account_event(account: BankAccount, change: AccountChange, postings: list[Posting] | None = None) -> BankAccountChanged:
    """The fact that an account is now as given."""
    return BankAccountChanged(
        change=change,
        bank_account_id=account.id,
        holder=account.holder,
        account_number=account.account_number,
        ifsc=account.ifsc,
        bank_name=account.bank_name,
        account_type=account.account_type,
        verified=account.verified,
        primary=account.primary,
        closed_at=account.closed_at,
        verification=account.verification,
        postings=postings or [],
    )


def _primary_before(case: Case, account: BankAccount) -> list[AnyEvent]:
    """What makes room for a primary account: the one before is it no longer."""
    other = case.book.primaries.get(case.merchant_id)
    if not account.primary or other in {None, account.id}:
        return []
    before = structs.replace(case.book.bank_accounts[str(other)], primary=False)
    return [account_event(before, AccountChange.DETAILS)]
