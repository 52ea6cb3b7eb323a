"""Workbooks as many programs write them, read without a tree; and such as are made to cost (BAT-03, SEC-10, SEC-18)."""

import contextlib
import io
import zipfile

import openpyxl
import pytest

from services.ingest.files.faults import FileFaultError
from services.ingest.files.xlsx import XlsxFile
from services.ingest.files.xlsx_package import DIRECTORY_BYTES_MAX, is_xlsx
from services.ingest.files.xlsx_strings import CELL_CHARS_MAX
from services.ingest.files.xlsx_writer import XlsxWriter
from tests.support.sample_files import COLUMNS, MAIN, raw_row, raw_workbook, workbook

HEADER = raw_row(*COLUMNS)
GOOD = raw_row("1.00", "USD", "+256772000001", "Ann")


def read(content: bytes) -> list[list[str]]:
    return list(XlsxFile(io.BytesIO(content)))


def refused(content: bytes) -> str:
    with pytest.raises(FileFaultError) as error:
        read(content)
    return error.value.fault.detail


CELLS: dict[str, tuple[str, str]] = {
    "a number as a spreadsheet keeps it": ('<c><v>1.1000000000000001</v></c>', "1.1"),
    "a whole number": ("<c><v>1250</v></c>", "1250"),
    "a number in scientific form": ("<c><v>1.25E3</v></c>", "1250"),
    "the text of a formula": ('<c t="str"><f>A1&amp;"x"</f><v>x</v></c>', "x"),
    "the number of a formula": ("<c><f>SUM(A1:A2)</f><v>3.5</v></c>", "3.5"),
    "a formula that gives nothing": ('<c t="str"><f>""</f><v></v></c>', ""),
    "yes": ('<c t="b"><v>1</v></c>', "TRUE"),
    "no": ('<c t="b"><v>0</v></c>', "FALSE"),
    "text in runs": ('<c t="inlineStr"><is><r><rPr><b/></rPr><t>An</t></r><r><t>na</t></r></is></c>', "Anna"),
    "without its phonetic hint": ('<c t="inlineStr"><is><t>東京</t><rPh sb="0" eb="2"><t>トウキョウ</t></rPh></is></c>', "東京"),
    "a line break that was escaped": ('<c t="inlineStr"><is><t>a_x000D_\nb</t></is></c>', "a\r\nb"),
    "an escape that is text": ('<c t="inlineStr"><is><t>_x005F_x000D_</t></is></c>', "_x000D_"),
    "half of a pair stays text": ('<c t="inlineStr"><is><t>_xD800_</t></is></c>', "_xD800_"),
    "a shared string": ('<c t="s"><v>1</v></c>', "Zoë"),
    "a date by its built-in format": ('<c s="1"><v>45678</v></c>', "2025-01-21"),
    "a date by the file's own format": ('<c s="2"><v>45678.5</v></c>', "2025-01-21T12:00:00"),
    "an amount in a money format is no date": ('<c s="3"><v>45678</v></c>', "45678"),
    "a date written as text": ('<c t="d"><v>2025-01-21</v></c>', "2025-01-21"),
}  # fmt: skip
STYLES = (
    '<numFmts><numFmt numFmtId="170" formatCode="dd/mm/yyyy hh:mm"/><numFmt numFmtId="171" formatCode="[Red]#,##0.00 &quot;days&quot;"/></numFmts>'
    '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs>'
)


@pytest.mark.parametrize("case", CELLS)
def test_each_kind_of_cell_is_its_text__BAT_03(case: str) -> None:
    cell, text = CELLS[case]
    rows = read(
        raw_workbook(raw_row("h") + raw_row(cell, "end"), strings="<si><t>x</t></si><si><t>Zoë</t></si>", styles=STYLES)
    )
    assert rows[1] == [text, "end"]


LOST = {
    "a formula without its value": ("<c><f>A1*2</f></c>", "formula_without_value"),
    "an error": ('<c t="e"><f>VLOOKUP(1,A1:B2,2)</f><v>#N/A</v></c>', "cell_error"),
    "digits that are gone": ("<c><v>1.2345678901234568E+17</v></c>", "inexact_number"),
}


