"""The result of a file: the uploader's own file with what became of each row, or a pain.002 for a pain.001 (BAT-14).

Owns the route. The rows are read from the file as it was kept, their outcomes from the views; both page by page. Must not decide anything.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import islice
from typing import IO, Any

from fastapi import APIRouter, Request, Response

from domain.intake.columns import FORM, OURS
from domain.intake.faults import Fault
from domain.intake.spreadsheet import in_form
from runtime.ids import mint
from schemas.times import rfc3339
from services.ingest.asking import Ask
from services.ingest.csv_file import CsvFile
from services.ingest.documentation import documented
from services.ingest.files import pain002
from services.ingest.files.downloads import ROWS_AT_ONCE, CsvDialect, Download, FileForm, file_form
from services.ingest.files.fault_book import read_faults
from services.ingest.files.faults import FileFaultError
from services.ingest.files.kinds import Kind, RowsFile, open_rows
from services.ingest.files.outcomes import FIELDS, REFUSED, Outcome, Outcomes, PayoutOutcome, texts
from services.ingest.files.pain001 import Pain001File
from services.ingest.files.reading import Corrections, Reading
from services.ingest.one_thread import OneThread
from services.ingest.problems import ProblemError
from services.ingest.staging.pieces import FAULTS
from services.ingest.staging.upload_record import Upload, UploadState
from services.ingest.store import ViewUnavailableError
from services.ingest.uploads import own_upload, with_content

router = APIRouter()

FORMATS = {Kind.CSV: ("csv", "xlsx"), Kind.XLSX: ("xlsx", "csv"), Kind.PAIN001: ("pain.002", "csv", "xlsx")}
"""Per kind of file, the form of its own first."""


@router.get("/batches/{batch_id}/result", **documented("get_result"))
async def get_result(request: Request, batch_id: str) -> Response:
    """The file as it came, with columns for status, code, text, provider reference and settlement date; corrected rows as corrected."""
    ask = Ask(request)
    if ask.faults:
        raise ask.problem()
    upload = with_content(await _file_of(ask, batch_id))
    form = file_form(request, FORMATS[Kind(upload.kind)])
    async with AsyncExitStack() as stack:
        file = await stack.enter_async_context(ask.edge.staging.open(upload.id))
        faults = await stack.enter_async_context(ask.edge.staging.open(upload.id, FAULTS))
        result = _Result(ask, upload, file, faults, await ask.edge.staging.corrections(upload.id))
        name = f"{upload.id}-result"
        if form.format == "pain.002":
            return await Download(form, name, ask.edge.temp_dir).send_async(result.report())
        return await Download(form, name, ask.edge.temp_dir, _dialect(upload, file, form)).send_async(
            result.table(form.form)
        )


async def _file_of(ask: Ask, batch_id: str) -> Upload:
    try:
        return await own_upload(ask, batch_id)
    except ProblemError as error:
        if error.entry.code != "not_found":
            raise
        raise ProblemError(
            "not_found", "No file of such a batch is kept; a batch's rows are at /api/v1/batches/{id}/rows/."
        ) from None


class _Result:
    """One file and its outcomes, side by side."""

    def __init__(self, ask: Ask, upload: Upload, file: IO[bytes], faults: IO[bytes], corrections: Corrections) -> None:
        self._ask = ask
        self._upload = upload
        self._file = file
        self._faults = faults
        self._corrections = corrections
        submitted = upload.state in {UploadState.SUBMITTING, UploadState.ACCEPTED, UploadState.NOT_ACCEPTED}
        self._outcomes = Outcomes(upload.id, self._read_faults(), self._read, submitted=submitted)

    async def table(self, form: str) -> AsyncIterator[Sequence[Sequence[str]]]:
        """The header, then rows, page by page."""
        source = open_rows(Kind(self._upload.kind), self._file)
        cells = iter(source)
        with OneThread() as thread:
            async for page in self._pages(source, cells, thread, form):
                yield page

    async def _pages(
        self, source: RowsFile, cells: Iterator[list[str]], thread: OneThread, form: str
    ) -> AsyncIterator[Sequence[Sequence[str]]]:
        header = await thread.run(next, cells, []) or []
        kept = [at for at, name in enumerate(header) if not name.strip().startswith(OURS)]
        owner = self._upload.merchant_id
        reading = Reading(header, self._upload.options, self._ask.edge.currencies, owner, self._corrections)
        yield [[*in_form([header[at] for at in kept], form), *(OURS + field for field in FIELDS), FORM]]
        first = 1
        while page := await thread.run(_page, cells):
            outcomes = await self._outcomes.next(len(page))
            rows = zip(page, outcomes, range(first, first + len(page)), strict=True)
            yield [self._row(reading, row, outcome, number, kept, form) for row, outcome, number in rows]
            first += len(page)
            source.faults = []  # they were told when the file was checked

    def _row(
        self, reading: Reading, cells: Sequence[str], outcome: Outcome, number: int, kept: list[int], form: str
    ) -> list[str]:
        shown = list(cells)
        if number in self._corrections or reading.columns.form_at is not None:
            for at, cell in zip(reading.columns.places, reading.picked(cells, number) or [], strict=False):
                shown[at : at + 1] = [cell]
        width = len(shown)
        own = [shown[at] if at < width else "" for at in kept]
        return [*in_form([*own, *texts(outcome)], form), form]

    async def report(self) -> AsyncIterator[Sequence[bytes]]:
        """The pain.002, piece by piece."""
        with OneThread() as thread:
            async for piece in self._pieces(Pain001File(self._file), thread):
                yield piece

    async def _pieces(self, source: Pain001File, thread: OneThread) -> AsyncIterator[Sequence[bytes]]:
        transfers = source.transfers()
        page = await thread.run(_page, transfers)
        assert source.group is not None, "the file was read before"
        whole = [fault for fault in self._read_faults() if not fault.row]
        counts = await self._counts()
        now = self._ask.edge.clock.now_ms()
        head = pain002.Head(mint().replace("-", ""), rfc3339(now), source.group, counts, whole)
        yield [pain002.opening(head)]
        sections = pain002.Transfers()
        while page:
            outcomes = await self._outcomes.next(len(page))
            yield list(sections.add(list(zip(page, outcomes, strict=True))))
            source.faults = []
            page = await thread.run(_page, transfers)
        yield [*sections.end(), pain002.closing()]

    async def _counts(self) -> dict[str, int]:
        """Individual status to transfers, refused ones too."""
        report = self._upload.report
        counts: dict[str, int] = {}
        if self._upload.state is UploadState.REFUSED:
            return {pain002.STATUS[REFUSED]: report.row_count}
        for status, count in (await self._from_views(self._ask.edge.store.batch_counts(self._upload.id))).items():
            counts[pain002.STATUS[status]] = counts.get(pain002.STATUS[status], 0) + count
        missing = report.row_count - sum(counts.values())
        counts["RJCT"] = counts.get("RJCT", 0) + max(missing, 0)
        return counts

    async def _read(self, first: str, last: str) -> list[PayoutOutcome]:
        rows = await self._from_views(self._ask.edge.store.outcomes(first, last))
        return [PayoutOutcome(*row) for row in rows]

    async def _from_views(self, reading: Any) -> Any:
        try:
            return await reading
        except ViewUnavailableError:
            raise ProblemError("view_unavailable", "What became of the rows cannot be read now; try again soon.") from None

    def _read_faults(self) -> Iterator[Fault]:
        self._faults.seek(0)
        return read_faults(self._faults)


def _page(rows: Iterator[Any]) -> list[Any]:
    found: list[Any] = []
    try:
        for row in islice(rows, ROWS_AT_ONCE):
            found.append(row)  # noqa: PERF402  what was read before a fault counts
    except FileFaultError:
        return found  # rows behind what cannot be read were never checked
    return found


def _dialect(upload: Upload, file: IO[bytes], form: FileForm) -> CsvDialect | None:
    """The uploader's own separator, line ends and encoding."""
    if upload.kind != Kind.CSV or form.format != "csv":
        return None
    source = CsvFile(file)
    try:
        next(iter(source), None)
    except FileFaultError:
        return None
    return CsvDialect(source.separator, source.line_end, source.encoding)
