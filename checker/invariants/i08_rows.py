"""The rows that each view should hold, from the book.

Owns the columns of the views as the checker knows them. Must not compare.
"""

import json
from collections.abc import Callable
from typing import Any

from checker.evidence import Record
from checker.fold.book import Book
from checker.fold.names import Json, items
from checker.fold.state import Change, Payout

Rows = dict[tuple[Any, ...], Json]


def entry_rows(record: Record, event: Json, payouts: int, first_leg: int) -> list[Json]:
    """One ledger entry per posting (ADR 0008); `payouts` is how many the event moves."""
    kind, batch = event.get("type"), event.get("batch_id")
    only = items(event)[0]["payout_id"] if payouts == len(items(event)) == 1 else None
    if kind == "payout_accepted":
        payouts, only = 1, event["payout_id"]
    if kind == "batch_released":
        payouts, only = event["row_count"] - payouts, None
    if kind == "batch_stopped":
        payouts, only = payouts - event.get("waiting_rows", 0), None
    return [
        {
            "partition": record.partition,
            "offset": record.offset,
            "leg": leg,
            "merchant_id": record.value["merchant_id"],
            "account": posting["account"],
            "currency": posting["currency"],
            "amount_minor": posting["amount_minor"],
            "entry_type": posting["entry_type"],
            "payout_id": only,
            "batch_id": batch,
            "payout_count": payouts,
            "created_at": record.value["at"],
        }
        for leg, posting in enumerate(event.get("postings") or (), first_leg)
    ]


def change_rows(record: Record, changes: list[Change]) -> list[Json]:
    """The history that one record adds."""
    value = record.value
    return [
        {
            "partition": record.partition,
            "offset": record.offset,
            "idx": change.idx,
            "payout_id": change.payout,
            "merchant_id": value["merchant_id"],
            "batch_id": change.batch,
            "version": change.version,
            "status": change.status,
            "reason": change.reason,
            "attempt_count": change.attempt,
            "inquiry_count": change.inquiry,
            "due_at": change.due_at,
            "failure_code": change.failure_code,
            "failure_reason": change.failure_reason,
            "bank_reference_id": change.bank_reference,
            "at": value["at"],
            "actor": value.get("actor", "api"),
            "command_id": value["command_id"],
        }
        for change in changes
    ]


def _payout(payout: Payout) -> Json:
    return {
        "id": payout.id,
        "merchant_id": payout.merchant,
        "partition": payout.partition,
        "batch_id": payout.batch,
        "row_number": payout.row,
        "reference": payout.reference,
        "idempotency_key": payout.key,
        "created_at": payout.at,
        "amount_minor": payout.amount,
        "currency": payout.currency,
        "fee_minor": payout.fee,
        "recipient": _text(payout.recipient),
        "bank_account_id": payout.bank_account,
        "description": payout.description,
        "version": payout.version,
        "status": payout.status,
        "reason": payout.reason,
        "updated_at": payout.updated_at,
        "due_at": payout.due_at,
        "failure_code": payout.failure_code,
        "failure_reason": payout.failure_reason,
        "provider": payout.provider,
        "attempt_count": payout.attempt,
        "inquiry_count": payout.inquiry,
        "bank_reference_id": payout.bank_reference,
        "expected_settlement_date": None,
        "processing_started_at": payout.processing_started_at,
        "completed_at": payout.completed_at,
        "failed_at": payout.failed_at,
        "canceled_at": payout.canceled_at,
        "returned_at": None,
        "settled_at": None,
    }