@pytest.mark.parametrize("case", LOST)
def test_what_a_spreadsheet_lost_is_a_fault_of_its_row_and_column__BAT_05_BAT_08(case: str) -> None:
    cell, code = LOST[case]
    file = XlsxFile(io.BytesIO(raw_workbook(HEADER + GOOD + raw_row("1.00", "USD", "+256772000002", cell))))
    assert len(list(file)) == 3
    assert [(fault.row, fault.column, fault.code) for fault in file.faults] == [(2, "name", code)]


def test_cells_stand_where_they_say_and_blank_rows_are_passed_over() -> None:
    rows = (
        '<row r="2"><c r="B2"><v>1</v></c></row><row r="5"/><row r="7"><c r="D7"><v>2</v></c><c r="AA7"><v>3</v></c></row>'
    )
    found = read(raw_workbook(rows))
    assert found == [["", "1"], ["", "", "", "2", *[""] * 22, "3"]]


def test_every_prefix_and_encoding_of_the_xml_is_read() -> None:
    prefixed = f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:t>Zoë</x:t></x:is></x:c></x:row></x:sheetData></x:worksheet>'
    for data in (prefixed.encode(), prefixed.encode("utf-16")):
        assert read(raw_workbook("", parts={"sheet1": data})) == [["Zoë"]]


def test_the_first_sheet_that_shows_is_read() -> None:
    sheets = '<sheet name="H" sheetId="1" state="hidden" r:id="rId4"/><sheet name="S" sheetId="2" r:id="rId1"/>'
    assert read(raw_workbook(HEADER, book=f"<sheets>{sheets}</sheets>")) == [list(COLUMNS)]


def test_dates_since_1904_are_those_days() -> None:
    book = '<workbookPr date1904="1"/><sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets>'
    rows = raw_row("h") + raw_row('<c s="1"><v>44216</v></c>')
    assert read(raw_workbook(rows, styles=STYLES, book=book))[1] == ["2025-01-21"]


def test_our_own_files_are_read_by_spreadsheets_and_by_ourselves__SEC_18() -> None:
    rows = [["a", " b ", "c"], ["=1+1", "é<&>\"'", "x\x01\r\ny"], ["", "_x0041_", "😀"], ["+1", "-1", "@x"]]
    file = io.BytesIO()
    writer = XlsxWriter(file)
    writer.write(rows)
    writer.end()
    assert read(file.getvalue()) == rows
    sheet = openpyxl.load_workbook(file).active
    assert [cell.data_type for cell in sheet["A"]] == ["s", "s", "n", "s"], "no formula, and an empty cell"
    assert sheet["A2"].value == "=1+1"
    assert {cell.number_format for cell in sheet["A"] if cell.value} == {"@"}


def test_a_cell_past_the_limit_of_spreadsheets_is_refused() -> None:
    assert read(raw_workbook(raw_row("a" * CELL_CHARS_MAX)))[0] == ["a" * CELL_CHARS_MAX]
    for cell in (raw_row("a" * (CELL_CHARS_MAX + 1)), raw_row('<c t="s"><v>0</v></c>')):
        content = raw_workbook(cell, strings=f"<si><t>{'a' * (CELL_CHARS_MAX + 1)}</t></si>")
        assert "more than 32,767 characters" in refused(content)


