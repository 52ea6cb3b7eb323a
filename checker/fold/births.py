"""How things come into being in the book: merchants, accounts, credits, payouts, batches and their rows.

Owns the state at birth. Must not judge, nor know what happens later.
"""

from checker.evidence import Record
from checker.fold.book import Book
from checker.fold.names import Json, row_id
from checker.fold.state import Batch, Payout


def merchant_opened(book: Book, record: Record, event: Json) -> None:
    """A merchant is known."""
    merchant, at = record.value["merchant_id"], record.value["at"]
    first = book.merchants.get(merchant, {"created_at": at})
    book.merchants[merchant] = {**event, "created_at": first["created_at"], "partition": record.partition}


def bank_account_added(book: Book, record: Record, event: Json) -> None:
    """A payee account was saved."""
    place = (record.value["merchant_id"], event["bank_account_id"])
    first = book.bank_accounts.get(place, {"created_at": record.value["at"]})
    book.bank_accounts[place] = {**event, "created_at": first["created_at"]}


def merchant_credited(book: Book, record: Record, event: Json) -> None:
    """Money came in."""
    book.credits.setdefault((record.value["merchant_id"], event["reference"]), {**event, "created_at": record.value["at"]})


def _born(record: Record, payout_id: str, form: Json) -> Payout:
    return Payout(
        payout_id,
        record.value["merchant_id"],
        record.partition,
        form["amount_minor"],
        form["currency"],
        record.value["at"],
        reference=form.get("reference"),
        recipient=form.get("recipient"),
        bank_account=form.get("bank_account_id"),
        description=form.get("description"),
        updated_at=record.value["at"],
    )


def payout_accepted(book: Book, record: Record, event: Json) -> None:
    """A single payout is pending, with its hold or waiting for funds."""
    payout = _born(record, event["payout_id"], event["form"])
    payout.fee, payout.key = event.get("fee_minor", 0), event.get("key")
    payout.reason, payout.due_at = event.get("reason"), event.get("release_at")
    if payout.id in book.payouts:
        book.hold(book.payouts[payout.id], 0)
    book.payouts[payout.id] = payout
    if payout.reference is not None:
        book.references[payout.merchant, payout.reference] = payout.id
    if event.get("postings"):
        book.hold(payout, payout.total)
    if payout.reason == "funds":
        book.wait(payout, 1)
    book.change(payout, inquiry=0, due_at=payout.due_at)


def payout_rejected(book: Book, record: Record, event: Json) -> None:
    """A single payout was refused on intake."""
    payout = _born(record, event["payout_id"], event["form"])
    payout.status, payout.reason, payout.key = "rejected", "insufficient_funds", event.get("key")
    payout.failure_code, payout.failure_reason = event["code"], event["detail"]
    book.payouts[payout.id] = payout
    book.change(payout, inquiry=0, failure_code=event["code"], failure_reason=event["detail"])


def batch_opened(book: Book, record: Record, event: Json) -> None:
    """An empty batch exists."""
    at = record.value["at"]
    batch = Batch(event["batch_id"], record.value["merchant_id"], record.partition, at, event)
    batch.updated_at, batch.last_offset = at, record.offset
    book.batches[batch.id] = batch


def rows_added(book: Book, record: Record, event: Json) -> None:
    """Rows of a batch are pending."""
    batch = book.touch(record, event)
    for row, form in enumerate(event["rows"], event["first_row"]):
        payout = _born(record, row_id(event["batch_id"], row), form)
        payout.batch, payout.row = event["batch_id"], row
        book.payouts[payout.id] = payout
        if payout.reference is not None:
            book.references[payout.merchant, payout.reference] = payout.id
        if batch is not None:
            batch.move(payout, None, "pending")
            batch.sums[payout.currency] = batch.sums.get(payout.currency, 0) + payout.amount
        book.change(payout, inquiry=0)
    if batch is not None:
        batch.row_count = event["first_row"] + len(event["rows"]) - 1
        batch.refused_rows = event.get("refused_rows", batch.refused_rows)
        batch.version += 1
