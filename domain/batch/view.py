"""The public form of a batch (BAT-12): what its rows add up to, how far it is, and whether it needs somebody (LIF-16, LIF-17).

Owns the derived status and attention. Takes plain values, so answers and reads share it. Must not know where they come from.
"""

from domain.book import Batch
from schemas.money import format_amount
from schemas.times import rfc3339, rfc3339_or_none
from schemas.words import BatchPhase, PayoutStatus

Cells = dict[tuple[str, str], tuple[int, int]]
"""(payout state, currency) to (count, sum in minor units)."""

DONE = ("completed", "failed", "canceled", "rejected", "returned")
LEVELS = ("action_required", "warning", "info", "none")
"""Levels of attention, the one that needs somebody most first (LIF-17)."""


def batch_view(
    batch: Batch,
    cells: Cells,
    *,
    waiting_rows: int = 0,
    updated_at: int | None = None,
    refusal_code: str | None = None,
    refusal_detail: str | None = None,
) -> dict[str, object]:
    """The JSON members of a batch from its totals; `waiting_rows` of its pending rows wait for funds. Times in ms UTC."""
    counts = _counts(cells)
    attention, why = attention_of(batch.phase, counts, refusal_detail, waiting_rows)
    return {
        "id": batch.id,
        "merchant_id": batch.merchant_id,
        "name": batch.name,
        "reference": batch.reference,
        "source": batch.source,
        "phase": batch.phase.value,
        "status": status_of(batch.phase, counts),
        "attention": attention,
        "attention_reason": why,
        "funding": batch.funding.value,
        "on_row_failure": batch.on_row_failure.value,
        "version": batch.version,
        "row_count": batch.row_count,
        "counts": counts,
        "waiting_rows": waiting_rows,
        "sums": _sums(cells),
        "progress": _progress(counts, batch.row_count),
        "refusal_code": refusal_code,
        "refusal_detail": refusal_detail,
        "idempotency_key": batch.idempotency_key,
        "created_at": rfc3339(batch.created_at),
        "released_at": rfc3339_or_none(batch.released_at),
        "stopped_at": rfc3339_or_none(batch.stopped_at),
        "updated_at": rfc3339(updated_at if updated_at is not None else batch.created_at),
    }


def _counts(cells: Cells) -> dict[str, int]:
    counts = {status.value: 0 for status in PayoutStatus}
    for (status, _), (count, _amount) in cells.items():
        counts[status] += count
    return counts


def _sums(cells: Cells) -> list[dict[str, object]]:
    """Per currency: gross, fees, net, settled and the sum in each state, as text and in minor units."""
    return [_currency_sums(currency, cells) for currency in sorted({currency for _, currency in cells})]


def _currency_sums(currency: str, cells: Cells) -> dict[str, object]:
    by_status = {status: amount for (status, cell), (_, amount) in sorted(cells.items()) if cell == currency}
    gross = sum(by_status.values())
    paid = by_status.get("completed", 0)
    return {
        "currency": currency,
        **_money("gross", gross, currency),
        **_money("fees", 0, currency),
        **_money("net", gross, currency),
        **_money("paid", paid, currency),
        **_money("settled", 0, currency),
        "by_status": {status: _money("amount", amount, currency) for status, amount in by_status.items()},
    }


def _money(name: str, amount_minor: int, currency: str) -> dict[str, object]:
    return {name: format_amount(amount_minor, currency), f"{name}_minor": amount_minor}


def _progress(counts: dict[str, int], row_count: int) -> dict[str, object]:
    done = sum(counts[status] for status in DONE)
    return {"done": done, "total": row_count, "percent": done * 100 // row_count if row_count else 0}


def status_of(phase: BatchPhase, counts: dict[str, int]) -> str:
    """The word of LIF-16 that is true now; paid rows are in transit until their settlement is known."""
    if phase is not BatchPhase.RELEASED:
        return {BatchPhase.OPEN: "draft"}.get(phase, "canceled")
    if counts["requires_action"]:
        return "requires_reconciliation"
    if counts["processing"]:
        return "processing"
    if counts["pending"]:
        return "processing" if any(counts[status] for status in DONE) else "pending"
    if counts["completed"]:
        return "in_transit"
    return next((status for status in ("returned", "failed") if counts[status]), "canceled")


def attention_of(
    phase: BatchPhase, counts: dict[str, int], refusal_detail: str | None, waiting_rows: int = 0
) -> tuple[str, str | None]:
    """The level and the reason in words: whoever looks at the list sees which batch needs them, and why (LIF-17)."""
    if counts["requires_action"]:
        return "action_required", f"{_rows(counts['requires_action'])} with an unknown outcome"
    if phase is BatchPhase.REFUSED:
        return "warning", refusal_detail or "The batch was refused at its seal"
    if counts["failed"]:
        return "warning", f"{_rows(counts['failed'])} failed"
    if waiting_rows:
        return "warning", f"{_rows(waiting_rows)} wait{'s' if waiting_rows == 1 else ''} for money"
    if phase is BatchPhase.RELEASED and counts["canceled"]:
        return "info", f"{_rows(counts['canceled'])} canceled"
    return "none", None


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"