BOMBS = {
    "one cell": ('<row><c t="inlineStr"><is><t>', "a", "</t></is></c></row>", "32,767 characters"),
    "one cell of many runs": ('<row><c t="inlineStr"><is>', "<r><t>a</t></r>", "</is></c></row>", "32,767 characters"),
    "blank rows": ("", "<row/>", "", "nothing in them"),
    "cells without text": ("<row>", "<c/>", "</row>", "nothing in them"),
    "one name": ("<row ", "a", "='1'/>", "nothing in them"),
    "one comment": ("<!--", "a", "-->", "nothing in them"),
    "other elements": ("", "<x/>", "", "nothing in them"),
    "depth": ("", "<x>", "", "not built as"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_what_is_large_only_when_unpacked_is_refused_early__SEC_10(case: str) -> None:
    head, unit, tail, words = BOMBS[case]
    content = raw_workbook(head + unit * (12_000_000 // len(unit)) + tail)
    assert len(content) < 1_000_000
    assert words in refused(content)


def test_many_names_are_refused__SEC_10() -> None:
    assert "not built as" in refused(raw_workbook("".join(f"<n{number}/>" for number in range(300_000))))


def test_strings_that_nobody_asks_for_are_not_read__SEC_10() -> None:
    torn = "<si><t>a</t></si>" * 20_000 + "<si>"
    assert read(raw_workbook(raw_row('<c t="s"><v>3</v></c>'), strings=torn)) == [["a"]]
    assert "can be read" in refused(raw_workbook(raw_row('<c t="s"><v>30000</v></c>'), strings=torn))


def test_a_number_of_no_string_is_refused() -> None:
    for number in ("7", "-1", "x", "99999999999999999999"):
        strings = "<si><t>a</t></si><si><t>b</t></si><si><t>c</t></si>"
        assert "can be read" in refused(raw_workbook(raw_row("<c/>", f'<c t="s"><v>{number}</v></c>'), strings=strings))


@pytest.mark.parametrize("encoding", ["klingon", "hex", "shift_jis", "utf-7"])
def test_an_encoding_that_nobody_writes_is_refused__ERR_04(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?><worksheet/>'.encode()
    assert "can be read" in refused(raw_workbook("", parts={"sheet1": data}))


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_no_spreadsheet_uses_is_refused__SEC_10(packing: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw_workbook(HEADER))) as source, zipfile.ZipFile(file, "w", packing) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    assert "packed in a way" in refused(file.getvalue())


def test_a_part_that_stands_behind_the_end_is_refused__ERR_04() -> None:
    content = bytearray(raw_workbook(HEADER))
    at = content.rindex(b"PK\x01\x02", 0, content.index(b"xl/worksheets/sheet1.xml", content.index(b"PK\x01\x02")))
    content[at + 42 : at + 46] = (len(content) - 5).to_bytes(4, "little")
    assert "can be read" in refused(bytes(content))


def test_a_directory_that_says_it_is_large_is_not_read__SEC_10() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(DIRECTORY_BYTES_MAX // 100):
            archive.writestr(f"{number:060}", "")
    assert not is_xlsx(file)


@pytest.mark.parametrize("name", ["sheet1", "sharedStrings", "styles", "workbook"])
def test_no_part_may_have_a_document_type__SEC_10(name: str) -> None:
    root = {"sheet1": "worksheet", "sharedStrings": "sst", "styles": "styleSheet", "workbook": "workbook"}[name]
    for encoding in ("utf-8", "utf-16"):
        dtd = f'<!DOCTYPE {root} [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><{root}>&b;</{root}>'.encode(encoding)
        assert "document type" in refused(raw_workbook(raw_row('<c t="s"><v>0</v></c>'), parts={name: dtd}))


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9, 0.99])
def test_a_torn_or_bent_workbook_is_refused_and_never_an_error_of_ours__ERR_04(cut: float) -> None:
    good = workbook([list(COLUMNS)] + [["1.00", "USD", f"+25677{row:07}", "Ann"] for row in range(200)])
    at = int(len(good) * cut)
    for content in (good[:at], good[:at] + b"\xff" * 40 + good[at + 40 :]):
        if is_xlsx(io.BytesIO(content)):
            with contextlib.suppress(FileFaultError):
                read(content)


@pytest.mark.parametrize("number", ["1_000", "١٢٣", "１２３", "1\u00a0", "0x10", "1,5", ""])
def test_a_number_that_no_spreadsheet_writes_is_not_read_as_one__API_11(number: str) -> None:
    cell = f"<row><c><v>{number}</v></c><c><v>7</v></c></row>"
    if number:
        assert "ValueError" in refused(raw_workbook(HEADER + cell))
    else:
        assert read(raw_workbook(HEADER + cell))[1][:2] == ["", "7"]
