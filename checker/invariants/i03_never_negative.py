"""I3: available and held are never below zero, after any event of the log.

Owns the running balances' sign.
"""

from checker.evidence import Evidence, Record
from checker.fold.book import Book
from checker.fold.names import Json
from checker.fold.walk import Watcher, walk
from checker.verdict import Verdict


class NeverNegative(Watcher):
    """Looks at the merchant's accounts after each event."""

    name = "I3"

    def after(self, book: Book, record: Record, event: Json) -> None:
        """The accounts that the event touched."""
        merchant = record.value["merchant_id"]
        for account, currency in {(leg["account"], leg["currency"]) for leg in event.get("postings") or ()}:
            if account in {"available", "held"}:
                balance = book.balance(merchant, currency, account)
                self.found.need(balance >= 0, record.place, f"{account} of {merchant} is {balance} {currency}")


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I3."""
    return walk(evidence, [NeverNegative(evidence)])["I3"]
