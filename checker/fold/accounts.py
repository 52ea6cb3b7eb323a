"""Merchants that change, and saved accounts that change, are closed, and are verified by two deposits.

Owns their state in the book, and the deposits that an event opens or settles. Must not judge.
"""

from dataclasses import dataclass

from checker.evidence import Record
from checker.fold.book import Book
from checker.fold.names import Json

CHANGED = "bank_account_changed"
CLEARING = "clearing:"


def merchant_changed(book: Book, record: Record, event: Json) -> None:
    """A merchant as it is now."""
    merchant = record.value["merchant_id"]
    book.merchants[merchant] = {**book.merchants[merchant], **event, "key_required": event.get("key_required", False)}


def bank_account_changed(book: Book, record: Record, event: Json) -> None:
    """A saved account as it is now: what the event does not say is as by default."""
    place = (record.value["merchant_id"], event["bank_account_id"])
    book.bank_accounts[place] = {**event, "created_at": book.bank_accounts[place]["created_at"]}


@dataclass(slots=True)
class Deposit:
    """One deposit at its start: who is to get what, and since when it is on the log (record time, ms UTC)."""

    account: str
    number: int
    amount: int
    currency: str
    payee: str
    ts: int
    place: str


@dataclass(slots=True)
class Settled:
    """What the log says of one deposit for good. `provider` is known of a paid one, by its clearing account."""

    reference: str
    status: str
    provider_reference: str | None
    provider: str
    amount: int
    currency: str
    at: int
    ts: int
    place: str


def opened(record: Record, event: Json) -> list[tuple[str, Deposit]]:
    """(reference, deposit) of each deposit that an event opens."""
    if event.get("type") != CHANGED or event.get("change") != "verification_started":
        return []
    known = event["verification"]
    more = (known["currency"], event["account_number"], record.ts, record.place)
    return [
        (one["reference"], Deposit(event["bank_account_id"], number, one["amount_minor"], *more))
        for number, one in enumerate(known["deposits"], 1)
    ]


def settled(book: Book, record: Record, event: Json) -> list[Settled]:
    """The deposits of which an event is the first to say something definite. The book is that of before the event."""
    known = event.get("verification") if event.get("type") == CHANGED else None
    if not known:
        return []
    before = book.bank_accounts.get((record.value["merchant_id"], event["bank_account_id"]), {}).get("verification") or {}
    open_before = {one["reference"] for one in before.get("deposits") or () if one.get("status", "sent") == "sent"}
    clearing = [leg["account"] for leg in event.get("postings") or () if leg["account"].startswith(CLEARING)]
    provider = clearing[0].removeprefix(CLEARING) if clearing else ""
    return [
        Settled(
            reference=one["reference"],
            status=one["status"],
            provider_reference=one.get("provider_reference"),
            provider=provider,
            amount=one["amount_minor"],
            currency=known["currency"],
            at=record.value["at"],
            ts=record.ts,
            place=record.place,
        )
        for one in known["deposits"]
        if one["reference"] in open_before and one.get("status", "sent") != "sent"
    ]
