"""XLSX files as they are sent: a batch, exact numbers, nothing hostile."""

import io
import zipfile

import openpyxl
import pytest

from tests.support.sample_files import workbook
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import get, payouts
from tests.unit.ingest.test_upload import THREE, faults, upload


async def test_a_workbook_becomes_a_batch__BAT_03(ingest: Ingest) -> None:
    rows = [
        ["Amount", "Currency", "Phone", "Name"],
        [1.5, "USD", "+256772000001", "Ann"],
        ["2.25", "USD", "+256772000002", 7],
    ]
    answer = await upload(ingest, workbook(rows))
    assert (answer.status_code, answer.json()["source"], answer.json()["row_count"]) == (201, "xlsx", 2)
    assert [payout.amount_minor for payout in payouts(ingest)] == [150, 225]
    assert payouts(ingest)[1].recipient["name"] == "7"


async def test_text_of_a_workbook_keeps_its_zeros_and_long_number_cells_are_refused__BAT_05(ingest: Ingest) -> None:
    rows = [
        ["amount", "currency", "account_number"],
        ["1.00", "USD", "00012345678901234567"],
        ["1.00", "USD", 12345678901234567],
    ]
    answer = await upload(ingest, workbook(rows))
    assert [(fault["row"], fault["code"]) for fault in faults(answer)] == [("2", "inexact_number")]
    good = await upload(ingest, workbook(rows[:2]), key="v")
    assert good.status_code == 201
    assert payouts(ingest)[0].recipient["account_number"] == "00012345678901234567"


@pytest.mark.parametrize("case", ["bomb", "dtd", "truncated", "zip", "wide"])
async def test_a_hostile_workbook_is_refused__BAT_03(ingest: Ingest, case: str) -> None:
    from tests.support.sample_files import hostile_workbook

    answer = await upload(ingest, hostile_workbook(case))
    assert answer.status_code in {400, 415}, answer.text[:300]
    assert ingest.log.types(4) == []


def behind(start: bytes, content: bytes) -> bytes:
    """A workbook whose places count from the file's start, whatever stands there."""
    file = io.BytesIO(start)
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(file, "a") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    return file.getvalue()


@pytest.mark.parametrize(
    "start", [b"\0", b"junk", THREE.encode(), b"<?xml version='1.0'?><a/>", b"PK\x03\x04", b"PK\x05\x06"]
)
async def test_a_workbook_behind_other_bytes_is_refused__BAT_03_ERR_04(ingest: Ingest, start: bytes) -> None:
    good = workbook([["amount", "currency", "msisdn"], ["1.00", "USD", "+256772000001"]])
    for content in (start + good, behind(start, good)):
        answer = await upload(ingest, content)
        [fault] = faults(answer)
        assert (answer.status_code, fault["code"], fault["pointer"]) == (400, "unreadable_file", "/file")
        assert fault["detail"] == "has other bytes before the workbook; save it again as .xlsx"
    assert ingest.log.types(4) == []


async def test_a_result_as_a_workbook_holds_text_and_no_formula__SEC_18(ingest: Ingest) -> None:
    rows = [["amount", "currency", "msisdn", "name"], ["1.00", "USD", "+256772000001", "=1+1"]]
    batch = (await upload(ingest, workbook(rows, as_text=True))).json()
    for form, name in (("raw", "=1+1"), ("spreadsheet", "'=1+1")):
        answer = await get(ingest, f"/api/v1/batches/{batch['id']}/result?form={form}")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        cell = sheet.cell(2, 4)
        assert (cell.value, cell.data_type) == (name, "s")
        assert sheet.cell(2, 7).value == "pending"
