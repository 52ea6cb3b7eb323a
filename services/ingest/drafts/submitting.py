"""From a draft to what it asks for: the same command, key and content as if it were asked for now (LIF-05).

Owns that a draft can make one thing only, ever: what it makes has the draft's own id, which the log takes once, also when the key's life
is over. Must not keep drafts.
"""

from fastapi import Response

from domain.intake.batch import BatchRequest
from domain.intake.draft import read_content
from domain.intake.faults import under
from domain.intake.payout import PayoutRequest
from services.ingest.answers import About
from services.ingest.asking import Ask
from services.ingest.batches import code_of_rows, open_command, submit
from services.ingest.drafts.store import Draft
from services.ingest.edge import BATCHES, PAYOUTS
from services.ingest.envelope import Envelope
from services.ingest.payout_command import payout_command

OPERATIONS = {"payout": "request_payout", "batch": "create_batch"}
COLLECTIONS = {"payout": PAYOUTS, "batch": BATCHES}


async def ask_for(ask: Ask, draft: Draft) -> Response:
    """Ask for it and answer the decision, or 202. A repeat gets the first answer. Raises ProblemError for faults and conflicts."""
    envelope = ask.envelope(draft.merchant_id, OPERATIONS[draft.kind], draft.content, key=draft.idempotency_key)
    about = About(draft.idempotency_key, COLLECTIONS[draft.kind], versioned=draft.kind == "payout")
    first = await ask.edge.known(envelope, about, ask.wait_seconds)
    if first is not None:
        return first
    wanted = check(ask, draft)
    if isinstance(wanted, PayoutRequest):
        command = payout_command(wanted, draft.id, ask.edge.release_at())
        return await ask.edge.decide(envelope, command, about, ask.wait_seconds, subject=draft.id)
    return await _batch(ask, envelope, about, draft, wanted)


def check(ask: Ask, draft: Draft) -> PayoutRequest | BatchRequest:
    """What the draft asks for by the rules of now. Raises ProblemError with all faults."""
    wanted = read_content(draft.kind, draft.content, currencies=ask.edge.currencies, owner=draft.merchant_id)
    if isinstance(wanted, list):
        raise ask.problem(under(f"/{draft.kind}", wanted), code=code_of_rows(wanted))
    return wanted


async def _batch(ask: Ask, envelope: Envelope, about: About, draft: Draft, wanted: BatchRequest) -> Response:
    command = open_command(wanted, draft.id, source="draft", submit=True)
    return await submit(ask.edge, envelope, command, wanted, about, ask.wait_seconds, is_new=False)
