"""I4, the content: what was booked is what was asked for, to the minor unit, and rows in their order.

Owns the comparison of requests with the forms on the log. Which request made what is found out by EveryCommand.
"""

from typing import Any

from checker.asked import OPEN, Wanted, booked, decimal, differs, payee_in, rows_differ, rows_to_take, uploaded, wanted
from checker.evidence import Record
from checker.fold.names import Json
from checker.journal import Entry
from checker.verdict import Findings

UPLOAD = "/batches/upload"


class Content:
    """Keeps the forms as they came onto the log, and holds requests against them."""

    def __init__(self, found: Findings) -> None:
        """Nothing booked yet."""
        self._found = found
        self._forms: dict[str, Wanted] = {}
        self._rows: dict[str, list[Wanted]] = {}
        self._edits: dict[tuple[int, int], Wanted] = {}

    def note(self, record: Record, event: Json) -> None:
        """What an event books."""
        match event.get("type"):
            case "payout_accepted" | "payout_rejected":
                self._forms[event["payout_id"]] = booked(event["form"])
            case "merchant_credited":
                self._forms[event["credit_id"]] = booked(event)
            case "batch_opened":
                self._rows.setdefault(event["batch_id"], [])
            case "rows_added":
                self._rows.setdefault(event["batch_id"], []).extend(booked(form) for form in event["rows"])
            case "payout_edited":
                self._edits[record.partition, record.offset] = booked(event["form"])

    def subject(self, entry: Entry) -> str | None:
        """What this answer says was made: also the rejected payout behind a 402."""
        answer = entry.answer if isinstance(entry.answer, dict) else {}
        named = answer.get("id") or answer.get("credit_id") or answer.get("payout_id")
        return str(named) if named else None

    def wrong(self, entry: Entry, subject: str, *, whole: bool = True) -> str | None:
        """How what stands on the log under this id differs from this request; None if it does not, or is not there.

        A batch that is not `whole` was never sealed: it may have the first rows only.
        """
        asked = entry.asked
        if subject in self._rows:
            return self._wrong_rows(entry, self._rows[subject], whole=whole)
        found = self._forms.get(subject)
        if found is None or not isinstance(asked, dict):
            return None
        theirs = wanted(asked)
        if entry.creates == "credit":
            theirs, found = theirs._replace(payee=None), found._replace(payee=None)
        return differs(theirs, found)

    def _wrong_rows(self, entry: Entry, found: list[Wanted], *, whole: bool) -> str | None:
        asked = entry.asked
        if entry.path == UPLOAD:
            rows = uploaded(str(entry.row.get("body") or ""))
            if rows is None:
                self._found.part(f"columns of an upload that the checker does not know ({entry.place})")
                return None
            return rows_differ(rows if whole else rows[: len(found)], found)
        rows_sent = rows_to_take(asked, entry.answer) if isinstance(asked, dict) else None
        if rows_sent is None:
            return None
        asked_rows = [wanted(row) for row in rows_sent if isinstance(row, dict)]
        return rows_differ(asked_rows if whole else asked_rows[: len(found)], found)

    def judge(self, entry: Entry) -> None:
        """Chunks of rows and edits, which make nothing of their own."""
        parts = entry.path.split("/")[1:]
        match entry.method, parts:
            case "POST", ["batches", batch, "rows"] if batch in self._rows:
                self._judge_chunk(entry, self._rows[batch])
            case "PATCH" | "PUT", ["payouts", _]:
                self._judge_edit(entry)

    def _judge_chunk(self, entry: Entry, rows: list[Wanted]) -> None:
        asked: dict[str, Any] = entry.asked if isinstance(entry.asked, dict) else {}
        sent, first = rows_to_take(asked, entry.answer), asked.get("first_row", 1)
        if not isinstance(sent, list) or not isinstance(first, int) or not 200 <= (entry.status or 0) < 300:
            return
        if entry.status == 202:
            return
        wrong = rows_differ((wanted(row) for row in sent), rows[first - 1 : first - 1 + len(sent)])
        self._found.need(wrong is None, entry.place, f"rows from {first}: {wrong}")

    def _judge_edit(self, entry: Entry) -> None:
        found = self._edits.get(entry.position) if entry.position is not None else None
        if found is None or not isinstance(entry.asked, dict) or entry.status != 200:
            return
        wrong = differs(edit(entry.asked, found), found)
        self._found.need(wrong is None, entry.place, f"the edit: {wrong}")


def edit(asked: dict[str, Any], found: Wanted) -> Wanted:
    """What an edit asks for; what it does not name fits anything. Its amount is in the payout's currency."""
    currency = asked.get("currency") or found.currency or OPEN
    amount: int | str | None = OPEN
    if "amount" in asked:
        amount = decimal(asked["amount"], str(currency))
    elif isinstance(asked.get("amount_minor"), int):
        amount = asked["amount_minor"]
    payee = asked.get("bank_account_id") or payee_in(asked.get("recipient_details") or asked.get("recipient")) or OPEN
    words = {"description": asked["description"]} if "description" in asked else {"description": OPEN}
    return Wanted(amount, str(currency), payee, OPEN, words["description"])
