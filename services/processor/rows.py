"""Rows of the projection as values of the law.

Owns the spelling of the read queries' columns and how a row becomes a Payout, a Batch, a KeyRecord. Must not know when they are read.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from domain.book import BankAccount, Batch, KeyRecord, Merchant
from domain.payout.state import Payout
from schemas.accounts import Verification
from schemas.events import Answer
from schemas.forms import BatchDeclaration, RefusedRows
from schemas.words import BatchPhase, Funding, OnRowFailure, PayoutStatus, Reason

Row = Mapping[str, Any]

PAYOUT_COLUMNS = (
    "id::text, merchant_id, amount_minor, currency, created_at, updated_at, status, reason, version, batch_id::text, row_number, "
    "reference, recipient, bank_account_id::text, description, idempotency_key, fee_minor, provider, attempt_count, inquiry_count, "
    "due_at, failure_code, failure_reason, bank_reference_id, expected_settlement_date, processing_started_at, completed_at, "
    "failed_at, canceled_at, returned_at, settled_at"
)
PAYOUT_NAMES = tuple("row_number" if name == "row" else name for name in Payout.__struct_fields__)
"""Their names, in the same order."""
BATCH_COLUMNS = (
    "id::text, merchant_id, created_at, phase, name, reference, funding, on_row_failure, declaration, source, submit, "
    "idempotency_key, row_count, released_at, stopped_at, version, refused_rows"
)

MERCHANT_COLUMNS = "id, name, main_currency, active, key_required"
ACCOUNT_COLUMNS = (
    "a.id::text, a.merchant_id, a.holder, a.account_number, a.ifsc, a.bank_name, a.account_type, a.verified, "
    'a.is_primary AS "primary", a.closed_at, a.verification'
)

NEXT_OFFSET = "SELECT next_offset FROM projection_offsets WHERE partition = %s"


def next_offset(row: tuple[Any, ...] | None) -> int:
    """The events offset that the views read next, from NEXT_OFFSET; 0 for a partition that was never projected."""
    return int(row[0]) if row else 0


def payout_of(row: Row) -> Payout:
    """A payout from PAYOUT_COLUMNS."""
    fields = dict(row)
    fields["row"] = fields.pop("row_number")
    fields["status"] = PayoutStatus(fields["status"])
    fields["reason"] = Reason(fields["reason"]) if fields["reason"] else None
    fields["recipient"] = orjson.loads(fields["recipient"]) if fields["recipient"] else None
    return Payout(**fields)


def batch_of(row: Row, cells: Mapping[str, tuple[int, int]]) -> Batch:
    """A batch from BATCH_COLUMNS; `cells` maps currency to (count, sum) over all its rows."""
    fields = dict(row)
    declaration = orjson.loads(fields.pop("declaration") or b"null")
    refused = orjson.loads(fields.pop("refused_rows") or b"null")
    return Batch(
        **{
            **fields,
            "phase": BatchPhase(fields["phase"]),
            "funding": Funding(fields["funding"]),
            "on_row_failure": OnRowFailure(fields["on_row_failure"]),
        },
        declaration=BatchDeclaration(**declaration) if declaration else None,
        refused_rows=RefusedRows(**refused) if refused else None,
        counts={currency: count for currency, (count, _) in cells.items()},
        sums_minor={currency: total for currency, (_, total) in cells.items()},
    )


def key_of(row: Row) -> KeyRecord:
    """An idempotency key; a status of None means that the first request is not decided."""
    answer = None
    if row["status"] is not None:
        answer = Answer(status=row["status"], body=bytes(row["body"]).decode(), version=row["version"])
    return KeyRecord(content_hash=row["content_hash"], expires_at=row["expires_at"], answer=answer, subject=row["subject"])


def merchant_of(row: Row) -> Merchant:
    """A merchant from MERCHANT_COLUMNS."""
    return Merchant(**row)


def bank_account_of(row: Row) -> BankAccount:
    """A saved bank account from ACCOUNT_COLUMNS."""
    fields = dict(row)
    known = fields.pop("verification")
    return BankAccount(**fields, verification=None if known is None else msgspec.json.decode(known, type=Verification))
