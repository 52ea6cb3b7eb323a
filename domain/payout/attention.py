"""Which payouts need somebody, and how much: one table for a payout's own word, for lists, counters and the feed (LIF-17, API-19).

Owns the level of each state and reason. The reason is the one that is shown: `unsealed` for a pending row of an open batch. Must not know
the words for people: those are the outlook's.
"""

from domain.batch.view import LEVELS
from schemas.words import PayoutStatus, Reason

NONE = LEVELS[-1]
OF_STATUS: dict[PayoutStatus, str] = {
    PayoutStatus.REQUIRES_ACTION: "action_required",
    PayoutStatus.FAILED: "warning",
    PayoutStatus.RETURNED: "warning",
}
"""Levels of whatever reason."""
OF_WAITING: dict[Reason, str] = {
    Reason.FUNDS: "warning",
    Reason.UNSEALED: "info",
    Reason.APPROVAL: "info",
    Reason.PAUSED: "info",
    Reason.HOLD: "info",
}
"""Levels of a pending payout, by what it waits for; it needs nobody where time or its turn alone brings it on."""
REASONS: tuple[Reason | None, ...] = (None, *Reason)


def level_of(status: PayoutStatus, reason: Reason | None) -> str:
    """One of LEVELS, for a state and the reason that is shown with it."""
    if status is PayoutStatus.PENDING and reason is not None:
        return OF_WAITING.get(reason, NONE)
    return OF_STATUS.get(status, NONE)


def reasons_of(level: str, status: PayoutStatus) -> frozenset[Reason | None]:
    """The reasons that give a payout in this state this level."""
    return frozenset(reason for reason in REASONS if level_of(status, reason) == level)
