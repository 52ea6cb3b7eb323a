"""An account is verified by two small deposits whose amounts its holder reads back (API-28).

Owns the moves of a verification: sending -> waiting -> verified or failed; what the deposits cost, which the house lays out; and that three
wrong tries are all that an account ever has. Must not draw amounts, nor know who sends.
"""

from msgspec import structs

from domain.book import BankAccount
from domain.case import Case, Decision, decided, json_answer, problem_answer, refused, repeated
from domain.ledger import postings
from domain.merchant.accounts import OK, account_event, changed, closed_refusal, own_account
from domain.merchant.view import saved_account_view
from schemas.accounts import DEPOSIT_MAX_MINOR, DEPOSITS, TRIES_MAX, Deposit, Verification
from schemas.commands import ConfirmVerification, RecordDeposit, StartVerification
from schemas.ids import attempt_reference, is_uuid
from schemas.money import MoneyError, parse_amount
from schemas.words import AccountChange, DepositStatus, Outcome, VerificationStatus

CODE_MAX = 80


def start_verification(case: Case, body: StartVerification) -> Decision:
    """Send two deposits. While one of the newest verification is under way, or its amounts are to be named, this is a repeat."""
    account = own_account(case, body.bank_account_id)
    if isinstance(account, Decision):
        return account
    known = account.verification
    refusal = _start_refusal(case, account, known)
    if refusal is not None:
        return refusal
    if known is not None and (known.status is VerificationStatus.WAITING or _under_way(known)):
        return repeated(subject=account.id, answer=json_answer(OK, saved_account_view(account)))
    merchant = case.merchant()
    currency = body.currency or (merchant.main_currency if merchant is not None else "")
    fault = _start_fault(case, body, currency)
    if fault is not None:
        return refused(case, "validation_error", fault, subject=account.id)
    begun = _begun(case, body, currency, known.tries if known is not None else 0)
    return changed(case, structs.replace(account, verification=begun), AccountChange.VERIFICATION_STARTED)


def record_deposit(case: Case, body: RecordDeposit) -> Decision:
    """What the provider said of a deposit. What is not definite, not of this verification, or known already changes nothing."""
    account = case.book.bank_accounts.get(body.bank_account_id)
    if account is None or account.merchant_id != case.merchant_id or account.verification is None:
        return repeated()
    known, deposit = account.verification, _deposit(account.verification, body)
    if deposit is None or body.outcome not in {Outcome.PAID, Outcome.FAILED}:
        return repeated(subject=account.id)
    paid = body.outcome is Outcome.PAID
    deposits = [_settled(one, body) if one is deposit else one for one in known.deposits]
    after = structs.replace(known, deposits=deposits, status=_status(deposits))
    legs = postings.deposit(deposit.amount_minor, known.currency, body.provider) if paid else []
    change = AccountChange.DEPOSIT_PAID if paid else AccountChange.DEPOSIT_FAILED
    event = account_event(structs.replace(account, verification=after), change, legs)
    return decided([event], subject=account.id)


def confirm_verification(case: Case, body: ConfirmVerification) -> Decision:
    """Compare the amounts. On a verified account it is a repeat; a wrong try counts, and after TRIES_MAX there are no more."""
    account = own_account(case, body.bank_account_id)
    if isinstance(account, Decision):
        return account
    if account.closed_at is not None:
        return closed_refusal(case, account)
    if account.verified:
        return repeated(subject=account.id, answer=json_answer(OK, saved_account_view(account)))
    known = account.verification
    if known is None or known.status is not VerificationStatus.WAITING:
        return _not_waiting(case, account, known)
    named = _named(case, account, known, body.amounts)
    if isinstance(named, Decision):
        return named
    if named == sorted(deposit.amount_minor for deposit in known.deposits):
        after = structs.replace(known, status=VerificationStatus.VERIFIED)
        return changed(case, structs.replace(account, verified=True, verification=after), AccountChange.VERIFIED)
    return _wrong(case, account, known)


def _wrong(case: Case, account: BankAccount, known: Verification) -> Decision:
    tries = known.tries + 1
    status = VerificationStatus.FAILED if tries >= TRIES_MAX else known.status
    after = structs.replace(account, verification=structs.replace(known, tries=tries, status=status))
    left = TRIES_MAX - tries
    detail = f"These are not the amounts that were deposited; {left or 'no'} {'try is' if left == 1 else 'tries are'} left."
    answer = problem_answer(case, "verification_amounts_wrong", detail, tries_left=left)
    return changed(case, after, AccountChange.WRONG_AMOUNTS, answer=answer)


