"""Rows of the views as public forms.

Owns which columns are read and how they become what clients see. The forms themselves are the law's (`payout_view`, `batch_view`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import orjson
from msgspec import structs

from domain.batch.view import Cells, batch_view
from domain.book import BankAccount, Batch
from domain.merchant.view import saved_account_view
from domain.payout.state import Payout
from domain.payout.view import amounts, payout_view, waits_until
from schemas.accounts import Verification
from schemas.money import format_amount
from schemas.times import rfc3339
from schemas.topics import EVENTS
from schemas.words import BatchPhase, Funding, OnRowFailure, PayoutStatus, Reason
from services.gateway.access import sight

Row = Mapping[str, Any]

PAYOUT = (
    "p.id::text, p.merchant_id, p.amount_minor, p.currency, p.created_at, p.updated_at, p.status, p.reason, p.version, "
    "p.batch_id::text, p.row_number, p.reference, p.recipient, p.bank_account_id::text, p.description, p.idempotency_key, p.fee_minor, "
    "p.provider, p.attempt_count, p.inquiry_count, p.due_at, p.failure_code, p.failure_reason, p.bank_reference_id, "
    "p.expected_settlement_date, p.processing_started_at, p.completed_at, p.failed_at, p.canceled_at, p.returned_at, p.settled_at, "
    "b.phase AS batch_phase, a.holder, a.account_number, a.ifsc, a.bank_name, a.account_type, a.verified, a.is_primary"
)
PAYOUT_FROM = (
    "{payouts} p LEFT JOIN batches b ON b.id = p.batch_id "
    "LEFT JOIN bank_accounts a ON a.id = p.bank_account_id AND a.merchant_id = p.merchant_id"
)
BATCH = (
    "id::text, merchant_id, created_at, updated_at, phase, name, reference, funding, on_row_failure, source, submit, idempotency_key, "
    "row_count, refusal_code, refusal_detail, released_at, stopped_at, waiting_rows, version, last_offset, partition"
)
CHANGE = (
    'c."offset", c.idx, c.payout_id::text AS id, c.batch_id::text, c.merchant_id, c.version, c.status, c.reason, c.attempt_count, '
    "c.due_at, c.failure_code, c.failure_reason, c.bank_reference_id, c.at, p.row_number, p.reference, p.amount_minor, p.currency, "
    "p.provider, p.created_at"
)

_EXTRA = ("batch_phase", "holder", "account_number", "ifsc", "bank_name", "account_type", "verified", "is_primary")


def payout(row: Row) -> dict[str, Any]:
    """The public form of a row of PAYOUT, its payee as this request may see it (SEC-07)."""
    return sight.shown(whole_payout(row))


def whole_payout(row: Row) -> dict[str, Any]:
    """The public form of a row of PAYOUT with the payee as sent."""
    return payout_view(payout_state(row), batch_open=row["batch_phase"] == "open", bank_account=_account(row))


def payout_state(row: Row) -> Payout:
    """A row of PAYOUT as the law knows it."""
    fields = {name: value for name, value in row.items() if name not in _EXTRA}
    fields["row"] = fields.pop("row_number")
    fields["status"] = PayoutStatus(fields["status"])
    fields["reason"] = Reason(fields["reason"]) if fields["reason"] else None
    fields["recipient"] = orjson.loads(fields["recipient"]) if fields["recipient"] else None
    return Payout(**fields)


def _account(row: Row) -> BankAccount | None:
    if row["account_number"] is None:
        return None
    return BankAccount(
        id=row["bank_account_id"],
        merchant_id=row["merchant_id"],
        holder=row["holder"],
        account_number=row["account_number"],
        ifsc=row["ifsc"],
        bank_name=row["bank_name"],
        account_type=row["account_type"],
        verified=row["verified"],
        primary=row["is_primary"],
    )


def batch(row: Row, cells: Cells) -> dict[str, object]:
    """The public form of a row of BATCH with its totals."""
    return batch_view(
        batch_state(row),
        cells,
        waiting_rows=row["waiting_rows"],
        updated_at=row["updated_at"],
        refusal_code=row["refusal_code"],
        refusal_detail=row["refusal_detail"],
    )


def batch_state(row: Row) -> Batch:
    """A row of BATCH as the law knows it."""
    return Batch(
        id=row["id"],
        merchant_id=row["merchant_id"],
        created_at=row["created_at"],
        phase=BatchPhase(row["phase"]),
        name=row["name"],
        reference=row["reference"],
        funding=Funding(row["funding"]),
        on_row_failure=OnRowFailure(row["on_row_failure"]),
        source=row["source"],
        submit=row["submit"],
        idempotency_key=row["idempotency_key"],
        row_count=row["row_count"],
        released_at=row["released_at"],
        stopped_at=row["stopped_at"],
        version=row["version"],
    )


def change(row: Row) -> dict[str, object]:
    """One change of a payout as the feed tells it: the whole moving state and the version (LIV-05)."""
    return {
        "id": row["id"],
        "batch_id": row["batch_id"],
        "row": row["row_number"],
        "merchant_id": row["merchant_id"],
        "reference": row["reference"],
        **amounts(row["amount_minor"], row["currency"]),
        "version": row["version"],
        "status": row["status"],
        "reason": row["reason"],
        "waits_until": waits_until(row["reason"], row["due_at"]),
        "attempt_count": row["attempt_count"],
        "provider": row["provider"],
        "failure_code": row["failure_code"],
        "failure_reason": row["failure_reason"],
        "bank_reference_id": row["bank_reference_id"],
        "updated_at": rfc3339(row["at"]),
    }


def history(rows: Sequence[Row]) -> list[dict[str, object]]:
    """A payout's changes in order, each with where it came from (LIF-18)."""
    moves: list[dict[str, object]] = []
    before: str | None = None
    for row in rows:
        moves.append(
            {
                "position": {"partition": row["partition"], "offset": row["offset"], "index": row["idx"]},
                "from": before,
                "to": row["status"],
                "version": row["version"],
                "reason": row["reason"],
                "attempt": row["attempt_count"],
                "failure_code": row["failure_code"],
                "failure_reason": row["failure_reason"],
                "bank_reference_id": row["bank_reference_id"],
                "actor": row["actor"],
                "command_id": row["command_id"],
                "at": rfc3339(row["at"]),
            }
        )
        before = row["status"]
    return moves


