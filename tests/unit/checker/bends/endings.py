"""Ways to bend the end of a run and what may be told to clients: not quiet, stuck, crashed, codes nobody published (I20)."""

import base64

from tests.unit.checker.bends.places import Bend, drop, event, line, mute, reply, table
from tests.unit.checker.story import Files, legs


def stack_trace(files: Files) -> None:
    row = next(row for row in files["journal.jsonl"] if row["status"] == 404)
    row["reply"] = base64.b64encode(b'{"code": "not_found", "detail": "Traceback (most recent call last)"}').decode()


def unknown_result(files: Files) -> None:
    line(files, 0).update(status=302)


def not_quiet(files: Files) -> None:
    files["run.json"]["quiet_ms"] = None


def funds_there(files: Files) -> None:
    """The money that P4 waits for has come, and nobody tells it."""
    event(files, "merchant_credited").update(
        amount_minor=40_000, postings=legs("external", "available", 40_000, "payment_received")
    )


def never_asked_again(files: Files) -> None:
    """Row 2 stays unknown, its last inquiry is over, and its horizon is not."""
    mute(files, "payouts_completed", 2)
    event(files, "outcomes_unknown")["payouts"][0]["due_at"] = None


BENDS: list[tuple[str, str, Bend]] = [
    ("I20", "it never was quiet", not_quiet),
    ("I20", "it was quiet too late", lambda f: f["run.json"].update(quiet_ms=f["run.json"]["last_fault_ms"] + 20_001)),
    ("I20", "a payout is stuck", lambda f: drop(f, "payouts_completed")),
    ("I20", "a command waits for its decision", lambda f: f["ends.json"]["commands"].update({"0": [0, 99]})),
    ("I20", "the views lag", lambda f: table(f, "projection_offsets")[0].update(next_offset=1)),
    ("I20", "funds are there for who waits for them", funds_there),
    ("I20", "nobody asks again before the horizon", never_asked_again),
    ("run", "a process died by itself", lambda f: f["run.json"].update(crashes=["processor-1 ended with 1"])),
    ("run", "a fault is owed", lambda f: f["run.json"].update(owed={"kill_broker": 1})),
    ("run", "a fault that faults.jsonl knows nothing of", lambda f: f["faults.jsonl"].clear()),
    (
        "errors",
        "a problem says another status",
        lambda f: reply(line(f, 5), {"code": "insufficient_funds", "status": 418}),
    ),
    ("errors", "a redirect", unknown_result),
    ("errors", "a stack trace", stack_trace),
    ("errors", "a code nobody published", lambda f: reply(line(f, 5), {"code": "oops"})),
    ("errors", "a result nobody knows", lambda f: line(f, 0).update(result="weird")),
]
"""Invariant, what is bent, and how."""
