"""How payouts and batches that are there move: funding, seal, attempts, answers, edits, cancels.

Owns the state after each kind of event. It follows the log even where that breaks the table. Must not judge.
"""

from checker.evidence import Record
from checker.fold.book import Book
from checker.fold.names import TARGETS, Json, items, row_id
from checker.fold.runs import meant
from checker.fold.state import Payout


def payouts_funded(book: Book, record: Record, event: Json) -> None:
    """Payouts that waited for funds have their hold."""
    for item in event["payouts"]:
        payout = book.payouts.get(item["payout_id"])
        if payout is None:
            continue
        if payout.reason == "funds":
            book.wait(payout, -1)
        payout.reason, payout.version, payout.updated_at = item.get("reason"), item["version"], record.value["at"]
        payout.due_at = payout.due_at if payout.reason == "schedule" else None
        book.hold(payout, payout.total)
        _unchanged(book, payout)
    for run in event.get("runs") or ():
        batch = book.touch(record, run)
        for row in meant(book, {**event, "runs": [run]}):
            _reasoned(book, record, row, None)
            book.hold(row, row.total)
        if batch is not None:
            batch.waiting_rows -= run["count"]


def _reasoned(book: Book, record: Record, payout: Payout, reason: str | None) -> None:
    """A row of a batch waits for funds from now on, or no longer."""
    payout.reason, payout.version, payout.updated_at = reason, payout.version + 1, record.value["at"]
    book.wait(payout, 1 if reason is not None else -1)
    _unchanged(book, payout)


def _unchanged(book: Book, payout: Payout) -> None:
    """A line of history that repeats what the payout's row says."""
    book.change(
        payout,
        attempt=payout.attempt,
        inquiry=payout.inquiry,
        due_at=payout.due_at,
        failure_code=payout.failure_code,
        failure_reason=payout.failure_reason,
        bank_reference=payout.bank_reference,
    )


def batch_released(book: Book, record: Record, event: Json) -> None:
    """A batch is sealed and its rows have their holds, but those that wait for funds."""
    batch = book.touch(record, event)
    if batch is None:
        return
    batch.phase, batch.released_at, batch.version = "released", record.value["at"], batch.version + 1
    batch.waiting_rows = sum(run["count"] for run in event.get("waiting") or ())
    for waiting in meant(book, event):
        _reasoned(book, record, waiting, "funds")
    for row in range(1, event["row_count"] + 1):
        payout = book.payouts.get(row_id(batch.id, row))
        if payout is not None and payout.reason is None:
            book.hold(payout, payout.total)


def batch_stopped(book: Book, record: Record, event: Json) -> None:
    """A running batch was stopped: its rows that were pending are canceled; their references stay taken."""
    batch = book.touch(record, event)
    if batch is not None:
        batch.stopped_at, batch.version = record.value["at"], batch.version + 1
        batch.waiting_rows -= event.get("waiting_rows", 0)
    for payout in list(meant(book, event)):
        _canceled(book, record, payout, payout.version + 1, event.get("detail"), event.get("code"))
        _unchanged(book, payout)


def batch_ended(book: Book, record: Record, event: Json) -> None:
    """A batch was refused or dropped, and its rows with it."""
    batch = book.touch(record, event)
    refused = event["type"] == "batch_refused"
    code, detail = event.get("code"), event.get("detail") if refused else event.get("reason")
    if batch is not None:
        batch.phase, batch.version = "refused" if refused else "canceled", batch.version + 1
        batch.refusal_code, batch.refusal_detail = code, detail
    for item in items(event):
        payout = book.payouts.get(item["payout_id"])
        if payout is None:
            continue
        if book.references.get((payout.merchant, payout.reference or "")) == payout.id:
            del book.references[payout.merchant, payout.reference or ""]
        _canceled(book, record, payout, payout.version + 1, detail, code)
        _unchanged(book, payout)


def _canceled(book: Book, record: Record, payout: Payout, version: int, why: str | None, code: str | None = None) -> None:
    _move(book, payout, "canceled", version, record.value["at"])
    payout.failure_code, payout.failure_reason, payout.due_at = code, why, None
    payout.canceled_at = record.value["at"]
    book.hold(payout, 0)


