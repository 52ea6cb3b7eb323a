"""Ways to bend what became of requests: lost, made twice, made otherwise, made by nobody (I4)."""

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.unit.checker.bends.places import Bend, again, append, asked, command, drop, event, line, record, reply
from tests.unit.checker.story import P1, P5, Files, form, hold, view

CSV = "msisdn,amount,currency\n+256772000400,400,UGX\n+256772000600,600,UGX\n"


def accepted_twice(files: Files) -> None:
    """One request, one key, two payouts."""
    again(files, "payout_accepted")
    twin = record(files, "payout_accepted", 1)
    twin["value"]["events"][0]["payout_id"] = P1[:-1] + "9"
    twin["value"]["events"][0]["form"]["reference"] = "r-9"


def moved_after_end(files: Files) -> None:
    """A completed payout is failed, and its money released a second time."""
    extra = copy.deepcopy(record(files, "payouts_failed"))
    extra["value"]["events"][0]["payouts"][0] |= {"payout_id": P1, "version": 4}
    append(files, extra)


def invented(files: Files) -> None:
    """A payout that no client asked for."""
    files["journal.jsonl"] = [row for row in files["journal.jsonl"] if row["key"] != "k1"]


def lost_answer(files: Files) -> None:
    """A client was told 201, and the log knows nothing of it."""
    asked(files, {"amount": "5"}, "k-lost", 201, {"id": P1[:-1] + "8", "amount_minor": 5, "currency": "UGX"})


def pending_lost(files: Files) -> None:
    """A client was told 202, and no command asks for it."""
    asked(files, {"amount": "5"}, "k-later", 202, {"id": P1[:-1] + "c", "pending": True})


def refused_but_made(files: Files) -> None:
    for row in files["journal.jsonl"]:
        if row["key"] == "k5":
            row |= {"status": 422, "result": "refused", "headers": {}}
            reply(row, {"code": "limit_exceeded"})


def told_other_bytes(files: Files) -> None:
    row = line(files, 2)
    reply(row, {"id": P1, "amount_minor": 1500, "currency": "UGX", "version": 1, "status": "processing"})


def sent(files: Files, path: str, **more: Any) -> None:
    """The first request to a path that ends so asked for something else."""
    row = next(row for row in files["journal.jsonl"] if row["path"].endswith(path) and row["method"] != "GET")
    row["body"] = json.dumps({**json.loads(row["body"]), **more})


def sent_rows(files: Files, change: Callable[[list[dict[str, Any]]], object]) -> None:
    row = next(row for row in files["journal.jsonl"] if row["path"].endswith("/rows/"))
    body = json.loads(row["body"])
    change(body["rows"])
    row["body"] = json.dumps(body)


def unknown_asked_otherwise(files: Files) -> None:
    """Nobody knows the end of the one request under a key, and what was made is not what it asked for."""
    row = next(row for row in files["journal.jsonl"] if row["key"] == "k5")
    row |= {"status": None, "reply": None, "headers": {}, "result": "unknown", "error": "ReadTimeout"}
    row["body"] = json.dumps({**json.loads(row["body"]), "amount": "301"})


def edited(files: Files, amount: str, command_amount: str = "301") -> None:
    """P5 is edited to 301 instead of canceled; its client asked for `amount`, the command for `command_amount`."""
    row = record(files, "payout_canceled")
    body = command(files, "cancel_payout")
    body.clear()
    body.update(type="edit_payout", payout_id=P5, amount=command_amount)
    event = {"type": "payout_edited", "payout_id": P5, "version": 2, "form": {**form(300), "amount_minor": 301}}
    event["postings"] = hold(1)
    body = json.loads(view(P5, 301, 2))
    row["value"] |= {"events": [event], "answer": {"status": 200, "body": json.dumps(body), "version": 2}}
    line = next(one for one in files["journal.jsonl"] if one["path"].endswith("/cancel/"))
    line |= {"method": "PATCH", "path": f"/api/v1/payouts/{P5}/", "body": json.dumps({"amount": amount}), "status": 200}
    reply(line, body)


def uploaded(files: Files, text: str) -> None:
    """The batch's request was an upload of this file."""
    row = next(row for row in files["journal.jsonl"] if row["path"].endswith("/batches/"))
    row |= {"path": "/api/v1/batches/upload/", "body": text}


BENDS: list[tuple[str, str, Bend]] = [
    ("I4", "an accepted payout is not on the log", lost_answer),
    ("I4", "an accepted payout's event is lost", lambda f: drop(f, "payout_accepted")),
    ("I4", "one request makes two payouts", accepted_twice),
    ("I4", "the same payout is accepted twice", lambda f: again(f, "payout_accepted")),
    ("I4", "a refused request has an effect", refused_but_made),
    ("I4", "a payout nobody asked for", invented),
    ("I4", "a pending request is on no log", pending_lost),
    ("I4", "an answer is not what the log has", told_other_bytes),
    ("I4", "a reference is used twice", lambda f: event(f, "payout_accepted", 1)["form"].update(reference="r-1")),
    ("I4", "a payout ends twice", moved_after_end),
    ("I4", "another payee was asked for", lambda f: sent(f, "/payouts/", recipient_details={"msisdn": "+256772999999"})),
    ("I4", "another amount was asked for", lambda f: sent(f, "/payouts/", amount="15000")),
    ("I4", "another currency was asked for", lambda f: sent(f, "/payouts/", currency="USD")),
    ("I4", "another reference was asked for", lambda f: sent(f, "/payouts/", reference="r-x")),
    ("I4", "another credit was asked for", lambda f: sent(f, "/credits/", amount="1")),
    ("I4", "a row is lost", lambda f: sent_rows(f, lambda rows: rows.append(rows[0]))),
    ("I4", "rows change places", lambda f: sent_rows(f, lambda rows: rows.reverse())),
    ("I4", "a row's amount differs", lambda f: sent_rows(f, lambda rows: rows[1].update(amount="6"))),
    ("I4", "an upload lost a row", lambda f: uploaded(f, CSV + "+256772000001,5,UGX\n")),
    ("I4", "an upload's payee differs", lambda f: uploaded(f, CSV.replace("0400", "0401"))),
    ("I4", "an unknown request made something else", unknown_asked_otherwise),
    ("I4", "another edit was asked for", lambda f: edited(f, "302")),
]
"""Invariant, what is bent, and how."""
