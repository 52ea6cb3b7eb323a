"""Drafts over REST: kept, read, replaced, discarded, submitted (LIF-05).

Owns these routes. A draft belongs to one merchant and one idempotency key, chosen when it is made. Must not touch the log itself.
"""

from collections.abc import Mapping

import msgspec
from fastapi import APIRouter, Request, Response

from domain.case import REMEMBERED_REFUSALS
from domain.intake.faults import Fault
from domain.intake.headers import matches
from runtime.ids import mint
from schemas.ids import is_merchant_id, is_uuid
from schemas.times import rfc3339
from services.ingest.asking import Ask
from services.ingest.documentation import documented
from services.ingest.drafts.reading import made_key, read
from services.ingest.drafts.store import DISCARDED, DRAFT, REFUSED, SUBMITTED, SUBMITTING, Draft, DraftStore
from services.ingest.drafts.submitting import ask_for, check
from services.ingest.payouts import not_found
from services.ingest.problems import ProblemError, problem_of

DRAFTS = "/api/v1/drafts"
LIMIT, LIMIT_MAX = 50, 100
BEFORE_THE_LOG = frozenset({"validation_error", "invalid_rows", "idempotency_conflict"})

router = APIRouter()


@router.post("/drafts", **documented("create_draft"))
async def create_draft(request: Request) -> Response:
    """Keep a payout or a whole batch for later. A repeat with the same key gives the draft that is there."""
    ask = Ask(request)
    wanted, merchant_id = await read(ask)
    key = ask.key or await made_key(ask, merchant_id)
    draft = Draft(
        id=mint(),
        merchant_id=merchant_id,
        idempotency_key=key,
        kind=wanted.kind,
        content=wanted.content,
        created_at=ask.edge.clock.now_ms(),
    )
    kept = await _store(ask).add(draft)
    if kept.id != draft.id and (kept.kind, kept.content) != (draft.kind, draft.content):
        detail = (
            f"This Idempotency-Key belongs to the draft {kept.id} with other content; take a new key, or replace that draft."
        )
        raise ProblemError("idempotency_conflict", detail)
    return _answer(kept, 201 if kept.id == draft.id else 200, Location=f"{DRAFTS}/{kept.id}")


@router.get("/drafts", **documented("list_drafts"))
async def list_drafts(request: Request) -> Response:
    """A merchant's open drafts, newest first, by cursor."""
    ask, query = Ask(request), request.query_params
    limit, cursor = _paging(query)
    merchant_id = ask.owner(query.get("merchant_id"))
    if ask.faults:
        raise ask.problem()
    found, more = await _store(ask).listed(merchant_id, cursor, limit)
    return _json({"results": [_view(draft) for draft in found], "next_cursor": more}, 200)


@router.get("/drafts/{draft_id}", **documented("get_draft"))
async def get_draft(request: Request, draft_id: str) -> Response:
    """One draft with its content."""
    ask = Ask(request)
    return _answer(await _own(ask, draft_id), 200)


@router.put("/drafts/{draft_id}", **documented("replace_draft"))
async def replace_draft(request: Request, draft_id: str) -> Response:
    """Other content for a draft; with If-Match only if it still is that version. Masked payees that come back keep what they hide."""
    ask = Ask(request)
    draft = await _own(ask, draft_id)
    wanted, merchant_id = await read(ask, draft)
    if merchant_id != draft.merchant_id:
        raise not_found("draft")
    _must_be(draft, DRAFT)
    kept = await _store(ask).replace(draft, wanted.kind, wanted.content, ask.edge.clock.now_ms())
    return _answer(_moved(kept), 200)


@router.delete("/drafts/{draft_id}", **documented("discard_draft"))
async def discard_draft(request: Request, draft_id: str) -> Response:
    """Drop a draft; a repeat is no error. A submitted one is canceled as what it made."""
    ask = Ask(request)
    draft = await _own(ask, draft_id)
    if draft.status != DISCARDED:
        _must_be(draft, DRAFT)
        _moved(await _store(ask).move(draft, DISCARDED, ask.edge.clock.now_ms()))
    return Response(status_code=204)