def _text(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _payouts(book: Book) -> Rows:
    return _Lazy({(payout_id,): payout for payout_id, payout in book.payouts.items()})


class _Lazy(dict[tuple[Any, ...], Any]):
    """Rows that are made when they are asked for: there may be very many payouts."""

    def pop(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """The row of this key, which is then no longer wanted."""
        payout = super().pop(key, None)
        return default if payout is None else _payout(payout)


def _offsets(book: Book) -> Rows:
    return _Offsets(
        {
            (partition,): {"next_offset": place[0], "next_source": place[1], "last_at": place[2]}
            for partition, place in book.positions.items()
        }
    )


class _Offsets(dict[tuple[Any, ...], Any]):
    """A partition without records may stand at 0."""

    def pop(self, key: tuple[Any, ...], _default: Any = None) -> Any:
        """The row of this partition."""
        return super().pop(key, {"next_offset": 0, "next_source": 0, "last_at": 0})


def _merchants(book: Book) -> Rows:
    return {
        (merchant,): {
            "name": row["name"],
            "main_currency": row["main_currency"],
            "active": row.get("active", True),
            "partition": row["partition"],
            "created_at": row["created_at"],
            "key_required": row.get("key_required", False),
        }
        for merchant, row in book.merchants.items()
    }


def _bank_accounts(book: Book) -> Rows:
    return {
        place: {
            "holder": row["holder"],
            "account_number": row["account_number"],
            "ifsc": row.get("ifsc"),
            "bank_name": row.get("bank_name"),
            "account_type": row.get("account_type", "current"),
            "verified": row.get("verified", False),
            "is_primary": row.get("primary", False),
            "created_at": row["created_at"],
            "closed_at": row.get("closed_at"),
            "verification": _text(row.get("verification")),
        }
        for place, row in book.bank_accounts.items()
    }


def _balances(book: Book) -> Rows:
    return {
        place: {"balance_minor": account.balance, "entry_count": account.entries, "last_offset": account.last_offset}
        for place, account in book.accounts.items()
    }


def _batches(book: Book) -> Rows:
    return {
        (batch.id,): {
            "merchant_id": batch.merchant,
            "partition": batch.partition,
            "created_at": batch.at,
            "updated_at": batch.updated_at,
            "phase": batch.phase,
            "name": batch.opened.get("name"),
            "reference": batch.opened.get("reference"),
            "funding": batch.opened.get("funding", "all_or_nothing"),
            "on_row_failure": batch.opened.get("on_row_failure", "continue"),
            "source": batch.opened.get("source", "api"),
            "submit": batch.opened.get("submit", False),
            "idempotency_key": batch.opened.get("key"),
            "declaration": _text(batch.opened.get("declaration")),
            "row_count": batch.row_count,
            "sums_minor": _text(dict(sorted(batch.sums.items()))),
            "refusal_code": batch.refusal_code,
            "refusal_detail": batch.refusal_detail,
            "released_at": batch.released_at,
            "stopped_at": batch.stopped_at,
            "waiting_rows": batch.waiting_rows,
            "version": batch.version,
            "refused_rows": _text(batch.refused_rows),
            "last_offset": batch.last_offset,
        }
        for batch in book.batches.values()
    }


def _totals(book: Book) -> Rows:
    return {
        (batch.id, *cell): {"count": count, "amount_minor": amount}
        for batch in book.batches.values()
        for cell, (count, amount) in batch.totals.items()
    }


def _answers(book: Book) -> Rows:
    return {
        place: {
            "content_hash": key.content_hash,
            "subject": key.subject,
            "status": key.status,
            "body": None if key.body is None else "\\x" + key.body.encode().hex(),
            "version": key.version,
            "expires_at": key.expires_at,
            "partition": key.partition,
            "offset": key.offset,
        }
        for place, key in book.keys.items()
    }


def _credits(book: Book) -> Rows:
    return {
        place: {
            "credit_id": row["credit_id"],
            "amount_minor": row["amount_minor"],
            "currency": row["currency"],
            "description": row.get("description"),
            "created_at": row["created_at"],
        }
        for place, row in book.credits.items()
    }


TABLES: dict[str, tuple[tuple[str, ...], Callable[[Book], Rows]]] = {
    "projection_offsets": (("partition",), _offsets),
    "merchants": (("id",), _merchants),
    "bank_accounts": (("merchant_id", "id"), _bank_accounts),
    "balances": (("merchant_id", "currency", "account"), _balances),
    "payouts": (("id",), _payouts),
    "batches": (("id",), _batches),
    "batch_totals": (("batch_id", "currency", "status"), _totals),
    "idempotency_answers": (("merchant_id", "key"), _answers),
    "credits": (("merchant_id", "reference"), _credits),
}
"""Table to its key and the maker of its rows."""