def record(partition: int, offset: int, index: int | None = None) -> dict[str, object]:
    """Where the log record stands that made a row what it is, and the address that shows it (CON-25)."""
    place = {"topic": EVENTS.name, "partition": partition, "offset": offset}
    href = f"/api/v1/log/{EVENTS.name}/{partition}/{offset}/"
    return {**place, "index": index, "href": href} if index is not None else {**place, "href": href}


def entry(row: Row) -> dict[str, object]:
    """A ledger entry (API-26). The id is its place on the log; `amount` is signed. A credit says what its sender wrote on it."""
    amount = row["amount_minor"]
    return {
        "id": f"{row['partition']}-{row['offset']}-{row['leg']}",
        "account": row["account"],
        "entry_type": row["entry_type"],
        "direction": "credit" if amount > 0 else "debit",
        **amounts(amount, row["currency"]),
        "merchant_id": row["merchant_id"],
        "payout_id": row["payout_id"],
        "batch_id": row["batch_id"],
        "payout_count": row["payout_count"],
        "reference": row.get("credit_reference"),
        "description": row.get("credit_description") or _describe(row),
        "created_at": rfc3339(row["created_at"]),
    }


def _describe(row: Row) -> str:
    words = str(row["entry_type"]).replace("_", " ")
    if row["payout_id"]:
        return f"{words} of payout {row['payout_id']}"
    if row["batch_id"]:
        return f"{words} of {row['payout_count']} payouts of batch {row['batch_id']}"
    return words


def balances(rows: Sequence[Row], main_currency: str) -> dict[str, object]:
    """Available, held and total, the main currency on top (API-25)."""
    by_currency: dict[str, dict[str, int]] = {main_currency: {}}
    for row in rows:
        by_currency.setdefault(row["currency"], {})[row["account"]] = row["balance_minor"]
    forms = [
        _balance(currency, held)
        for currency, held in sorted(by_currency.items(), key=lambda i: (i[0] != main_currency, i[0]))
    ]
    return {**forms[0], "balances": forms}


def _balance(currency: str, accounts: dict[str, int]) -> dict[str, object]:
    available, held = accounts.get("available", 0), accounts.get("held", 0)
    form: dict[str, object] = {"currency": currency}
    for name, amount in (("available", available), ("held", held), ("total", available + held)):
        form[name] = form[f"{name}_balance"] = format_amount(amount, currency)
        form[f"{name}_minor"] = amount
        if currency == "INR":
            form[f"{name}_balance_paise"] = amount
    return form


def merchant(row: Row, accounts: list[Row]) -> dict[str, object]:
    """A merchant with its bank accounts (API-27, API-28)."""
    return {
        "id": row["id"],
        "name": row["name"],
        "main_currency": row["main_currency"],
        "active": row["active"],
        "idempotency_key_required": row["key_required"],
        "created_at": rfc3339(row["created_at"]),
        "bank_accounts": [_saved_account(account) for account in accounts],
    }


def _saved_account(row: Row) -> dict[str, Any]:
    held = _account({**row, "bank_account_id": row["id"]})
    assert held is not None
    known = msgspec.json.decode(row["verification"], type=Verification) if row["verification"] else None
    return sight.account(saved_account_view(structs.replace(held, closed_at=row["closed_at"], verification=known)))
