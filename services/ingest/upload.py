"""A batch as one file (BAT-03 for CSV, BAT-07, BAT-08).

Owns the two passes. First every row is read and checked while the good ones go, in normal form, into a second temporary file; one
bad row at line 999,999 is found before any row is on the log. Then the chunks are submitted like any batch. Memory stays the same for
ten rows and for a million. Must not know how a row is read.
"""

import asyncio
import tempfile
from typing import IO, NamedTuple

from fastapi import APIRouter, Request, Response

from domain.intake.batch import BatchRequest, read_batch
from domain.intake.csv_rows import Plan, read_header
from domain.intake.faults import Fault, as_errors
from runtime.ids import mint
from schemas.ids import BATCH_ROWS_MAX
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.batch_run import BatchOrder, BatchRun
from services.ingest.batches import answer, counted, open_command
from services.ingest.chunks import ChunkCutter, read_chunks, write_chunk
from services.ingest.csv_file import CsvFaultError, CsvFile, not_csv
from services.ingest.documentation import documented
from services.ingest.edge import BATCHES
from services.ingest.envelope import Envelope
from services.ingest.problems import ProblemError
from services.ingest.received import ReceivedFile, receive
from services.ingest.upload_fields import read_fields

router = APIRouter()

FAULTS_LISTED = 1000
_TOO_MANY = Fault(
    pointer="/rows", code="limit_exceeded", detail=f"a batch has at most {BATCH_ROWS_MAX} rows", row=BATCH_ROWS_MAX
)


class Checked(NamedTuple):
    """What the first pass found. At most FAULTS_LISTED faults are kept, all are counted."""

    row_count: int
    fault_count: int
    faults: list[Fault]


@router.post("/batches/upload", **documented("upload_batch"))
async def upload_batch(request: Request) -> Response:
    """Take a file, check every row, then open, fill and seal a batch under the request's key."""
    ask = Ask(request)
    ask.require_key("with a batch")
    received = await receive(request, ask.edge.temp_dir)
    try:
        return await _upload(ask, received)
    finally:
        received.close()


async def _upload(ask: Ask, received: ReceivedFile) -> Response:
    raw, default_currency = read_fields(received.fields)
    wanted = raw if isinstance(raw, list) else read_batch(raw, currencies=ask.edge.currencies)
    plan = await asyncio.to_thread(_plan, received, ask.edge.currencies, default_currency)
    merchant_id = ask.owner(received.fields.get("merchant_id"), saved_account=_has_saved_accounts(plan))
    if ask.faults:
        raise ask.problem([*_faults(wanted), *_faults(plan)])
    envelope = ask.envelope(merchant_id, "upload_batch", {"sha256": received.sha256, "fields": received.fields})
    about = About(envelope.key, BATCHES)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    if isinstance(wanted, list) or isinstance(plan, list):
        raise ask.problem(
            [*_faults(wanted), *_faults(plan)], code="invalid_rows" if isinstance(wanted, BatchRequest) else None
        )
    with tempfile.TemporaryFile(prefix="payflow-rows-", dir=ask.edge.temp_dir) as spool:
        checked = await asyncio.to_thread(check_rows, received.file, plan, spool)
        refuse_rows(checked)
        return await _submit(ask, envelope, about, wanted, checked, spool)


async def _submit(
    ask: Ask, envelope: Envelope, about: About, wanted: BatchRequest, checked: Checked, spool: IO[bytes]
) -> Response:
    first = await ask.edge.running(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    command = open_command(wanted, mint(), source="csv", submit=True)
    order = BatchOrder(envelope, command, counted(wanted.declaration, checked.row_count))
    run = BatchRun(order, ask.edge.submitter, ask.edge.in_flight)
    return answer(run, await run.run(read_chunks(spool), ask.wait_seconds), about)


def check_rows(file: IO[bytes], plan: Plan, spool: IO[bytes]) -> Checked:
    """Read every row below the header; the good ones go to `spool` in chunks. Takes long: run it in a thread."""
    cutter, count, fault_count = ChunkCutter(), 0, 0
    faults: list[Fault] = []
    rows = iter(CsvFile(file))
    next(rows, None)
    try:
        for count, cells in enumerate(rows, 1):
            read = plan.read(cells, count) if count <= BATCH_ROWS_MAX else [_TOO_MANY]
            if isinstance(read, list):
                fault_count += len(read)
                faults += read[: max(FAULTS_LISTED - len(faults), 0)]
                if read == [_TOO_MANY]:
                    break
            elif not fault_count and (chunk := cutter.add(read)) is not None:
                write_chunk(spool, chunk)
    except CsvFaultError as error:
        return Checked(count, fault_count + 1, [*faults, error.fault])
    if (chunk := cutter.rest()) is not None:
        write_chunk(spool, chunk)
    return Checked(count, fault_count, faults)


def refuse_rows(checked: Checked) -> None:
    """Raises ProblemError `invalid_rows` with all faults (the first FAULTS_LISTED listed), or for a file without rows."""
    if checked.fault_count:
        listed = f"; the first {len(checked.faults)} are listed" if checked.fault_count > len(checked.faults) else ""
        detail = f"{checked.fault_count} faults were found in {checked.row_count} rows{listed}. Nothing was taken."
        errors = as_errors(checked.faults)
        raise ProblemError(
            "invalid_rows", detail, errors=errors, fault_count=checked.fault_count, row_count=checked.row_count
        )
    if not checked.row_count:
        detail = "The file has a header and no rows."
        errors = [{"pointer": "/rows", "code": "required", "detail": "the file has no rows"}]
        raise ProblemError("invalid_rows", detail, errors=errors)


def _plan(received: ReceivedFile, currencies: frozenset[str], default_currency: str | None) -> Plan | list[Fault]:
    """How the file's rows are read, from its header. Raises ProblemError 415 for another kind of file."""
    kind = not_csv(received.file)
    if kind is not None:
        detail = f"This is {kind}; upload a CSV file (UTF-8; comma, semicolon or tab)."
        errors = [{"pointer": "/file", "code": "unsupported_media_type", "detail": detail}]
        raise ProblemError("unsupported_media_type", detail, errors=errors)
    try:
        header = next(iter(CsvFile(received.file)), None)
    except CsvFaultError as error:
        return [error.fault]
    if header is None:
        return [Fault(pointer="/file", code="required", detail="is empty; the first row names the columns")]
    return read_header(header, currencies=currencies, default_currency=default_currency)


def _has_saved_accounts(plan: Plan | list[Fault]) -> bool:
    return isinstance(plan, Plan) and "bank_account_id" in plan.columns


def _faults(read: object) -> list[Fault]:
    return read if isinstance(read, list) else []
