"""Which kind of file was uploaded, told by its bytes and never by its name, and how its rows are read.

Owns the three kinds. Must not know what a row means.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import IO, Protocol

from domain.intake.faults import Fault
from services.ingest.csv_file import CsvFile, not_csv
from services.ingest.files.pain001 import Pain001File, is_pain001
from services.ingest.files.xlsx import XLSX_BYTES_MAX, XlsxFile
from services.ingest.files.xlsx_package import is_xlsx
from services.ingest.problems import ProblemError


class Kind(StrEnum):
    """The kinds of file that are taken (BAT-03); also what a batch says of its source."""

    CSV = "csv"
    XLSX = "xlsx"
    PAIN001 = "pain.001"


class RowsFile(Protocol):
    """Rows of cells, the header first. `faults` are those of the row just read and of the file so far; whoever reads takes them."""

    faults: list[Fault]

    def __iter__(self) -> Iterator[list[str]]:
        """Raises FileFaultError where the file cannot be read on."""


def kind_of(file: IO[bytes], size: int) -> Kind:
    """The kind. Raises ProblemError 415 for any other file, 413 for an XLSX that is too large."""
    if is_xlsx(file):
        if size > XLSX_BYTES_MAX:
            detail = f"An XLSX file may have at most {XLSX_BYTES_MAX:,} bytes; upload CSV instead."
            raise ProblemError("payload_too_large", detail)
        return Kind.XLSX
    if is_pain001(file):
        return Kind.PAIN001
    other = not_csv(file)
    if other is None:
        return Kind.CSV
    detail = f"This is {other}; upload CSV (UTF-8; comma, semicolon or tab), XLSX, or pain.001.001.03 or .09."
    errors = [{"pointer": "/file", "code": "unsupported_media_type", "detail": detail}]
    raise ProblemError("unsupported_media_type", detail, errors=errors)


def open_rows(kind: Kind, file: IO[bytes], *, today: str | None = None) -> RowsFile:
    """The file's rows from its start. `today`: refuse payments that ask for a later day."""
    if kind is Kind.XLSX:
        return XlsxFile(file)
    return Pain001File(file, today=today) if kind is Kind.PAIN001 else CsvFile(file)
