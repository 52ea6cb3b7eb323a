"""Ways to bend what is answered: other subjects, lost promises, refusals of good requests, answers that come too early or never.

Owns these bends, and stories with one more decision in them. Names the invariants that must see them.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

from tests.unit.checker import chapters
from tests.unit.checker.bends import (
    Bend,
    asked,
    booked,
    edited,
    read_line,
    reply,
    said,
)
from tests.unit.checker.story import ACME, BATCH, CREDIT, P1, P3, P4, P5, ROW1, Files, Story, form, view

NEW = P1[:-1] + "c"


def retold(files: Files, more: Callable[[Story], object]) -> None:
    """The same story with something more, before the upstream's requests."""
    story = Story()
    money, requests, singles = chapters._money, chapters._requests, chapters._singles
    for chapter in (money, requests, singles, chapters._batch, chapters._accounts, chapters._loose_ends):
        chapter(story)
    more(story)
    chapters._upstream(story)
    files.clear()
    files.update(chapters._files(story))


def refused(code: str, body: dict[str, Any], status: int = 409, **answer: Any) -> Callable[[Files], None]:
    """One more command, and it is refused so."""
    said_so = {"type": "command_refused", "code": code, "detail": "x"}

    def more(story: Story) -> None:
        told = {"status": status, "body": json.dumps({"code": code, **answer})}
        story.decide(body, said_so, outcome="refused", answer=told)

    return lambda files: retold(files, more)


def cancel(files: Files) -> dict[str, Any]:
    """The request that cancels P5."""
    return next(row for row in files["journal.jsonl"] if row["path"].endswith("/cancel/"))


def canceled_elsewhere(files: Files) -> None:
    cancel(files)["path"] = f"/api/v1/payouts/{P1}/cancel/"


def canceled_by_another(files: Files) -> None:
    cancel(files)["merchant"] = "other"


def edited_elsewhere(files: Files) -> None:
    edited(files, "301")
    next(row for row in files["journal.jsonl"] if row["method"] == "PATCH")["path"] = f"/api/v1/payouts/{P4}/"


def cancel_lost(files: Files) -> None:
    """A client was told 202 for a cancel that is on no log."""
    asked(files, {}, None, 202, {"status": "pending"}, method="DELETE", path=f"/api/v1/payouts/{P4}/")


def edit_lost(files: Files) -> None:
    told = {"id": P4, "status": "pending"}
    asked(files, {"amount": "5"}, "kk", 202, told, method="PATCH", path=f"/api/v1/payouts/{P4}/")


def cancel_under_another_key(files: Files) -> None:
    """The payout is canceled by another request; this one, with a key of its own, is lost."""
    asked(files, {}, "kk", 202, {"status": "pending"}, method="DELETE", path=f"/api/v1/payouts/{P5}/")


def refused_but_canceled(files: Files) -> None:
    """A client was told 404, without a place, for a cancel that did happen."""
    row = cancel(files)
    row.update(status=404, result="refused", headers={})
    reply(row, {"code": "not_found", "status": 404})


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


def edit_refused(amount: int, available: int) -> Callable[[Files], None]:
    """An edit of a payout that has a hold of 40 is refused for funds."""
    body = {"type": "edit_payout", "payout_id": P1[:-1] + "9", "amount_minor": amount}
    problem = {"code": "insufficient_funds", "available_minor": available, "currency": "UGX"}

    def more(story: Story) -> None:
        chapters._request(story, body["payout_id"], 40, "k9", reason="funds")
        story.events[-1]["value"]["events"][0].pop("reason")
        told = {"status": 402, "body": json.dumps(problem)}
        refusal = {"type": "command_refused", "code": "insufficient_funds", "detail": "x"}
        story.decide(body, refusal, outcome="refused", answer=told)

    return lambda files: retold(files, more)


def reference_unused(files: Files) -> None:
    """A request is refused for a reference that nobody has."""
    body = {"type": "request_payout", "payout_id": NEW, "form": form(1, "r-new")}
    refused("duplicate_reference", body, payout_id=None)(files)


def paused_by_nobody(files: Files) -> None:
    """P4 waits for a reason that nothing in the system gives."""
    next(one for row in files["events.committed.jsonl"] for one in row["value"]["events"] if one.get("payout_id") == P4)[
        "reason"
    ] = "paused"


PENDING_CANCEL = {"type": "cancel_payout", "payout_id": P4}
REQUEST = {"type": "request_payout", "payout_id": NEW, "form": form(1)}
SMALL_CREDIT = {"type": "credit_merchant", "credit_id": NEW, "amount_minor": 1, "currency": "UGX", "reference": "in-2"}
MORE_ROWS = {"type": "add_rows", "batch_id": BATCH[:-1] + "1", "first_row": 1, "rows": [form(1)]}
GUARDED = {**PENDING_CANCEL, "expected_version": 1}

