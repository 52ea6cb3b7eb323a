"""Ways to bend what was promised: answers that come too early or never, resumes, waits, and what the run says of itself."""

import copy
import json

from tests.unit.checker.bends.places import Bend, booked, read_line, reply, said
from tests.unit.checker.bends.refusals import retold
from tests.unit.checker.story import ACME, BATCH, CREDIT, P4, ROW1, Files, Story, view


def completed_early(files: Files) -> None:
    """The provider pays, and says so, a minute after we have called it completed."""
    row = booked(files, 1)
    row.update(status="in_progress", pays_at=row["received_at"] + 60_000)
    for word in said(files, 1):
        word["status"] = "in_progress"
    late = {"status": "paid", "call": "inquire", "at": row["received_at"] + 60_000, "number": 99}
    files["books.jsonl"].append({**said(files, 1)[0], **late})


def good_command_unread(files: Files) -> None:
    """A credit that everybody can read goes to the dead letters."""

    def more(story: Story) -> None:
        body = {"credit_id": CREDIT[:-1] + "8", "amount_minor": 500, "currency": "UGX", "reference": "in-9"}
        refusal = {"type": "command_refused", "code": "malformed_body", "detail": "not JSON"}
        story.decide({"type": "credit_merchant", **body}, refusal, outcome="refused")
        last, sent = story.events[-1], story.commands[-1]
        named = f"unreadable-0-{sent['o']}"
        last["value"] |= {"command_type": "unreadable", "command_id": named, "actor": "unknown"}
        last["headers"]["cmd"] = named
        story.uncommitted[-1] = copy.deepcopy(last)
        place = {"topic": "payouts.commands", "partition": "0", "offset": str(sent["o"]), "code": "unreadable"}
        story.letters.append({**sent, "o": 5, "headers": place})

    retold(files, more)


def resent(files: Files, status: int, code: str, result: str) -> None:
    """Every request after the run is answered so."""
    for row in files["journal.jsonl"]:
        if row["phase"] == "resend":
            row.update(status=status, result=result, headers={})
            reply(row, {"code": code, "status": status})


def resume_ignored(files: Files) -> None:
    """The client wants to go on, and the server begins three frames later and says that it did not resume."""
    lines = files["feed.f1.jsonl"]
    place = next(n for n, row in enumerate(lines) if row["message"].get("type") == "subscribed" and row["session"] == 2)
    hello, frames = lines[place], [row for row in lines[place + 1 :] if row["message"].get("type") == "changes"]
    asks = {"type": "subscribe", "channel": f"payouts:{ACME}", "resume": hello["message"]["cursor"]}
    hello["message"].update(cursor=frames[2]["message"]["cursor"], resumed=False)
    for row in frames[:3]:
        lines.remove(row)
    lines.insert(place, {**hello, "dir": "out", "message": asks})


def row_read(files: Files, after_ms: int) -> None:
    """A row of the batch is shown as unsealed, so long after the end of the run."""
    row = read_line(files, path=f"/api/v1/payouts/{ROW1}/", status=200, result="ok")
    row["t0"] = row["t1"] = files["run.json"]["last_fault_ms"] + after_ms
    reply(row, {**json.loads(view(ROW1, 400)), "reason": "unsealed", "batch_id": BATCH, "row": 1})


def paused_by_nobody(files: Files) -> None:
    """P4 waits for a reason that nothing in the system gives."""
    next(one for row in files["events.committed.jsonl"] for one in row["value"]["events"] if one.get("payout_id") == P4)[
        "reason"
    ] = "paused"


BENDS: list[tuple[str, str, Bend]] = [
    ("I6", "completed before the provider says so", completed_early),
    ("I10", "asked again at rest, and in flight for ever", lambda f: resent(f, 409, "idempotency_in_flight", "refused")),
    ("I10", "asked again at rest, and pending for ever", lambda f: resent(f, 202, "pending", "ok")),
    ("I10", "asked again at rest, and nobody there", lambda f: resent(f, 503, "log_unavailable", "unknown")),
    ("errors", "a failure of ours", lambda f: resent(f, 500, "internal_error", "unknown")),
    ("errors", "a 503 that nobody published", lambda f: resent(f, 503, "whatever", "unknown")),
    ("I11", "a resume is ignored", resume_ignored),
    ("I12", "a row is unsealed long after its release", lambda f: row_read(f, 60_000)),
    ("I14", "a good command is called unreadable", good_command_unread),
    ("I20", "a payout is paused by nobody", paused_by_nobody),
    ("run", "a promise is not met", lambda f: f["run.json"].update(not_met=["resume: p95 was 56 s, 15 s were promised"])),
    ("run", "a promise is not met, told by name", lambda f: f["run.json"].update(not_met={"zombie": ["failed"]})),
    ("run", "it says itself that it is insufficient", lambda f: f["run.json"].update(insufficient=True)),
]
"""Invariant, what is bent, and how."""
