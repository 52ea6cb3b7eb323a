"""A single payout is requested: accepted with its money held, accepted to wait for funds, or rejected.

Owns the order of the guards: merchant, repeat, form, reference, funds. Must not know how a request is spelled (that is intake).
"""

from domain.book import BankAccount
from domain.case import Case, Decision, decided, json_answer, problem_answer, repeated
from domain.ledger import postings
from domain.payout import rejections
from domain.payout.state import Payout
from domain.payout.view import payout_view
from schemas.commands import RequestPayout
from schemas.events import Answer, AnyEvent, PayoutAccepted, PayoutRejected, Posting
from schemas.money import format_amount
from schemas.words import AVAILABLE, OnInsufficientFunds, PayoutStatus, Reason

CREATED = 201


def request_payout(case: Case, body: RequestPayout) -> Decision:
    """Judge one request. The same payout id again is a repeat and changes nothing."""
    refusal = rejections.merchant_refusal(case)
    if refusal is not None:
        return refusal
    known = case.book.payouts.get(body.payout_id)
    if known is not None:
        return repeated(subject=known.id, answer=_view_answer(case, known, 200))
    return (
        rejections.form_refusal(case, body.form)
        or rejections.reference_refusal(case, body.form.reference)
        or _judge_funds(case, body)
    )


def _judge_funds(case: Case, body: RequestPayout) -> Decision:
    form = body.form
    waits = body.on_insufficient_funds is OnInsufficientFunds.WAIT
    available = case.book.balance(case.merchant_id, form.currency, AVAILABLE)
    queued = waits and bool(case.book.waiting.get((case.merchant_id, form.currency)))
    if form.amount_minor <= available and not queued:
        scheduled = body.release_at is not None and body.release_at > case.now
        return _accept(case, body, Reason.SCHEDULE if scheduled else None, postings.hold(form.amount_minor, form.currency))
    if waits:
        return _accept(case, body, Reason.FUNDS, [])
    return _reject(case, body, available)


def _accept(case: Case, body: RequestPayout, reason: Reason | None, hold: list[Posting]) -> Decision:
    event = PayoutAccepted(
        payout_id=body.payout_id,
        form=body.form,
        key=case.record.key,
        reason=reason,
        release_at=body.release_at if reason is not None else None,
        postings=hold,
    )
    payout = born(event, case.merchant_id, case.now)
    return decided([event], subject=payout.id, answer=_view_answer(case, payout, CREATED))


def _reject(case: Case, body: RequestPayout, available: int) -> Decision:
    currency = body.form.currency
    need, have = format_amount(body.form.amount_minor, currency), format_amount(available, currency)
    detail = f"The payout needs {need} {currency}; {have} {currency} is available. Top up and use a new Idempotency-Key."
    event = PayoutRejected(
        payout_id=body.payout_id, form=body.form, code="insufficient_funds", detail=detail, key=case.record.key
    )
    events: list[AnyEvent] = [event]
    answer = problem_answer(case, "insufficient_funds", detail, payout_id=body.payout_id, **shortage(available, currency))
    return decided(events, subject=body.payout_id, answer=answer)


def shortage(available: int, currency: str) -> dict[str, object]:
    """The members of a 402 that say what is there (ERR-03)."""
    members: dict[str, object] = {
        "available": format_amount(available, currency),
        "available_minor": available,
        "currency": currency,
    }
    return {**members, "available_paise": available} if currency == "INR" else members


def born(event: PayoutAccepted | PayoutRejected, merchant_id: str, at: int) -> Payout:
    """The payout that an acceptance or a rejection brings into being."""
    rejected = isinstance(event, PayoutRejected)
    form = event.form
    return Payout(
        id=event.payout_id,
        merchant_id=merchant_id,
        amount_minor=form.amount_minor,
        currency=form.currency,
        created_at=at,
        updated_at=at,
        status=PayoutStatus.REJECTED if rejected else PayoutStatus.PENDING,
        reason=Reason.INSUFFICIENT_FUNDS if isinstance(event, PayoutRejected) else event.reason,
        reference=form.reference,
        recipient=form.recipient,
        bank_account_id=form.bank_account_id,
        description=form.description,
        idempotency_key=event.key,
        fee_minor=0 if isinstance(event, PayoutRejected) else event.fee_minor,
        due_at=None if isinstance(event, PayoutRejected) else event.release_at,
        failure_code=event.code if isinstance(event, PayoutRejected) else None,
        failure_reason=event.detail if isinstance(event, PayoutRejected) else None,
    )


def saved_account(case: Case, payout: Payout) -> BankAccount | None:
    """The saved account the payout goes to, if it names one."""
    return case.book.bank_accounts.get(payout.bank_account_id) if payout.bank_account_id else None


def _view_answer(case: Case, payout: Payout, status: int) -> Answer:
    return json_answer(status, payout_view(payout, bank_account=saved_account(case, payout)), version=payout.version)
