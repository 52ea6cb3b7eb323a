"""Cells that a spreadsheet would take for formulas (SEC-18): escaped for people's spreadsheets, raw for machines, and back again.

Owns the escape, which can be undone for every text. Must not know files.
"""

from collections.abc import Iterable

RAW = "raw"
ESCAPED = "spreadsheet"
FORMS = (RAW, ESCAPED)
MARK = "'"
_DANGEROUS = frozenset("=+-@\t\r\n|%'\uff1d\uff0b\uff0d\uff20")
"""What spreadsheets take for the start of a formula, its full-width forms, and the mark itself, so that the way back is exact."""


def escaped(cell: str) -> str:
    """The cell with a mark in front if a spreadsheet could run it."""
    return MARK + cell if cell and cell[0] in _DANGEROUS else cell


def unescaped(cell: str) -> str:
    """The cell that `escaped` was given."""
    return cell[1:] if len(cell) > 1 and cell[0] == MARK and cell[1] in _DANGEROUS else cell


def in_form(cells: Iterable[str], form: str) -> list[str]:
    """Cells for a file of that form."""
    return [escaped(cell) for cell in cells] if form == ESCAPED else list(cells)
