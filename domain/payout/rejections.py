"""Why a payout request is turned down, in order of precedence, and why a move is illegal.

Owns the checks that a single payout and a batch's rows share. Must not know what happens to those that pass.
"""

from domain.book import Batch, Book
from domain.case import Case, Decision, refused
from domain.intake.headers import matches
from domain.payout.state import TRANSITIONS, Payout
from schemas.commands import Match
from schemas.forms import PayoutForm
from schemas.money import format_amount
from schemas.words import PayoutStatus

ONLY_PENDING = "Only pending payouts can be updated."
UNSEALED_CANCEL = "A row of an unsealed batch cannot be canceled; drop the batch instead."
UNSEALED_EDIT = "A row of an unsealed batch cannot be edited; drop the batch instead."


def explain_illegal(origin: PayoutStatus, target: PayoutStatus) -> str:
    """From, to and the legal moves, read from the table (LIF-03)."""
    legal = ", ".join(sorted(TRANSITIONS[origin])) or "none: this state is final"
    return f"A payout cannot go from {origin} to {target}; legal moves from {origin}: {legal}."


def illegal_move(case: Case, payout: Payout, target: PayoutStatus, lead: str = "") -> Decision:
    """409 with the state, the target and the legal moves; nothing changes."""
    detail = f"{lead} {explain_illegal(payout.status, target)}".strip()
    legal = sorted(TRANSITIONS[payout.status])
    more = {"from": payout.status.value, "to": target.value, "legal_moves": legal}
    return refused(case, "invalid_state_transition", detail, subject=payout.id, payout_status=payout.status.value, **more)


def version_refusal(case: Case, thing: Payout | Batch, match: Match, expected: int | None = None) -> Decision | None:
    """412 for a stale If-Match, 409 for a stale expected_version, None if the guards hold (API-23, BAT-13)."""
    stands = f"the {'batch' if isinstance(thing, Batch) else 'payout'} is at version {thing.version}."
    if not matches(match, thing.version):
        named = " or ".join(map(str, match if isinstance(match, list) else [match]))
        detail = f"If-Match names {f'version {named}' if named else 'no version'}; {stands}"
        return refused(case, "precondition_failed", detail, subject=thing.id, version=thing.version)
    if expected is not None and expected != thing.version:
        detail = f"expected_version is {expected}; {stands}"
        return refused(case, "version_conflict", detail, subject=thing.id, version=thing.version)
    return None


def form_fault(case: Case, form: PayoutForm) -> tuple[str, str, str] | None:
    """(code, pointer, detail) of the first thing that only the law can know about a form, or None."""
    if form.currency not in case.policy.currencies:
        return "validation_error", "/currency", currency_fault(case, form.currency)
    highest = case.policy.currencies[form.currency]
    if not 0 < form.amount_minor <= highest:
        most = format_amount(highest, form.currency)
        return "validation_error", "/amount", f"The amount must be above 0 and at most {most} {form.currency}."
    if (form.recipient is None) is (form.bank_account_id is None):
        return "validation_error", "/recipient_details", "There must be one recipient, new or saved."
    if form.bank_account_id is not None:
        detail = account_fault(case.book, case.merchant_id, form.bank_account_id)
        return ("bank_account_unusable", "/bank_account_id", detail) if detail else None
    return None


def currency_fault(case: Case, currency: str) -> str:
    """Why a currency that is not enabled cannot be used."""
    return f"{currency} is not enabled here; enabled: {', '.join(sorted(case.policy.currencies))}."


def account_fault(book: Book, merchant_id: str, account_id: str) -> str | None:
    """Why a saved account cannot be paid to, or None (API-28)."""
    account = book.bank_accounts.get(account_id)
    if account is None or account.merchant_id != merchant_id:
        return "No bank account of this merchant has this id."
    if account.closed_at is not None:
        return "The bank account is closed."
    if not account.verified:
        return "The bank account is not verified."
    return None


def form_refusal(case: Case, form: PayoutForm, subject: str | None = None) -> Decision | None:
    """The refusal for `form_fault`, naming the field."""
    fault = form_fault(case, form)
    if fault is None:
        return None
    code, pointer, detail = fault
    return refused(case, code, detail, subject=subject, errors=[{"pointer": pointer, "code": code, "detail": detail}])


def reference_refusal(case: Case, reference: str | None) -> Decision | None:
    """409 when the merchant has used this reference before, naming the first payout (IDM-08)."""
    first = case.book.references.get((case.merchant_id, reference)) if reference is not None else None
    if first is None:
        return None
    detail = f"The reference belongs to payout {first}; references are unique for ever."
    return refused(case, "duplicate_reference", detail, subject=first, payout_id=first)


def merchant_refusal(case: Case) -> Decision | None:
    """400 when no active merchant has the command's merchant id."""
    if case.merchant() is not None:
        return None
    detail = f"No active merchant has the id {case.merchant_id!r}."
    fault = {"pointer": "header/X-Merchant-Id", "code": "unknown_merchant", "detail": detail}
    return refused(case, "unknown_merchant", detail, errors=[fault])


def key_refusal(case: Case) -> Decision | None:
    """400 when the merchant makes nothing without a key of its own, and the client sent none (IDM-01)."""
    merchant, record = case.merchant(), case.record
    if merchant is None or not merchant.key_required or (record.key is not None and not record.key_made):
        return None
    detail = "is required: this merchant has made it mandatory; a UUID v4 is a good choice"
    fault = {"pointer": "header/Idempotency-Key", "code": "idempotency_key_required", "detail": detail}
    return refused(case, "idempotency_key_required", f"The header Idempotency-Key {detail}.", errors=[fault])


def not_found(case: Case, what: str) -> Decision:
    """404, the same for unknown and for another merchant's (API-20)."""
    return refused(case, "not_found", f"There is no such {what}.")


def own_payout(case: Case, payout_id: str) -> Payout | None:
    """The merchant's payout with this id, or None."""
    payout = case.book.payouts.get(payout_id)
    return payout if payout is not None and payout.merchant_id == case.merchant_id else None


def in_open_batch(case: Case, payout: Payout) -> bool:
    """Whether the payout is a row of a batch that is not sealed yet."""
    batch = case.book.batches.get(payout.batch_id) if payout.batch_id else None
    return batch is not None and batch.phase == "open"
