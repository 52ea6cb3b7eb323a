"""I19: each payout's money is set aside once and leaves its hold once: released on failure or cancel, or paid.

Owns what each event must post, worked out from the payouts it names, and that `held` is what the open payouts hold. Nothing in the
events of today gives money back after it was paid; when that comes, its bound belongs here.
"""

from collections.abc import Iterable

from checker.evidence import Evidence, Record
from checker.fold.accounts import CLEARING, settled
from checker.fold.book import Book
from checker.fold.names import Json, items, row_id
from checker.fold.runs import meant, moved
from checker.fold.state import Payout
from checker.fold.walk import Watcher, walk
from checker.verdict import Verdict

Legs = dict[tuple[str, str, str], int]
"""(account, currency, entry type) to minor units."""


class Holds(Watcher):
    """Works out every event's postings itself."""

    name = "I19"

    def before(self, book: Book, record: Record, event: Json) -> None:
        """What the event posts against what it should."""
        posted = _posted(event)
        due = _expected(book, event)
        for one in settled(book, record, event):
            paid = one.amount if one.status == "paid" else 0
            _move(due, "receivable", f"{CLEARING}{one.provider}", one.currency, paid, "payout_completed")
        expected = {leg: amount for leg, amount in due.items() if amount}
        if posted or expected:
            self.found.need(posted == expected, record.place, f"{event.get('type')} posts {posted}, due is {expected}")
        for payout in _leaving(book, event):
            if payout.hold != payout.total:
                self.found.fail(
                    record.place, f"payout {payout.id}: leaves a hold of {payout.hold}, its total is {payout.total}"
                )

    def recorded(self, book: Book, record: Record) -> None:
        """The merchant's `held` is the sum of its payouts' holds."""
        merchant = record.value["merchant_id"]
        currencies = {leg["currency"] for event in record.value["events"] for leg in event.get("postings") or ()}
        for currency in currencies:
            held, holds = book.balance(merchant, currency, "held"), book.holds.get((merchant, currency), 0)
            self.found.need(
                held == holds, record.place, f"held of {merchant} is {held} {currency}, its payouts hold {holds}"
            )

    def finish(self, book: Book) -> None:
        """An end holds nothing."""
        for payout in book.payouts.values():
            if payout.hold and payout.status in {"completed", "failed", "canceled", "rejected", "returned"}:
                self.found.fail(f"payout {payout.id}", f"is {payout.status} and still holds {payout.hold}")


def _posted(event: Json) -> Legs:
    legs: Legs = {}
    for leg in event.get("postings") or ():
        place = (leg["account"], leg["currency"], leg["entry_type"])
        legs[place] = legs.get(place, 0) + leg["amount_minor"]
    return {place: amount for place, amount in legs.items() if amount}


def _leaving(book: Book, event: Json) -> Iterable[Payout]:
    if event.get("type") not in {"payouts_completed", "payouts_failed"}:
        return []
    return [book.payouts[item["payout_id"]] for item in items(event) if item["payout_id"] in book.payouts]


def _expected(book: Book, event: Json) -> Legs:
    legs: Legs = {}
    payouts = [book.payouts[item["payout_id"]] for item in moved(book, event) if item["payout_id"] in book.payouts]
    match event.get("type"):
        case "merchant_credited":
            _move(legs, "external", "available", event["currency"], event["amount_minor"], "payment_received")
        case "payout_accepted" if event.get("reason") != "funds":
            total = event["form"]["amount_minor"] + event.get("fee_minor", 0)
            _move(legs, "available", "held", event["form"]["currency"], total, "payout_hold")
        case "payouts_funded":
            for payout in payouts:
                _move(legs, "available", "held", payout.currency, payout.total - payout.hold, "payout_hold")
        case "batch_released":
            waiting = {payout.id for payout in meant(book, event)}
            for row in range(1, event["row_count"] + 1):
                member = book.payouts.get(row_id(event["batch_id"], row))
                if member is not None and member.id not in waiting:
                    _move(legs, "available", "held", member.currency, member.total - member.hold, "payout_hold")
        case "payouts_completed":
            for payout in payouts:
                clearing = f"clearing:{event['provider']}"
                _move(legs, "held", clearing, payout.currency, payout.amount if payout.hold else 0, "payout_completed")
                _move(legs, "held", "fees", payout.currency, payout.fee if payout.hold else 0, "fee_debit")
        case "payouts_failed" | "payout_canceled" | "batch_stopped":
            for payout in payouts:
                _move(legs, "held", "available", payout.currency, payout.hold, "payout_release")
        case "payout_edited":
            _follow(legs, payouts[0], event) if payouts and payouts[0].hold else None
    return legs


def _follow(legs: Legs, payout: Payout, event: Json) -> None:
    """The hold follows the new form."""
    form, total = event["form"], event["form"]["amount_minor"] + event.get("fee_minor", 0)
    if form["currency"] != payout.currency:
        _move(legs, "held", "available", payout.currency, payout.hold, "payout_release")
        _move(legs, "available", "held", form["currency"], total, "payout_hold")
    elif total > payout.hold:
        _move(legs, "available", "held", payout.currency, total - payout.hold, "payout_hold")
    else:
        _move(legs, "held", "available", payout.currency, payout.hold - total, "payout_release")


def _move(legs: Legs, giver: str, taker: str, currency: str, amount: int, kind: str) -> None:
    legs[giver, currency, kind] = legs.get((giver, currency, kind), 0) - amount
    legs[taker, currency, kind] = legs.get((taker, currency, kind), 0) + amount


def judge(evidence: Evidence) -> Verdict:
    """The verdict on I19."""
    return walk(evidence, [Holds(evidence)])["I19"]
