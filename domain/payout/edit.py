"""A pending payout is edited, its hold with it, in one decision (API-21 to API-23).

Owns what may change and how the hold follows. Must not know how an edit is spelled.
"""

from msgspec import UNSET, structs

from domain.case import Case, Decision, decided, json_answer, refused, repeated
from domain.ledger import postings
from domain.payout import rejections
from domain.payout.decide import saved_account, shortage
from domain.payout.state import Payout
from domain.payout.view import payout_view
from domain.payout.waiting import fund_waiting
from domain.totals import Totals
from schemas.commands import EditPayout
from schemas.events import Answer, AnyEvent, PayoutEdited, Posting, TotalsDelta
from schemas.forms import PayoutForm
from schemas.money import MoneyError, check_minor, format_amount, parse_amount
from schemas.words import AVAILABLE, PayoutStatus, Reason

OK = 200


def edit_payout(case: Case, body: EditPayout) -> Decision:
    """Judge an edit. An edit that changes nothing is a repeat."""
    payout = rejections.own_payout(case, body.payout_id)
    if payout is None:
        return rejections.not_found(case, "payout")
    refusal = rejections.version_refusal(case, payout, body.match_version, body.expected_version)
    if refusal is not None:
        return refusal
    if payout.status is not PayoutStatus.PENDING:
        return rejections.illegal_move(case, payout, PayoutStatus.PENDING, rejections.ONLY_PENDING)
    if rejections.in_open_batch(case, payout):
        return refused(
            case, "invalid_state_transition", "A row of an unsealed batch cannot be edited; drop the batch instead."
        )
    return _apply(case, payout, body)


def _apply(case: Case, payout: Payout, body: EditPayout) -> Decision:
    try:
        form = _new_form(payout, body)
    except MoneyError as error:
        fault = {"pointer": "/amount", "code": "validation_error", "detail": str(error)}
        return refused(case, "validation_error", f"amount {error}", subject=payout.id, errors=[fault])
    if form == form_of(payout):
        return repeated(subject=payout.id, answer=_answer(case, payout))
    if payout.reason is Reason.FUNDS and form.currency != payout.currency:
        detail = "The currency of a payout that waits for funds cannot change; cancel it and make a new one."
        return refused(case, "validation_error", detail, subject=payout.id)
    return rejections.form_refusal(case, form, payout.id) or _judge_funds(case, payout, form)


def _judge_funds(case: Case, payout: Payout, form: PayoutForm) -> Decision:
    legs = [] if payout.reason is Reason.FUNDS else _follow(payout, form)
    taken = -sum(leg.amount_minor for leg in legs if leg.account == AVAILABLE and leg.currency == form.currency)
    available = case.book.balance(case.merchant_id, form.currency, AVAILABLE)
    if taken > available:
        need = format_amount(taken, form.currency)
        detail = f"The edit needs {need} {form.currency} more than is available; nothing was changed."
        return refused(case, "insufficient_funds", detail, subject=payout.id, **shortage(available, form.currency))
    return _edited(case, payout, form, legs)


def _edited(case: Case, payout: Payout, form: PayoutForm, legs: list[Posting]) -> Decision:
    event = PayoutEdited(
        payout_id=payout.id,
        version=payout.version + 1,
        form=form,
        fee_minor=payout.fee_minor,
        postings=legs,
        totals=_totals(payout, form),
        batch_id=payout.batch_id,
    )
    freed = sum(leg.amount_minor for leg in legs if leg.account == AVAILABLE and leg.currency == payout.currency)
    waits = payout.reason is Reason.FUNDS
    changed = {payout.id: form.amount_minor + payout.fee_minor} if waits else None
    funded = fund_waiting(case, payout.currency, freed, changed) if waits or freed > 0 else []
    events: list[AnyEvent] = [event, *funded]
    after = apply_form(payout, form, payout.version + 1, case.now)
    for item in (item for event in funded for item in event.payouts if item.payout_id == payout.id):
        after = structs.replace(after, version=item.version, reason=item.reason)
    return decided(events, subject=payout.id, answer=_answer(case, after))


def _follow(payout: Payout, form: PayoutForm) -> list[Posting]:
    """The legs by which the hold follows the new form."""
    old, new = payout.amount_minor, form.amount_minor
    if form.currency != payout.currency:
        fee = payout.fee_minor
        return postings.release(old + fee, payout.currency) + postings.hold(new + fee, form.currency)
    return postings.hold(new - old, form.currency) if new > old else postings.release(old - new, form.currency)


def _totals(payout: Payout, form: PayoutForm) -> list[TotalsDelta]:
    if payout.batch_id is None:
        return []
    totals = Totals()
    totals.add(payout.status, payout.currency, -1, -payout.amount_minor)
    totals.add(payout.status, form.currency, 1, form.amount_minor)
    return totals.deltas()


def _new_form(payout: Payout, body: EditPayout) -> PayoutForm:
    currency = payout.currency if body.currency is UNSET else body.currency
    return PayoutForm(
        amount_minor=_amount(payout, body, currency),
        currency=currency,
        recipient=_recipient(payout, body),
        bank_account_id=_bank_account(payout, body),
        reference=payout.reference,
        description=payout.description if body.description is UNSET else body.description,
    )


def _amount(payout: Payout, body: EditPayout, currency: str) -> int:
    if body.amount is not UNSET:
        return parse_amount(body.amount, currency)
    if body.amount_minor is not UNSET:
        return check_minor(body.amount_minor, currency)
    if currency != payout.currency:
        raise MoneyError("must be given when the currency changes")
    return payout.amount_minor


def _recipient(payout: Payout, body: EditPayout) -> dict[str, str] | None:
    if body.recipient is not UNSET:
        return body.recipient
    return payout.recipient if body.bank_account_id is UNSET else None


def _bank_account(payout: Payout, body: EditPayout) -> str | None:
    if body.bank_account_id is not UNSET:
        return body.bank_account_id
    return payout.bank_account_id if body.recipient is UNSET else None


def form_of(payout: Payout) -> PayoutForm:
    """The form that a payout carries now."""
    return PayoutForm(
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        recipient=payout.recipient,
        bank_account_id=payout.bank_account_id,
        reference=payout.reference,
        description=payout.description,
    )


def apply_form(payout: Payout, form: PayoutForm, version: int, at: int) -> Payout:
    """The payout with a new form."""
    return structs.replace(
        payout,
        amount_minor=form.amount_minor,
        currency=form.currency,
        recipient=form.recipient,
        bank_account_id=form.bank_account_id,
        description=form.description,
        version=version,
        updated_at=at,
    )


def _answer(case: Case, payout: Payout) -> Answer:
    return json_answer(OK, payout_view(payout, bank_account=saved_account(case, payout)), version=payout.version)