@router.post("/drafts/{draft_id}/submit", **documented("submit_draft"))
async def submit_draft(request: Request, draft_id: str) -> Response:
    """Ask for what the draft says, under the key chosen when it was made; the answer is that of the payout or batch.

    A repeat gets the first answer. When no answer came, whether it was taken is found out by the same request again.
    """
    ask = Ask(request)
    draft = await _own(ask, draft_id)
    _must_be(draft, DRAFT, SUBMITTING, SUBMITTED, REFUSED)
    if draft.status == DRAFT:
        check(ask, draft)
        frozen = _moved(await _store(ask).move(draft, SUBMITTING, ask.edge.clock.now_ms()))
        return await _first_try(ask, frozen)
    return await _settled(ask, draft, await ask_for(ask, draft))


async def _first_try(ask: Ask, draft: Draft) -> Response:
    """What is refused before it comes to the log makes it a draft again; what may have come there does not."""
    try:
        answer = await ask_for(ask, draft)
    except ProblemError as refused:
        if refused.entry.code in BEFORE_THE_LOG:
            await _store(ask).move(draft, DRAFT, ask.edge.clock.now_ms())
        raise
    return await _settled(ask, draft, answer)


async def _settled(ask: Ask, draft: Draft, answer: Response) -> Response:
    """The answer, noted: it made something, it was refused for good, or it left no trace and is a draft again."""
    if draft.status == SUBMITTING and answer.status_code != 202:
        await _store(ask).move(draft, _status_after(draft, answer), ask.edge.clock.now_ms())
    return answer


def _status_after(draft: Draft, answer: Response) -> str:
    """A refusal that the key remembers, or of a batch that is on the log now, is for good."""
    if answer.status_code < 400:
        return SUBMITTED
    refused_batch = draft.kind == "batch" and draft.id.encode() in bytes(answer.body)
    return REFUSED if answer.status_code in REMEMBERED_REFUSALS or refused_batch else DRAFT


async def _own(ask: Ask, draft_id: str) -> Draft:
    """This merchant's draft, in the version that If-Match names. Raises ProblemError 400, 404, 412."""
    if ask.faults:
        raise ask.problem()
    lowered = draft_id.lower()
    draft = await _store(ask).get(lowered) if is_uuid(lowered) else None
    if draft is None or ask.merchant_id not in {None, draft.merchant_id}:
        raise not_found("draft")
    if not matches(ask.match_version, draft.version):
        raise ProblemError("precondition_failed", f"The draft is at version {draft.version}.")
    return draft


def _must_be(draft: Draft, *statuses: str) -> None:
    if draft.status not in statuses:
        raise ProblemError(
            "invalid_state_transition", f"The draft is {draft.status}; only {' or '.join(statuses)} ones can do this."
        )


def _moved(draft: Draft | None) -> Draft:
    if draft is None:
        raise ProblemError("version_conflict", "The draft has changed meanwhile; read it again.")
    return draft


def _store(ask: Ask) -> DraftStore:
    assert ask.edge.drafts is not None
    return ask.edge.drafts


def _paging(query: Mapping[str, str]) -> tuple[int, str | None]:
    limit, cursor = query.get("limit", str(LIMIT)), query.get("cursor") or None
    faults = [Fault(pointer=f"query/{name[:64]}", detail="is not known here") for name in query if name not in _QUERY]
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= LIMIT_MAX):
        faults.append(Fault(pointer="query/limit", detail=f"must be a number from 1 to {LIMIT_MAX}"))
    if cursor is not None and not is_uuid(cursor.lower()):
        faults.append(Fault(pointer="query/cursor", detail="is not one that we gave; start again without it"))
    if not is_merchant_id(query.get("merchant_id", "demo")):
        faults.append(Fault(pointer="query/merchant_id", detail="must be a merchant id"))
    if faults:
        raise problem_of(faults)
    return int(limit), cursor


_QUERY = frozenset({"limit", "cursor", "merchant_id"})


def _view(draft: Draft) -> dict[str, object]:
    """The public form: the content under the name of its kind, and where what it made is found."""
    made = f"/api/v1/{'payouts' if draft.kind == 'payout' else 'batches'}/{draft.id}" if draft.status == SUBMITTED else None
    return {
        "id": draft.id,
        "merchant_id": draft.merchant_id,
        "status": draft.status,
        "kind": draft.kind,
        draft.kind: draft.content,
        "idempotency_key": draft.idempotency_key,
        "version": draft.version,
        "made": made,
        "created_at": rfc3339(draft.created_at),
        "updated_at": rfc3339(draft.updated_at),
    }


def _answer(draft: Draft, status: int, **headers: str) -> Response:
    named = {"ETag": f'"{draft.version}"', "Idempotency-Key": draft.idempotency_key, **headers}
    return _json(_view(draft), status, named)


def _json(body: object, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, dict(headers or {}), "application/json")