ANSWERED: list[tuple[str, str, Bend]] = [
    ("I4", "another payout is canceled", canceled_elsewhere),
    ("I4", "another merchant cancels", canceled_by_another),
    ("I4", "another payout is edited", edited_elsewhere),
    ("I4", "a pending cancel is lost", cancel_lost),
    ("I4", "a pending edit is lost", edit_lost),
    ("I4", "a pending cancel is another request's", cancel_under_another_key),
    ("I4", "a refused cancel happens", refused_but_canceled),
    ("I6", "completed before the provider says so", completed_early),
    ("I10", "asked again at rest, and in flight for ever", lambda f: resent(f, 409, "idempotency_in_flight", "refused")),
    ("I10", "asked again at rest, and pending for ever", lambda f: resent(f, 202, "pending", "ok")),
    ("I10", "asked again at rest, and nobody there", lambda f: resent(f, 503, "log_unavailable", "unknown")),
    ("errors", "a failure of ours", lambda f: resent(f, 500, "internal_error", "unknown")),
    ("errors", "a 503 that nobody published", lambda f: resent(f, 503, "whatever", "unknown")),
    ("I11", "a resume is ignored", resume_ignored),
    ("I12", "a row is unsealed long after its release", lambda f: row_read(f, 60_000)),
    ("I13", "a pending payout cannot be canceled", refused("invalid_state_transition", PENDING_CANCEL)),
    ("I13", "an edit that costs nothing is not covered", edit_refused(41, 7500)),
    ("I13", "an edit of who waits is not covered", refused("insufficient_funds", {**PENDING_CANCEL, "type": "edit_payout"})),
    ("I13", "a limit that nobody knows", refused("limit_exceeded", REQUEST, 422)),
    ("I13", "a small credit is too much", refused("limit_exceeded", SMALL_CREDIT, 422)),
    ("I13", "a batch that is not there is sealed", refused("batch_sealed", MORE_ROWS)),
    ("I13", "a guard that holds is refused", refused("version_conflict", GUARDED)),
    ("I13", "a reference that nobody has is taken", reference_unused),
    ("I13", "no reference is taken", refused("duplicate_reference", REQUEST)),
    ("I14", "a good command is called unreadable", good_command_unread),
    ("I20", "a payout is paused by nobody", paused_by_nobody),
    ("run", "a promise is not met", lambda f: f["run.json"].update(not_met=["resume: p95 was 56 s, 15 s were promised"])),
    ("run", "a promise is not met, told by name", lambda f: f["run.json"].update(not_met={"zombie": ["failed"]})),
    ("run", "it says itself that it is insufficient", lambda f: f["run.json"].update(insufficient=True)),
]
"""Invariant, what is bent, and how."""


def neither_key_nor_value(files: Files) -> None:
    """A command that has neither: its letter says so."""
    sent = next(row for row in files["commands.jsonl"] if row["value"] is None)
    letter = files["dead_letters.jsonl"][0]
    for row in (sent, letter):
        del row["raw"]
    sent["key"], letter["key"] = None, ""
    letter["headers"]["original-null-key"] = "1"


def pending_cancel(files: Files) -> None:
    """The cancel of P5 is told 202: its command is on the log."""
    row = cancel(files)
    row.update(status=202, headers={})
    reply(row, {"status": "pending"})


def cancel_cut_off(files: Files) -> None:
    row = cancel(files)
    row.update(status=None, headers={}, reply=None, result="unknown", error="ReadTimeout")


def in_flight_then_done(files: Files) -> None:
    """Asked again at rest: first in flight, then there."""
    row = next(row for row in files["journal.jsonl"] if row["phase"] == "resend")
    before = {**row, "t0": row["t0"] - 4, "t1": row["t0"] - 1, "status": 503, "result": "unknown", "headers": {}}
    reply(before, {"code": "log_unavailable", "status": 503})
    files["journal.jsonl"].append(before)


def resumed_from_the_start(files: Files) -> None:
    """A fresh subscription in the next session: nothing was to be resumed."""
    lines = files["feed.f1.jsonl"]
    place = next(n for n, row in enumerate(lines) if row["message"].get("type") == "subscribed" and row["session"] == 2)
    hello = lines[place]
    asks = {"type": "subscribe", "channel": f"payouts:{ACME}"}
    hello["message"]["resumed"] = False
    lines.insert(place, {**hello, "dir": "out", "message": asks})


def older_harness(files: Files) -> None:
    """Before the second form run.json said nothing of what was not met."""
    for name in ("form", "not_met", "asked_under_faults"):
        del files["run.json"][name]


HONEST: list[Callable[[Files], None]] = [
    neither_key_nor_value,
    pending_cancel,
    cancel_cut_off,
    in_flight_then_done,
    resumed_from_the_start,
    older_harness,
    lambda files: row_read(files, 5000),
    refused("invalid_state_transition", {"type": "cancel_payout", "payout_id": P1}, payout_status="completed"),
    refused("batch_sealed", {**MORE_ROWS, "batch_id": BATCH}),
    refused("duplicate_reference", {**REQUEST, "form": form(1, "r-1")}, payout_id=P1),
    refused("duplicate_reference", {**MORE_ROWS, "rows": [form(1, "r-1")]}),
    refused("version_conflict", {**GUARDED, "expected_version": 2}, version=1),
    refused("limit_exceeded", {**SMALL_CREDIT, "amount_minor": 2**62}, 422),
    refused("not_found", {"type": "cancel_payout", "payout_id": P3[:-1] + "e"}, 404),
]
"""What a right run may have besides."""

UNTOLD: list[tuple[str, str, Bend]] = [
    ("run", "crashes", lambda f: f["run.json"].pop("crashes")),
    ("run", "faults", lambda f: f["run.json"].pop("faults")),
    ("run", "owed", lambda f: f["run.json"].pop("owed")),
    ("run", "not_met", lambda f: f["run.json"].pop("not_met")),
    ("I6", "said", lambda f: f.update({"books.jsonl": [row for row in f["books.jsonl"] if "table" not in row]})),
]
"""Invariant, and a part of a file without which nothing can be said of it."""
