"""Merchants, their incoming money and their saved bank accounts (API-27 to API-29; in development anyone may open a merchant).

Owns these routes. Must not book anything: a credit is a command like any other.
"""

from fastapi import APIRouter, Request, Response

from domain.intake.faults import Fault
from domain.intake.merchants import (
    BankAccountRequest,
    CreditRequest,
    MerchantRequest,
    read_bank_account,
    read_credit,
    read_merchant_request,
)
from runtime.ids import mint
from schemas.commands import AddBankAccount, CreditMerchant, OpenMerchant
from schemas.ids import is_merchant_id
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.documentation import documented
from services.ingest.payouts import not_found

router = APIRouter()

MerchantCommand = OpenMerchant | CreditMerchant | AddBankAccount


@router.post("/merchants", **documented("open_merchant"))
async def open_merchant(request: Request) -> Response:
    """Make a merchant known. A known one is answered with 200 and keeps its name."""
    ask = Ask(request)
    content = await ask.content()
    wanted = read_merchant_request(content, currencies=ask.edge.currencies)
    if isinstance(wanted, MerchantRequest):
        _agree(ask, wanted.id)
    if ask.faults or isinstance(wanted, list):
        raise ask.problem(wanted)
    command = OpenMerchant(name=wanted.name, main_currency=wanted.main_currency)
    return await _decide(ask, wanted.id, "open_merchant", content, command)


@router.post("/merchants/{merchant_id}/credits", **documented("credit_merchant"))
async def credit_merchant(request: Request, merchant_id: str) -> Response:
    """Record incoming money under a reference that is unique for ever; it funds waiting payouts in the same event."""
    ask = Ask(request)
    _check(ask, merchant_id)
    ask.require_key("with a credit")
    content = await ask.content()
    wanted = read_credit(content, currencies=ask.edge.currencies)
    if ask.faults:
        raise ask.problem(wanted)
    return await _decide(ask, merchant_id, "credit_merchant", content, _credit_command(wanted))


@router.post("/merchants/{merchant_id}/bank-accounts", **documented("add_bank_account"))
async def add_bank_account(request: Request, merchant_id: str) -> Response:
    """Save a payee's bank account. The same id again is answered with 200 and changes nothing."""
    ask = Ask(request)
    _check(ask, merchant_id)
    content = await ask.content()
    wanted = read_bank_account(content)
    if ask.faults:
        raise ask.problem(wanted)
    return await _decide(ask, merchant_id, "add_bank_account", content, _account_command(wanted))


async def _decide(
    ask: Ask, merchant_id: str, operation: str, content: object, command: MerchantCommand | list[Fault]
) -> Response:
    envelope = ask.envelope(merchant_id, operation, content)
    about = About(envelope.key, creates=False)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    if isinstance(command, list):
        raise ask.problem(command)
    subject = _subject(command, merchant_id)
    return await ask.edge.decide(envelope, command, about, ask.wait_seconds, subject=subject, makes=False)


def _subject(command: MerchantCommand, merchant_id: str) -> str:
    """The id that a 202 names: of the credit, the account or the merchant."""
    match command:
        case CreditMerchant():
            return command.credit_id
        case AddBankAccount():
            return command.bank_account_id
        case _:
            return merchant_id


def credit_command(wanted: CreditRequest, credit_id: str) -> CreditMerchant:
    """The command of a valid credit."""
    return CreditMerchant(
        credit_id=credit_id,
        amount_minor=wanted.amount_minor,
        currency=wanted.currency,
        reference=wanted.reference,
        description=wanted.description,
    )


def _credit_command(wanted: CreditRequest | list[Fault]) -> CreditMerchant | list[Fault]:
    return wanted if isinstance(wanted, list) else credit_command(wanted, mint())


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


def _check(ask: Ask, merchant_id: str) -> None:
    if not is_merchant_id(merchant_id):
        raise not_found("merchant")
    _agree(ask, merchant_id)


def _agree(ask: Ask, merchant_id: str) -> None:
    if ask.merchant_id is not None and ask.merchant_id != merchant_id:
        ask.faults.append(
            Fault(pointer="header/X-Merchant-Id", detail="differs from the merchant that the request is about")
        )
