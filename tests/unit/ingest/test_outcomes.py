"""Outcomes of a file's rows, page by page: each page asks the views for its own payouts only (BAT-14)."""

import pytest

from domain.intake.faults import Fault
from schemas.ids import row_payout_id
from services.ingest.files import fault_book
from services.ingest.files.outcomes import NOT_SUBMITTED, REFUSED, Outcomes, PayoutOutcome
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import get, table
from tests.unit.ingest.test_upload import HEADER, upload

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


def test_past_its_bound_a_book_keeps_the_first_fault_of_each_row__BAT_14(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault_book, "FAULTS_KEPT_MAX", 3)
    book = fault_book.FaultBook()
    for row in range(1, 5):
        book.add([Fault(pointer=f"/rows/{row - 1}/{name}", detail="is bad", row=row) for name in ("amount", "currency")])
    book.add([Fault(pointer="/rows", detail="of the file")])
    book.file.seek(0)
    kept = [fault.pointer for fault in fault_book.read_faults(book.file)]
    assert kept == ["/rows/0/amount", "/rows/0/currency", "/rows/1/amount", "/rows/2/amount", "/rows/3/amount"]
    assert (book.count, book.kept) == (9, 5)
    book.close()


async def test_rows_past_the_bound_of_faults_keep_their_own_outcomes__BAT_14(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fault_book, "FAULTS_KEPT_MAX", 2)
    bad, good = "x,usd,+7,Bad\n", "1.00,USD,+256772000001,Ann\n"
    answer = await upload(ingest, HEADER + bad * 3 + good + bad + good, on_invalid_rows="accept_valid")
    assert (answer.status_code, answer.json()["row_count"]) == (201, 2), answer.text
    rows = table(await get(ingest, f"/api/v1/batches/{answer.json()['id']}/result"))
    assert [row[6] for row in rows[1:]] == ["refused", "refused", "refused", "pending", "refused", "pending"]