def _named(case: Case, account: BankAccount, known: Verification, amounts: list[str]) -> list[int] | Decision:
    """The amounts in minor units, sorted; or the refusal of what are no two amounts of the deposits' currency, which is no try."""
    found, faults = [], []
    if len(amounts) != DEPOSITS:
        faults.append(("/amounts", f"must be the {DEPOSITS} amounts that came in"))
    for place, text in enumerate(amounts[:DEPOSITS]):
        try:
            found.append(parse_amount(text, known.currency))
        except MoneyError as error:
            faults.append((f"/amounts/{place}", f"{error}; the deposits are in {known.currency}"))
    if not faults:
        return sorted(found)
    errors = [{"pointer": pointer, "code": "validation_error", "detail": detail} for pointer, detail in faults]
    return refused(case, "validation_error", f"{faults[0][0]} {faults[0][1]}.", subject=account.id, errors=errors)


def _begun(case: Case, body: StartVerification, currency: str, tries: int) -> Verification:
    deposits = [
        Deposit(reference=attempt_reference(body.verification_id, number), amount_minor=amount)
        for number, amount in enumerate(body.amounts_minor, 1)
    ]
    return Verification(id=body.verification_id, currency=currency, deposits=deposits, started_at=case.now, tries=tries)


def _start_refusal(case: Case, account: BankAccount, known: Verification | None) -> Decision | None:
    if account.closed_at is not None:
        return closed_refusal(case, account)
    if account.verified:
        return refused(case, "invalid_state_transition", "The bank account is verified already.", subject=account.id)
    if known is not None and known.tries >= TRIES_MAX:
        return _no_more_tries(case, account)
    return None


def _start_fault(case: Case, body: StartVerification, currency: str) -> str | None:
    if currency not in case.policy.currencies:
        return f"{currency} is not enabled here; name a currency in which the deposits are sent."
    amounts = body.amounts_minor
    if len(amounts) != DEPOSITS or not all(1 <= amount <= DEPOSIT_MAX_MINOR for amount in amounts):
        return f"A verification has {DEPOSITS} deposits of 1 to {DEPOSIT_MAX_MINOR} minor units."
    return None if is_uuid(body.verification_id) else "The verification id must be a new UUID."


def _not_waiting(case: Case, account: BankAccount, known: Verification | None) -> Decision:
    if known is not None and known.tries >= TRIES_MAX:
        return _no_more_tries(case, account)
    if known is None:
        detail = "No deposits were sent to this account yet; start its verification."
    elif known.status is VerificationStatus.SENDING:
        detail = "The deposits are not paid yet; try again once they stand on the account's statement."
    else:
        detail = "The last verification is over; start it again, or close the account."
    return refused(case, "invalid_state_transition", detail, subject=account.id)


def _no_more_tries(case: Case, account: BankAccount) -> Decision:
    detail = f"{TRIES_MAX} wrong tries are all that an account has; an administrator can vouch for it, or save another."
    return refused(case, "limit_exceeded", detail, subject=account.id, tries_left=0)


def _deposit(known: Verification, body: RecordDeposit) -> Deposit | None:
    """The deposit that an answer is about, if nothing definite is known of it yet."""
    if known.id != body.verification_id or not 1 <= body.number <= len(known.deposits):
        return None
    deposit = known.deposits[body.number - 1]
    return deposit if deposit.status is DepositStatus.SENT else None


def _settled(deposit: Deposit, body: RecordDeposit) -> Deposit:
    paid = body.outcome is Outcome.PAID
    return structs.replace(
        deposit,
        status=DepositStatus.PAID if paid else DepositStatus.FAILED,
        provider_reference=body.provider_reference,
        code=None if paid else (body.code or "unknown")[:CODE_MAX],
    )


def _under_way(known: Verification) -> bool:
    return any(deposit.status is DepositStatus.SENT for deposit in known.deposits)


def _status(deposits: list[Deposit]) -> VerificationStatus:
    if any(deposit.status is DepositStatus.FAILED for deposit in deposits):
        return VerificationStatus.FAILED
    paid = all(deposit.status is DepositStatus.PAID for deposit in deposits)
    return VerificationStatus.WAITING if paid else VerificationStatus.SENDING
