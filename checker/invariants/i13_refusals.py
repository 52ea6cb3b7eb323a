"""I13, the refusals: a request is refused only for what is so at that place of the log.

Owns that comparison, code by code. A code that depends on what is not on the log is left out.
"""

from typing import Any

from checker.asked import decimal
from checker.fold.book import Book
from checker.fold.names import Json
from checker.fold.state import Batch, Payout
from checker.invariants import i13_accounts

ROWS_MAX = 1_000_000
SUM_MAX = 2**62
"""What a batch may have of rows, and any account or batch of minor units: the only limits there are."""


class Refusal:
    """One refused command before the book that it met. `body` is what it asks, `answer` what the client was told."""

    def __init__(self, book: Book, merchant: str, body: Json, answer: Json) -> None:
        """Finds what the command is about, if it is this merchant's."""
        self.book, self.merchant, self.body, self.answer = book, merchant, body, answer
        payout, batch = book.payouts.get(body.get("payout_id") or ""), book.batches.get(body.get("batch_id") or "")
        self.payout: Payout | None = payout if payout is not None and payout.merchant == merchant else None
        self.batch: Batch | None = batch if batch is not None and batch.merchant == merchant else None

    def wrong(self, code: str) -> str | None:
        """Why this code is not right here; None if it is, or if the log alone cannot say."""
        if code != "unknown_merchant" and self.body.get("type") in i13_accounts.ABOUT_ACCOUNTS:
            return i13_accounts.refusal(self.book, self.merchant, self.body, code)
        match code:
            case "unknown_merchant":
                active = self.book.merchants.get(self.merchant, {"active": False}).get("active", True)
                return "the merchant is known and active" if active else None
            case "bank_account_unusable":
                named = self.body.get("bank_account_id") or (self.body.get("form") or {}).get("bank_account_id")
                usable = named is not None and i13_accounts.payable(self.book, self.merchant, named)
                return f"the account {named} is verified and open" if usable else None
            case "not_found" if self.body.get("type") == "change_merchant":
                return "the merchant is known" if self.merchant in self.book.merchants else None
            case "not_found":
                subject = self.payout or self.batch
                return f"{subject.id} is there" if subject is not None else None
            case "invalid_state_transition":
                return self._state()
            case "precondition_failed" | "version_conflict":
                return self._version("match_version" if code == "precondition_failed" else "expected_version")
            case "duplicate_reference":
                return self._reference()
            case "insufficient_funds":
                return self._funds()
            case "limit_exceeded":
                return self._limit()
            case "batch_sealed":
                return "there is no such batch" if self.batch is None else _open(self.batch)
            case "row_gap" | "row_conflict" if self.batch is not None and "next_row" in self.answer:
                return differs("next row", self.answer["next_row"], self.batch.row_count + 1)
        return None

    def _state(self) -> str | None:
        """Only what is pending, and no row of an open batch, is edited or canceled."""
        if self.payout is None:
            return "there is no such payout"
        batch = self.book.batches.get(self.payout.batch or "")
        if self.payout.status == "pending" and (batch is None or batch.phase != "open"):
            return f"{self.payout.id} is pending"
        if "payout_status" in self.answer:
            return differs("status", self.answer["payout_status"], self.payout.status)
        return None

    def _version(self, guard: str) -> str | None:
        """A guard does not hold; a batch's may also be where it stands."""
        subject = self.payout or self.batch
        if subject is None:
            return "there is no such payout or batch"
        named = self.body.get(guard)
        stale = named is not None and subject.version not in (named if isinstance(named, list) else [named])
        if not stale and not (guard == "expected_version" and self._stands_elsewhere()):
            return f"{guard} is {named}, {subject.id} is at v{subject.version}"
        if "version" in self.answer:
            return differs("version", self.answer["version"], subject.version)
        return None

    def _stands_elsewhere(self) -> bool:
        named = self.body.get("expected_phase")
        return self.batch is not None and named is not None and named != self.batch.phase

    def _reference(self) -> str | None:
        match self.body.get("type"):
            case "request_payout":
                reference = (self.body.get("form") or {}).get("reference")
                holder = self.book.references.get((self.merchant, reference or ""))
                return differs("holder of the reference", self.answer.get("payout_id"), holder) or _none(holder)
            case "credit_merchant":
                first = self.book.credits.get((self.merchant, self.body.get("reference") or ""), {}).get("credit_id")
                return differs("holder of the reference", self.answer.get("credit_id"), first) or _none(first)
            case "add_rows":
                named = [row.get("reference") for row in self.body.get("rows") or () if row.get("reference") is not None]
                taken = any((self.merchant, reference) in self.book.references for reference in named)
                return None if taken or len(set(named)) < len(named) else "no row's reference was used before"
        return None

    def _funds(self) -> str | None:
        """What an edit needs more is not there. It is the only command that is refused so without an event of its own."""
        if "available_minor" in self.answer:
            have = self.book.balance(self.merchant, str(self.answer.get("currency")), "available")
            wrong = differs("available", self.answer["available_minor"], have)
            if wrong is not None:
                return wrong
        if self.body.get("type") != "edit_payout" or self.payout is None:
            return None
        currency = str(self.body.get("currency") or self.payout.currency)
        amount, have = self._amount(currency), self.book.balance(self.merchant, currency, "available")
        if self.payout.reason == "funds":
            return f"{self.payout.id} waits for funds: nothing is held for it"
        if amount is None:
            return None
        need = amount - self.payout.amount if currency == self.payout.currency else amount + self.payout.fee
        return None if need > have else f"the edit needs {need} {currency} more, and {have} are there"

    def _amount(self, currency: str) -> int | None:
        if self.body.get("amount") is not None:
            return decimal(self.body["amount"], currency)
        found = self.body.get("amount_minor", self.payout.amount if self.payout is not None else None)
        return found if isinstance(found, int) else None

    def _limit(self) -> str | None:
        match self.body.get("type"):
            case "credit_merchant":
                accounts = [
                    self.book.balance(self.merchant, self.body["currency"], name) for name in ("external", "available")
                ]
                after = max(-accounts[0], accounts[1]) + self.body["amount_minor"]
                return None if after > SUM_MAX else f"{after} minor units are no limit"
            case "add_rows":
                rows = self.body.get("rows") or []
                sums = max(self.batch.sums.values(), default=0) if self.batch is not None else 0
                after, last = sums + sum(row["amount_minor"] for row in rows), self.body["first_row"] + len(rows) - 1
                return None if after > SUM_MAX or last > ROWS_MAX else f"{last} rows of {after} minor units are no limit"
        return f"there is no limit for {self.body.get('type')}"


def _open(batch: Batch) -> str | None:
    return f"batch {batch.id} is open" if batch.phase == "open" else None


def _none(holder: str | None) -> str | None:
    return "the reference was not used before" if holder is None else None


def differs(what: str, told: Any, own: Any) -> str | None:
    """What was told, if the log gives something else."""
    return None if told == own else f"{what} is said to be {told!r}, the log gives {own!r}"
