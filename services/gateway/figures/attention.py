"""What needs somebody, worst first, in words (CON-01, LIF-17). Owns the list's form and order. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.batch.view import LEVELS
from schemas.times import rfc3339
from services.gateway.figures.forms import money_words

Item = dict[str, object]
Row = Mapping[str, Any]

LAG_MAX_MS = 10_000
"""Views that are this old may show neither success nor failure of what was just asked."""


def listed(*parts: Sequence[Item]) -> list[Item]:
    """All of them by level; the order within a part stays."""
    return sorted((item for part in parts for item in part), key=lambda item: LEVELS.index(str(item["level"])))


def views(max_age_ms: int, fresh_at: int, *, known: bool) -> list[Item]:
    """The views themselves, when they are behind."""
    if known and max_age_ms < LAG_MAX_MS:
        return []
    why = f"what you see is {max_age_ms // 1000} s old" if known else "nobody knows yet how old what you see is"
    since = rfc3339(fresh_at) if known else None
    reason = f"The views are behind: {why}"
    return [_item("action_required", "views", None, None, None, reason, since, "/api/v1/figures/lag/")]


def batch(form: Mapping[str, Any]) -> Item:
    """A batch in its public form."""
    href = f"/api/v1/batches/{form['id']}/"
    return _item(
        form["attention"],
        "batch",
        form["id"],
        form["name"] or form["reference"],
        form["merchant_id"],
        form["attention_reason"],
        form["updated_at"],
        href,
    )


def unknown_payout(row: Row) -> Item:
    """A single payout that nobody knows the outcome of."""
    what = money_words(row["currency"], row["amount_minor"])
    reason = f"{what}: nobody can say yet whether it was paid. {row['failure_reason'] or ''}".strip()
    return _payout("action_required", row, reason, row["updated_at"])


def failed_payout(row: Row) -> Item:
    """A single payout that failed; its money is free again."""
    what = money_words(row["currency"], row["amount_minor"])
    why = row["failure_reason"] or row["failure_code"] or "no reason was given"
    return _payout("warning", row, f"{what} failed: {why}", row["failed_at"])


def _payout(level: str, row: Row, reason: str, since: int) -> Item:
    href = f"/api/v1/payouts/{row['id']}/"
    return _item(level, "payout", row["id"], row["reference"], row["merchant_id"], reason, rfc3339(since), href)


def _item(
    level: str,
    kind: str,
    subject: str | None,
    name: object,
    merchant: str | None,
    reason: object,
    since: str | None,
    href: str,
) -> Item:
    return {
        "level": level,
        "kind": kind,
        "id": subject,
        "name": name,
        "merchant_id": merchant,
        "reason": reason,
        "since": since,
        "href": href,
    }
