"""Correcting a refused file (BAT-11): single rows in place, a second file with those rows only, or the whole file again.

Owns how corrections are read. The upload keeps its id, and so every row its own: rows that were good stay what they were. All rows are
checked again, and the file is submitted if nothing is wrong any more; under the key of this request.
"""

import asyncio
from collections.abc import Mapping
from typing import IO

from fastapi import APIRouter, Request, Response
from msgspec import structs

from domain.intake.batch import BatchRequest, read_batch
from domain.intake.faults import Fault
from runtime.http_content import JSON_TYPES, media_type
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.correction_rows import CORRECTED_MAX, Rows, read_rows, rows_of_file
from services.ingest.documentation import documented
from services.ingest.edge import BATCHES
from services.ingest.file_submission import FileSubmission, KeptAs
from services.ingest.files.checked import Checked, open_reading
from services.ingest.files.kinds import Kind, kind_of
from services.ingest.files.reading import Reading
from services.ingest.problems import ProblemError, problem_of
from services.ingest.received import ReceivedFile, receive
from services.ingest.staging.upload_record import FileOptions, Upload, UploadState
from services.ingest.upload_fields import CORRECTION_FIELDS, read_fields
from services.ingest.uploads import own_upload, with_content

router = APIRouter()


@router.post("/uploads/{upload_id}/corrections", **documented("correct_upload"))
async def correct_upload(request: Request, upload_id: str) -> Response:
    """JSON: rows and their new cells. A file with a column `row`: those rows. A file without: all of it again."""
    ask = Ask(request)
    ask.require_key("with corrections")
    if media_type(request) in JSON_TYPES:
        content = await ask.content()
        rows = read_rows(content)
        if ask.faults or isinstance(rows, list):
            raise ask.problem(rows)
        return await _resubmit(ask, upload_id, content, rows, {}, None)
    received = await receive(request, ask.edge.temp_dir)
    try:
        return await _correct_by_file(ask, upload_id, received)
    finally:
        received.close()


async def _correct_by_file(ask: Ask, upload_id: str, received: ReceivedFile) -> Response:
    upload = await own_upload(ask, upload_id)
    kind = await asyncio.to_thread(kind_of, received.file, received.size)
    content = {"sha256": received.sha256, "fields": received.fields}
    rows = await asyncio.to_thread(rows_of_file, kind, received.file, upload)
    if isinstance(rows, list):
        raise ask.problem(rows, code="invalid_rows")
    whole = (kind, received) if rows is None else None
    return await _resubmit(ask, upload_id, content, rows or {}, received.fields, whole)


async def _resubmit(
    ask: Ask, upload_id: str, content: object, rows: Rows, fields: Mapping[str, str], whole: tuple[Kind, ReceivedFile] | None
) -> Response:
    upload = await own_upload(ask, upload_id)
    said = read_fields(fields, CORRECTION_FIELDS)
    if ask.faults or said.faults:
        raise ask.problem(said.faults)
    begun = await _begin(ask, upload, content, said.reason)
    if isinstance(begun, Response):
        return begun
    options = upload.options
    if "on_invalid_rows" in fields:
        options = structs.replace(options, accept_valid=said.options.accept_valid)
    if whole is not None:
        return await _submit_whole(ask, begun, upload, options, *whole)
    return await _submit_rows(ask, begun, upload, options, rows)


async def _begin(ask: Ask, upload: Upload, content: object, reason: str | None) -> FileSubmission | Response:
    """A submission of the upload under the request's key, or the answer that the key has already."""
    envelope = ask.envelope(upload.merchant_id, f"correct_upload {upload.id}", content)
    about = About(envelope.key, BATCHES, versioned=True)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    _check_open(upload, str(envelope.key))
    wanted = read_batch(upload.options.raw, currencies=ask.edge.currencies)
    if not isinstance(wanted, BatchRequest):
        raise ask.problem(wanted)
    return FileSubmission(ask, envelope, about, wanted, reason)


async def _submit_whole(
    ask: Ask, submission: FileSubmission, upload: Upload, options: FileOptions, kind: Kind, received: ReceivedFile
) -> Response:
    with Checked(kind, options, ask.edge.temp_dir) as checked:
        reading = await _reading(ask, checked, received.file, {}, upload)
        kept = KeptAs(upload.id, received.file_name, received.sha256, upload.version + 1)
        record = await submission.check(checked, received.file, reading, kept)
        return await submission.settle(record, checked, received.file, {})


async def _submit_rows(ask: Ask, submission: FileSubmission, upload: Upload, options: FileOptions, rows: Rows) -> Response:
    with_content(upload)
    corrections = _over(await ask.edge.staging.corrections(upload.id), rows)
    async with ask.edge.staging.open(upload.id) as file:
        with Checked(Kind(upload.kind), options, ask.edge.temp_dir) as checked:
            reading = await _reading(ask, checked, file, corrections, upload)
            kept = KeptAs(upload.id, upload.file_name, upload.sha256, upload.version + 1)
            record = await submission.check(checked, file, reading, kept)
            return await submission.settle(record, checked, None, corrections)


async def _reading(ask: Ask, checked: Checked, file: IO[bytes], corrections: Rows, upload: Upload) -> Reading:
    """How the corrected file is read. Raises ProblemError for corrections of what it does not have."""
    currencies, owner = ask.edge.currencies, upload.merchant_id
    reading = await asyncio.to_thread(open_reading, checked.kind, file, checked.options, currencies, owner, corrections)
    if not isinstance(reading, Reading):
        raise ask.problem(reading, code="invalid_rows")
    unknown = {field for cells in corrections.values() for field in cells} - set(reading.fields)
    if unknown:
        names = ", ".join(sorted(unknown))[:200]
        raise problem_of([Fault(pointer="/rows", detail=f"names columns that the file does not have: {names}")])
    late = [row for row in corrections if row > max(upload.report.row_count, 1)]
    if late:
        detail = f"names row {min(late)}; the file has {upload.report.row_count}"
        raise problem_of([Fault(pointer="/rows", detail=detail, row=min(late))])
    return reading


def _check_open(upload: Upload, key: str) -> None:
    """Only what was refused can be corrected; a repeat under the key of a correction that was on its way goes on with it."""
    if upload.state is UploadState.REFUSED or (upload.state is UploadState.SUBMITTING and upload.idempotency_key == key):
        return
    detail = f"The file is {upload.state.value}, as batch {upload.id}; only a refused file can be corrected."
    raise ProblemError("invalid_state_transition", detail, batch_id=upload.id, batch_url=f"{BATCHES}/{upload.id}/")


def _over(earlier: Rows, rows: Rows) -> Rows:
    merged = {row: dict(cells) for row, cells in earlier.items()}
    for row, cells in rows.items():
        merged.setdefault(row, {}).update(cells)
    if len(merged) > CORRECTED_MAX:
        raise problem_of([Fault(pointer="/rows", detail=f"may be at most {CORRECTED_MAX} rows; send the whole file again")])
    return merged
