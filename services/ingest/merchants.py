"""Merchants, opened and changed, and their incoming money (API-27, API-29; in development anyone may open a merchant).

Owns these routes. Must not book anything: a credit is a command like any other.
"""

from fastapi import APIRouter, Request, Response
from msgspec import structs

from domain.intake.accounts import read_merchant_change
from domain.intake.faults import Fault
from domain.intake.merchants import CreditRequest, MerchantRequest, read_credit, read_merchant_request
from runtime.http_content import PATCH_TYPES
from runtime.ids import mint
from schemas.commands import (
    AddBankAccount,
    ChangeBankAccount,
    ChangeMerchant,
    CloseBankAccount,
    ConfirmVerification,
    CreditMerchant,
    OpenMerchant,
    StartVerification,
)
from schemas.ids import is_merchant_id
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.documentation import documented
from services.ingest.payouts import not_found

router = APIRouter()

AccountCommand = AddBankAccount | ChangeBankAccount | CloseBankAccount | StartVerification | ConfirmVerification
MerchantCommand = OpenMerchant | ChangeMerchant | CreditMerchant | AccountCommand


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
    return await decide(ask, wanted.id, "open_merchant", content, command)


@router.patch("/merchants/{merchant_id}", **documented("change_merchant"))
async def change_merchant(request: Request, merchant_id: str) -> Response:
    """Change a merchant: its name, its main currency, whether it is active, whether it makes the Idempotency-Key mandatory."""
    ask = Ask(request)
    check(ask, merchant_id)
    content = await ask.content(PATCH_TYPES)
    wanted = read_merchant_change(content, currencies=ask.edge.currencies)
    if ask.faults:
        raise ask.problem(wanted)
    command = wanted if isinstance(wanted, list) else ChangeMerchant(**structs.asdict(wanted))
    return await decide(ask, merchant_id, "change_merchant", content, command)


@router.post("/merchants/{merchant_id}/credits", **documented("credit_merchant"))
async def credit_merchant(request: Request, merchant_id: str) -> Response:
    """Record incoming money under a reference that is unique for ever; it funds waiting payouts in the same event."""
    ask = Ask(request)
    check(ask, merchant_id)
    ask.require_key("with a credit")
    content = await ask.content()
    wanted = read_credit(content, currencies=ask.edge.currencies)
    if ask.faults:
        raise ask.problem(wanted)
    return await decide(ask, merchant_id, "credit_merchant", content, _credit_command(wanted))


async def decide(
    ask: Ask, merchant_id: str, operation: str, content: object, command: MerchantCommand | list[Fault]
) -> Response:
    """The answer to a command about a merchant, first of all the one that its key has already. Raises ProblemError for faults."""
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
        case OpenMerchant() | ChangeMerchant():
            return merchant_id
        case _:
            return command.bank_account_id


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


def check(ask: Ask, merchant_id: str) -> None:
    """Note a fault where header and path disagree. Raises ProblemError 404 for what no merchant can be called."""
    if not is_merchant_id(merchant_id):
        raise not_found("merchant")
    _agree(ask, merchant_id)


def _agree(ask: Ask, merchant_id: str) -> None:
    if ask.merchant_id is not None and ask.merchant_id != merchant_id:
        ask.faults.append(
            Fault(pointer="header/X-Merchant-Id", detail="differs from the merchant that the request is about")
        )
