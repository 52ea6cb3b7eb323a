"""What becomes of a file once it is read: checked, kept, and refused whole or submitted (BAT-06 to BAT-09, BAT-11).

Owns the order: nothing is submitted before all rows are checked and the file is kept, and of files that ask for the same payments only one
is, unless the uploader gives a reason. Must not know kinds of files.
"""

import tempfile
from types import TracebackType
from typing import IO, Any

from fastapi import Response
from msgspec import structs

from domain.intake.batch import BatchRequest
from domain.intake.faults import Fault, as_errors
from schemas.forms import BatchDeclaration
from schemas.money import format_amount
from schemas.words import BatchPhase
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.batch_run import BatchOrder, BatchRun
from services.ingest.batches import answer, counted, open_command
from services.ingest.chunks import read_chunks
from services.ingest.envelope import Envelope
from services.ingest.files.check import Check
from services.ingest.files.fault_book import FaultBook
from services.ingest.files.faults import FileFaultError
from services.ingest.files.kinds import Kind, open_rows
from services.ingest.files.pain001 import Pain001File
from services.ingest.files.reading import Corrections, Reading
from services.ingest.problems import ProblemError
from services.ingest.staging.store import Content
from services.ingest.staging.upload_record import FileOptions, Report, Upload, UploadState
from services.ingest.store import ViewUnavailableError
from services.ingest.submitting import is_refusal

UPLOADS = "/api/v1/uploads"
_DEAD = frozenset({BatchPhase.REFUSED.value, BatchPhase.CANCELED.value})
_EMPTY = Fault(pointer="/rows", code="required", detail="the file has a header and no rows")
_OVERRIDE = "If it is meant, send override_duplicate with the reason."


class Checked:
    """What the first pass leaves, on disk while the request lasts: good rows in chunks, faults in a book. A context manager."""

    def __init__(self, kind: Kind, options: FileOptions, temp_dir: str | None) -> None:
        """Nothing is checked yet."""
        self.kind = kind
        self.options = options
        self.spool: IO[bytes] = tempfile.TemporaryFile(prefix="payflow-rows-", dir=temp_dir)  # noqa: SIM115  closed on exit
        self.book = FaultBook(temp_dir)
        self.report = Report()
        self.digest: str | None = None
        self.message_id: str | None = None

    def __enter__(self) -> "Checked":
        """Itself."""
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Give the space back."""
        self.spool.close()
        self.book.close()


def open_reading(
    kind: Kind, file: IO[bytes], options: FileOptions, currencies: frozenset[str], corrections: Corrections | None = None
) -> Reading | list[Fault]:
    """How the file's rows are read, from its header; or what is wrong with that. Run it in a thread."""
    try:
        header = next(iter(open_rows(kind, file)), None)
    except FileFaultError as error:
        return [error.fault]
    if header is None:
        return [Fault(pointer="/file", code="required", detail="is empty; the first row names the columns")]
    reading = Reading(header, options, currencies, corrections)
    return reading.faults or reading


def check_file(checked: Checked, file: IO[bytes], reading: Reading, day: str | None) -> None:
    """The first pass. `day`: payments for later days are refused. Takes long: run it in a thread."""
    source = open_rows(checked.kind, file, today=day)
    cells = iter(source)
    next(cells, None)
    check = Check(source, reading, checked.spool, checked.book, accept_valid=checked.options.accept_valid)
    checked.report = check.run(cells)
    checked.digest = check.digest if checked.report.good_count else None
    if isinstance(source, Pain001File) and source.group is not None:
        checked.message_id = source.group.message_id


class FileSubmission:
    """One request's file on its way."""

    def __init__(self, ask: Ask, envelope: Envelope, about: About, wanted: BatchRequest, reason: str | None) -> None:
        """`reason`: why an equal earlier file does not matter."""
        self._ask = ask
        self._edge = ask.edge
        self._envelope = envelope
        self._about = about
        self._wanted = wanted
        self._reason = reason

    def record(self, checked: Checked, upload_id: str, file_name: str, sha256: str, *, version: int) -> Upload:
        """The upload as it is to be kept: not taken so far. `version` is one above what was read of it."""
        now = self._edge.clock.now_ms()
        return Upload(
            id=upload_id,
            merchant_id=self._envelope.merchant_id,
            idempotency_key=str(self._envelope.key),
            state=UploadState.REFUSED,
            kind=checked.kind.value,
            file_name=file_name[:256].replace("\0", ""),
            sha256=sha256,
            options=checked.options,
            report=checked.report,
            created_at=now,
            updated_at=now,
            rows_sha256=checked.digest,
            message_id=checked.message_id,
            version=version,
        )

    async def settle(
        self, upload: Upload, checked: Checked, file: IO[bytes] | None, corrections: dict[int, dict[str, str]] | None = None
    ) -> Response:
        """Keep the file, then refuse it (ProblemError with all that is wrong) or submit it.

        `file` and `corrections`: None if they are kept already.
        """
        first = await self._edge.running(self._envelope, self._about, self._ask.wait_seconds)
        if first is not None:
            return first
        await self._edge.staging.save(upload, Content(file, checked.book.file), corrections)
        refuse_rows(upload, checked)
        refuse_total(upload, self._wanted.declaration)
        return await self._claimed(upload) or await self._submit(upload, checked)

    async def _claimed(self, upload: Upload) -> Response | None:
        """Take the right to submit this file; the answer of an equal request if there is one. Raises ProblemError `duplicate_file`."""
        harmless = frozenset([other.id for other in await self._edge.staging.like(upload) if await self._is_dead(other)])
        found = await self._edge.staging.claim(upload, harmless, self._reason)
        if not found:
            return None
        if any(other.idempotency_key == self._envelope.key for other in found):
            first = await self._edge.known(self._envelope, self._about, self._ask.wait_seconds)
            if first is not None:
                return first
            raise ProblemError(
                "idempotency_in_flight", "An equal request with this key is being submitted; ask again in a moment."
            )
        raise _duplicate(upload, found[0])

    async def _is_dead(self, other: Upload) -> bool:
        """Whether nothing of an earlier file's batch can be paid any more."""
        try:
            return await self._edge.store.batch_phase(other.id) in _DEAD
        except ViewUnavailableError:
            return False

    async def _submit(self, upload: Upload, checked: Checked) -> Response:
        report, wanted = upload.report, self._wanted
        if report.good_count != report.row_count:  # what was declared is checked already, against the whole file
            wanted = structs.replace(wanted, declaration=None)
        await self._edge.staging.remember(upload.merchant_id, upload.options.mapping, upload.updated_at)
        command = open_command(wanted, upload.id, source=upload.kind, submit=True)
        order = BatchOrder(self._envelope, command, counted(wanted.declaration, report.good_count))
        run = BatchRun(order, self._edge.submitter, self._edge.in_flight)
        decided = await run.run(read_chunks(checked.spool), self._ask.wait_seconds)
        if decided is not None:
            state = UploadState.NOT_ACCEPTED if is_refusal(decided) else UploadState.ACCEPTED
            await self._edge.staging.finish(upload.id, state, self._edge.clock.now_ms())
        response = answer(run, decided, self._about)
        response.headers.update(flags(upload))
        return response


