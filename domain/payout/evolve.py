"""Facts move a payout: one small function per kind of fact, each from a payout to a payout.

Owns what changes with each fact. Every move is checked against TRANSITIONS; a fact that breaks the table is a bug or a damaged log,
and raises. Must not know why the fact came to be.
"""

from msgspec import structs

from domain.payout.state import UNFINISHED, Payout, may_move
from schemas.events import (
    AttemptsInProgress,
    AttemptsStarted,
    FundedPayout,
    PaidPayout,
    PayoutAccepted,
    PayoutRejected,
    ProgressingPayout,
    StartedAttempt,
    UnpaidPayout,
)
from schemas.forms import PayoutForm
from schemas.words import PayoutStatus, Reason

S = PayoutStatus
PROCESSING, COMPLETED = S.PROCESSING, S.COMPLETED
_LEGAL = {origin: {target for target in S if may_move(origin, target)} | ({origin} & UNFINISHED) for origin in S}
"""The moves of the table, and that an unfinished payout may change in its state."""


class IllegalMoveError(Exception):
    """An event moves a payout along no line of the table: the log is damaged or the law has a bug."""


def moved(payout: Payout, target: PayoutStatus, version: int) -> None:
    """Assert that the move is legal and the version follows. Raises IllegalMoveError."""
    if target not in _LEGAL[payout.status] or version != payout.version + 1:
        text = f"payout {payout.id}: {payout.status} v{payout.version} -> {target} v{version}"
        raise IllegalMoveError(text)


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


def started(payout: Payout, event: AttemptsStarted, item: StartedAttempt, at: int) -> Payout:
    """An attempt is open."""
    moved(payout, PROCESSING, item.version)
    return structs.replace(
        payout,
        status=PROCESSING,
        reason=None,
        version=item.version,
        provider=event.provider,
        attempt_count=item.attempt,
        inquiry_count=0,
        due_at=event.deadline_at,
        failure_code=None,
        failure_reason=None,
        updated_at=at,
        processing_started_at=payout.processing_started_at or at,
    )


def progressing(payout: Payout, event: AttemptsInProgress, item: ProgressingPayout, at: int) -> Payout:
    """The provider is at work."""
    moved(payout, S.PROCESSING, item.version)
    return structs.replace(
        payout,
        status=S.PROCESSING,
        reason=Reason.IN_PROGRESS,
        version=item.version,
        inquiry_count=0,
        due_at=event.deadline_at,
        failure_code=None,
        failure_reason=None,
        bank_reference_id=item.provider_reference or payout.bank_reference_id,
        updated_at=at,
    )


def completed(payout: Payout, item: PaidPayout, at: int) -> Payout:
    """The provider paid."""
    moved(payout, COMPLETED, item.version)
    return structs.replace(
        payout,
        status=COMPLETED,
        reason=None,
        version=item.version,
        due_at=None,
        failure_code=None,
        failure_reason=None,
        bank_reference_id=item.provider_reference or payout.bank_reference_id,
        updated_at=at,
        completed_at=at,
    )


def failed(payout: Payout, item: UnpaidPayout, at: int) -> Payout:
    """It ended without money paid."""
    moved(payout, S.FAILED, item.version)
    return structs.replace(_unpaid(payout, item, at), status=S.FAILED, reason=None, due_at=None, failed_at=at)


def retried(payout: Payout, item: UnpaidPayout, at: int) -> Payout:
    """A further try is owed."""
    moved(payout, S.PROCESSING, item.version)
    return structs.replace(_unpaid(payout, item, at), status=S.PROCESSING, reason=Reason.RETRY)


def unknown(payout: Payout, item: UnpaidPayout, at: int) -> Payout:
    """Nobody can say how it ended."""
    moved(payout, S.REQUIRES_ACTION, item.version)
    return structs.replace(_unpaid(payout, item, at), status=S.REQUIRES_ACTION, reason=Reason.OUTCOME_UNKNOWN)


def waits(payout: Payout, at: int) -> Payout:
    """It waits for funds from now on."""
    return structs.replace(payout, reason=Reason.FUNDS, version=payout.version + 1, updated_at=at)


def funded_row(payout: Payout, at: int) -> Payout:
    """A row of a batch that no longer waits for funds."""
    return structs.replace(payout, reason=None, version=payout.version + 1, updated_at=at)


def funded(payout: Payout, item: FundedPayout, at: int) -> Payout:
    """It no longer waits for funds."""
    moved(payout, S.PENDING, item.version)
    due_at = payout.due_at if item.reason is Reason.SCHEDULE else None
    return structs.replace(payout, reason=item.reason, due_at=due_at, version=item.version, updated_at=at)


def edited(payout: Payout, form: PayoutForm, version: int, at: int) -> Payout:
    """It has a new form; where it stands does not change."""
    moved(payout, S.PENDING, version)
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


def canceled(payout: Payout, version: int, at: int, code: str | None = None, detail: str | None = None) -> Payout:
    """It was canceled, alone or with its batch."""
    moved(payout, S.CANCELED, version)
    return structs.replace(
        payout,
        status=S.CANCELED,
        reason=None,
        due_at=None,
        version=version,
        failure_code=code,
        failure_reason=detail,
        updated_at=at,
        canceled_at=at,
    )


def _unpaid(payout: Payout, item: UnpaidPayout, at: int) -> Payout:
    return structs.replace(
        payout,
        version=item.version,
        inquiry_count=item.inquiry,
        due_at=item.due_at,
        failure_code=item.code,
        failure_reason=item.reason,
        updated_at=at,
    )
