"""A single payout is requested: accepted with its money held, accepted to wait for funds, or rejected.

Owns the order of the guards: merchant, repeat, form, reference, funds. Must not know how a request is spelled (that is intake).
"""

from domain.book import BankAccount
from domain.case import Case, Decision, decided, json_answer, problem_answer, refused, repeated
from domain.ledger import postings
from domain.payout import rejections
from domain.payout.evolve import born
from domain.payout.state import Payout
from domain.payout.view import payout_view
from schemas.commands import RequestPayout
from schemas.events import Answer, AnyEvent, PayoutAccepted, PayoutRejected, Posting
from schemas.ids import is_uuid
from schemas.money import format_amount
from schemas.times import LATEST_MS
from schemas.words import AVAILABLE, OnInsufficientFunds, PayoutStatus, Reason

CREATED = 201


def request_payout(case: Case, body: RequestPayout) -> Decision:
    """Judge one request. The same payout id again is a repeat and changes nothing."""
    refusal = rejections.merchant_refusal(case) or rejections.key_refusal(case)
    if refusal is not None:
        return refusal
    known = case.book.payouts.get(body.payout_id)
    if known is not None and known.merchant_id == case.merchant_id:
        return repeated(subject=known.id, answer=_known_answer(case, known))
    if known is not None or not is_uuid(body.payout_id):
        return refused(case, "validation_error", "The payout id must be a new UUID.")
    if body.release_at is not None and not 0 <= body.release_at <= LATEST_MS:
        return refused(case, "validation_error", "The release must be before the year 10000.")
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


def saved_account(case: Case, payout: Payout) -> BankAccount | None:
    """The saved account the payout goes to, if it names one."""
    return case.book.bank_accounts.get(payout.bank_account_id) if payout.bank_account_id else None


def _known_answer(case: Case, known: Payout) -> Answer:
    """What became of it: as it stands now, and a rejected one is still refused."""
    if known.status is PayoutStatus.REJECTED:
        return problem_answer(case, "insufficient_funds", known.failure_reason or "It was rejected.", payout_id=known.id)
    return _view_answer(case, known, 200)


def _view_answer(case: Case, payout: Payout, status: int) -> Answer:
    return json_answer(status, payout_view(payout, bank_account=saved_account(case, payout)), version=payout.version)