def flags(upload: Upload) -> dict[str, str]:
    """What the answer's body, which is the log's, does not say: rows that are equal or were left out, and where to read on."""
    report = upload.report
    named = {"Payflow-Equal-Rows": report.equal_count, "Payflow-Refused-Rows": report.row_count - report.good_count}
    told = {name: str(count) for name, count in named.items() if count}
    return {**told, "Link": f'<{UPLOADS}/{upload.id}/>; rel="describedby"'}


def refuse_rows(upload: Upload, checked: Checked) -> None:
    """Raises ProblemError `invalid_rows` with all faults (the first FAULTS_LISTED listed), or for a file without good rows."""
    report = upload.report
    if not report.row_count and not report.fault_count:
        raise ProblemError("invalid_rows", "The file has a header and no rows.", errors=as_errors([_EMPTY]))
    if not report.fault_count or (upload.options.accept_valid and report.good_count and not report.torn):
        return
    first = checked.book.first
    listed = f"; the first {len(first)} are listed, the rest at errors_url" if report.fault_count > len(first) else ""
    detail = f"{report.fault_count} faults were found in {report.row_count} rows{listed}. Nothing was taken."
    raise ProblemError(
        "invalid_rows",
        detail,
        errors=as_errors(first),
        fault_count=report.fault_count,
        row_count=report.row_count,
        **links(upload),
    )


def refuse_total(upload: Upload, declared: BatchDeclaration | None) -> None:
    """Raises ProblemError `declaration_mismatch` with both values when the file is not what it was declared to be (BAT-07)."""
    report = upload.report
    if declared is None:
        return
    sums_differ = declared.sums_minor is not None and declared.sums_minor != report.sums_minor
    if declared.count in {None, report.row_count} and not sums_differ:
        return
    said, found = _spoken(declared.count, declared.sums_minor), _spoken(report.row_count, report.sums_minor)
    detail = f"Declared were {_words(said)}; the file has {_words(found)}. Nothing was taken."
    errors = [{"pointer": "/declared", "code": "declaration_mismatch", "detail": detail}]
    raise ProblemError("declaration_mismatch", detail, errors=errors, declared=said, counted=found, **links(upload))


def links(upload: Upload) -> dict[str, Any]:
    """Where a kept file is found, and what can be done with it."""
    place = f"{UPLOADS}/{upload.id}"
    return {
        "upload_id": upload.id,
        "errors_url": f"{place}/errors/",
        "refused_rows_url": f"{place}/refused-rows/",
        "corrections_url": f"{place}/corrections/",
    }


def _duplicate(upload: Upload, earlier: Upload) -> ProblemError:
    same = "message id" if upload.message_id is not None and upload.message_id == earlier.message_id else "content"
    batch = f"/api/v1/batches/{earlier.id}/"
    detail = f"A file with the same {same} was taken before, as batch {earlier.id}. Nothing was taken. {_OVERRIDE}"
    errors = [{"pointer": "/file", "code": "duplicate_file", "detail": detail}]
    headers = {"Link": f'<{batch}>; rel="duplicate"'}
    more = {"batch_id": earlier.id, "batch_url": batch, "same": same, **links(upload)}
    return ProblemError("duplicate_file", detail, errors=errors, headers=headers, **more)


def _spoken(count: int | None, sums_minor: dict[str, int] | None) -> dict[str, Any]:
    sums = {currency: format_amount(total, currency) for currency, total in sorted((sums_minor or {}).items())}
    return {"row_count": count, "sums": sums if sums_minor is not None else None}


def _words(said: dict[str, Any]) -> str:
    words = [f"{said['row_count']} rows"] if said["row_count"] is not None else []
    return ", ".join([*words, *(f"{amount} {currency}" for currency, amount in (said["sums"] or {}).items())])
