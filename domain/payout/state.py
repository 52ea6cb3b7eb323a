"""The states of a payout and the one table of legal moves.

Theory: a payout is a value; a move replaces it. Two rules hold. Whatever may move a payout is in TRANSITIONS (LIF-01), and
every other place that speaks of moves (decisions, error texts, console, diagram) reads this table (LIF-02). The table does
not know who asks.
"""

from msgspec import Struct

from schemas.words import PayoutStatus, Reason

S = PayoutStatus

TRANSITIONS: dict[PayoutStatus, frozenset[PayoutStatus]] = {
    S.PENDING: frozenset({S.PROCESSING, S.CANCELED}),
    S.PROCESSING: frozenset({S.COMPLETED, S.FAILED, S.REQUIRES_ACTION}),
    S.REQUIRES_ACTION: frozenset({S.PROCESSING, S.COMPLETED, S.FAILED}),
    S.COMPLETED: frozenset({S.RETURNED}),
    S.FAILED: frozenset(),
    S.CANCELED: frozenset(),
    S.REJECTED: frozenset(),
    S.RETURNED: frozenset(),
}
"""State -> states it may move to. `rejected` has no way in: a payout refused on intake is born there."""

UNFINISHED = frozenset({S.PENDING, S.PROCESSING, S.REQUIRES_ACTION})


class Payout(Struct, frozen=True, kw_only=True, gc=False):
    """One payout as it stands. Amounts in minor units, times in ms UTC. The columns of the `payouts` view are these fields.

    `due_at` is when time itself owes something: the attempt's deadline (processing), the retry (reason `retry`), the next
    inquiry (requires_action) or the release (reason `schedule`).
    """

    id: str
    merchant_id: str
    amount_minor: int
    currency: str
    created_at: int
    updated_at: int
    status: PayoutStatus = S.PENDING
    reason: Reason | None = None
    version: int = 1
    batch_id: str | None = None
    row: int | None = None
    reference: str | None = None
    recipient: dict[str, str] | None = None
    bank_account_id: str | None = None
    description: str | None = None
    idempotency_key: str | None = None
    fee_minor: int = 0
    provider: str | None = None
    attempt_count: int = 0
    inquiry_count: int = 0
    due_at: int | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    bank_reference_id: str | None = None
    expected_settlement_date: str | None = None
    processing_started_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    canceled_at: int | None = None
    returned_at: int | None = None
    settled_at: int | None = None


def may_move(origin: PayoutStatus, target: PayoutStatus) -> bool:
    """Whether the table has this move."""
    return target in TRANSITIONS[origin]
