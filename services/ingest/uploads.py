"""Uploaded files, read back: what was found in them, their faults as pages and as files, the rows that were refused (BAT-08).

Owns these routes, what a merchant's columns are remembered to be, and the template. Must not change an upload.
"""

import asyncio
from itertools import islice
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response

from domain.intake.faults import Fault, as_errors
from schemas.ids import BATCH_ROWS_MAX
from schemas.times import rfc3339, rfc3339_or_none
from services.ingest.asking import OPEN_MERCHANT, Ask
from services.ingest.documentation import documented
from services.ingest.edge import BATCHES
from services.ingest.file_refusals import UPLOADS, links
from services.ingest.files.downloads import Download, file_form
from services.ingest.files.exports import fault_table, refused_rows_table, template
from services.ingest.files.fault_book import FAULTS_KEPT_MAX, read_faults
from services.ingest.payouts import canonical, not_found
from services.ingest.problems import ProblemError, problem_of
from services.ingest.staging.pieces import FAULTS
from services.ingest.staging.upload_record import Upload, UploadState

router = APIRouter()

PAGE_MAX = 1000
OFFSET_MAX = FAULTS_KEPT_MAX + BATCH_ROWS_MAX
"""No book has more."""


@router.get("/uploads/mapping", **documented("get_mapping"))
async def get_mapping(request: Request) -> Response:
    """What the merchant chose for its columns; it is used wherever an upload does not say otherwise."""
    ask = _asked(request)
    mapping = await ask.edge.staging.mapping(ask.merchant_id or OPEN_MERCHANT)
    return _json({"mapping": mapping})


@router.delete("/uploads/mapping", **documented("forget_mapping"))
async def forget_mapping(request: Request) -> Response:
    """Forget all of it. A repeat is no error."""
    ask = _asked(request)
    await ask.edge.staging.forget(ask.merchant_id or OPEN_MERCHANT)
    return Response(status_code=204)


@router.get("/uploads/template", **documented("get_template"))
async def get_template(request: Request) -> Response:
    """An empty file with the columns that are read, and an example row, to be filled in (BAT-04)."""
    ask = _asked(request)
    form = file_form(request, ("csv", "xlsx", "pain.001"))
    return await Download(form, "payflow-template", ask.edge.temp_dir).send(template(form))


@router.get("/uploads/{upload_id}", **documented("get_upload"))
async def get_upload(request: Request, upload_id: str) -> Response:
    """One file: how far it is, what was found, which rows are equal."""
    ask = _asked(request)
    upload = await own_upload(ask, upload_id)
    corrected = await ask.edge.staging.corrections(upload.id)
    return _json(view(upload, len(corrected)))


@router.get("/uploads/{upload_id}/errors", **documented("get_upload_errors"))
async def get_upload_errors(request: Request, upload_id: str) -> Response:
    """All faults: as JSON by `offset` and `limit`, or with `format=csv` or `xlsx` as a file."""
    ask = _asked(request)
    upload = with_content(await own_upload(ask, upload_id))
    form = file_form(request, ("json", "csv", "xlsx"), more=frozenset({"offset", "limit"}))
    if form.format == "json":
        return await _page(ask, upload)
    async with ask.edge.staging.open(upload.id, FAULTS) as file:
        return await Download(form, f"{upload.id}-errors", ask.edge.temp_dir).send(fault_table(read_faults(file), form.form))


@router.get("/uploads/{upload_id}/refused-rows", **documented("get_refused_rows"))
async def get_refused_rows(request: Request, upload_id: str) -> Response:
    """The rows that were refused, with their numbers and what is wrong: correct them there and send the file to `corrections_url`."""
    ask = _asked(request)
    upload = with_content(await own_upload(ask, upload_id))
    form = file_form(request, ("csv", "xlsx"))
    corrections = await ask.edge.staging.corrections(upload.id)
    async with ask.edge.staging.open(upload.id) as file, ask.edge.staging.open(upload.id, FAULTS) as faults:
        table = refused_rows_table(upload, file, read_faults(faults), corrections, ask.edge.currencies, form.form)
        return await Download(form, f"{upload.id}-refused-rows", ask.edge.temp_dir).send(table)


async def own_upload(ask: Ask, upload_id: str) -> Upload:
    """The upload if it is the asking merchant's. Raises ProblemError 404 otherwise, the same for all that is not."""
    upload = await ask.edge.staging.upload(canonical(upload_id))
    if upload is None or ask.merchant_id not in {None, upload.merchant_id}:
        raise not_found("upload")
    return upload


def with_content(upload: Upload) -> Upload:
    """The upload, unless its content went by age. Raises ProblemError 410 `file_not_kept`."""
    if upload.content_deleted_at is None:
        return upload
    gone = rfc3339(upload.content_deleted_at)
    detail = f"The file's content was deleted by its age at {gone}; its batch's rows are at {BATCHES}/{upload.id}/rows/."
    raise ProblemError("file_not_kept", detail)


def view(upload: Upload, corrected: int = 0) -> dict[str, Any]:
    """The public form of an upload."""
    report = upload.report
    taken = upload.state is not UploadState.REFUSED
    return {
        "id": upload.id,
        "merchant_id": upload.merchant_id,
        "state": upload.state.value,
        "kind": upload.kind,
        "file_name": upload.file_name,
        "sha256": upload.sha256,
        "message_id": upload.message_id,
        "batch_id": upload.id if taken else None,
        "batch_url": f"{BATCHES}/{upload.id}/" if taken else None,
        "row_count": report.row_count,
        "good_count": report.good_count,
        "fault_count": report.fault_count,
        "corrected_count": corrected,
        "equal_count": report.equal_count,
        "equal_rows": [{"row": row, "equals": first} for row, first in report.equal_rows],
        "columns": dict(zip(report.columns, report.fields, strict=True)),
        "number_format": upload.options.number_format,
        "on_invalid_rows": "accept_valid" if upload.options.accept_valid else "reject_all",
        "override_reason": upload.override_reason,
        "idempotency_key": upload.idempotency_key,
        "created_at": rfc3339(upload.created_at),
        "updated_at": rfc3339(upload.updated_at),
        "content_deleted_at": rfc3339_or_none(upload.content_deleted_at),
        **links(upload),
    }


async def _page(ask: Ask, upload: Upload) -> Response:
    query = ask.request.query_params
    offset, limit = (
        _number(query.get("offset", "0"), "offset", 0, OFFSET_MAX),
        _number(query.get("limit", "100"), "limit", 1, PAGE_MAX),
    )
    async with ask.edge.staging.open(upload.id, FAULTS) as file:
        page = await asyncio.to_thread(lambda: list(islice(read_faults(file), offset, offset + limit)))
    more = offset + limit < upload.report.listed_count
    following = f"{UPLOADS}/{upload.id}/errors/?offset={offset + limit}&limit={limit}" if more else None
    return _json({"count": upload.report.fault_count, "next": following, "results": as_errors(page)})


def _number(text: str, name: str, least: int, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 7 and least <= int(text) <= most):
        raise problem_of([Fault(pointer=f"query/{name}", detail=f"must be a number from {least} to {most}")])
    return int(text)


def _asked(request: Request) -> Ask:
    ask = Ask(request)
    if ask.faults:
        raise ask.problem()
    return ask


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json")
