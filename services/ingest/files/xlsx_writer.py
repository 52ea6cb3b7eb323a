"""Rows of cells into an XLSX file, in constant memory; each cell is text: no number loses digits and nothing is a formula (SEC-18).

Owns the parts of such a file: strings stand in their cells, because a table of shared ones would have to be held until the end. Must not
know what is in the table.
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from typing import IO

from services.ingest.files.xlsx_strings import CELL_CHARS_MAX

_LEVEL = 1
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="payflow" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}
"""Style 1 is text (`@`), so that a cell stays text when a person edits it."""
_OPENING = f'<worksheet xmlns="{_MAIN}"><sheetData>'
_CLOSING = "</sheetData></worksheet>"
_SPECIAL = re.compile("[&<>\0-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_x(?=[0-9A-Fa-f]{4}_)")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "_x": "_x005F_x"}


class XlsxWriter:
    """Rows of cells into an XLSX file. A cell's text past what a spreadsheet allows is cut off."""

    def __init__(self, file: IO[bytes]) -> None:
        """The file stays the caller's."""
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        for name, text in _PARTS.items():
            self._zip.writestr(name, _HEAD + text)
        self._sheet = self._zip.open("xl/worksheets/sheet1.xml", "w", force_zip64=True)
        self._sheet.write((_HEAD + _OPENING).encode())

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        """Add rows."""
        for row in rows:
            self._sheet.write(f"<row>{''.join(map(_cell, row))}</row>".encode())

    def end(self) -> None:
        """Nothing more comes."""
        self._sheet.write(_CLOSING.encode())
        self._sheet.close()
        self._zip.close()


def _cell(text: str) -> str:
    if not text:
        return "<c/>"
    told = text[:CELL_CHARS_MAX]
    if _SPECIAL.search(told):
        told = _SPECIAL.sub(_escape, told)
    return f'<c s="1" t="inlineStr"><is><t xml:space="preserve">{told}</t></is></c>'


def _escape(found: "re.Match[str]") -> str:
    """XML's own names, or the way a workbook writes what XML cannot hold."""
    return _NAMED.get(found[0]) or f"_x{ord(found[0]):04X}_"
