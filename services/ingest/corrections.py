"""Correcting a refused file (BAT-11): single rows in place, a second file with those rows only, or the whole file again.

Owns how corrections are read. The upload keeps its id, and so every row its own: rows that were good stay what they were. All rows are
checked again, and the file is submitted if nothing is wrong any more; under the key of this request.
"""

import asyncio
from collections.abc import Mapping
from itertools import islice
from typing import IO, Any

from fastapi import APIRouter, Request, Response
from msgspec import structs

from domain.intake.batch import BatchRequest, read_batch
from domain.intake.columns import ROW, find_columns, fold
from domain.intake.faults import Fault
from domain.intake.spreadsheet import ESCAPED, unescaped
from schemas.ids import BATCH_ROWS_MAX
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.bodies import JSON_TYPES, media_type
from services.ingest.documentation import documented
from services.ingest.edge import BATCHES
from services.ingest.file_submission import Checked, FileSubmission, check_file, open_reading
from services.ingest.files.faults import FileFaultError
from services.ingest.files.kinds import Kind, kind_of, open_rows
from services.ingest.files.reading import Reading
from services.ingest.problems import ProblemError, problem_of
from services.ingest.received import ReceivedFile, receive
from services.ingest.staging.upload_record import Upload, UploadState
from services.ingest.upload import today
from services.ingest.upload_fields import CORRECTION_FIELDS, read_fields
from services.ingest.uploads import own_upload

router = APIRouter()

Rows = dict[int, dict[str, str]]
CORRECTED_MAX = 100_000
ROW_NAMES = frozenset({"row", ROW})


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
    envelope = ask.envelope(upload.merchant_id, f"correct_upload {upload.id}", content)
    about = About(envelope.key, BATCHES)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    _check_open(upload, str(envelope.key))
    wanted = read_batch(upload.options.raw, currencies=ask.edge.currencies)
    if not isinstance(wanted, BatchRequest):
        raise ask.problem(wanted)
    version = upload.version + 1
    submission = FileSubmission(ask, envelope, about, wanted, said.reason)
    options = (
        structs.replace(upload.options, accept_valid=said.options.accept_valid)
        if "on_invalid_rows" in fields
        else upload.options
    )
    if whole is not None:
        kind, received = whole
        with Checked(kind, options, ask.edge.temp_dir) as checked:
            await _check(ask, checked, received.file, {}, upload)
            record = submission.record(checked, upload.id, received.file_name, received.sha256, version=version)
            return await submission.settle(record, checked, received.file, {})
    async with ask.edge.staging.open(upload.id) as file:
        corrections = _over(await ask.edge.staging.corrections(upload.id), rows)
        with Checked(Kind(upload.kind), options, ask.edge.temp_dir) as checked:
            await _check(ask, checked, file, corrections, upload)
            record = submission.record(checked, upload.id, upload.file_name, upload.sha256, version=version)
            return await submission.settle(record, checked, None, corrections)


async def _check(ask: Ask, checked: Checked, file: IO[bytes], corrections: Rows, upload: Upload) -> None:
    reading = await asyncio.to_thread(open_reading, checked.kind, file, checked.options, ask.edge.currencies, corrections)
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
    await asyncio.to_thread(check_file, checked, file, reading, today(ask.edge.clock))


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


def read_rows(raw: object) -> Rows | list[Fault]:
    """`{"rows": [{"row": 17, "cells": {"amount": "1.00"}}]}`, by row; or all that is wrong with it. May be empty: then submit as it is."""
    listed = raw.get("rows") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or set(raw) != {"rows"} or not isinstance(listed, list):
        return [Fault(pointer="", detail='must be an object such as {"rows": [{"row": 17, "cells": {"amount": "1.00"}}]}')]
    rows: Rows = {}
    faults: list[Fault] = []
    for index, item in enumerate(listed):
        read = _row(item)
        if isinstance(read, str):
            faults.append(Fault(pointer=f"/rows/{index}", detail=read))
        elif read[0] in rows:
            faults.append(Fault(pointer=f"/rows/{index}", detail=f"names row {read[0]} again; name each once"))
        else:
            rows[read[0]] = read[1]
    return faults or rows


def _row(item: Any) -> tuple[int, dict[str, str]] | str:
    if not isinstance(item, Mapping) or set(item) != {"row", "cells"}:
        return "must be an object with row and cells"
    row, cells = item["row"], item["cells"]
    if isinstance(row, bool) or not isinstance(row, int) or not 1 <= row <= BATCH_ROWS_MAX:
        return f"must name a row from 1 to {BATCH_ROWS_MAX}"
    if not isinstance(cells, Mapping) or not cells or not all(isinstance(cell, str) for cell in cells.values()):
        return 'must have cells such as {"amount": "1.00"}, all of them text'
    return row, {str(field): str(cell) for field, cell in cells.items()}


def rows_of_file(kind: Kind, file: IO[bytes], upload: Upload) -> Rows | list[Fault] | None:
    """Corrected rows by number; None for a file without row numbers, which stands for all rows; or what is wrong. Run it in a thread."""
    if kind is Kind.PAIN001:
        return None
    try:
        cells = iter(open_rows(kind, file))
        header = next(cells, None)
        if header is None:
            return [Fault(pointer="/file", code="required", detail="is empty; the first row names the columns")]
        columns = find_columns(header, upload.options.mapping, upload.options.remembered)
        names = ROW_NAMES - {fold(column) for column in upload.report.columns}
        places = [at for at, name in enumerate(header) if fold(name) in names]
        if not places:
            return None
        fields = {field: at for field, at in zip(columns.names, columns.places, strict=True) if at not in places}
        rows: Rows = {}
        for line, row in enumerate(islice(cells, CORRECTED_MAX + 1), 1):
            fault = _take_row(rows, row, places[0], fields, len(header), columns.form_at, line)
            if fault is not None:
                return [fault]
    except FileFaultError as error:
        return [error.fault]
    return rows


def _take_row(
    rows: Rows, cells: list[str], row_at: int, fields: dict[str, int], width: int, form_at: int | None, line: int
) -> Fault | None:
    if len(cells) != width:
        return Fault(pointer=f"/rows/{line - 1}", code="ragged_row", detail=f"has {len(cells)} cells of {width}", row=line)
    number = cells[row_at].strip()
    if not (number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= BATCH_ROWS_MAX) or int(number[:9]) in rows:
        detail = f"{number[:20]!r} is not the number of a row, each once"
        return Fault(pointer=f"/rows/{line - 1}/row", detail=detail, row=line, column="row")
    way_back = unescaped if form_at is not None and cells[form_at] == ESCAPED else str
    rows[int(number[:9])] = {field: way_back(cells[at]) for field, at in fields.items()}
    return None
