"""A CSV file as rows of cells, within bounds (BAT-03, BAT-04 without remembered mappings).

Owns encodings (UTF-8 with or without BOM, UTF-16 with BOM), the separator (comma, semicolon or tab), quoting, and that no line and no
row can fill the memory. Must not know what a cell means.
"""

import csv
import io
from collections.abc import Iterator
from typing import IO

from domain.intake.faults import Fault

ROW_CHARS_MAX = 256 * 1024
SEPARATORS = (",", ";", "\t")

_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NOT_CSV = (
    (b"PK\x03\x04", "an XLSX or ZIP file"),
    (b"<", "an XML file"),
    (b"%PDF", "a PDF file"),
    (b"\x1f\x8b", "a gzip file"),
)
_HEAD_BYTES = 64


class CsvFaultError(Exception):
    """The file cannot be read on; `fault` says from which row on and why."""

    def __init__(self, fault: Fault) -> None:
        """Keeps the fault."""
        super().__init__(fault.detail)
        self.fault = fault


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
        self._encoding = next((encoding for bom, encoding in _BOMS if head.startswith(bom)), "utf-8")
        self._text = io.TextIOWrapper(file, encoding=self._encoding, newline="")
        self._chars = 0
        self._rows = 0

    def __iter__(self) -> Iterator[list[str]]:
        """Rows in order. Raises CsvFaultError where the file cannot be read on."""
        try:
            yield from self._read()
        except csv.Error as error:
            raise self._fault(f"cannot be read: {error}; look for an open quote or a quote inside a cell") from None
        except UnicodeDecodeError:
            raise self._fault(f"is not {self._encoding.removesuffix('-sig').upper()}; save the file as UTF-8") from None

    def _read(self) -> Iterator[list[str]]:
        try:
            first = self._line()
            for cells in csv.reader(self._lines(first), delimiter=_separator(first), strict=True):
                self._chars = 0
                if cells:
                    yield cells
                    self._rows += 1
        finally:
            self._text.detach()  # letting go of the text must not close the caller's file

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

    def _fault(self, detail: str) -> CsvFaultError:
        row = self._rows  # the header is row 0
        return CsvFaultError(Fault(pointer=f"/rows/{max(row - 1, 0)}", code="unreadable_row", detail=detail, row=row))


def _separator(header: str) -> str:
    """The separator that the header line has most of, outside quotes; a comma if it has none."""
    bare = "".join(header.split('"')[::2])
    return max(SEPARATORS, key=bare.count)
