"""A draft, read: one payout request or one whole batch, valid as if it were asked for now (LIF-05).

Owns the form. A draft is read again when it is submitted, because what is enabled can have changed. It is kept with valid rows only, also
with `accept_valid`: they can still be put right. Must not know where drafts are kept.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from domain.intake.batch import BatchRequest, read_batch
from domain.intake.faults import Fault, under
from domain.intake.payout import PayoutRequest, field_faults, read_payout
from schemas.currencies import Currencies
from schemas.words import OnInvalidRows

KINDS = ("payout", "batch")


class DraftRequest(Struct, frozen=True, kw_only=True):
    """A valid draft: its kind, the content as sent, and what it would ask for."""

    kind: str
    content: dict[str, Any]
    wanted: PayoutRequest | BatchRequest


def read_draft(raw: object, *, currencies: Currencies, owner: str | None = None) -> DraftRequest | list[Fault]:
    """`{"payout": {...}}` or `{"batch": {"rows": [...]}}`, with the forms of these requests; or all faults."""
    if not isinstance(raw, Mapping):
        return [Fault(pointer="", detail='must be a JSON object such as {"payout": {...}}')]
    faults = field_faults(raw, frozenset(KINDS))
    given = [kind for kind in KINDS if raw.get(kind) is not None]
    if len(given) != 1:
        detail = "send payout or batch, not both" if given else 'is required, or batch: {"payout": {...}}'
        return [*faults, Fault(pointer="/payout", detail=detail)]
    kind, content = given[0], raw[given[0]]
    read = read_content(kind, content, currencies=currencies, owner=owner)
    if isinstance(read, BatchRequest) and read.valid is not None and read.valid.count:
        read = read_batch({**dict(content), "on_invalid_rows": OnInvalidRows.REJECT_ALL}, currencies=currencies, owner=owner)
    if isinstance(read, list):
        return [*faults, *under(f"/{kind}", read)]
    assert isinstance(content, Mapping)
    return faults or DraftRequest(kind=kind, content=dict(content), wanted=read)


def read_content(
    kind: str, content: object, *, currencies: Currencies, owner: str | None = None
) -> PayoutRequest | BatchRequest | list[Fault]:
    """What a draft of this kind asks for, or all faults. A batch needs its rows: it is submitted whole."""
    if kind == "payout":
        return read_payout(content, currencies=currencies)
    read = read_batch(content, currencies=currencies, owner=owner)
    if isinstance(read, BatchRequest) and read.rows is None:
        return [Fault(pointer="/rows", detail="is required: a list of payout requests")]
    return read
