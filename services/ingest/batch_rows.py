"""Chunks of rows for an open batch (BAT-02).

Owns the numbering of rows that come without a number: the log itself is asked for the next one, so that no view can be wrong about
it. A numbered chunk needs no key, because its rows are recognised; one without a number does, or a repeat would add them twice.
"""

import asyncio

import msgspec
from fastapi import APIRouter, Request, Response
from msgspec import structs

from domain.intake.batch import RowsRequest, read_rows
from schemas.commands import AddRows, Match
from schemas.ids import BATCH_ROWS_MAX
from services.ingest.accepted_rows import accepted
from services.ingest.answers import About, response_of
from services.ingest.asking import Ask
from services.ingest.batches import code_of_rows, decide_on_batch, merchant_of_batch, read_maybe_large
from services.ingest.chunks import check_fits
from services.ingest.documentation import documented
from services.ingest.edge import BATCHES, Edge
from services.ingest.envelope import Envelope
from services.ingest.known_rows import OwnBatch
from services.ingest.payouts import canonical
from services.ingest.problems import ProblemError
from services.ingest.submitting import within
from services.ingest.waiting import Decided

router = APIRouter()

ASK_SECONDS = 10.0


@router.post("/batches/{batch_id}/rows", **documented("add_rows"))
async def add_rows(request: Request, batch_id: str) -> Response:
    """Add the next rows of an open batch, up to 500 at a time; rows it already has are a repeat, whatever If-Match says."""
    ask = Ask(request)
    batch_id = canonical(batch_id)
    content = await ask.content()
    wanted = await read_maybe_large(
        content, lambda: read_rows(content, currencies=ask.edge.currencies, owner=ask.merchant_id)
    )
    if isinstance(wanted, RowsRequest) and wanted.first_row is None:
        ask.require_key("with rows that have no first_row")
    if ask.faults:
        raise ask.problem(wanted)
    merchant_id = await merchant_of_batch(ask, batch_id)
    envelope = ask.envelope(merchant_id, f"add_rows {batch_id}", content)
    if isinstance(wanted, list):
        return await decide_on_batch(ask, envelope, batch_id, wanted, code_of_rows(wanted))
    if wanted.valid is not None:
        first = await ask.edge.known(envelope, about_rows(envelope), ask.wait_seconds)
        if first is not None:
            return first
        wanted = await left_rows(ask.edge, wanted, OwnBatch(merchant_id, batch_id, envelope.key or ""))
    if wanted.first_row is not None:
        return await decide_on_batch(ask, envelope, batch_id, _command(ask, batch_id, wanted, wanted.first_row))
    return await _add_unnumbered(ask, envelope, batch_id, wanted)


async def _add_unnumbered(ask: Ask, envelope: Envelope, batch_id: str, wanted: RowsRequest) -> Response:
    about = about_rows(envelope)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    async with ask.edge.numbering.setdefault(batch_id, asyncio.Lock()):
        told = await _next_row(ask, envelope, batch_id)
        if isinstance(told, Decided):
            return response_of(told, about)
        return await decide_on_batch(ask, envelope, batch_id, _command(ask, batch_id, wanted, told))


async def _next_row(ask: Ask, envelope: Envelope, batch_id: str) -> int | Decided:
    """The number of the batch's next row, or the refusal if it takes no more. Asks for what no batch has, and adds nothing."""
    question = AddRows(batch_id=batch_id, first_row=BATCH_ROWS_MAX + 1, rows=[])
    decided = await within(await ask.edge.submitter.append(envelope.wrap(question, keyed=False)), ASK_SECONDS)
    if decided is None:
        raise ProblemError("log_unavailable", "The batch's next row is not known in time; send first_row, or try again.")
    answer = decided.record.answer
    told = msgspec.json.decode(answer.body) if answer is not None else {}
    return told["next_row"] if told.get("code") == "row_gap" else decided


def _command(ask: Ask, batch_id: str, wanted: RowsRequest, first_row: int) -> AddRows:
    return rows_command(wanted, batch_id, first_row, ask.match_version)


def rows_command(wanted: RowsRequest, batch_id: str, first_row: int, match: Match = None) -> AddRows:
    """A chunk, valid as it was asked for. Raises ProblemError `payload_too_large`."""
    check_fits(wanted.rows)
    valid = wanted.valid
    return AddRows(
        batch_id=batch_id,
        first_row=first_row,
        rows=wanted.rows,
        match_version=match,
        numbers=valid.numbers if valid is not None else None,
        refused_rows=valid.refused if valid is not None else None,
    )


async def left_rows(edge: Edge, wanted: RowsRequest, own: OwnBatch) -> RowsRequest:
    """The chunk with the rows that go by themselves, where it asks for that. Raises ProblemError `invalid_rows` if none does."""
    if wanted.valid is None:
        return wanted
    valid = await accepted(edge, wanted.valid, own)
    return structs.replace(wanted, rows=list(valid.good.values()), valid=valid)


def about_rows(envelope: Envelope) -> About:
    """What the answer's headers need."""
    return About(envelope.key, BATCHES, creates=False, versioned=True)
