"""Tables as files to download: CSV or XLSX, raw for machines or escaped for people's spreadsheets, and labelled as such (SEC-18).

Owns how a table becomes a file, in constant memory, and what its name and headers say. Must not know what is in the table.
"""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import IO, Any, NamedTuple

from fastapi import Request, Response
from starlette.responses import StreamingResponse

from domain.intake.faults import Fault
from domain.intake.spreadsheet import ESCAPED, FORMS, RAW
from services.ingest.files.xlsx_writer import XlsxWriter
from services.ingest.one_thread import OneThread
from services.ingest.problems import problem_of

PIECE = 256 * 1024
ROWS_AT_ONCE = 2000
TYPES = {
    "csv": "text/csv; charset={encoding}; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pain.001": "application/xml",
    "pain.002": "application/xml",
}
ENDINGS = {"pain.001": "pain.001.xml", "pain.002": "pain.002.xml"}


class FileForm(NamedTuple):
    """Which file is wanted. `form` is RAW or ESCAPED."""

    format: str
    form: str


class CsvDialect(NamedTuple):
    """How a CSV file is written."""

    separator: str = ","
    line_end: str = "\r\n"
    encoding: str = "utf-8"


def file_form(request: Request, formats: Sequence[str], *, more: frozenset[str] = frozenset()) -> FileForm:
    """The query parameters `format` (the first of `formats` if there is none) and `form` (spreadsheet for xlsx, else raw).

    Raises ProblemError 400 for other ones.
    """
    query = request.query_params
    faults = [
        Fault(pointer=f"query/{name[:64]}", detail="is not a known parameter; remove it or correct its name")
        for name in query
        if name not in {"format", "form", *more}
    ]
    wanted = query.get("format", formats[0])
    form = query.get("form", ESCAPED if wanted == "xlsx" else RAW)
    if wanted not in formats:
        faults.append(Fault(pointer="query/format", detail=f"must be {' or '.join(formats)}"))
    if form not in FORMS:
        faults.append(Fault(pointer="query/form", detail=f"must be {' or '.join(FORMS)}"))
    if faults:
        raise problem_of(faults)
    return FileForm(wanted, form)


class CsvWriter:
    """Rows of cells into a CSV file."""

    def __init__(self, file: IO[bytes], dialect: CsvDialect) -> None:
        """The file stays the caller's."""
        self._text = io.TextIOWrapper(file, encoding=dialect.encoding, newline="")
        self._csv = csv.writer(self._text, delimiter=dialect.separator, lineterminator=dialect.line_end)

    def write(self, rows: Iterable[Sequence[str]]) -> None:
        """Add rows."""
        self._csv.writerows(rows)

    def end(self) -> None:
        """Nothing more comes."""
        self._text.flush()
        self._text.detach()


class Download:
    """One file on its way to the client."""

    def __init__(self, form: FileForm, name: str, temp_dir: str | None, dialect: CsvDialect | None = None) -> None:
        """`name` is the file's, without ending; it is made in `temp_dir`."""
        self._temp_dir = temp_dir
        self._form = form
        self._name = name
        self._dialect = dialect or CsvDialect(encoding="utf-8-sig" if form.form == ESCAPED else "utf-8")

    async def send(self, table: Iterator[Sequence[str]] | Iterator[bytes]) -> Response:
        """The answer with a table, or with the file's own bytes. Nothing is sent before all of it is made."""
        file: IO[bytes] = tempfile.TemporaryFile(prefix="payflow-download-", dir=self._temp_dir)  # noqa: SIM115  closed when it is sent
        try:
            await asyncio.to_thread(self._fill, file, table)
        except BaseException:
            file.close()
            raise
        return self._response(file)

    async def send_async(self, pages: AsyncIterator[Sequence[Any]]) -> Response:
        """The same for a table that comes page by page."""
        file: IO[bytes] = tempfile.TemporaryFile(prefix="payflow-download-", dir=self._temp_dir)  # noqa: SIM115  closed when it is sent
        try:
            with OneThread() as thread:
                writer = await thread.run(self._writer, file)
                async for page in pages:
                    await thread.run(writer.write, page)
                await thread.run(writer.end)
        except BaseException:
            file.close()
            raise
        return self._response(file)

    def _fill(self, file: IO[bytes], table: Iterator[Any]) -> None:
        writer = self._writer(file)
        writer.write(table)
        writer.end()

    def _writer(self, file: IO[bytes]) -> Any:
        if self._form.format == "csv":
            return CsvWriter(file, self._dialect)
        return XlsxWriter(file) if self._form.format == "xlsx" else BytesWriter(file)

    def _response(self, file: IO[bytes]) -> Response:
        length = file.seek(0, io.SEEK_END)
        file.seek(0)
        ending = ENDINGS.get(self._form.format, f"{self._form.form}.{self._form.format}")
        encoding = self._dialect.encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
        headers = {
            "Content-Length": str(length),
            "Content-Disposition": f'attachment; filename="{self._name}-{ending}"',
            "Payflow-Form": self._form.form,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        return StreamingResponse(
            _pieces(file), headers=headers, media_type=TYPES[self._form.format].format(encoding=encoding)
        )


class BytesWriter:
    """Bytes as they are."""

    def __init__(self, file: IO[bytes]) -> None:
        """The file stays the caller's."""
        self._file = file

    def write(self, pieces: Iterable[bytes]) -> None:
        """Add bytes."""
        for piece in pieces:
            self._file.write(piece)

    def end(self) -> None:
        """Nothing more comes."""


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
