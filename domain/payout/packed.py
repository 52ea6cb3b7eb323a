"""A payout as few bytes: how one that waits and is not looked at lies in memory.

Owns the two forms of such a cell. A row of a batch as it was accepted is its form and its time, since the batch says the rest; a payout
that has moved, and one of no batch, is kept whole. The first byte says which, and the state. Cells live in memory only, so their form may
change at any time. Must not know where cells are kept.
"""

import msgspec
from msgspec import Struct, structs

from domain.payout.state import Payout
from schemas.forms import PayoutForm
from schemas.words import PayoutStatus


class _Accepted(Struct, frozen=True, array_like=True, gc=False):
    at: int
    amount_minor: int
    currency: str
    reference: str | None
    recipient: dict[str, str] | None
    bank_account_id: str | None
    description: str | None


class _Whole(Payout, frozen=True, kw_only=True, array_like=True, gc=False):
    """The same fields in the same order, without their names."""


_encode = msgspec.msgpack.Encoder().encode
_decode_accepted = msgspec.msgpack.Decoder(_Accepted).decode
_decode_whole = msgspec.msgpack.Decoder(_Whole).decode
_STATE_BYTES = {status: bytes((number,)) for number, status in enumerate(PayoutStatus)}
_ACCEPTED = bytes((len(_STATE_BYTES),))
_STATES: tuple[PayoutStatus, ...] = (*PayoutStatus, PayoutStatus.PENDING)


def pack_row(form: PayoutForm | Payout, at: int) -> bytes:
    """A row as it was accepted at `at` (ms UTC).

    What the encoder gives has room to grow behind it, half as much again; what is put together from it has not.
    """
    recipient, account = form.recipient, form.bank_account_id
    return _ACCEPTED + _encode((at, form.amount_minor, form.currency, form.reference, recipient, account, form.description))


def pack(payout: Payout) -> bytes:
    """Any payout."""
    return _STATE_BYTES[payout.status] + _encode(structs.astuple(payout))


def unpack(cell: bytes, payout_id: str, merchant_id: str, batch_id: str | None, row: int | None) -> Payout:
    """The payout of a cell. What is told of it beside the cell counts for a row as it was accepted, and for no other."""
    if cell[0] != _ACCEPTED[0]:
        return Payout(**structs.asdict(_decode_whole(cell[1:])))
    said = _decode_accepted(cell[1:])
    return Payout(
        id=payout_id,
        merchant_id=merchant_id,
        amount_minor=said.amount_minor,
        currency=said.currency,
        created_at=said.at,
        updated_at=said.at,
        batch_id=batch_id,
        row=row,
        reference=said.reference,
        recipient=said.recipient,
        bank_account_id=said.bank_account_id,
        description=said.description,
    )


def state_of(cell: bytes) -> PayoutStatus:
    """The state of the payout of a cell, without unpacking it."""
    return _STATES[cell[0]]


def is_in(cell: bytes, status: PayoutStatus) -> bool:
    """Whether the payout of a cell is in this state."""
    return _STATES[cell[0]] is status
