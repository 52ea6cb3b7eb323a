"""What the processor counts of a record: each new row and each move once, and how long each paid payout took."""

from typing import Any

from prometheus_client import REGISTRY

from domain.book import Book
from domain.payout.state import Payout
from schemas.events import EventRecord, RowsAdded
from schemas.words import PayoutStatus, RecordOutcome
from services.processor.measures import count
from tests.support.given import form

S = PayoutStatus


def standing(number: int, status: PayoutStatus, created_at: int = 1_000) -> Payout:
    given: dict[str, Any] = {"merchant_id": "m", "amount_minor": 1, "currency": "USD", "updated_at": 1}
    return Payout(id=f"019b0000-0000-7000-8000-{number:012x}", created_at=created_at, status=status, **given)


def record(at: int, rows: int = 0) -> EventRecord:
    event = RowsAdded(batch_id="b", first_row=1, rows=[form(n) for n in range(rows)], totals=[])
    return EventRecord(
        source_offset=1,
        command_id="c",
        command_type="t",
        merchant_id="m",
        at=at,
        outcome=RecordOutcome.DECIDED,
        events=[event],
    )


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def seen() -> dict[str, float]:
    states = {str(status): sample("payflow_payouts_total", state=status) for status in S}
    spans = {f"le {bound}": sample("payflow_end_to_end_seconds_bucket", le=bound) for bound in ("1.0", "2.5", "+Inf")}
    return {**states, **spans, "sum": sample("payflow_end_to_end_seconds_sum")}


def test_rows_moves_and_times_are_counted_once_each() -> None:
    payouts = [
        standing(1, S.COMPLETED),
        standing(2, S.COMPLETED),
        standing(3, S.COMPLETED, 2_000),
        standing(4, S.PROCESSING),
    ]
    payouts += [standing(number, S.COMPLETED) for number in range(5, 1_005)] + [standing(2_000, S.FAILED)]
    book = Book()
    for payout in payouts:
        book.payouts[payout.id] = payout
    before = seen()
    assert count(book, record(3_000, rows=7), [payout.id for payout in payouts]) == [payouts[3]]
    moved = {name: after - before[name] for name, after in seen().items()}
    assert {name: more for name, more in moved.items() if more} == {
        "pending": 7, "processing": 1, "completed": 1_003, "failed": 1, "le 1.0": 1, "le 2.5": 1_003, "le +Inf": 1_003,
        "sum": 1 + 2 * 1_002,
    }  # fmt: skip
