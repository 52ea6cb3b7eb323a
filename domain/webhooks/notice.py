"""One thing to tell, and the number that orders it.

Owns the form between a record of the log and a delivery, and the order number: it rises with the log for everything of one merchant,
because a merchant lives in one partition. Must not know who is told.
"""

import hashlib
from uuid import UUID

from msgspec import Struct

PER_RECORD = 1 << 20
"""More than one event record can have to tell."""


def order_number(offset: int, index: int) -> int:
    """The order number (below 2**53 for any offset below 8 billion, so that JavaScript can hold it) of notice `index` of a record."""
    return offset * PER_RECORD + index


def record_offset(order: int) -> int:
    """The offset of the record that an order number came from."""
    return order // PER_RECORD


class Notice(Struct, frozen=True, kw_only=True):
    """What is told once to every endpoint that wants `kind`.

    `subject` names the lane that keeps its order: `payout:<id>`, `batch:<id>` or `balance:<currency>`. `own` is what the event itself
    said, without personal data. `version` is the subject's; 0 where only the moment of sending knows it (balance). `at` in ms UTC.
    """

    merchant_id: str
    subject: str
    kind: str
    version: int
    order: int
    at: int
    own: dict[str, object]

    @property
    def offset(self) -> int:
        """Where it stands on the log."""
        return record_offset(self.order)


def delivery_id(endpoint_id: str, partition: int, notice: Notice) -> str:
    """The lasting id of a notice to one endpoint, sent as `webhook-id`: in UUIDv7 form, its time that of the record.

    A function of the place on the log and the endpoint only, so that a repeat after a crash makes no second one.
    """
    digest = bytearray(hashlib.sha256(f"{endpoint_id}/{partition}/{notice.order}".encode()).digest()[:16])
    digest[:6] = (notice.at & 0xFFFF_FFFF_FFFF).to_bytes(6)
    digest[6] = digest[6] & 0x0F | 0x70
    digest[8] = digest[8] & 0x3F | 0x80
    return str(UUID(bytes=bytes(digest)))
