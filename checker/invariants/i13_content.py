"""I13, the content: an event says what its command asked, field by field.

Owns that comparison. What the deciders add of their own (postings, versions, due times) is for others.
"""

from typing import Any

from checker.asked import booked, differs
from checker.fold.book import Book
from checker.fold.names import Json, items
from checker.invariants import i13_accounts
from checker.invariants.i04_content import edit

FIELDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "payout_accepted": ("request_payout", ("payout_id", "form")),
    "payout_rejected": ("request_payout", ("payout_id", "form")),
    "merchant_opened": ("open_merchant", ("name", "main_currency")),
    "bank_account_added": ("add_bank_account", ("bank_account_id", "holder", "account_number", "ifsc", "bank_name", "verified", "primary")),
    "merchant_credited": ("credit_merchant", ("credit_id", "amount_minor", "currency", "reference", "description")),
    "batch_opened": ("open_batch", ("batch_id", "name", "reference", "funding", "on_row_failure", "declaration", "source", "submit")),
    "rows_added": ("add_rows", ("batch_id", "first_row", "rows")),
    "batch_released": ("seal_batch", ("batch_id",)),
    "batch_refused": ("seal_batch", ("batch_id",)),
    "batch_canceled": ("cancel_batch", ("batch_id",)),
    "batch_stopped": ("cancel_batch", ("batch_id",)),
    "payout_canceled": ("cancel_payout", ("payout_id", "reason")),
}  # fmt: skip
"""Event type to the command it comes from, and the fields that both have."""
ALSO_BY = {("batch_refused", "add_rows"), ("batch_stopped", "record_answers")}
"""A chunk that cannot be taken refuses the whole of a batch that was submitted in one piece, and a failed row may stop its batch."""
ACCOUNTS = {"merchant_changed": i13_accounts.wrong_merchant, "bank_account_changed": i13_accounts.wrong_account}
ABOUT_MANY = frozenset({"attempts_started", "outcomes_unknown"})


def wrong(book: Book, event: Json, asked: Json) -> str | None:
    """How an event differs from its command; `asked` is the command's value. None if it does not, or is no matter of content."""
    body = asked.get("body")
    kind = str(event.get("type"))
    if not isinstance(body, dict):
        return None
    if kind == "payout_edited":
        return _wrong_edit(book, event, body)
    if kind in ACCOUNTS:
        return ACCOUNTS[kind](book, str(asked.get("merchant_id")), event, body)
    if kind in FIELDS:
        return _wrong_fields(kind, event, body) or _wrong_key(event, asked)
    named = body.get("payout_ids")
    if kind in ABOUT_MANY and isinstance(named, list):
        extra = {item["payout_id"] for item in items(event)} - set(named)
        return f"{kind} of {min(extra)}, which the command does not name" if extra else None
    return _wrong_answers(book, event, body) if body.get("type") == "record_answers" else None


def _wrong_fields(kind: str, event: Json, body: Json) -> str | None:
    command, fields = FIELDS[kind]
    if body.get("type") != command and (kind, body.get("type")) not in ALSO_BY:
        return f"{kind} comes from {body.get('type')}"
    for name in fields:
        if kind == "batch_canceled" and name not in body:
            continue
        if event.get(name) != body.get(name):
            return f"{kind}: {name} is {_short(event.get(name))}, the command asks for {_short(body.get(name))}"
    return None


def _wrong_key(event: Json, asked: Json) -> str | None:
    if event.get("key") is None or event["key"] == asked.get("key"):
        return None
    return f"{event['type']}: key {event['key']!r}, the command has {asked.get('key')!r}"


def _wrong_edit(book: Book, event: Json, body: Json) -> str | None:
    """The new form is the old one with what the edit names."""
    if body.get("payout_id") != event["payout_id"] or body.get("type") != "edit_payout":
        return f"payout_edited of {event['payout_id']}, the command is about {body.get('payout_id')}"
    payout, found = book.payouts.get(event["payout_id"]), booked(event["form"])
    named = differs(edit(body, found._replace(currency=payout.currency if payout else found.currency)), found)
    if named is not None or payout is None:
        return None if named is None else f"payout_edited: {named}"
    kept: list[tuple[str, Any, Any]] = [("reference", payout.reference, found.reference)]
    if not {"amount", "amount_minor", "currency"} & body.keys():
        kept.append(("amount", (payout.amount, payout.currency), (found.amount, found.currency)))
    if not {"recipient", "bank_account_id"} & body.keys():
        kept.append(("recipient", (payout.recipient, payout.bank_account), _payee(event["form"])))
    if "description" not in body:
        kept.append(("description", payout.description, found.description))
    changed = next((name for name, before, after in kept if before != after), None)
    return None if changed is None else f"payout_edited: {changed} changes, and the edit does not name it"


def _payee(form: Json) -> tuple[Any, Any]:
    return form.get("recipient"), form.get("bank_account_id")


def _wrong_answers(book: Book, event: Json, body: Json) -> str | None:
    """Codes and the provider's reference are the answer's; an inquiry that gives no outcome leaves the first code."""
    told = {(one.get("payout_id"), one.get("attempt")): one for one in body.get("answers") or () if isinstance(one, dict)}
    for item in items(event) if event.get("type") != "answer_contradicted" else ():
        answer = told.get((item["payout_id"], item.get("attempt")))
        for name in ("code", "provider_reference") if answer is not None else ():
            ours, theirs = item.get(name), (answer or {}).get(name)
            payout = book.payouts.get(item["payout_id"])
            if name == "code" and item.get("inquiry") and payout is not None and ours == payout.failure_code:
                continue
            if ours is not None and theirs is not None and ours != theirs:
                return f"payout {item['payout_id']}: {name} is {ours!r}, the answer says {theirs!r}"
    return None


def _short(value: Any) -> str:
    """Forms hold personal data: only their money is said."""
    if isinstance(value, dict):
        return f"{value.get('amount_minor')} {value.get('currency')} ..."
    return f"{len(value)} rows" if isinstance(value, list) else repr(value)
