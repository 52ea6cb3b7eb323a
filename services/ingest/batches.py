"""Batches over JSON: submitted whole, or opened, filled in chunks and sealed (BAT-01, BAT-02, BAT-07).

Owns these routes. One batch belongs to one merchant; whether it adds up and is covered is the processor's to say at the seal. Must
not keep rows longer than the request.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import TypeVar

from fastapi import APIRouter, Request, Response
from msgspec import structs

from domain.intake.batch import BatchRequest, SealRequest, read_batch, read_seal
from domain.intake.cancel import DropRequest, read_drop
from domain.intake.faults import Fault
from runtime.ids import mint
from schemas.commands import AddRows, CancelBatch, Match, OpenBatch, SealBatch
from schemas.forms import BatchDeclaration, PayoutForm
from services.ingest.accepted_rows import accepted
from services.ingest.answers import About, pending_response, response_of
from services.ingest.asking import Ask
from services.ingest.batch_run import BatchOrder, BatchRun
from services.ingest.chunks import cut
from services.ingest.documentation import documented
from services.ingest.edge import BATCHES, Edge
from services.ingest.envelope import Envelope
from services.ingest.known_rows import OwnBatch
from services.ingest.payouts import canonical, not_found
from services.ingest.problems import ProblemError
from services.ingest.store import ViewUnavailableError
from services.ingest.waiting import Decided

router = APIRouter()

T = TypeVar("T")

ROWS_INLINE_MAX = 200
"""More rows than these are read in a thread, so that a large body does not hold up the small ones."""


@router.post("/batches", **documented("create_batch"))
async def create_batch(request: Request) -> Response:
    """With rows: open, fill and seal under one key. Without: open an empty batch, to be filled by chunks and sealed."""
    ask = Ask(request)
    ask.require_key("with a batch")
    content = await ask.content()
    wanted = await read_maybe_large(
        content, lambda: read_batch(content, currencies=ask.edge.currencies, owner=ask.merchant_id)
    )
    merchant_id = _owner(ask, content)
    if ask.faults:
        raise ask.problem(wanted)
    envelope = ask.envelope(merchant_id, "create_batch", content)
    about = About(envelope.key, BATCHES, versioned=True)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    if isinstance(wanted, list):
        raise ask.problem(wanted, code=code_of_rows(wanted))
    command = open_command(wanted, mint(), source="api", submit=wanted.rows is not None)
    if wanted.rows is None:
        return await ask.edge.decide(envelope, command, about, ask.wait_seconds, subject=command.batch_id)
    return await submit(ask.edge, envelope, command, wanted, about, ask.wait_seconds, is_new=True)


@router.post("/batches/{batch_id}/seal", **documented("seal_batch"))
async def seal_batch(request: Request, batch_id: str) -> Response:
    """Close the batch: it is checked, its money held and its rows released; or all of it is refused.

    With If-Match or `expected_version` one that got more rows since you looked is left alone: 412 or 409.
    """
    ask = Ask(request)
    batch_id = canonical(batch_id)
    content = await ask.content(optional=True)
    wanted = read_seal(content, currencies=ask.edge.currencies)
    if ask.faults:
        raise ask.problem(wanted)
    merchant_id = await merchant_of_batch(ask, batch_id)
    envelope = ask.envelope(merchant_id, f"seal_batch {batch_id}", content)
    command = wanted if isinstance(wanted, list) else _seal_command(ask, batch_id, wanted)
    return await decide_on_batch(ask, envelope, batch_id, command)


@router.delete("/batches/{batch_id}", **documented("delete_batch"))
async def delete_batch(request: Request, batch_id: str) -> Response:
    """Drop an unsealed batch, or stop a running one, for a reason if you give one. A repeat is no error.

    Of an unsealed batch nothing was held: 204. Of a running one the rows that were not sent are canceled and their money released: 200,
    with how many rows were stopped and how many were not. With `expected_phase` `open` one that was sealed meanwhile is left alone: 409;
    with If-Match or `expected_version` one that changed in any way of its own: 412 or 409. That its rows are paid does not change it.
    """
    ask = Ask(request)
    batch_id = canonical(batch_id)
    content = await ask.content(optional=True)
    wanted = read_drop(content)
    if ask.faults:
        raise ask.problem(wanted)
    merchant_id = await merchant_of_batch(ask, batch_id)
    envelope = ask.envelope(merchant_id, f"cancel_batch {batch_id}", content)
    command = wanted if isinstance(wanted, list) else cancel_command(wanted, batch_id, ask.match_version)
    return await decide_on_batch(ask, envelope, batch_id, command)


def _seal_command(ask: Ask, batch_id: str, wanted: SealRequest) -> SealBatch:
    return SealBatch(
        batch_id=batch_id,
        declaration=wanted.declaration,
        match_version=ask.match_version,
        expected_version=wanted.expected_version,
    )


async def submit(
    edge: Edge,
    envelope: Envelope,
    command: OpenBatch,
    wanted: BatchRequest,
    about: About,
    wait_seconds: float,
    *,
    is_new: bool,
) -> Response:
    """Submit a batch whose rows are in memory: all, or those that go by themselves. Raises ProblemError `invalid_rows` if none does."""
    rows, refused, numbers = wanted.rows or [], None, None
    if wanted.valid is not None:
        own = OwnBatch(envelope.merchant_id, command.batch_id, envelope.key or "")
        valid = await accepted(edge, wanted.valid, own)
        rows, refused, numbers = list(valid.good.values()), valid.refused, valid.numbers
    sent = len(rows) + (refused.count if refused is not None else 0)
    declaration = counted(wanted.declaration, sent)
    order = BatchOrder(envelope, command, declaration, is_new=is_new, refused_rows=refused, numbers=numbers)
    return await _submit(edge, order, rows, about, wait_seconds)


async def _submit(edge: Edge, order: BatchOrder, rows: list[PayoutForm], about: About, wait_seconds: float) -> Response:
    first = await edge.running(order.envelope, about, wait_seconds)
    if first is not None:
        return first
    run = BatchRun(order, edge.submitter, edge.in_flight)
    return answer(run, await run.run(cut(rows, edge.chunk_rows), wait_seconds), about)


def answer(run: BatchRun, decided: Decided | None, about: About) -> Response:
    """The answer of a submitted batch: its seal's, or 202 while that is not decided."""
    if decided is None:
        return pending_response(str(run.submission.subject), about)
    return response_of(decided, about)


