"""Saved bank accounts over REST: saved, changed, closed, and verified by two small deposits (API-28).

Owns these routes and who may vouch for an account: an administrator alone, everybody else has it verified. Draws the amounts of deposits,
which no answer shows. Must not decide.
"""

from fastapi import APIRouter, Request, Response
from msgspec import UNSET, structs

from domain.access.principal import decode
from domain.intake.accounts import read_account_change, read_deposit_amounts, read_deposit_currency
from domain.intake.faults import Fault
from domain.intake.merchants import BankAccountRequest, read_bank_account
from runtime.http_content import PATCH_TYPES
from runtime.ids import draw_small, mint
from runtime.inner_door import PRINCIPAL_HEADER
from schemas.accounts import DEPOSIT_MAX_MINOR, DEPOSITS
from schemas.commands import AddBankAccount, ChangeBankAccount, CloseBankAccount, ConfirmVerification, StartVerification
from schemas.ids import is_uuid
from services.ingest.asking import Ask
from services.ingest.documentation import documented
from services.ingest.merchants import check, decide
from services.ingest.payouts import not_found
from services.ingest.problems import ProblemError

ACCOUNTS = "/merchants/{merchant_id}/bank-accounts"
VOUCHES = "merchants:write"
"""The scope of who may say that an account is verified without a deposit."""

router = APIRouter()


@router.post(ACCOUNTS, **documented("add_bank_account"))
async def add_bank_account(request: Request, merchant_id: str) -> Response:
    """Save a payee's bank account. The same id again is answered with 200 and changes nothing."""
    ask = Ask(request)
    check(ask, merchant_id)
    content = await ask.content()
    wanted = read_bank_account(content)
    if ask.faults:
        raise ask.problem(wanted)
    if isinstance(wanted, BankAccountRequest) and wanted.verified:
        _must_vouch(ask, merchant_id)
    return await decide(ask, merchant_id, "add_bank_account", content, _account_command(wanted))


@router.patch(f"{ACCOUNTS}/{{bank_account_id}}", **documented("change_bank_account"))
async def change_bank_account(request: Request, merchant_id: str, bank_account_id: str) -> Response:
    """Change what is known of an account: its bank, its type, whether it is the primary one; who is paid never changes."""
    ask, account_id = _about(request, merchant_id, bank_account_id)
    content = await ask.content(PATCH_TYPES)
    wanted = read_account_change(content)
    if ask.faults:
        raise ask.problem(wanted)
    if not isinstance(wanted, list) and wanted.verified is not UNSET:
        _must_vouch(ask, merchant_id)
    command = wanted if isinstance(wanted, list) else ChangeBankAccount(bank_account_id=account_id, **structs.asdict(wanted))
    return await decide(ask, merchant_id, f"change_bank_account {account_id}", content, command)


@router.delete(f"{ACCOUNTS}/{{bank_account_id}}", **documented("close_bank_account"))
async def close_bank_account(request: Request, merchant_id: str, bank_account_id: str) -> Response:
    """Close an account for good: it takes no new payouts. A repeat is no error."""
    ask, account_id = _about(request, merchant_id, bank_account_id)
    if ask.faults:
        raise ask.problem()
    command = CloseBankAccount(bank_account_id=account_id)
    return await decide(ask, merchant_id, f"close_bank_account {account_id}", None, command)


@router.post(f"{ACCOUNTS}/{{bank_account_id}}/verification", **documented("start_verification"))
async def start_verification(request: Request, merchant_id: str, bank_account_id: str) -> Response:
    """Send two deposits of less than one unit of the currency to the account; the house pays them."""
    ask, account_id = _about(request, merchant_id, bank_account_id)
    ask.require_key("with a verification: it sends money")
    content = await ask.content(optional=True)
    currency = read_deposit_currency(content, currencies=ask.edge.currencies)
    if ask.faults:
        raise ask.problem(currency)
    command = currency if isinstance(currency, list) else _start_command(account_id, currency)
    return await decide(ask, merchant_id, f"start_verification {account_id}", content, command)


@router.post(f"{ACCOUNTS}/{{bank_account_id}}/verification/confirm", **documented("confirm_verification"))
async def confirm_verification(request: Request, merchant_id: str, bank_account_id: str) -> Response:
    """Name the two amounts that came in. A wrong try counts, of three; the same key again is the same try."""
    ask, account_id = _about(request, merchant_id, bank_account_id)
    ask.require_key("with the amounts: a wrong try counts, a repeat of it must not")
    content = await ask.content()
    amounts = read_deposit_amounts(content)
    if ask.faults:
        raise ask.problem(amounts)
    command = (
        amounts if isinstance(amounts, list) else ConfirmVerification(bank_account_id=account_id, amounts=amounts.amounts)
    )
    return await decide(ask, merchant_id, f"confirm_verification {account_id}", content, command)


def _start_command(account_id: str, currency: str) -> StartVerification:
    return StartVerification(
        bank_account_id=account_id,
        verification_id=mint(),
        amounts_minor=[draw_small(DEPOSIT_MAX_MINOR) for _ in range(DEPOSITS)],
        currency=currency,
    )


def _about(request: Request, merchant_id: str, bank_account_id: str) -> tuple[Ask, str]:
    """The request, and the account's id in canonical form. Raises ProblemError 404 for what no id can be."""
    ask = Ask(request)
    check(ask, merchant_id)
    account_id = bank_account_id.lower()
    if not is_uuid(account_id):
        raise not_found("bank account")
    return ask, account_id


def _must_vouch(ask: Ask, merchant_id: str) -> None:
    """Raise ProblemError 403 unless who asks may say of an account that it is verified."""
    told = ask.request.headers.get(PRINCIPAL_HEADER)
    try:
        by = decode(told) if told else None
    except ValueError:
        by = None
    if by is not None and by.kind != "open" and VOUCHES not in by.scopes_for(frozenset({merchant_id})):
        detail = "Only an administrator vouches for an account; leave `verified` out and have it verified by deposits."
        fault = {"pointer": "/verified", "code": "forbidden", "detail": detail}
        raise ProblemError("forbidden", detail, errors=[fault])


def _account_command(wanted: BankAccountRequest | list[Fault]) -> AddBankAccount | list[Fault]:
    if isinstance(wanted, list):
        return wanted
    return AddBankAccount(
        bank_account_id=wanted.id or mint(),
        holder=wanted.holder,
        account_number=wanted.account_number,
        ifsc=wanted.ifsc,
        bank_name=wanted.bank_name,
        account_type=wanted.account_type,
        verified=wanted.verified,
        primary=wanted.primary,
    )
