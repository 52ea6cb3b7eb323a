"""A merchant becomes known, is changed, or gets money (API-27, API-29).

Owns that a repeat moves nothing. Must not know payouts, save that new money funds those that wait.
"""

from msgspec import structs

from domain.book import Merchant
from domain.case import Case, Decision, decided, json_answer, refused, repeated
from domain.ledger import postings
from domain.merchant.fields import given
from domain.merchant.view import credit_view, merchant_view
from domain.payout import rejections
from domain.payout.waiting import fund_waiting
from schemas.commands import ChangeMerchant, CreditMerchant, OpenMerchant
from schemas.events import AnyEvent, MerchantChanged, MerchantCredited, MerchantOpened
from schemas.ids import is_merchant_id, is_uuid
from schemas.money import BALANCE_MAX_MINOR, EXPONENTS
from schemas.words import AVAILABLE, EXTERNAL

OK = 200
CREATED = 201


def open_merchant(case: Case, body: OpenMerchant) -> Decision:
    """Make a merchant known; a known one is a repeat and keeps its name."""
    known = case.book.merchants.get(case.merchant_id)
    if known is not None:
        return repeated(answer=json_answer(OK, merchant_view(known)))
    if not is_merchant_id(case.merchant_id):
        return refused(case, "validation_error", "A merchant id is 1 to 64 lower-case letters, digits, _ or -.")
    if body.main_currency not in EXPONENTS:
        return refused(case, "validation_error", "The main currency is not an ISO 4217 currency.")
    merchant = Merchant(id=case.merchant_id, name=body.name, main_currency=body.main_currency)
    event = MerchantOpened(name=body.name, main_currency=body.main_currency)
    return decided([event], answer=json_answer(CREATED, merchant_view(merchant)))


def change_merchant(case: Case, body: ChangeMerchant) -> Decision:
    """Change a merchant, also an inactive one; what changes nothing is a repeat (API-27, IDM-01)."""
    known = case.book.merchants.get(case.merchant_id)
    if known is None:
        return rejections.not_found(case, "merchant")
    wanted = structs.replace(known, **given(body))
    if wanted.main_currency not in EXPONENTS:
        return refused(case, "validation_error", "The main currency is not an ISO 4217 currency.")
    if wanted == known:
        return repeated(answer=json_answer(OK, merchant_view(known)))
    event = MerchantChanged(
        name=wanted.name, main_currency=wanted.main_currency, active=wanted.active, key_required=wanted.key_required
    )
    return decided([event], answer=json_answer(OK, merchant_view(wanted)))


def credit_merchant(case: Case, body: CreditMerchant) -> Decision:
    """Book incoming money, then fund those that wait. A known reference moves nothing."""
    refusal = rejections.merchant_refusal(case)
    if refusal is not None:
        return refusal
    first = case.book.credits.get((case.merchant_id, body.reference))
    if first is not None:
        detail = f"The reference belongs to credit {first}; nothing was booked."
        return refused(case, "duplicate_reference", detail, subject=first, credit_id=first)
    fault = _credit_fault(case, body)
    if fault is not None:
        return refused(case, *fault)
    event = MerchantCredited(
        credit_id=body.credit_id,
        amount_minor=body.amount_minor,
        currency=body.currency,
        reference=body.reference,
        description=body.description,
        postings=postings.credit(body.amount_minor, body.currency),
    )
    events: list[AnyEvent] = [event, *fund_waiting(case, body.currency, body.amount_minor)]
    return decided(
        events, subject=body.credit_id, answer=json_answer(CREATED, credit_view(event, case.merchant_id, case.now))
    )


def _credit_fault(case: Case, body: CreditMerchant) -> tuple[str, str] | None:
    """(code, detail) of what keeps the money from being booked, or None."""
    if body.currency not in case.policy.currencies:
        return "validation_error", f"{body.currency} is not enabled here."
    if body.amount_minor <= 0 or not is_uuid(body.credit_id):
        return "validation_error", "A credit needs an amount above 0 and a UUID."
    if _too_much(case, body):
        return "limit_exceeded", "The account would pass the largest balance that can be kept."
    return None


def _too_much(case: Case, body: CreditMerchant) -> bool:
    """Whether what ever came in would pass the cap: then no sum of the merchant's accounts can leave 63 bits."""
    incoming = -case.book.balance(case.merchant_id, body.currency, EXTERNAL)
    available = case.book.balance(case.merchant_id, body.currency, AVAILABLE)
    return max(incoming, available) + body.amount_minor > BALANCE_MAX_MINOR
