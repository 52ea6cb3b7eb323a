"""The public form of a batch: derived from its rows, adding up to the batch (BAT-12, LIF-16, LIF-17)."""

from typing import Any

import pytest

from domain.batch.view import Cells, batch_view
from domain.book import Batch
from schemas.words import BatchPhase, PayoutStatus
from tests.support.given import START

OPEN, RELEASED, REFUSED, CANCELED = BatchPhase


def view(phase: BatchPhase = RELEASED, cells: Cells | None = None, **more: Any) -> dict[str, Any]:
    cells = cells or {}
    count = sum(count for count, _ in cells.values())
    times = {name: more.pop(name) for name in ("released_at", "stopped_at") if name in more}
    batch = Batch(id="b", merchant_id="acme", created_at=START, phase=phase, row_count=count, **times)
    return batch_view(batch, cells, **more)


CELLS: Cells = {
    ("completed", "USD"): (2, 300),
    ("completed", "EUR"): (1, 5),
    ("failed", "USD"): (1, 40),
    ("pending", "USD"): (6, 60),
}


def test_counts_and_sums_per_state_add_up_to_the_batch() -> None:
    """LIF-16."""
    shown = view(cells=CELLS)
    assert set(shown["counts"]) == {status.value for status in PayoutStatus}
    assert sum(shown["counts"].values()) == shown["row_count"] == 10
    for sums in shown["sums"]:
        assert sum(cell["amount_minor"] for cell in sums["by_status"].values()) == sums["gross_minor"]
        assert sums["gross_minor"] - sums["fees_minor"] == sums["net_minor"]
    euros, dollars = shown["sums"]
    assert (euros["currency"], dollars["currency"]) == ("EUR", "USD")
    assert (dollars["gross"], dollars["paid"], dollars["net_minor"]) == ("4.00", "3.00", 400)
    assert dollars["by_status"]["pending"] == {"amount": "0.60", "amount_minor": 60}


def test_progress_is_what_has_ended() -> None:
    assert view(cells=CELLS)["progress"] == {"done": 4, "total": 10, "percent": 40}
    assert view(OPEN)["progress"] == {"done": 0, "total": 0, "percent": 0}


@pytest.mark.parametrize(
    ("phase", "counts", "status"),
    [
        (OPEN, {}, "draft"),
        (OPEN, {"pending": 3}, "draft"),
        (RELEASED, {"pending": 3}, "pending"),
        (RELEASED, {"pending": 1, "processing": 1}, "processing"),
        (RELEASED, {"pending": 1, "completed": 1}, "processing"),
        (RELEASED, {"pending": 1, "canceled": 1}, "processing"),
        (RELEASED, {"processing": 1, "requires_action": 1}, "requires_reconciliation"),
        (RELEASED, {"completed": 2}, "in_transit"),
        (RELEASED, {"completed": 1, "failed": 1, "canceled": 1}, "in_transit"),
        (RELEASED, {"failed": 2}, "failed"),
        (RELEASED, {"failed": 1, "canceled": 1}, "failed"),
        (RELEASED, {"returned": 1, "failed": 1}, "returned"),
        (RELEASED, {"canceled": 2}, "canceled"),
        (REFUSED, {"canceled": 2}, "canceled"),
        (CANCELED, {"canceled": 2}, "canceled"),
        (REFUSED, {}, "canceled"),
    ],
)
def test_the_state_follows_from_the_rows(phase: BatchPhase, counts: dict[str, int], status: str) -> None:
    """LIF-16."""
    assert view(phase, {(state, "USD"): (count, count) for state, count in counts.items()})["status"] == status


@pytest.mark.parametrize(
    ("phase", "counts", "level", "why"),
    [
        (OPEN, {"pending": 3}, "none", None),
        (RELEASED, {"completed": 3, "processing": 1}, "none", None),
        (RELEASED, {"completed": 999, "failed": 1}, "warning", "1 row failed"),
        (RELEASED, {"failed": 2}, "warning", "2 rows failed"),
        (RELEASED, {"failed": 2, "requires_action": 1}, "action_required", "1 row with an unknown outcome"),
        (RELEASED, {"completed": 2, "canceled": 1}, "info", "1 row canceled"),
        (CANCELED, {"canceled": 1}, "none", None),
    ],
)
def test_one_bad_row_in_a_good_batch_raises_its_attention(
    phase: BatchPhase, counts: dict[str, int], level: str, why: str | None
) -> None:
    """LIF-17."""
    shown = view(phase, {(state, "USD"): (count, count) for state, count in counts.items()})
    assert (shown["attention"], shown["attention_reason"]) == (level, why)


def test_a_refused_batch_says_why() -> None:
    shown = view(
        REFUSED, {("canceled", "USD"): (1, 1)}, refusal_code="insufficient_funds", refusal_detail="0.01 USD missing"
    )
    assert (shown["attention"], shown["attention_reason"]) == ("warning", "0.01 USD missing")
    assert (shown["refusal_code"], shown["refusal_detail"]) == ("insufficient_funds", "0.01 USD missing")
    assert view(REFUSED)["attention_reason"] == "The batch was refused at its seal"


def test_times_are_rfc_3339() -> None:
    """API-16."""
    shown = view(released_at=START + 1, updated_at=START + 2)
    assert (shown["created_at"], shown["released_at"], shown["updated_at"]) == (
        "2026-01-01T00:00:00.000Z",
        "2026-01-01T00:00:00.001Z",
        "2026-01-01T00:00:00.002Z",
    )
    assert (view()["released_at"], view()["updated_at"]) == (None, "2026-01-01T00:00:00.000Z")
