"""An XLSX workbook's first sheet as rows of text cells, streamed (BAT-03).

Owns the text of each kind of cell. A number cell gives the shortest decimal text that is that number, as the spreadsheet shows it; nothing
is rounded. What was lost before we saw it (leading zeros, digits after the fifteenth, a formula's value) cannot be known: such cells are
refused. Must not know what a cell means.
"""

import datetime as dt
import math
from collections.abc import Iterator
from typing import IO

from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from domain.intake.faults import Fault
from services.ingest.files.faults import unreadable
from services.ingest.files.xlsx_book import Sheet, first_sheet
from services.ingest.files.xlsx_package import BROKEN, Package
from services.ingest.files.xlsx_strings import TextPart

XLSX_BYTES_MAX = 50 * 1024 * 1024
COLUMNS_MAX = 16_384
CELLS_MAX = 60_000_000
"""Of the whole sheet, also empty ones: one cell far to the right makes a row as wide."""
EXACT_DIGITS = 15
_DIGITS = "0123456789"
_LOST = {
    "inexact_number": "is a number cell with more digits than a spreadsheet keeps; format the column as text and enter it again",
    "cell_error": "holds an error of the spreadsheet's, such as #N/A; put it right there",
    "formula_without_value": "is a formula whose value is not in the file; save it with a spreadsheet, or enter the value",
}


class XlsxFile:
    """Rows of cells of the first sheet that shows, the header first; blank rows are passed over."""

    def __init__(self, file: IO[bytes]) -> None:
        """Reads from the start of `file`, which stays open and the caller's."""
        self._file = file
        self.faults: list[Fault] = []
        self._header: list[str] | None = None

    def __iter__(self) -> Iterator[list[str]]:
        """Rows in order. Raises FileFaultError where the file cannot be read on."""
        try:
            sheet = _SheetRows(first_sheet(Package(self._file)))
            going = True
            while going:
                going = sheet.feed()
                yield from self._whole(sheet)
        except BROKEN as error:
            raise unreadable(f"is no workbook that can be read ({type(error).__name__}); save it again as .xlsx") from None

    def _whole(self, sheet: "_SheetRows") -> Iterator[list[str]]:
        """The rows that are read, as wide as the header at least; each one's faults are told when it is asked for."""
        rows, sheet.rows = sheet.rows, []
        for cells, lost in rows:
            if self._header is None:
                self._header = cells
            self.faults += [self._fault(at, code, row) for at, code, row in lost]
            yield cells + [""] * (len(self._header) - len(cells))

    def _fault(self, at: int, code: str, row: int) -> Fault:
        header = self._header or []
        column = (header[at] if at < len(header) else "") or f"column {at + 1}"
        pointer = f"/rows/{row - 1}" if row else "/header"
        return Fault(pointer=pointer, code=code, detail=_LOST[code], row=row, column=column)


class _SheetRows(TextPart):
    """`rows`: those that have ended, each with what is lost in it: (place, code, row)."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__(sheet.pieces)
        self._sheet = sheet
        self._epoch = CALENDAR_MAC_1904 if sheet.since_1904 else CALENDAR_WINDOWS_1900
        self.rows: list[tuple[list[str], list[tuple[int, str, int]]]] = []
        self._cells: list[str] = []
        self._lost: list[tuple[int, str, int]] = []
        self._places: dict[str, int] = {}
        self._at = self._next = self._count = self._looked = 0
        self._type = self._style = ""
        self._formula = False

    def started(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            place = attributes.get("r")
            self._at = self._place(place) if place else self._next
            self._next = self._at + 1
            self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._formula = False
        elif name == "v":
            self._keeps = True
        elif name == "f":
            self._formula = True
        else:
            super().started(name, attributes)

    def ended(self, name: str) -> None:
        if name == "c":
            self._cell_ended()
        elif name == "row":
            self._row_ended()
        super().ended(name)

    def _place(self, place: str) -> int:
        """Column of `AB12`, from 0."""
        letters = place.rstrip(_DIGITS)
        found = self._places.get(letters)
        if found is None:
            if not (letters.isascii() and letters.isalpha() and len(letters) <= 3):
                raise ValueError("no place of a cell")
            found = -1
            for letter in letters.upper():
                found = (found + 1) * 26 + ord(letter) - ord("A")
            self._places[letters] = found
        return found

    def _cell_ended(self) -> None:
        told = self.taken()
        if not told:
            if self._formula and self._type != "str":
                self._lost.append((self._at, "formula_without_value", self._count))
            return
        kind = self._type
        if kind == "s":
            told = self._sheet.strings[int(told)]
        elif kind == "n":
            told = self._number(told)
        elif kind == "b":
            told = "TRUE" if told.strip() == "1" else "FALSE"
        elif kind == "e":
            self._lost.append((self._at, "cell_error", self._count))
        if told:
            self._put(told)

    def _put(self, told: str) -> None:
        cells, at = self._cells, self._at
        if at >= COLUMNS_MAX:
            raise unreadable(f"has a cell behind column {COLUMNS_MAX:,}", self._count)
        if at < len(cells):
            cells[at] = told
            return
        if at > len(cells):
            cells.extend([""] * (at - len(cells)))
        cells.append(told)

    def _row_ended(self) -> None:
        self._next = 0
        if not self._cells and not self._lost:
            return
        self._looked += len(self._cells)
        if self._looked > CELLS_MAX:
            raise unreadable(f"has more than {CELLS_MAX:,} cells", self._count)
        self.rows.append((self._cells, self._lost))
        self._cells, self._lost = [], []
        self._count += 1

    def _number(self, told: str) -> str:
        if "_" in told or not told.isascii():  # Python would read them; no spreadsheet writes them (API-11)
            raise ValueError("no number of a spreadsheet's")
        number = float(told)
        if self._style in self._sheet.dates:
            return self._date(number)
        text = str(int(number)) if math.isfinite(number) and number == int(number) else repr(number)
        if len(text) > EXACT_DIGITS and sum(map(str.isdigit, text)) > EXACT_DIGITS and self._count:
            self._lost.append((self._at, "inexact_number", self._count))
        return text

    def _date(self, number: float) -> str:
        try:
            found = from_excel(number, self._epoch)
        except (OverflowError, ValueError):
            return repr(number)
        if isinstance(found, dt.datetime):
            return (found.date() if found.time() == dt.time() else found).isoformat()
        return found.isoformat() if isinstance(found, dt.date | dt.time) else str(found)
