"""What a request says of a draft: its content, whose it is, and its key (LIF-05, IDM-01).

Owns that masked payees which come back keep what they hide, and that a merchant who wants keys gets them. Must not keep drafts.
"""

from collections.abc import Mapping

from domain.intake.draft import KINDS, DraftRequest, read_draft
from domain.intake.faults import Fault, under
from domain.intake.masked import unmasked
from runtime.ids import mint
from services.ingest.asking import Ask
from services.ingest.batches import read_maybe_large
from services.ingest.drafts.store import Draft
from services.ingest.problems import ProblemError
from services.ingest.store import ViewUnavailableError


async def read(ask: Ask, kept: Draft | None = None) -> tuple[DraftRequest, str]:
    """The draft that is asked for and whose it is; `kept` is the one that it replaces. Raises ProblemError with all faults."""
    content = await ask.content()
    if kept is not None:
        content = _unmasked(ask, kept, content)
    whole = content.get("batch") if isinstance(content, Mapping) else None
    owned = ask.merchant_id or (kept.merchant_id if kept is not None else None)
    wanted = await read_maybe_large(whole, lambda: read_draft(content, currencies=ask.edge.currencies, owner=owned))
    named = wanted.content.get("merchant_id") if isinstance(wanted, DraftRequest) else None
    owner = ask.owner(
        named or (kept.merchant_id if kept is not None else None),
        saved_account=isinstance(wanted, DraftRequest) and _saved(wanted.content),
    )
    if ask.faults or isinstance(wanted, list):
        raise ask.problem(wanted)
    return wanted, owner


async def made_key(ask: Ask, merchant_id: str) -> str:
    """A key for a draft that came without one. Raises ProblemError 400 where the merchant has made it mandatory (IDM-01), 503."""
    try:
        required = await ask.edge.store.requires_key(merchant_id)
    except ViewUnavailableError:
        detail = "Whether this merchant needs an Idempotency-Key cannot be read now; send one."
        raise ProblemError("view_unavailable", detail) from None
    if required:
        ask.require_key("here: this merchant has made it mandatory")
        raise ask.problem()
    return mint()


def _unmasked(ask: Ask, kept: Draft, content: object) -> object:
    """The content with the payees that were shown masked put back. Raises ProblemError 400 for those that stand elsewhere now."""
    if not isinstance(content, Mapping):
        return content
    found = {kind: unmasked(kept.content, content[kind]) for kind in KINDS if kind in content}
    for kind, read in found.items():
        if isinstance(read, list) and read and isinstance(read[0], Fault):
            raise ask.problem(under(f"/{kind}", read))
    return {**content, **found}


def _saved(content: Mapping[str, object]) -> bool:
    rows = content.get("rows")
    return any(
        isinstance(one, Mapping) and one.get("bank_account_id")
        for one in (content, *(rows if isinstance(rows, list) else ()))
    )
