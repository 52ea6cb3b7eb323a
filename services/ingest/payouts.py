"""Editing and canceling a payout (API-21 to API-24).

Owns these routes. Whether a payout may change is the processor's to say; here only what was sent is read, and read-only fields that
came along are compared with the payout as it stands. Must not decide.
"""

from fastapi import APIRouter, Request, Response

from domain.intake.cancel import read_cancel
from domain.intake.edit import EditFields, read_edit
from runtime.http_content import PATCH_TYPES
from schemas.commands import CancelPayout, EditPayout, Match
from schemas.ids import is_uuid
from services.ingest import read_only
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.documentation import documented
from services.ingest.edge import PAYOUTS
from services.ingest.problems import ProblemError
from services.ingest.store import ViewUnavailableError

router = APIRouter()


@router.patch("/payouts/{payout_id}", **documented("edit_payout"))
async def edit_payout(request: Request, payout_id: str) -> Response:
    """Change a pending payout; its hold follows in the same decision."""
    return await _edit(request, payout_id, replace=False)


@router.put("/payouts/{payout_id}", **documented("replace_payout"))
async def replace_payout(request: Request, payout_id: str) -> Response:
    """Replace all four changeable fields of a pending payout."""
    return await _edit(request, payout_id, replace=True)


@router.delete("/payouts/{payout_id}", **documented("delete_payout"))
async def delete_payout(request: Request, payout_id: str) -> Response:
    """Cancel a pending payout; its hold is released in the same event. A repeat is no error."""
    ask = Ask(request)
    payout_id = canonical(payout_id)
    return await _cancel(ask, payout_id, None)


@router.post("/payouts/{payout_id}/cancel", **documented("cancel_payout"))
async def cancel_payout(request: Request, payout_id: str) -> Response:
    """The same with a reason."""
    ask = Ask(request)
    payout_id = canonical(payout_id)
    content = await ask.content(optional=True)
    return await _cancel(ask, payout_id, content)


async def _edit(request: Request, payout_id: str, *, replace: bool) -> Response:
    ask = Ask(request)
    payout_id = canonical(payout_id)
    content = await ask.content(PATCH_TYPES)
    wanted = read_edit(content, currencies=ask.edge.currencies, replace=replace)
    if ask.faults:
        raise ask.problem(wanted)
    merchant_id = await _merchant_of(ask, payout_id)
    envelope = ask.envelope(merchant_id, f"edit_payout {payout_id} {replace}", content)
    about = About(envelope.key, PAYOUTS, creates=False, versioned=True)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    if isinstance(wanted, list):
        raise ask.problem(wanted)
    await read_only.check(ask, payout_id, merchant_id, wanted)
    command = _edit_command(payout_id, wanted, ask.match_version)
    return await ask.edge.decide(envelope, command, about, ask.wait_seconds, subject=payout_id, makes=False)


async def _cancel(ask: Ask, payout_id: str, content: object) -> Response:
    wanted = read_cancel(content)
    if ask.faults:
        raise ask.problem(wanted)
    merchant_id = await _merchant_of(ask, payout_id)
    meant = content if isinstance(wanted, list) else {"reason": wanted[0], "version": wanted[1]}
    envelope = ask.envelope(merchant_id, f"cancel_payout {payout_id}", meant)
    about = About(envelope.key, PAYOUTS, creates=False)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    if isinstance(wanted, list):
        raise ask.problem(wanted)
    reason, expected_version = wanted
    command = CancelPayout(
        payout_id=payout_id, reason=reason, match_version=ask.match_version, expected_version=expected_version
    )
    return await ask.edge.decide(envelope, command, about, ask.wait_seconds, subject=payout_id, makes=False)


def canonical(resource_id: str) -> str:
    """The id in canonical form. Raises ProblemError 404 for one that no payout or batch can have (API-20)."""
    lowered = resource_id.lower()
    if not is_uuid(lowered):
        raise not_found()
    return lowered


def not_found(what: str = "payout") -> ProblemError:
    """The same 404 for an unknown, a malformed and another merchant's id."""
    return ProblemError("not_found", f"There is no such {what}.")


async def _merchant_of(ask: Ask, payout_id: str) -> str:
    """The header's merchant, else the payout's own. Raises ProblemError 404 for an unknown payout, 503 without the view."""
    known = ask.merchant_id or ask.edge.in_flight.merchant_of(payout_id)
    try:
        known = known or await ask.edge.store.merchant_of_payout(payout_id)
    except ViewUnavailableError:
        raise ProblemError("view_unavailable", "Whose payout this is cannot be read now; send X-Merchant-Id.") from None
    if known is None:
        raise not_found()
    return known


def _edit_command(payout_id: str, wanted: EditFields, match_version: Match) -> EditPayout:
    return EditPayout(
        payout_id=payout_id,
        amount=wanted.amount,
        amount_minor=wanted.amount_minor,
        currency=wanted.currency,
        recipient=wanted.recipient,
        bank_account_id=wanted.bank_account_id,
        description=wanted.description,
        match_version=match_version,
        expected_version=wanted.expected_version,
    )
