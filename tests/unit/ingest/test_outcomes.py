"""Outcomes of a file's rows, page by page: each page asks the views for its own payouts only (BAT-14)."""

from domain.intake.faults import Fault
from schemas.ids import row_payout_id
from services.ingest.files.outcomes import NOT_SUBMITTED, REFUSED, Outcomes, PayoutOutcome

BATCH = "019b0000-0000-7000-8000-000000000000"


async def test_a_page_asks_for_its_own_ids_by_both_ends__BAT_14() -> None:
    asked: list[tuple[str, str]] = []

    async def read(first: str, last: str) -> list[PayoutOutcome]:
        asked.append((first, last))
        return [PayoutOutcome(last, "completed", None, None, None, "REF", None)]

    bad = Fault(pointer="/rows/1", detail="is bad", row=2)
    outcomes = Outcomes(BATCH, iter([bad, bad]), read, submitted=True)
    page = await outcomes.next(3)
    assert [(one.row, one.status) for one in page] == [(1, NOT_SUBMITTED), (2, REFUSED), (3, "completed")]
    assert [one.payout_id for one in page] == [row_payout_id(BATCH, 1), "", row_payout_id(BATCH, 2)], "rows behind move up"
    await outcomes.next(2)
    ids = [row_payout_id(BATCH, row) for row in range(1, 5)]
    assert asked == [(ids[0], ids[1]), (ids[2], ids[3])]


async def test_a_page_of_bad_rows_asks_nothing__BAT_14() -> None:
    async def read(_first: str, _last: str) -> list[PayoutOutcome]:
        raise AssertionError("nothing is to be asked")

    faults = [Fault(pointer=f"/rows/{row - 1}", detail="is bad", row=row) for row in (1, 2)]
    page = await Outcomes(BATCH, iter(faults), read, submitted=True).next(2)
    assert [one.status for one in page] == [REFUSED, REFUSED]
