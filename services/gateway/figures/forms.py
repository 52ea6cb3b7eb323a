"""Figures as clients see them. Owns names, and what counts as in flight, waiting and unknown. Pure.

Money is text and minor units per currency; sums of different currencies are never added.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.batch.view import LEVELS, attention_of, status_of
from domain.figures import added
from domain.payout.view import amounts
from schemas.money import format_amount
from schemas.words import BatchPhase, PayoutStatus
from services.gateway.standing import level_of_words

Row = Mapping[str, Any]
Cell = tuple[str, int, int]

AMONG_ROWS = {"open": "unsealed", "rows": "funds"}
"""Words of `UNDER_WAY` for rows of batches that it has counted as pending already, and why they wait."""


def figure(name: str, cells: Iterable[Cell], **more: object) -> dict[str, object]:
    """One card: a count, and sums per currency; currencies without payouts are left out."""
    by_currency = {currency: cell for currency, cell in sorted(added(cells).items()) if cell[0]}
    sums = [sum_of(currency, count, amount) for currency, (count, amount) in by_currency.items() if currency]
    return {"figure": name, "count": sum(count for count, _ in by_currency.values()), "sums": sums, **more}


def sum_of(currency: str, count: int, amount_minor: int) -> dict[str, object]:
    """How many payouts of a currency, worth what."""
    return {**amounts(amount_minor, currency), "count": count}


def in_flight(rows: Sequence[Row]) -> list[Cell]:
    """Money that is set aside and not paid yet: sent, about to be sent, or of unknown outcome; not what waits."""
    going = [_cell(row) for row in rows if not row["reason"] or row["status"] != "pending"]
    return going + [_taken_off(row) for row in rows if row["reason"] in AMONG_ROWS]


def waiting(rows: Sequence[Row]) -> dict[str, list[Cell]]:
    """What is pending for a reason, by reason: funds, schedule, ..., and rows of batches that are not sealed."""
    found: dict[str, list[Cell]] = {}
    for row in rows:
        if row["status"] == "pending" and row["reason"]:
            reason = AMONG_ROWS.get(row["reason"], row["reason"])
            found.setdefault(reason, []).append(_cell(row))
    return found


def unknown(rows: Sequence[Row]) -> list[Cell]:
    """What nobody can say of whether it was paid."""
    return [_cell(row) for row in rows if row["status"] == "requires_action"]


def _cell(row: Row) -> Cell:
    return row["currency"], row["count"], row["amount_minor"]


def _taken_off(row: Row) -> Cell:
    return row["currency"], -row["count"], -row["amount_minor"]


def payouts_by_status(under_way: Sequence[Row], ended: Sequence[Row]) -> dict[str, int]:
    """How many payouts are in each state."""
    counts = {status.value: 0 for status in PayoutStatus}
    for row in (*under_way, *ended):
        if row.get("reason") not in AMONG_ROWS:
            counts[row["status"]] += row["count"]
    return counts


def payouts_by_attention(under_way: Sequence[Row], ended: Sequence[Row]) -> dict[str, int]:
    """The same by what needs somebody. What AMONG_ROWS names was counted as pending without a reason before."""
    counts = dict.fromkeys(LEVELS, 0)
    for row in (*under_way, *ended):
        reason = row.get("reason")
        counts[level_of_words(row["status"], AMONG_ROWS.get(reason, reason))] += row["count"]
        if reason in AMONG_ROWS:
            counts[level_of_words(row["status"], None)] -= row["count"]
    return counts


def batch_counters(kinds: Sequence[Row]) -> dict[str, dict[str, int]]:
    """How many batches need somebody, and how many are in each state: what the law says of each kind, times how many are so."""
    by_attention, by_status = dict.fromkeys(LEVELS, 0), dict[str, int]()
    for row in kinds:
        counts = {status.value: int(status.value in (row["states"] or ())) for status in PayoutStatus}
        phase = BatchPhase(row["phase"])
        by_attention[attention_of(phase, counts, None, int(row["waits"]))[0]] += row["count"]
        status = status_of(phase, counts)
        by_status[status] = by_status.get(status, 0) + row["count"]
    return {"by_attention": by_attention, "by_status": dict(sorted(by_status.items()))}


def money_words(currency: str, amount_minor: int) -> str:
    """An amount in a sentence."""
    return f"{format_amount(amount_minor, currency)} {currency}"
