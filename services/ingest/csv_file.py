"""A CSV file as rows of cells, within bounds (BAT-03, BAT-04).

Owns encodings (UTF-8 with or without BOM, UTF-16 with BOM), the separator (comma, semicolon or tab), quoting, and that no line and no
row can fill the memory. Must not know what a cell means.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import IO

from domain.intake.faults import Fault
from services.ingest.files.faults import FileFaultError

ROW_CHARS_MAX = 256 * 1024
SEPARATORS = (",", ";", "\t")

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NOT_CSV = (
    (b"PK\x03\x04", "a ZIP file that is no XLSX workbook"),
    (b"<", "an XML file that is no pain.001"),
    (b"%PDF", "a PDF file"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file (.xls) or one with a password; save it as .xlsx without one"),
)
_HEAD_BYTES = 64
_SEP_LINE = re.compile(r"\ufeff?sep=.\r?\n?", re.IGNORECASE)


def not_csv(file: IO[bytes]) -> str | None:
    """What the file is instead, when its first bytes show that it is no CSV."""
    file.seek(0)
    head = file.read(_HEAD_BYTES).lstrip(b"\xef\xbb\xbf \r\n\t")
    return next((kind for start, kind in _NOT_CSV if head.startswith(start)), None)


class CsvFile:
    """Rows of cells of one file, the header first; blank lines are passed over."""

    def __init__(self, file: IO[bytes]) -> None:
        """Reads from the start of `file`, which stays open and the caller's."""
        file.seek(0)
        head = file.read(4)
        file.seek(0)
        self._encoding = next((encoding for bom, encoding in _BOMS if head.startswith(bom)), _without_bom(head))
        self._text = io.TextIOWrapper(file, encoding=self._encoding, newline="")
        self._chars = 0
        self._rows = 0
        self.faults: list[Fault] = []
        self.separator = ","
        self.line_end = "\r\n"

    @property
    def encoding(self) -> str:
        """What the file is written in; with a BOM as it has one."""
        return self._encoding

    def __iter__(self) -> Iterator[list[str]]:
        """Rows in order. Raises FileFaultError where the file cannot be read on."""
        try:
            yield from self._read()
        except csv.Error as error:
            raise self._fault(f"cannot be read: {error}; look for an open quote or a quote inside a cell") from None
        except UnicodeDecodeError:
            raise self._fault(f"is not {self._encoding.removesuffix('-sig').upper()}; save the file as UTF-8") from None

    def _read(self) -> Iterator[list[str]]:
        try:
            first = self._first_line()
            self.separator, self.line_end = _separator(first), _line_end(first)
            for cells in csv.reader(self._lines(first), delimiter=self.separator, strict=True):
                self._chars = 0
                if cells and (len(cells) > 1 or cells[0].strip()):
                    yield cells
                    self._rows += 1
        finally:
            self._text.detach()  # letting go of the text must not close the caller's file

    def _first_line(self) -> str:
        """The header's first line; blank lines before it, and the line by which Excel is told the separator, are passed over."""
        line = self._line()
        while line and (not line.strip() or _SEP_LINE.fullmatch(line)):
            self._chars = 0
            line = self._line()
        return line

    def _lines(self, first: str) -> Iterator[str]:
        line = first
        while line:
            yield line
            line = self._line()

    def _line(self) -> str:
        line = self._text.readline(ROW_CHARS_MAX + 1)
        self._chars += len(line)
        if self._chars > ROW_CHARS_MAX:
            raise self._fault(f"is longer than {ROW_CHARS_MAX} characters; look for a missing line break or an open quote")
        return line

    def _fault(self, detail: str) -> FileFaultError:
        row = self._rows  # the header is row 0
        return FileFaultError(Fault(pointer=f"/rows/{max(row - 1, 0)}", code="unreadable_row", detail=detail, row=row))


def _without_bom(head: bytes) -> str:
    """UTF-8, or UTF-16 if every second byte of the header's first letters is zero."""
    return {b"\0\1": "utf-16-be", b"\1\0": "utf-16-le"}.get(bytes(bool(byte) for byte in head[:2]), "utf-8")


def _separator(header: str) -> str:
    """The separator that the header line has most of, outside quotes; a comma if it has none."""
    bare = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=bare.count)


def _line_end(line: str) -> str:
    """How lines end, for the file's own form of a result."""
    return "\r\n" if line.endswith("\r\n") else line[-1:] if line[-1:] in {"\n", "\r"} else "\n"
