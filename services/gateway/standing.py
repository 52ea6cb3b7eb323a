"""Filters on what is not a column: the reason as it is shown, and the level of attention (API-19, LIF-17).

Owns the SQL for both, made from the law's table. `unsealed` is never stored: it stands for a pending row of an open batch, whose own reason
is empty. Must not say which states need somebody: that is `domain.payout.attention`.
"""

from collections.abc import Collection, Mapping
from typing import Any

from domain.payout.attention import REASONS, level_of, reasons_of
from schemas.words import PayoutStatus, Reason

Part = tuple[str, list[Any]]
"""A condition and its arguments."""

UNDER_WAY = "p.completed_at IS NULL AND p.failed_at IS NULL AND p.canceled_at IS NULL AND p.reason IS DISTINCT FROM 'insufficient_funds'"
"""What every payout fulfils that waits or whose outcome is unknown: the condition of an index, word for word."""
OPEN_ONES = "EXISTS (SELECT 1 FROM batches o WHERE o.id = p.batch_id AND o.merchant_id = p.merchant_id AND o.phase = 'open')"
"""From open batches to their rows. The merchant stands there twice so that one merchant's are found by index."""
IS_OPEN = "(SELECT o.phase FROM batches o WHERE o.id = p.batch_id) IS NOT DISTINCT FROM 'open'"
"""From a row to its batch, one at a time: where other rows are wanted too, the planner would else read all batches for a page."""
PENDING_ROW = "p.status = 'pending' AND p.batch_id IS NOT NULL"
UNSEALED = f"{PENDING_ROW} AND {IS_OPEN}"
_UNDER_WAY = frozenset({PayoutStatus.PENDING, PayoutStatus.PROCESSING, PayoutStatus.REQUIRES_ACTION})
FIRST_VERSION = 1


def with_reasons(words: Collection[str]) -> Part:
    """Payouts that are shown with one of these reasons."""
    stored = [word for word in words if word != Reason.UNSEALED]
    if len(stored) == len(words):
        return "p.reason = ANY(%s)", [stored]
    if not stored:
        return f"{PENDING_ROW} AND {OPEN_ONES} AND {UNDER_WAY}", []
    return f"(p.reason = ANY(%s) OR ({UNSEALED}))", [stored]


def with_attention(levels: Collection[str]) -> Part:
    """Payouts of one of these levels."""
    reasons = {
        status: frozenset[Reason | None]().union(*(reasons_of(lvl, status) for lvl in levels)) for status in PayoutStatus
    }
    whole = [status.value for status, found in reasons.items() if len(found) == len(REASONS)]
    some = {status: found for status, found in reasons.items() if 0 < len(found) < len(REASONS)}
    parts: list[Part] = [("p.status = ANY(%s)", [whole])] if whole else []
    parts += [_waiting(status, found) for status, found in some.items()]
    sql = f"({' OR '.join(text for text, _ in parts)})"
    if {*whole, *some} <= _UNDER_WAY:
        sql = f"{sql} AND {UNDER_WAY}"
    return sql, [argument for _, arguments in parts for argument in arguments]


def _waiting(status: PayoutStatus, reasons: Collection[Reason | None]) -> Part:
    """In a state of which only some reasons count. An open batch's row stores none, so `none` alone is not enough for it."""
    stored = [reason.value if reason is not None else "" for reason in REASONS if reason in reasons]
    sql = "coalesce(p.reason, '') = ANY(%s)"
    if Reason.UNSEALED in reasons and None not in reasons:
        sql = f"({sql} OR ({UNSEALED}))"
    elif None in reasons and Reason.UNSEALED not in reasons:
        sql = f"{sql} AND NOT ({UNSEALED})"
    return f"(p.status = '{status.value}' AND {sql})", [stored]


def shown_reason(change: Mapping[str, Any]) -> Reason | None:
    """The reason of a row as this change left it: rows come into open batches only, and their first change is their birth."""
    is_born = change["batch_id"] is not None and change["version"] == FIRST_VERSION
    if is_born and change["status"] == PayoutStatus.PENDING:
        return Reason.UNSEALED
    return Reason(change["reason"]) if change["reason"] else None


def level_of_change(change: Mapping[str, Any]) -> str:
    """The level that a row has as this change left it."""
    return level_of(PayoutStatus(change["status"]), shown_reason(change))


def level_of_words(status: str, reason: str | None) -> str:
    """The level of a state and a reason that is shown, as words."""
    return level_of(PayoutStatus(status), Reason(reason) if reason else None)
