"""The routes of ingest, and the first stop of a payout: a request becomes a command on the log, and its decision the answer.

Owns the table of routes and `POST /payouts`; the other themes have files of their own. Must not decide anything about money.
"""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from domain.intake.payout import read_payout
from runtime.ids import mint
from services.ingest import (
    bank_accounts,
    batch_rows,
    batches,
    corrections,
    internal,
    merchants,
    payouts,
    result,
    upload,
    uploads,
)
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.documentation import documented
from services.ingest.drafts import routes as drafts
from services.ingest.edge import PAYOUTS
from services.ingest.payout_command import payout_command

api = APIRouter(prefix="/api/v1")


@api.post("/payouts", **documented("request_payout"))
async def request_payout(request: Request) -> Response:
    """Pay one payee (API-03 to API-06): 201 with the decided payout. A repeat with the same key gets the first answer again."""
    ask = Ask(request)
    content = await ask.content()
    wanted = read_payout(content, currencies=ask.edge.currencies)
    merchant_id = _owner(ask, content)
    if ask.faults:
        raise ask.problem(wanted)
    envelope = ask.envelope(merchant_id, "request_payout", content, make_key=True)
    about = About(envelope.key, PAYOUTS, versioned=True)
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    if isinstance(wanted, list):
        raise ask.problem(wanted)
    command = payout_command(wanted, mint(), ask.edge.release_at())
    return await ask.edge.decide(envelope, command, about, ask.wait_seconds, subject=command.payout_id)


def _owner(ask: Ask, content: object) -> str:
    raw = content if isinstance(content, Mapping) else {}
    saved_account = raw.get("bank_account_id") is not None
    if saved_account:
        ask.require_key("with a saved bank account")
    return ask.owner(raw.get("merchant_id"), saved_account=saved_account)


for theme in (upload, uploads, corrections, result, batches, batch_rows, payouts, merchants, bank_accounts, drafts):
    api.include_router(theme.router)
internal_routes = internal.router
