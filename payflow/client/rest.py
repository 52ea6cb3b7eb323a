"""Payflow over REST, typed.

Owns the calls. Every call raises RefusedError (with a code to act on) or UnreachableError (send the same again, under the same key). A
write without a `key` gets one here; keep it yourself (`key=...`) if the request must survive the end of your process.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, TypeVar

import httpx2
import msgspec
from msgspec import Struct

from payflow.client.forms import (
    Balance,
    BankAccount,
    Batch,
    BatchStopped,
    Change,
    Credit,
    LedgerEntry,
    Merchant,
    Payout,
    RowsAdded,
    Timeline,
)
from payflow.client.transport import Transport

T = TypeVar("T")

Row = Mapping[str, Any]
"""A payout request: amount or amount_minor, currency, recipient_details or bank_account_id, reference, description."""
PAGE_ROWS = 200
LEDGER_ROWS = 100
UPLOAD_SECONDS = 900.0


class _Page(Struct, frozen=True):
    results: list[Any]
    next_cursor: str | None = None


class Payflow:
    """A client of one gateway, for one merchant or for all that the credential may act for. Use as a context manager."""

    def __init__(
        self,
        url: str = "http://127.0.0.1:8000",
        *,
        merchant: str | None = None,
        api_key: str | None = None,
        timeout: float = 40.0,
        tries: int = 5,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        """`url` without a path. `transport` is for tests."""
        self._transport = Transport(
            url, merchant=merchant, api_key=api_key, timeout=timeout, tries=tries, transport=transport
        )

    def __enter__(self) -> "Payflow":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the pooled connections."""
        self._transport.close()

    # payouts

    def request_payout(self, payout: Row, *, key: str | None = None, wait: int | None = None) -> Payout:
        """Pay one payee. A repeat with the same key gives the first answer again. `wait`: seconds for the decision (0 to 30)."""
        return self._write("POST", "/payouts/", Payout, key or new_key(), json=payout, wait=wait)

    def payout(self, payout_id: str) -> Payout:
        """A payout as it stands; what this client wrote is in it."""
        return self._transport.read(f"/payouts/{payout_id}/", Payout)

    def payouts(self, **filters: object) -> Iterator[Payout]:
        """All payouts that match, newest first, read page by page (by cursor). Filters as in the API; lists go by comma."""
        return self._pages("/payouts/", Payout, filters)

    def history(self, payout_id: str) -> list[Change]:
        """A payout's changes in order."""
        return _convert(self._transport.read(f"/payouts/{payout_id}/events/", _Page), Change)

    def timeline(self, payout_id: str) -> Timeline:
        """A payout's story in one order, and what comes next."""
        return self._transport.read(f"/payouts/{payout_id}/timeline/", Timeline)

    def edit_payout(self, payout_id: str, changes: Row, *, version: int | None = None, key: str | None = None) -> Payout:
        """Change a pending payout. With `version` only if it still is that one (412 `precondition_failed` if not)."""
        return self._write("PATCH", f"/payouts/{payout_id}/", Payout, key or new_key(), json=changes, version=version)

    def cancel_payout(self, payout_id: str, reason: str | None = None, *, version: int | None = None) -> None:
        """Cancel a pending payout; a repeat is no error."""
        body = {"reason": reason} if reason is not None else {}
        self._write("POST", f"/payouts/{payout_id}/cancel/", type(None), new_key(), json=body, version=version)

    # batches

    def create_batch(
        self, rows: Sequence[Row], *, key: str | None = None, wait: int | None = None, **options: object
    ) -> Batch:
        """Submit a batch whole. Options: name, reference, declared ({"row_count": 2, "sums": {"USD": "3.00"}}), funding, on_row_failure.

        And on_invalid_rows: with "accept_valid" rows that are not valid stay out, and `refused_rows` of the answer names them.
        """
        return self._write("POST", "/batches/", Batch, key or new_key(), json={**options, "rows": list(rows)}, wait=wait)

    def open_batch(self, *, key: str | None = None, **options: object) -> Batch:
        """Open an empty batch, to be filled by `add_rows` and paid after `seal_batch`."""
        return self._write("POST", "/batches/", Batch, key or new_key(), json=options)

    def add_rows(
        self,
        batch_id: str,
        rows: Sequence[Row],
        first_row: int,
        *,
        version: int | None = None,
        on_invalid_rows: str | None = None,
    ) -> RowsAdded:
        """The next rows, up to 500, with the number of the first (from 1); rows that the batch has already are a repeat.

        With `version` only if the batch still is that one (412 `precondition_failed` if not). With `on_invalid_rows` "accept_valid" rows
        that are not valid stay out (`refused_rows`) and those behind them move up: the next chunk begins at `row_count` + 1.
        """
        body = _told(first_row=first_row, rows=list(rows), on_invalid_rows=on_invalid_rows)
        return self._write("POST", f"/batches/{batch_id}/rows/", RowsAdded, new_key(), json=body, version=version)

    def seal_batch(self, batch_id: str, *, declared: Row | None = None, expected_version: int | None = None) -> Batch:
        """Close the batch: it is checked, its money held and its rows released, or all of it refused.

        With `expected_version` a batch that changed since is a conflict, and nothing happens.
        """
        body = _told(declared=declared, expected_version=expected_version)
        return self._write("POST", f"/batches/{batch_id}/seal/", Batch, new_key(), json=body)

    def cancel_batch(
        self,
        batch_id: str,
        *,
        reason: str | None = None,
        expected_phase: str | None = None,
        expected_version: int | None = None,
    ) -> BatchStopped | None:
        """Drop an unsealed batch, or stop a running one: then the answer says how many rows were stopped, and how many were not.

        With `expected_phase` ("open", "released") or `expected_version` a batch that stands elsewhere by now is a conflict, and nothing
        happens. That rows of a running batch are paid does not change its version.
        """
        body = _told(reason=reason, expected_phase=expected_phase, expected_version=expected_version)
        return self._write("DELETE", f"/batches/{batch_id}/", BatchStopped, new_key(), json=body)

    def upload_batch(
        self, file: IO[bytes], file_name: str, /, *, kind: str = "text/csv", key: str | None = None, **fields: str
    ) -> Batch:
        """Submit a file as a batch; the answer comes when all of it is decided. It is read again for a repeat, so it must seek.

        `fields` are those of the upload form: name, reference, currency, row_count, total, ...
        """
        parts: dict[str, Any] = {"files": {"file": (file_name, file, kind)}, "data": fields, "timeout": UPLOAD_SECONDS}
        return self._write("POST", "/batches/upload/", Batch, key or new_key(), **parts)

    def batch(self, batch_id: str) -> Batch:
        """A batch with counts, sums and progress."""
        return self._transport.read(f"/batches/{batch_id}/", Batch)

    def batches(self, **filters: object) -> Iterator[Batch]:
        """All batches, newest first; `attention` filters them."""
        return self._pages("/batches/", Batch, filters)

    def rows(self, batch_id: str, **filters: object) -> Iterator[Payout]:
        """Rows of a batch in order, with the filters of payouts."""
        return self._pages(f"/batches/{batch_id}/rows/", Payout, filters)

    # money and merchants

    def balance(self, merchant: str | None = None) -> Balance:
        """Available, held and total per currency."""
        return self._transport.read("/balance/", Balance, {"merchant_id": merchant})

    def ledger(self, merchant: str | None = None, payout_id: str | None = None) -> Iterator[LedgerEntry]:
        """Entries on the merchant's accounts, newest first (up to the 10,100 newest: the API's limit of offsets)."""
        for offset in range(0, 10_001, LEDGER_ROWS):
            params = {"merchant_id": merchant, "payout_id": payout_id, "limit": LEDGER_ROWS, "offset": offset}
            found = _convert(self._transport.read("/ledger/", _Page, params), LedgerEntry)
            yield from found
            if len(found) < LEDGER_ROWS:
                return

    def merchants(self) -> list[Merchant]:
        """Active merchants with their saved bank accounts."""
        return list(self._pages("/merchants/", Merchant, {}))

    def credit(self, merchant: str, credit: Row, *, key: str | None = None) -> Credit:
        """Record incoming money: amount, currency and a reference that is unique for ever."""
        return self._write("POST", f"/merchants/{merchant}/credits/", Credit, key or new_key(), json=credit)

    def change_merchant(self, merchant: str, change: Row, *, key: str | None = None) -> Merchant:
        """Change name, main_currency, active or idempotency_key_required; what is left out stays."""
        return self._write("PATCH", f"/merchants/{merchant}/", Merchant, key or new_key(), json=change)

    def add_bank_account(self, merchant: str, account: Row, *, key: str | None = None) -> BankAccount:
        """Save a payee's bank account."""
        return self._write("POST", f"/merchants/{merchant}/bank-accounts/", BankAccount, key or new_key(), json=account)

    def change_bank_account(self, merchant: str, account: str, change: Row, *, key: str | None = None) -> BankAccount:
        """Change primary, bank_name, account_type (or verified, for administrators); who is paid never changes."""
        return self._write("PATCH", _account(merchant, account), BankAccount, key or new_key(), json=change)

    def close_bank_account(self, merchant: str, account: str) -> None:
        """Take no new payouts to it, for good."""
        self._write("DELETE", _account(merchant, account), type(None), new_key())

    def start_verification(
        self, merchant: str, account: str, *, currency: str | None = None, key: str | None = None
    ) -> BankAccount:
        """Send two small deposits to the account; the merchant's main currency unless one is named."""
        body = {"currency": currency} if currency is not None else {}
        return self._write("POST", f"{_account(merchant, account)}verification/", BankAccount, key or new_key(), json=body)

    def confirm_verification(
        self, merchant: str, account: str, amounts: Sequence[str], *, key: str | None = None
    ) -> BankAccount:
        """Name the two amounts that came in. A wrong try counts, of three: `verification_amounts_wrong`."""
        path, body = f"{_account(merchant, account)}verification/confirm/", {"amounts": list(amounts)}
        return self._write("POST", path, BankAccount, key or new_key(), json=body)

    # the machinery of the above

    def _write(
        self,
        method: str,
        path: str,
        kind: type[T],
        key: str,
        *,
        wait: int | None = None,
        version: int | None = None,
        **content: Any,
    ) -> T:
        headers = {"Prefer": f"wait={wait}"} if wait is not None else {}
        headers |= {"If-Match": f'"{version}"'} if version is not None else {}
        return self._transport.write(method, path, kind, key=key, headers=headers, **content)

    def _pages(self, path: str, kind: type[T], filters: Mapping[str, object]) -> Iterator[T]:
        cursor: str | None = ""
        while cursor is not None:
            page = self._transport.read(path, _Page, {"limit": PAGE_ROWS, **filters, "cursor": cursor})
            yield from _convert(page, kind)
            cursor = page.next_cursor


def _account(merchant: str, account: str) -> str:
    return f"/merchants/{merchant}/bank-accounts/{account}/"


def _told(**members: object) -> Row:
    """A body of those members that have a value."""
    return {name: value for name, value in members.items() if value is not None}


def new_key() -> str:
    """A fresh idempotency key."""
    return str(uuid.uuid4())


def _convert(page: _Page, kind: type[T]) -> list[T]:
    return [msgspec.convert(row, kind) for row in page.results]
