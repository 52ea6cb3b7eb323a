"""What a client asked for, read from the body it sent: how much of which currency for whom, under which reference.

Owns the published forms of requests (JSON of payouts, batches, rows, edits and credits; CSV of uploads) as the checker knows them. What a
request leaves open is None and fits anything. Must not know the log.
"""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from checker.money import minor

PAYEES = ("msisdn", "phone", "account_number", "account", "iban")
OPEN = "?"
"""The request does not say; the product's defaults decide."""


class Wanted(NamedTuple):
    """One payout, or one credit, as it was asked for or as it was booked. `payee` is a number or the id of a saved account."""

    amount: int | str | None
    currency: str | None
    payee: str | None
    reference: str | None
    description: str | None


def booked(form: dict[str, Any]) -> Wanted:
    """A form on the log."""
    payee = form.get("bank_account_id") or payee_in(form.get("recipient"))
    return Wanted(form.get("amount_minor"), form.get("currency"), payee, form.get("reference"), form.get("description"))


def wanted(body: dict[str, Any]) -> Wanted:
    """A payout or a credit in a JSON request."""
    payee = body.get("bank_account_id") or payee_in(body.get("recipient_details")) or OPEN
    currency = body.get("currency") or ("INR" if "amount_paise" in body else OPEN)
    return Wanted(amount_of(body, currency), currency, payee, _text(body.get("reference")), _text(body.get("description")))


def amount_of(body: dict[str, Any], currency: str) -> int | str | None:
    """Minor units; OPEN where the request alone cannot say, None for no amount at all."""
    for name in ("amount_minor", "amount_paise"):
        if isinstance(body.get(name), int):
            return int(body[name])
    told = body.get("amount")
    if told is None:
        return OPEN
    return OPEN if currency == OPEN else decimal(told, currency)


def decimal(told: object, currency: str) -> int | None:
    """Minor units of an amount as text, or as a JSON number."""
    if isinstance(told, int | float) and not isinstance(told, bool):
        told = str(Decimal(repr(told)))
    return minor(told.strip() if isinstance(told, str) else told, currency)


def payee_in(recipient: object) -> str | None:
    """The number that money goes to; spaces do not count."""
    if not isinstance(recipient, dict):
        return None
    named = (recipient.get(name) for name in PAYEES)
    return next((str(one).replace(" ", "") for one in named if one), None)


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def uploaded(text: str, currency: str = OPEN) -> list[Wanted] | None:
    """The rows of a CSV file; None when its header has no column for an amount or for a payee."""
    lines = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=_separator(text)))
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    names = [name.strip().lower() for name in lines[0]] if lines else []
    if not {"amount", "amount_minor"} & set(names) or not {*PAYEES, "bank_account_id"} & set(names):
        return None
    return [_csv_row(dict(zip(names, line, strict=False)), currency) for line in lines[1:]]


def _separator(text: str) -> str:
    head = text.lstrip().split("\n", 1)[0]
    return max((",", ";", "\t"), key=head.count)


def _csv_row(cells: dict[str, str], currency: str) -> Wanted:
    row: dict[str, Any] = {name: cell.strip() for name, cell in cells.items() if cell.strip()}
    if str(row.get("amount_minor", "")).isdigit():
        row["amount_minor"] = int(row["amount_minor"])
    row["recipient_details"] = {name: row[name] for name in PAYEES if name in row}
    return wanted({"currency": currency, **row})


def differs(asked: Wanted, found: Wanted) -> str | None:
    """In which fields what was booked is not what was asked, in words; None if it is."""
    wrong = [
        f"{name} {theirs!r} was asked, {ours!r} is on the log"
        for name, theirs, ours in zip(Wanted._fields, asked, found, strict=True)
        if theirs not in (OPEN, ours)
    ]
    return "; ".join(wrong) or None


def rows_to_take(asked: dict[str, Any], answer: object) -> list[Any] | None:
    """The rows of a request that are to be on the log: with `accept_valid` without those that the answer names as refused.

    None where that is not known: there is no answer, or it does not name them all.
    """
    rows = asked.get("rows")
    if not isinstance(rows, list) or asked.get("on_invalid_rows") != "accept_valid":
        return rows if isinstance(rows, list) else None
    if not isinstance(answer, dict) or "row_count" not in answer:
        return None
    refused = answer.get("refused_rows") or {"row_count": 0, "errors": []}
    named = {int(fault["row"]) for fault in refused["errors"]}
    return [row for number, row in enumerate(rows, 1) if number not in named] if len(named) == refused["row_count"] else None


def rows_differ(asked: Iterable[Wanted], found: list[Wanted]) -> str | None:
    """The first row that is not as asked, or that their number differs."""
    rows = list(asked)
    for number, (theirs, ours) in enumerate(zip(rows, found, strict=False), 1):
        wrong = differs(theirs, ours)
        if wrong is not None:
            return f"row {number}: {wrong}"
    return None if len(rows) == len(found) else f"{len(rows)} rows were asked for, {len(found)} are on the log"
