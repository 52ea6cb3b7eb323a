"""What a message asks for, as the body of a command: the same forms and rules as over REST (INB-01).

Owns the kinds and the ids that a record makes. Raises the REST refusals. Must not append.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import TypeVar
from uuid import UUID

from domain.intake.batch import RowsRequest, read_batch, read_rows, read_seal
from domain.intake.cancel import read_cancel, read_drop
from domain.intake.faults import Fault
from domain.intake.merchants import read_credit
from domain.intake.payout import read_payout
from schemas.commands import AddRows, CancelBatch, CancelPayout, Command, CreditMerchant, OpenBatch, RequestPayout, SealBatch
from schemas.currencies import Currencies
from schemas.ids import is_uuid
from schemas.times import LATEST_MS
from services.ingest.batch_rows import rows_command
from services.ingest.batches import cancel_command, open_command
from services.ingest.inbox.messages import InboxRecord, Message
from services.ingest.merchants import credit_command
from services.ingest.payout_command import payout_command
from services.ingest.problems import problem_of

T = TypeVar("T")


def record_id(record: InboxRecord) -> str:
    """The id, in UUIDv7 form, of the new thing that a record asks for; read again, the same record gives the same id.

    Nothing of the reader's goes in, no clock least of all: this id outlives the record's key, and is then all that keeps a record which is
    read again from paying again. Its time is the record's own; that of a record which has none sorts last.
    """
    at = record.timestamp if 0 <= record.timestamp <= LATEST_MS else 0
    place = f"{record.topic}/{record.partition}/{record.offset}/{record.timestamp}/".encode()
    digest = hashlib.sha256(place + (record.key or b"") + b"/" + (record.value or b"")).digest()
    bits = (
        at << 80
        | 7 << 76
        | int.from_bytes(digest[:2], "big") >> 4 << 64
        | 2 << 62
        | int.from_bytes(digest[2:10], "big") >> 2
    )
    return str(UUID(int=bits))


class Reading:
    """Turns the messages of one merchant into command bodies."""

    def __init__(self, merchant_id: str, currencies: Currencies, release_at: Callable[[], int | None]) -> None:
        """`release_at` is until when a single payout can be recalled (ms UTC)."""
        self._merchant_id = merchant_id
        self._currencies = currencies
        self._release_at = release_at

    def body(self, message: Message, new_id: str, batch_id: str | None) -> Command:
        """The command's body. `new_id` is for what the message makes, `batch_id` the batch it names. Raises ProblemError."""
        read = getattr(self, f"_{message.kind}")
        body: Command = read(message.data, new_id, batch_id)
        return body

    def _request_payout(self, data: Mapping[str, object], new_id: str, _: str | None) -> RequestPayout:
        wanted = good(read_payout(data, currencies=self._currencies))
        return payout_command(wanted, new_id, self._release_at())

    def _open_batch(self, data: Mapping[str, object], new_id: str, _: str | None) -> OpenBatch:
        if "rows" in data:
            detail = "is not taken with an opening; send the rows in messages of type add_rows"
            raise problem_of([Fault(pointer="/rows", detail=detail)])
        wanted = good(read_batch(data, currencies=self._currencies))
        return open_command(wanted, new_id, source="inbox", submit=False)

    def rows(self, data: Mapping[str, object]) -> RowsRequest:
        """The chunk of a message of type add_rows, which `rows_command` makes a body of. Raises ProblemError."""
        read = read_rows(_without_batch(data), currencies=self._currencies, owner=self._merchant_id)
        wanted = good(read, code="invalid_rows" if _only_rows(read) else None)
        if wanted.first_row is None:
            raise problem_of(
                [Fault(pointer="/first_row", detail="is required: the number of the first of these rows, from 1")]
            )
        return wanted

    def _add_rows(self, data: Mapping[str, object], _: str, batch_id: str | None) -> AddRows:
        wanted = self.rows(data)
        return rows_command(wanted, str(batch_id), wanted.first_row or 1)

    def _seal_batch(self, data: Mapping[str, object], _: str, batch_id: str | None) -> SealBatch:
        wanted = good(read_seal(_without_batch(data), currencies=self._currencies))
        version = wanted.expected_version
        return SealBatch(batch_id=str(batch_id), declaration=wanted.declaration, expected_version=version)

    def _cancel_batch(self, data: Mapping[str, object], _: str, batch_id: str | None) -> CancelBatch:
        return cancel_command(good(read_drop(_without_batch(data))), str(batch_id))

    def _cancel_payout(self, data: Mapping[str, object], _: str, __: str | None) -> CancelPayout:
        payout_id = data.get("payout_id")
        if not isinstance(payout_id, str) or not is_uuid(payout_id.lower()):
            raise problem_of([Fault(pointer="/payout_id", detail="is required: the payout's id")])
        rest = {name: value for name, value in data.items() if name != "payout_id"}
        reason, version = good(read_cancel(rest))
        return CancelPayout(payout_id=payout_id.lower(), reason=reason, expected_version=version)

    def _credit_merchant(self, data: Mapping[str, object], new_id: str, _: str | None) -> CreditMerchant:
        wanted = good(read_credit(data, currencies=self._currencies))
        return credit_command(wanted, new_id)


def good(read: T | list[Fault], code: str | None = None) -> T:
    """What was read, if it has no fault. Raises ProblemError with all of them."""
    if isinstance(read, list):
        raise problem_of(read, code)
    return read


def _without_batch(data: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in data.items() if name not in {"batch_id", "batch_key"}}


def _only_rows(read: object) -> bool:
    return isinstance(read, list) and all(fault.pointer.startswith("/rows/") for fault in read)
