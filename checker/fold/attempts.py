"""Attempts as the log has them, and transfers as the provider's own books have them, joined by reference.

Owns the join. The reference is taken from the event that names it. Must not judge.
"""

from dataclasses import dataclass
from typing import Any

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.state import Payout


@dataclass(slots=True)
class Attempt:
    """One attempt at its start: who is to get what, and since when it is on the log (record time, ms UTC)."""

    payout: str
    attempt: int
    provider: str
    ts: int
    place: str
    amount: int
    currency: str
    payee: str | None


@dataclass(slots=True)
class Transfer:
    """One line of the provider's books. `paid_at` is None for what was never paid, `failed_at` for what never failed."""

    place: str
    reference: str
    amount: str
    currency: str
    payee: str
    status: str
    received_at: int
    paid_at: int | None
    failed_at: int | None = None
    code: str | None = None
    retryable: bool | None = None
    provider_reference: str | None = None

    def failed(self, at: int) -> bool:
        """Whether it had failed by then."""
        return self.failed_at is not None and self.failed_at <= at

    def paid(self, at: int) -> bool:
        """Whether it was paid by then."""
        return self.paid_at is not None and self.paid_at <= at


def payee_of(book: Book, payout: Payout) -> str | None:
    """The number that money goes to."""
    form: dict[str, Any] = payout.recipient or {}
    if payout.bank_account is not None:
        form = book.bank_accounts.get((payout.merchant, payout.bank_account), {})
    return form.get("msisdn") or form.get("account_number") or form.get("account") or form.get("iban")


def attempts_of(book: Book, record: Record, event: dict[str, Any]) -> list[tuple[str, Attempt]]:
    """(reference, attempt) of each attempt that an `attempts_started` opens."""
    found = []
    for item in event["attempts"]:
        payout = book.payouts.get(item["payout_id"])
        if payout is not None:
            place = (payout.id, item["attempt"], event["provider"], record.ts, record.place)
            found.append((item["reference"], Attempt(*place, payout.amount, payout.currency, payee_of(book, payout))))
    return found


def transfers(evidence: Evidence) -> list[Transfer] | None:
    """The books; None when they are not there. Rows of other tables of the books have no reference and are passed over."""
    rows = evidence.rows("books")
    if rows is None:
        return None
    found = []
    for line, row in enumerate(rows, 1):
        if row.get("table", "transfers") == "transfers" and "reference" in row:
            found.append(_transfer(line, row))
    return found


def _transfer(line: int, row: dict[str, Any]) -> Transfer:
    place, text = f"books.jsonl:{line}", str(row["reference"])
    head = (place, text, row["amount"], row["currency"], row["payee"], row["status"], row["received_at"])
    retryable = None if row.get("retryable") is None else bool(row["retryable"])
    return Transfer(*head, _paid_at(row), _failed_at(row), row.get("code"), retryable, row.get("provider_reference"))


def _paid_at(row: dict[str, Any]) -> int | None:
    """A transfer is paid at once, or at `pays_at`; one under way that names a code ends failed then."""
    if row["status"] == "paid":
        return int(row["received_at"])
    pays_at = row.get("pays_at")
    return None if pays_at is None or row.get("code") else int(pays_at)


def _failed_at(row: dict[str, Any]) -> int | None:
    if row["status"] == "failed":
        return int(row["received_at"])
    pays_at = row.get("pays_at")
    return int(pays_at) if pays_at is not None and row.get("code") and row["status"] != "paid" else None
