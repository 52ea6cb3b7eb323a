"""Who an event is about: payout ids of each kind of event, and the id of a batch's row (ADR 0006).

Owns the reading of events' shapes. Must not know states.
"""

from typing import Any

Json = dict[str, Any]

KNOWN = frozenset(
    {
        "merchant_opened",
        "bank_account_added",
        "merchant_changed",
        "bank_account_changed",
        "merchant_credited",
        "payout_accepted",
        "payout_rejected",
        "payouts_funded",
        "batch_opened",
        "rows_added",
        "batch_released",
        "batch_refused",
        "batch_canceled",
        "batch_stopped",
        "attempts_started",
        "payouts_completed",
        "payouts_failed",
        "retries_scheduled",
        "outcomes_unknown",
        "attempts_in_progress",
        "answer_contradicted",
        "payout_edited",
        "payout_canceled",
        "command_refused",
    }
)
TARGETS = {
    "attempts_started": "processing",
    "attempts_in_progress": "processing",
    "retries_scheduled": "processing",
    "outcomes_unknown": "requires_action",
    "payouts_completed": "completed",
    "payouts_failed": "failed",
    "payouts_funded": "pending",
    "payout_edited": "pending",
    "payout_canceled": "canceled",
    "batch_refused": "canceled",
    "batch_canceled": "canceled",
    "batch_released": "pending",
    "batch_stopped": "canceled",
}
"""Event type to the state that its payouts are in afterwards."""


def row_id(batch_id: str, row: int) -> str:
    """The batch's first 96 bits and the row number."""
    return f"{batch_id[:28]}{row:08x}"


def items(event: Json) -> list[Json]:
    """One item per payout that the event names and moves, with payout_id and, where the event says it, version and attempt."""
    kind = event.get("type")
    if kind == "attempts_started":
        return list(event.get("attempts") or [])
    if kind in {"payout_edited", "payout_canceled"}:
        return [event]
    if kind in {"batch_refused", "batch_canceled"}:
        return [{"payout_id": row_id(event["batch_id"], row)} for row in range(1, event.get("row_count", 0) + 1)]
    return list(event.get("payouts") or []) if kind in TARGETS else []


def events_of(value: Any) -> list[Json]:
    """The events of a record's value; none of what is no record."""
    found = value.get("events") if isinstance(value, dict) else None
    return [event for event in found if isinstance(event, dict)] if isinstance(found, list) else []
