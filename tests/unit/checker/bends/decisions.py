"""Ways to bend decisions and the answers that are kept of them (I10, I13)."""

import json
from typing import Any

from tests.unit.checker.bends.places import Bend, command, events, line, record, replay_line, reply
from tests.unit.checker.bends.requests import edited
from tests.unit.checker.story import P1, P2, P5, Files, form


def key_forgotten(files: Files) -> None:
    """The repeat under a known key is decided again, as if nothing were remembered."""
    row = next(row for row in events(files) if row["value"]["outcome"] == "repeat")
    row["value"]["remember"] = {"key": "k2", "content_hash": "h", "expires_at": row["value"]["at"] + 1}
    row["value"]["answer"]["body"] = "{}"


def conflict_accepted(files: Files) -> None:
    row = next(row for row in files["journal.jsonl"] if row["status"] == 409)
    first = next(one for one in files["journal.jsonl"] if one["key"] == row["key"])
    row |= {
        "status": 200,
        "result": "ok",
        "reply": first["reply"],
        "headers": first["headers"] | {"idempotency-replayed": "true"},
    }


def rejected_though_covered(files: Files) -> None:
    row = record(files, "payout_rejected")
    row["value"]["events"][0]["form"]["amount_minor"] = 50


def told_stale_balance(files: Files) -> None:
    row = record(files, "payout_rejected")
    body = json.loads(row["value"]["answer"]["body"])
    row["value"]["answer"]["body"] = json.dumps({**body, "available_minor": 10_000})


def not_found_though_there(files: Files) -> None:
    row = next(
        row for row in files["commands.jsonl"] if row["value"] and row["value"]["body"].get("payout_id") == P1[:-1] + "e"
    )
    row["value"]["body"]["payout_id"] = P1


def _answer(files: Files, payout_id: str, **more: Any) -> None:
    row = next(row for row in events(files) if row["value"].get("subject") == payout_id and row["value"].get("answer"))
    body = json.loads(row["value"]["answer"]["body"])
    row["value"]["answer"]["body"] = json.dumps({**body, **more})


BENDS: list[tuple[str, str, Bend]] = [
    ("I10", "a replay has other bytes", lambda f: reply(replay_line(f), {"id": P2})),
    ("I10", "a replay is not marked", lambda f: replay_line(f).update(headers={})),
    ("I10", "other content under a known key is accepted", conflict_accepted),
    ("I10", "a replay says 201", lambda f: replay_line(f).update(status=201)),
    ("I10", "a repeat is refused", lambda f: replay_line(f).update(status=402, result="refused")),
    ("I10", "a key gets a second answer", key_forgotten),
    ("I13", "a rejection that the balance does not bear out", rejected_though_covered),
    ("I13", "a client is told a stale balance", told_stale_balance),
    ("I13", "a known payout is not found", not_found_though_there),
    ("I13", "a key is forgotten", key_forgotten),
    ("I13", "an answer shows another state", lambda f: _answer(f, P5, version=7)),
    ("I10", "a first answer with 200", lambda f: line(f, 2).update(status=200)),
    ("I13", "a form is not its command's", lambda f: command(f, "request_payout")["form"].update(amount_minor=1501)),
    (
        "I13",
        "a payee is not its command's",
        lambda f: command(f, "request_payout")["form"].update(recipient={"msisdn": "+1"}),
    ),
    ("I13", "a credit is not its command's", lambda f: command(f, "credit_merchant").update(amount_minor=9999)),
    ("I13", "a chunk lost a row", lambda f: command(f, "add_rows")["rows"].append(form(1))),
    ("I13", "an edit is not its command's", lambda f: edited(f, "301", "302")),
    ("I13", "an attempt that no command names", lambda f: command(f, "start_attempts").update(payout_ids=[P2])),
    ("I13", "a code is not the answer's", lambda f: command(f, "record_answers", 1)["answers"][0].update(code="other")),
]
"""Invariant, what is bent, and how."""
