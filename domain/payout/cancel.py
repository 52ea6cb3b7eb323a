"""A pending payout is canceled and its hold released in the same event (API-24).

Owns when that is allowed and that a repeat is no error. Must not know who asks.
"""

from domain.case import Case, Decision, decided, refused, repeated
from domain.ledger import postings
from domain.payout import rejections
from domain.payout.state import Payout
from domain.payout.waiting import Turn, fund_waiting
from domain.totals import Totals
from schemas.commands import CancelPayout
from schemas.events import Answer, AnyEvent, PayoutCanceled, TotalsDelta
from schemas.words import PayoutStatus, Reason

CANCELED = Answer(status=204, body="")


def cancel_payout(case: Case, body: CancelPayout) -> Decision:
    """Judge a cancel. On a canceled payout it is a repeat: 204 again."""
    payout = rejections.own_payout(case, body.payout_id)
    if payout is None:
        return rejections.not_found(case, "payout")
    if payout.status is PayoutStatus.CANCELED:
        return repeated(subject=payout.id, answer=CANCELED)
    refusal = rejections.version_refusal(case, payout, body.match_version, body.expected_version)
    if refusal is not None:
        return refusal
    if payout.status is not PayoutStatus.PENDING:
        return rejections.illegal_move(case, payout, PayoutStatus.CANCELED)
    if rejections.in_open_batch(case, payout):
        return refused(case, "invalid_state_transition", rejections.UNSEALED_CANCEL)
    return _canceled(case, payout, body.reason)


def _canceled(case: Case, payout: Payout, reason: str | None) -> Decision:
    waits = payout.reason is Reason.FUNDS
    total = 0 if waits else payout.amount_minor + payout.fee_minor
    event = PayoutCanceled(
        payout_id=payout.id,
        version=payout.version + 1,
        reason=reason,
        postings=postings.release(total, payout.currency),
        totals=_totals(payout),
        batch_id=payout.batch_id,
    )
    events: list[AnyEvent] = [event, *fund_waiting(case, payout.currency, total, Turn(changed={payout.id: 0}))]
    return decided(events, subject=payout.id, answer=CANCELED)


def _totals(payout: Payout) -> list[TotalsDelta]:
    if payout.batch_id is None:
        return []
    totals = Totals()
    totals.move(payout.status, PayoutStatus.CANCELED, payout.currency, payout.amount_minor)
    return totals.deltas()
