"""Figures as the rows of their statements. Sums travel as text: they may be longer than 64 bits. Must not know what is counted."""

from services.projector.changes import Changes, Row


def figures(changes: Changes) -> list[Row]:
    """Rows of `payout_figures`, to be added."""
    names = ("merchant_id", "starts_at", "word", "provider", "currency", "code")
    return [
        {**dict(zip(names, key, strict=True)), "count": count, "amount_minor": str(amount)}
        for key, (count, amount) in changes.figures.items()
    ]


def paid_times(changes: Changes) -> list[Row]:
    """Rows of `paid_times`, to be added."""
    names = ("merchant_id", "starts_at", "provider", "within_seconds")
    return [{**dict(zip(names, key, strict=True)), "count": count} for key, count in changes.paid_times.items()]


def row_states(changes: Changes) -> list[Row]:
    """Rows of `row_states`, to be added."""
    return [
        {"merchant_id": merchant_id, "currency": currency, "status": status, "count": count, "amount_minor": str(amount)}
        for (merchant_id, currency, status), (count, amount) in changes.row_states.items()
    ]
