"""Ways to bend dead letters, the inbox and its replies (I14)."""

import base64
import copy
from typing import Any

from tests.unit.checker.bends.places import Bend, event, events, put
from tests.unit.checker.story import P1, Files


def unread_letter(files: Files) -> None:
    files["dead_letters.jsonl"][0]["raw"] = base64.b64encode(b"{other").decode()


def asked_upstream(files: Files, **more: Any) -> None:
    for row in files["inbox.jsonl"][:2]:
        row["value"]["data"].update(more)


def other_upstream_payout(files: Files) -> None:
    """A second payout for one inbox key."""
    extra = copy.deepcopy(event(files, "payout_accepted", 5))
    row = next(row for row in events(files) if row["value"].get("actor") == "inbox:erp" and not row["value"]["events"])
    row["value"] |= {"outcome": "decided", "events": [{**extra, "payout_id": P1[:-1] + "d"}]}


BENDS: list[tuple[str, str, Bend]] = [
    ("I14", "a command has no decision", lambda f: events(f).pop()),
    ("I14", "a dead letter is missing", lambda f: f["dead_letters.jsonl"].clear()),
    ("I14", "a dead letter has other bytes", unread_letter),
    ("I14", "a command is missing from the dump", lambda f: f["commands.jsonl"].pop()),
    ("I14", "a decision without facts", lambda f: events(f)[2]["value"].update(events=[])),
    ("I14", "an event record that is no JSON", lambda f: put(events(f)[3], "value", None)),
    ("I14", "an inbox record is not committed", lambda f: f["inbox_committed.json"]["payouts.inbox.erp"].update({"0": 2})),
    ("I14", "more is committed than there is", lambda f: f["inbox_committed.json"]["payouts.inbox.erp"].update({"1": 1})),
    ("I14", "a reply is missing", lambda f: f["replies.jsonl"].pop()),
    ("I14", "a reply comes twice", lambda f: f["replies.jsonl"].append(f["replies.jsonl"][0])),
    ("I14", "a reply names another payout", lambda f: f["replies.jsonl"][1]["value"].update(subject=P1)),
    ("I14", "a reply has another body", lambda f: f["replies.jsonl"][0]["value"]["body"].update(amount_minor=51)),
    ("I14", "a reply to nothing", lambda f: f["replies.jsonl"][2]["value"].update(offset=9)),
    ("I14", "an unreadable record of the inbox is no dead letter", lambda f: f["dead_letters.jsonl"].pop()),
    ("I14", "a dead letter of the inbox has other bytes", lambda f: f["dead_letters.jsonl"][1].update(raw="e30=")),
    (
        "I14",
        "a readable record of the inbox is a dead letter",
        lambda f: f["dead_letters.jsonl"][1]["headers"].update(offset="0"),
    ),
    ("I14", "the upstream asked for another amount", lambda f: asked_upstream(f, amount="51")),
    (
        "I14",
        "the upstream asked for another payee",
        lambda f: asked_upstream(f, recipient_details={"msisdn": "+2567720001"}),
    ),
    ("I14", "the upstream asked under another key", lambda f: f["inbox.jsonl"][0]["value"].update(idempotency_key="up-2")),
    ("I14", "one request of the upstream makes two payouts", other_upstream_payout),
    ("I14", "a payout from the inbox that nobody asked for", lambda f: f["inbox.jsonl"].clear()),
]
"""Invariant, what is bent, and how."""
