"""A batch as one file (BAT-03): CSV, XLSX or pain.001, checked whole, staged, and only then submitted.

Owns the route, and what a request says beside its file. What becomes of a checked file is `file_submission`'s.
"""

import asyncio

from fastapi import APIRouter, Request, Response

from domain.intake.batch import BatchRequest, read_batch
from domain.intake.faults import Fault
from runtime.ids import mint
from schemas.ids import is_merchant_id
from services.ingest.answers import About
from services.ingest.asking import OPEN_MERCHANT, Ask
from services.ingest.documentation import documented
from services.ingest.edge import BATCHES
from services.ingest.file_submission import FileSubmission, KeptAs
from services.ingest.files.checked import Checked, open_reading
from services.ingest.files.kinds import kind_of
from services.ingest.files.reading import Reading
from services.ingest.received import ReceivedFile, receive
from services.ingest.staging.upload_record import FileOptions
from services.ingest.upload_fields import UploadFields, read_fields

router = APIRouter()


@router.post("/batches/upload", **documented("upload_batch"))
async def upload_batch(request: Request) -> Response:
    """Take a file, check every row, keep it, then open, fill and seal a batch under the request's key."""
    ask = Ask(request)
    ask.require_key("with a batch")
    received = await receive(request, ask.edge.temp_dir)
    try:
        return await _upload(ask, received)
    finally:
        received.close()


async def _upload(ask: Ask, received: ReceivedFile) -> Response:
    fields = read_fields(received.fields)
    wanted = read_batch(fields.options.raw, currencies=ask.edge.currencies)
    kind = await asyncio.to_thread(kind_of, received.file, received.size)
    whose = _whose(ask, fields.options)
    options = await _with_memory(ask, fields.options, whose)
    reading = await asyncio.to_thread(open_reading, kind, received.file, options, ask.edge.currencies, whose)
    saved = isinstance(reading, Reading) and "bank_account_id" in reading.fields
    merchant_id = ask.owner(fields.options.raw.get("merchant_id"), saved_account=saved)
    read_faults = [*fields.faults, *_faults(wanted), *_faults(reading)]
    if ask.faults:
        raise ask.problem(read_faults)
    envelope = ask.envelope(merchant_id, "upload_batch", {"sha256": received.sha256, "fields": received.fields})
    about = About(envelope.key, BATCHES, versioned=True)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    if read_faults or not isinstance(reading, Reading) or not isinstance(wanted, BatchRequest):
        raise ask.problem(read_faults, code=_code(fields, wanted))
    submission = FileSubmission(ask, envelope, about, wanted, fields.reason)
    earlier = await ask.edge.staging.under_key(merchant_id, str(envelope.key), received.sha256)
    with Checked(kind, options, ask.edge.temp_dir) as checked:
        upload_id, version = (earlier.id, earlier.version + 1) if earlier else (mint(), 1)
        kept = KeptAs(upload_id, received.file_name, received.sha256, version)
        upload = await submission.check(checked, received.file, reading, kept)
        return await submission.settle(upload, checked, received.file)


def _whose(ask: Ask, options: FileOptions) -> str:
    """Whose the file is, if `Ask.owner` finds no fault with that."""
    named = options.raw.get("merchant_id")
    return ask.merchant_id or (named if isinstance(named, str) and is_merchant_id(named) else OPEN_MERCHANT)


async def _with_memory(ask: Ask, options: FileOptions, merchant_id: str) -> FileOptions:
    """The options with what the merchant chose for its columns before."""
    remembered = await ask.edge.staging.mapping(merchant_id)
    return FileOptions(
        **{name: getattr(options, name) for name in FileOptions.__struct_fields__} | {"remembered": remembered}
    )


def _code(fields: UploadFields, wanted: BatchRequest | list[Fault]) -> str | None:
    """A fault of the file alone is one of its rows."""
    return "invalid_rows" if isinstance(wanted, BatchRequest) and not fields.faults else None


def _faults(read: object) -> list[Fault]:
    return read if isinstance(read, list) else []