def _move(book: Book, payout: Payout, target: str, version: int, at: int, reason: str | None = None) -> None:
    batch = book.batches.get(payout.batch or "")
    if batch is not None:
        batch.move(payout, payout.status, target)
    if payout.reason == "funds":
        book.wait(payout, -1)
    payout.status, payout.version, payout.updated_at, payout.reason = target, version, at, reason


def payout_canceled(book: Book, record: Record, event: Json) -> None:
    """A pending payout was called back."""
    batch = book.touch(record, event)
    payout = book.payouts.get(event["payout_id"])
    if payout is not None:
        if batch is not None and payout.reason == "funds":
            batch.waiting_rows -= 1
        _canceled(book, record, payout, event["version"], event.get("reason"))
        book.change(payout, failure_reason=event.get("reason"))


def payout_edited(book: Book, record: Record, event: Json) -> None:
    """A pending payout has a new form, and its hold follows."""
    batch, payout, form = book.touch(record, event), book.payouts.get(event["payout_id"]), event["form"]
    if payout is None:
        return
    if batch is not None:
        batch.resize(payout, form["currency"], form["amount_minor"])
    held, waits = payout.hold, payout.reason == "funds"
    book.hold(payout, 0)
    book.wait(payout, -waits)
    payout.amount, payout.currency = form["amount_minor"], form["currency"]
    payout.fee = event.get("fee_minor", 0)
    payout.recipient, payout.bank_account = form.get("recipient"), form.get("bank_account_id")
    payout.description, payout.version, payout.updated_at = form.get("description"), event["version"], record.value["at"]
    book.wait(payout, +waits)
    book.hold(payout, payout.total if held else 0)
    _unchanged(book, payout)


def attempted(book: Book, record: Record, event: Json) -> None:
    """Attempts began, went on or ended."""
    book.touch(record, event)
    kind, at = event["type"], record.value["at"]
    for item in items(event):
        payout = book.payouts.get(item["payout_id"])
        if payout is not None:
            _move(book, payout, TARGETS[kind], item["version"], at, REASONS.get(kind))
            ANSWERS[kind](book, payout, item, event, at)


def _started(book: Book, payout: Payout, item: Json, event: Json, at: int) -> None:
    payout.provider, payout.attempt, payout.inquiry = event["provider"], item["attempt"], 0
    payout.due_at, payout.failure_code, payout.failure_reason = event["deadline_at"], None, None
    payout.processing_started_at = payout.processing_started_at or at
    book.change(payout, attempt=payout.attempt, inquiry=0, due_at=payout.due_at)


def _progressing(book: Book, payout: Payout, item: Json, event: Json, _at: int) -> None:
    named = item.get("provider_reference") or None
    payout.inquiry, payout.due_at, payout.failure_code, payout.failure_reason = 0, event["deadline_at"], None, None
    payout.bank_reference = named or payout.bank_reference
    book.change(payout, attempt=item["attempt"], inquiry=0, due_at=payout.due_at, bank_reference=named)


def _completed(book: Book, payout: Payout, item: Json, _event: Json, at: int) -> None:
    named = item.get("provider_reference") or None
    payout.due_at = payout.failure_code = payout.failure_reason = None
    payout.bank_reference, payout.completed_at = named or payout.bank_reference, at
    book.hold(payout, 0)
    book.change(payout, attempt=item["attempt"], bank_reference=named)


def _unpaid(book: Book, payout: Payout, item: Json, event: Json, at: int) -> None:
    payout.failure_code, payout.failure_reason, payout.inquiry = item["code"], item.get("reason"), item.get("inquiry", 0)
    payout.due_at = item.get("due_at")
    if event["type"] == "payouts_failed":
        payout.failed_at, payout.due_at = at, None
        book.hold(payout, 0)
    book.change(
        payout,
        attempt=item["attempt"],
        inquiry=payout.inquiry,
        due_at=payout.due_at,
        failure_code=item["code"],
        failure_reason=item.get("reason"),
    )


REASONS = {"attempts_in_progress": "in_progress", "retries_scheduled": "retry", "outcomes_unknown": "outcome_unknown"}


ANSWERS = {
    "attempts_started": _started,
    "attempts_in_progress": _progressing,
    "payouts_completed": _completed,
    "payouts_failed": _unpaid,
    "retries_scheduled": _unpaid,
    "outcomes_unknown": _unpaid,
}
