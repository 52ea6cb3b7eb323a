"""An XLSX workbook's first sheet as rows of text cells, streamed (BAT-03).

Owns what a workbook may cost (its parts are inflated once, counted, before anything reads them; no DTD) and the text of each kind of cell.
A number cell gives the shortest decimal text that is that number, as the spreadsheet shows it; nothing is rounded. What was lost before we
saw it (leading zeros, digits after the fifteenth) cannot be known: long numbers that are no text are refused. Must not know what a
cell means.
"""

import datetime as dt
import itertools
import math
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import IO, Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from domain.intake.faults import Fault
from services.ingest.files.faults import unreadable

XLSX_BYTES_MAX = 50 * 1024 * 1024
INFLATED_BYTES_MAX = 768 * 1024 * 1024
STRINGS_BYTES_MAX = 96 * 1024 * 1024
"""The table of shared strings is held in memory while the file is read."""
PARTS_MAX = 2_000
GAP_ROWS_MAX = 10_000
CELLS_MAX = 60_000_000
"""Of the whole sheet, also empty ones: one cell far to the right makes a row as wide."""
EXACT_DIGITS = 15
_PIECE = 256 * 1024
_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_WORKBOOK = "xl/workbook.xml"
_BROKEN = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, KeyError, ValueError, EOFError, OSError, SyntaxError, IndexError,
    AttributeError, TypeError, NotImplementedError, RuntimeError,
)  # fmt: skip


def is_xlsx(file: IO[bytes]) -> bool:
    """Whether the file is a ZIP with a workbook in it."""
    try:
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            return _WORKBOOK in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


class XlsxFile:
    """Rows of cells of the first sheet that shows, the header first; blank rows are passed over."""

    def __init__(self, file: IO[bytes]) -> None:
        """Reads from the start of `file`, which stays open and the caller's."""
        self._file = file
        self.faults: list[Fault] = []
        self._rows = 0
        self._cells = 0

    def __iter__(self) -> Iterator[list[str]]:
        """Rows in order. Raises FileFaultError where the file cannot be read on."""
        check_cost(self._file)
        self._file.seek(0)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(self._file, read_only=True, data_only=True, keep_links=False)
                try:
                    yield from self._read(_first_sheet(book))
                finally:
                    book.close()
        except _BROKEN as error:
            raise unreadable(f"is no workbook that can be read ({type(error).__name__}); save it again as .xlsx") from None

    def _read(self, sheet: Any) -> Iterator[list[str]]:
        sheet.reset_dimensions()
        width, gap = 0, 0
        for cells in sheet.iter_rows(values_only=True):
            self._cells += len(cells)
            if self._cells > CELLS_MAX:
                raise unreadable(f"has more than {CELLS_MAX:,} cells", self._rows)
            row = self._texts(cells)
            if not row:
                gap += 1
                if gap > GAP_ROWS_MAX:
                    raise unreadable(f"has more than {GAP_ROWS_MAX} blank rows one after another; delete them", self._rows)
                continue
            gap = 0
            yield row + [""] * (width - len(row))
            width = width or len(row)
            self._rows += 1

    def _texts(self, cells: Sequence[object]) -> list[str]:
        """Text of each cell up to the last that is not empty."""
        row = [self._text(cell, at) for at, cell in enumerate(cells)]
        while row and row[-1] == "":
            row.pop()
        return row

    def _text(self, cell: object, at: int) -> str:
        if cell is None:
            return ""
        if isinstance(cell, str):
            return cell
        if isinstance(cell, bool):
            return "TRUE" if cell else "FALSE"
        if isinstance(cell, int | float):
            return self._number(cell, at)
        if isinstance(cell, dt.datetime):
            return (cell.date() if cell.time() == dt.time() else cell).isoformat()
        return cell.isoformat() if isinstance(cell, dt.date | dt.time) else str(cell)

    def _number(self, cell: float, at: int) -> str:
        text = str(int(cell)) if math.isfinite(cell) and cell == int(cell) else repr(cell)
        if sum(map(str.isdigit, text)) > EXACT_DIGITS and self._rows:
            detail = (
                "is a number cell with more digits than a spreadsheet keeps; format the column as text and enter it again"
            )
            pointer = f"/rows/{self._rows - 1}"
            self.faults.append(
                Fault(pointer=pointer, code="inexact_number", detail=detail, row=self._rows, column=f"column {at + 1}")
            )
        return text


def check_cost(file: IO[bytes]) -> None:
    """Inflate every part once, piece by piece, and count: what a part says of its own size is not trusted. Raises FileFaultError."""
    file.seek(0)
    left = INFLATED_BYTES_MAX
    try:
        with zipfile.ZipFile(file) as archive:
            if len(archive.infolist()) > PARTS_MAX:
                raise unreadable(f"has more than {PARTS_MAX} parts inside")
            for part in archive.infolist():
                left -= _inflated(archive, part, left)
    except _BROKEN as error:
        raise unreadable(f"is no workbook that can be read ({type(error).__name__}); save it again as .xlsx") from None


def _inflated(archive: zipfile.ZipFile, part: zipfile.ZipInfo, most: int) -> int:
    is_xml = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    if part.filename.lower().endswith("sharedstrings.xml"):
        most = min(most, STRINGS_BYTES_MAX)
    if part.flag_bits & 1:
        raise unreadable("has a password; save it without one")
    count, tail = 0, b""
    with archive.open(part) as stream:
        while piece := stream.read(_PIECE):
            count += len(piece)
            if count > most:
                raise unreadable(f"is larger than {most // 2**20} MiB when unpacked; split it, or upload CSV")
            if is_xml and _DTD.search(tail + piece):
                raise unreadable("holds a document type definition, which is not taken; save it again as .xlsx")
            tail = piece[-16:]
    return count


def _first_sheet(book: Any) -> Any:
    shown = [sheet for sheet in book.worksheets if getattr(sheet, "sheet_state", "visible") == "visible"]
    if not (sheet := next(itertools.chain(shown, book.worksheets), None)):
        raise unreadable("has no sheet")
    return sheet