def open_command(wanted: BatchRequest, batch_id: str, *, source: str, submit: bool) -> OpenBatch:
    """The opening of a valid batch."""
    return OpenBatch(
        batch_id=batch_id,
        name=wanted.name,
        reference=wanted.reference,
        funding=wanted.funding,
        on_row_failure=wanted.on_row_failure,
        declaration=wanted.declaration,
        source=source,
        submit=submit,
    )


def cancel_command(wanted: DropRequest, batch_id: str, match: Match = None) -> CancelBatch:
    """The end of a batch, valid as it was asked for."""
    return CancelBatch(
        batch_id=batch_id,
        reason=wanted.reason,
        expected_phase=wanted.expected_phase,
        match_version=match,
        expected_version=wanted.expected_version,
    )


def counted(declaration: BatchDeclaration | None, count: int) -> BatchDeclaration:
    """What the seal checks: at least that every row we read has come to the log, so that no batch is sealed half filled."""
    if declaration is None:
        return BatchDeclaration(count=count)
    return structs.replace(declaration, count=count if declaration.count is None else declaration.count)


async def decide_on_batch(
    ask: Ask,
    envelope: Envelope,
    batch_id: str,
    command: AddRows | SealBatch | CancelBatch | list[Fault],
    code: str | None = None,
) -> Response:
    """Append a command on a batch that is there already, and answer its decision; a known key gets its first answer.

    Raises ProblemError for faults, named by `code`: only behind the key, since one that was used is a conflict before all (IDM-06).
    """
    about = About(envelope.key, BATCHES, creates=False, versioned=True)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    if isinstance(command, list):
        raise ask.problem(command, code=code)
    return await ask.edge.decide(envelope, command, about, ask.wait_seconds, subject=batch_id, makes=False)


def _owner(ask: Ask, content: object) -> str:
    raw = content if isinstance(content, Mapping) else {}
    rows = raw.get("rows")
    saved_account = isinstance(rows, list) and any(
        isinstance(row, Mapping) and row.get("bank_account_id") is not None for row in rows
    )
    return ask.owner(raw.get("merchant_id"), saved_account=saved_account)


async def merchant_of_batch(ask: Ask, batch_id: str) -> str:
    """The header's merchant, else the batch's own. Raises ProblemError 404 for an unknown batch, 503 without the view."""
    known = ask.merchant_id or ask.edge.in_flight.merchant_of(batch_id)
    try:
        known = known or await ask.edge.store.merchant_of_batch(batch_id)
    except ViewUnavailableError:
        raise ProblemError("view_unavailable", "Whose batch this is cannot be read now; send X-Merchant-Id.") from None
    if known is None:
        raise not_found("batch")
    return known


def code_of_rows(read: object) -> str | None:
    """`invalid_rows` when all faults are in rows."""
    faults = [fault for fault in read if isinstance(fault, Fault)] if isinstance(read, list) else []
    return "invalid_rows" if faults and all(fault.pointer.startswith("/rows/") for fault in faults) else None


async def read_maybe_large(content: object, read: Callable[[], T]) -> T:
    """What `read` makes of the content; in a thread if it has many rows."""
    rows = content.get("rows") if isinstance(content, Mapping) else None
    large = isinstance(rows, list) and len(rows) > ROWS_INLINE_MAX
    return await asyncio.to_thread(read) if large else read()
