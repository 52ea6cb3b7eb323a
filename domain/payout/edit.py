"""A pending payout is edited, its hold with it, in one decision (API-21 to API-23).

Owns what may change and how the hold follows. Must not know how an edit is spelled.
"""

from msgspec import UNSET

from domain.case import Case, Decision, decided, json_answer, refused, repeated
from domain.intake.masked import MASKED, masked_members
from domain.ledger import postings
from domain.payout import rejections
from domain.payout.decide import saved_account, shortage
from domain.payout.evolve import edited, funded_row
from domain.payout.evolve import funded as with_funds
from domain.payout.state import Payout
from domain.payout.view import payout_view
from domain.payout.waiting import Turn, fund_waiting, is_funded
from domain.totals import Totals
from schemas.commands import EditPayout
from schemas.events import Answer, PayoutEdited, PayoutsFunded, Posting, TotalsDelta
from schemas.forms import PayoutForm
from schemas.money import MoneyError, check_minor, format_amount, parse_amount
from schemas.words import AVAILABLE, PayoutStatus, Reason

OK = 200


def edit_payout(case: Case, body: EditPayout) -> Decision:
    """Judge an edit. An edit that changes nothing is a repeat.

    A row of an unsealed batch is refused: its chunk could no longer be recognised when it comes again. A payout that waits for funds
    can be edited; it keeps its place by age, also in the queue of another currency.
    """
    payout = rejections.own_payout(case, body.payout_id)
    if payout is None:
        return rejections.not_found(case, "payout")
    refusal = rejections.version_refusal(case, payout, body.match_version, body.expected_version)
    if refusal is not None:
        return refusal
    if payout.status is not PayoutStatus.PENDING:
        return rejections.illegal_move(case, payout, PayoutStatus.PENDING, rejections.ONLY_PENDING)
    if rejections.in_open_batch(case, payout):
        return refused(case, "invalid_state_transition", rejections.UNSEALED_EDIT)
    return _apply(case, payout, body)


def _apply(case: Case, payout: Payout, body: EditPayout) -> Decision:
    fault = _body_fault(case, payout, body)
    if fault is not None:
        return _invalid(case, payout, *fault)
    try:
        form = _new_form(payout, body)
    except MoneyError as error:
        return _invalid(case, payout, "/amount", f"amount {error}")
    if form == form_of(payout):
        return repeated(subject=payout.id, answer=_answer(case, payout))
    return rejections.form_refusal(case, form, payout.id) or _judge_funds(case, payout, form)


def _body_fault(case: Case, payout: Payout, body: EditPayout) -> tuple[str, str] | None:
    """(pointer, detail) of what no edit of this payout can say, or None."""
    if body.currency is not UNSET and body.currency not in case.policy.currencies:
        return "/currency", rejections.currency_fault(case, body.currency)
    if body.recipient is not UNSET and body.bank_account_id is not UNSET:
        return "/recipient_details", "There must be one recipient, new or saved."
    masked = masked_members(payout.recipient, body.recipient) if body.recipient is not UNSET else []
    return (f"/recipient_details/{masked[0]}", f"The payee's {masked[0]} {MASKED}.") if masked else None


def _invalid(case: Case, payout: Payout, pointer: str, detail: str) -> Decision:
    fault = {"pointer": pointer, "code": "validation_error", "detail": detail}
    return refused(case, "validation_error", detail, subject=payout.id, errors=[fault])


def _judge_funds(case: Case, payout: Payout, form: PayoutForm) -> Decision:
    if payout.reason is Reason.FUNDS:
        return _edited(case, payout, form, [], _refunded(case, payout, form))
    legs = _follow(payout, form)
    taken = -_on_available(legs, form.currency)
    available = case.book.balance(case.merchant_id, form.currency, AVAILABLE)
    if taken > available:
        need = format_amount(taken, form.currency)
        detail = f"The edit needs {need} {form.currency} more to be held than is available; nothing was changed."
        return refused(case, "insufficient_funds", detail, subject=payout.id, **shortage(available, form.currency))
    freed = _on_available(legs, payout.currency)
    funded = fund_waiting(case, payout.currency, freed) if freed > 0 else []
    return _edited(case, payout, form, legs, funded)


def _refunded(case: Case, payout: Payout, form: PayoutForm) -> list[PayoutsFunded]:
    """Who gets a hold now that a payout in a queue asks for more, for less, or in another currency. It keeps its place by age."""
    total = form.amount_minor + payout.fee_minor
    if form.currency == payout.currency:
        return fund_waiting(case, payout.currency, 0, Turn(changed={payout.id: total}))
    left = fund_waiting(case, payout.currency, 0, Turn(changed={payout.id: 0}))
    return left + fund_waiting(case, form.currency, 0, Turn(changed={payout.id: total}, joining=payout))


def _on_available(legs: list[Posting], currency: str) -> int:
    return sum(leg.amount_minor for leg in legs if leg.account == AVAILABLE and leg.currency == currency)


def _edited(case: Case, payout: Payout, form: PayoutForm, legs: list[Posting], funded: list[PayoutsFunded]) -> Decision:
    event = PayoutEdited(
        payout_id=payout.id,
        version=payout.version + 1,
        form=form,
        fee_minor=payout.fee_minor,
        postings=legs,
        totals=_totals(payout, form),
        batch_id=payout.batch_id,
    )
    after = _after(edited(payout, form, event.version, case.now), funded, case.now)
    return decided([event, *funded], subject=payout.id, answer=_answer(case, after))


def _after(payout: Payout, funded: list[PayoutsFunded], now: int) -> Payout:
    """The edited payout, with its hold if it waited and got it by the same command."""
    if payout.reason is not Reason.FUNDS:
        return payout
    for event in funded:
        if payout.batch_id is None:
            own = next((item for item in event.payouts if item.payout_id == payout.id), None)
            payout = with_funds(payout, own, now) if own is not None else payout
        elif is_funded(event, payout):
            payout = funded_row(payout, now)
    return payout


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
        amount_minor = parse_amount(body.amount, currency)
        if body.amount_minor not in {UNSET, amount_minor}:
            raise MoneyError("and amount_minor must agree")
        return amount_minor
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


def _answer(case: Case, payout: Payout) -> Answer:
    return json_answer(OK, payout_view(payout, bank_account=saved_account(case, payout)), version=payout.version)
