"""Ways to bend the story's evidence: each function breaks one thing in the files, as a bug or a fault would.

Owns the bends and the names of the invariants that must see them.
"""

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

from tests.unit.checker.story import P1, P2, P5, ROW2, Files, legs, paid, ref, release

Bend = Callable[[Files], object]


def events(files: Files) -> list[dict[str, Any]]:
    return files["events.committed.jsonl"]


def record(files: Files, kind: str, number: int = 0) -> dict[str, Any]:
    """The nth event record that has an event of this type."""
    found = [row for row in events(files) if any(event["type"] == kind for event in row["value"]["events"])]
    return found[number]


def event(files: Files, kind: str, number: int = 0) -> dict[str, Any]:
    """The nth event of this type."""
    found = [one for row in events(files) for one in row["value"]["events"] if one["type"] == kind]
    return found[number]


def again(files: Files, kind: str, number: int = 0) -> None:
    """The nth record of this type a second time, right behind itself, with contiguous offsets behind it."""
    row = record(files, kind, number)
    place = events(files).index(row)
    events(files).insert(place + 1, copy.deepcopy(row))
    for later in events(files)[place + 1 :]:
        later["o"] += 1
        later["value"]["source_offset"] += 1


def drop(files: Files, kind: str, number: int = 0) -> None:
    """The nth record of this type is lost, and what follows moves up."""
    row = record(files, kind, number)
    place = events(files).index(row)
    del events(files)[place]
    for later in events(files)[place:]:
        later["value"]["source_offset"] -= 1


def line(files: Files, number: int) -> dict[str, Any]:
    return files["journal.jsonl"][number]


def replay_line(files: Files) -> dict[str, Any]:
    return next(row for row in files["journal.jsonl"] if row["headers"].get("idempotency-replayed"))


def reply(row: dict[str, Any], body: dict[str, Any]) -> None:
    row["reply"] = base64.b64encode(json.dumps(body).encode()).decode()


def put(target: dict[str, Any] | list[Any], key: Any, value: Any) -> None:
    target[key] = value


def table(files: Files, name: str, side: str = "sql") -> list[dict[str, Any]]:
    """One side's rows of a table."""
    return files[f"{side}/{name}.jsonl"]


def asked(files: Files, body: dict[str, Any], key: str | None, status: int, answer: dict[str, Any], **more: Any) -> None:
    """One more line in the journal, after all others."""
    last = files["journal.jsonl"][-1]
    row = {**last, "t0": last["t1"] + 100, "t1": last["t1"] + 200, "method": "POST", "path": "/api/v1/payouts/", "key": key}
    row |= {"body": json.dumps(body), "status": status, "headers": {}, "result": "ok" if status < 300 else "refused", **more}
    reply(row, answer)
    files["journal.jsonl"].append(row)


def feed(files: Files, kind: str = "changes") -> list[dict[str, Any]]:
    return [row for row in files["feed.f1.jsonl"] if row["message"].get("type") == kind]


def reads(files: Files) -> list[dict[str, Any]]:
    return [row for row in files["feed.f1.jsonl"] if row["dir"] == "read"]


def booked(files: Files, number: int) -> dict[str, Any]:
    return next(row for row in files["books.jsonl"] if row["reference"] == ref(number))


def swap(files: Files, first: int, second: int) -> None:
    rows = events(files)
    rows[first]["value"], rows[second]["value"] = rows[second]["value"], rows[first]["value"]
    rows[first]["headers"], rows[second]["headers"] = rows[second]["headers"], rows[first]["headers"]


def hold_less(files: Files) -> None:
    """Money is moved that is not there: balances go below zero along the way, and come back."""
    big = record(files, "merchant_credited")
    for posting in big["value"]["events"][0]["postings"]:
        posting["amount_minor"] //= 10


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


def accepted_twice(files: Files) -> None:
    """One request, one key, two payouts."""
    again(files, "payout_accepted")
    twin = record(files, "payout_accepted", 1)
    twin["value"]["events"][0]["payout_id"] = P1[:-1] + "9"
    twin["value"]["events"][0]["form"]["reference"] = "r-9"


def paid_again(files: Files) -> None:
    files["books.jsonl"].append({**booked(files, 5), "reference": ref(3)})
    files["books.jsonl"].remove(booked(files, 3))


def unread_letter(files: Files) -> None:
    files["dead_letters.jsonl"][0]["raw"] = base64.b64encode(b"{other").decode()


def moved_after_end(files: Files) -> None:
    """A completed payout is failed, and its money released a second time."""
    extra = copy.deepcopy(record(files, "payouts_failed"))
    extra["value"]["events"][0]["payouts"][0] |= {"payout_id": P1, "version": 4}
    _append(files, extra)


def _append(files: Files, row: dict[str, Any]) -> None:
    last = events(files)[-1]
    row["o"], row["value"]["source_offset"] = last["o"] + 1, last["value"]["source_offset"] + 1
    events(files).append(row)


def released_twice(files: Files) -> None:
    """P2's hold is released by its failure, and again by a cancel."""
    extra = copy.deepcopy(record(files, "payout_canceled"))
    extra["value"]["events"][0] |= {"payout_id": P2, "version": 4, "postings": release(700)}
    _append(files, extra)


def stack_trace(files: Files) -> None:
    row = next(row for row in files["journal.jsonl"] if row["status"] == 404)
    row["reply"] = base64.b64encode(b'{"code": "not_found", "detail": "Traceback (most recent call last)"}').decode()


def unknown_result(files: Files) -> None:
    line(files, 0).update(status=302)


def invented(files: Files) -> None:
    """A payout that no client asked for."""
    files["journal.jsonl"] = [row for row in files["journal.jsonl"] if row["key"] != "k1"]


def lost_answer(files: Files) -> None:
    """A client was told 201, and the log knows nothing of it."""
    asked(files, {"amount": "5"}, "k-lost", 201, {"id": P1[:-1] + "8", "amount_minor": 5, "currency": "UGX"})


def pending_lost(files: Files) -> None:
    """A client was told 202, and no command asks for it."""
    asked(files, {"amount": "5"}, "k-later", 202, {"id": P1[:-1] + "7", "pending": True})


def refused_but_made(files: Files) -> None:
    for row in files["journal.jsonl"]:
        if row["key"] == "k5":
            row |= {"status": 422, "result": "refused", "headers": {}}
            reply(row, {"code": "limit_exceeded"})


def told_other_bytes(files: Files) -> None:
    row = line(files, 2)
    reply(row, {"id": P1, "amount_minor": 1500, "currency": "UGX", "version": 1, "status": "processing"})


def older_read(files: Files) -> None:
    row = files["journal.jsonl"][-1]
    reply(row, {"id": P1, "version": 2})


def older_change(files: Files) -> None:
    message = feed(files)[-1]["message"]
    feed(files)[-2]["message"]["changes"] += message["changes"]


def silent_contradiction(files: Files) -> None:
    row = record(files, "answer_contradicted")
    row["value"]["events"], row["value"]["outcome"] = [], "repeat"


def new_reference_while_unknown(files: Files) -> None:
    """Row 2 is sent again under a new reference while its outcome is unknown."""
    started = event(files, "attempts_started", 3)
    started["attempts"].append({"payout_id": ROW2, "attempt": 2, "version": 4, "reference": ref(99)})


def failed_on_silence(files: Files) -> None:
    """A time-out is taken for a failure: the provider said nothing of the kind."""
    source = record(files, "payouts_failed")["value"]["source_offset"]
    command = next(row for row in files["commands.jsonl"] if row["o"] == source)
    command["value"]["body"]["answers"][0]["outcome"] = "unknown"


def paid_twice_on_log(files: Files) -> None:
    done = event(files, "payouts_completed")
    done["postings"] = paid(3000)


def credit_other(files: Files) -> None:
    event(files, "merchant_credited")["postings"] = legs("external", "available", 11_000, "payment_received")


def attempt_early(files: Files) -> None:
    """The retry of row 1 comes before it is due."""
    record(files, "attempts_started", 3)["value"]["at"] = record(files, "retries_scheduled")["value"]["at"] + 5


def stuck(files: Files) -> None:
    """Row 2's last answer is lost: it is due, and nobody asks."""
    drop(files, "payouts_completed", 2)


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


def not_quiet(files: Files) -> None:
    files["run.json"]["quiet_ms"] = None


BENDS: list[tuple[str, str, Bend]] = [
    ("I1", "a posting is one too large", lambda f: event(f, "payout_accepted")["postings"][0].update(amount_minor=-1499)),
    ("I1", "a leg is lost", lambda f: event(f, "payouts_completed")["postings"].pop()),
    ("I1", "an amount is a float", lambda f: event(f, "payouts_failed")["postings"][0].update(amount_minor=-700.0)),
    ("I1", "an entry of the rows differs", lambda f: table(f, "ledger_entries")[0].update(amount_minor=-1)),
    ("I2", "a balance is not its entries", lambda f: table(f, "balances")[1].update(balance_minor=7501)),
    ("I2", "an entry is missing from the rows", lambda f: table(f, "ledger_entries").pop()),
    ("I2", "an entry count is one too high", lambda f: table(f, "balances")[0].update(entry_count=99)),
    ("I2", "a version counts no change", lambda f: table(f, "payouts")[0].update(version=9)),
    ("I2", "an event is lost", lambda f: drop(f, "payouts_failed")),
    ("I3", "more is held than is there", hold_less),
    ("I3", "a hold is paid out twice", paid_twice_on_log),
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
    ("I5", "a completed payout is failed", moved_after_end),
    ("I5", "an event comes twice", lambda f: again(f, "payouts_completed")),
    ("I5", "two events change places", lambda f: swap(f, 7, 9)),
    ("I5", "a version is skipped", lambda f: event(f, "payouts_failed")["payouts"][0].update(version=9)),
    ("I5", "a payout that was never born", lambda f: drop(f, "payout_accepted")),
    ("I5", "rows are sent before the seal", lambda f: drop(f, "batch_released")),
    ("I5", "an event of a type nobody knows", lambda f: event(f, "payouts_failed").update(type="payouts_vanished")),
    ("I6", "paid twice", paid_again),
    ("I6", "another amount was paid", lambda f: booked(f, 1).update(amount="1501")),
    ("I6", "another payee was paid", lambda f: booked(f, 1).update(payee="+256772999999")),
    ("I6", "another currency was paid", lambda f: booked(f, 1).update(currency="KES")),
    ("I6", "a failed payout was paid", lambda f: booked(f, 2).update(status="paid")),
    ("I6", "a contradiction is not shown", silent_contradiction),
    ("I6", "a completed payout was never paid", lambda f: booked(f, 1).update(status="failed")),
    (
        "I6",
        "asked before the attempt was on the log",
        lambda f: booked(f, 1).update(received_at=booked(f, 1)["received_at"] - 5000),
    ),
    ("I6", "asked under a reference nobody knows", lambda f: booked(f, 1).update(reference=ref(77))),
    ("I6", "a new reference while unknown", new_reference_while_unknown),
    ("I6", "silence is taken for a failure", failed_on_silence),
    (
        "I6",
        "two attempts share a reference",
        lambda f: event(f, "attempts_started", 1)["attempts"][0].update(reference=ref(1)),
    ),
    ("I7", "the statement has a payment that we have not", lambda f: booked(f, 2).update(status="paid")),
    ("I7", "we settled what the statement has not", lambda f: booked(f, 1).update(status="failed")),
    ("I7", "a contradiction is not shown", silent_contradiction),
    ("I7", "the clearing balance differs", lambda f: table(f, "balances")[3].update(balance_minor=1)),
    ("I7", "a completion clears twice", paid_twice_on_log),
    ("I8", "a live row differs", lambda f: table(f, "payouts")[0].update(failure_reason="x")),
    ("I8", "a rebuilt row differs", lambda f: table(f, "payouts", "sql_rebuilt")[0].update(updated_at=1)),
    ("I8", "a row is missing", lambda f: table(f, "payout_changes").pop(3)),
    ("I8", "a row is there twice", lambda f: table(f, "ledger_entries").append(f["sql/ledger_entries.jsonl"][0])),
    ("I8", "an answer's bytes differ", lambda f: table(f, "idempotency_answers")[0].update(body="\\x7b7d")),
    ("I8", "a batch total drifts", lambda f: table(f, "batch_totals")[3].update(count=3)),
    ("I8", "a credit is missing", lambda f: table(f, "credits").clear()),
    ("I9", "an offset is skipped", lambda f: events(f).pop(8)),
    ("I9", "a record comes twice", lambda f: events(f).insert(5, copy.deepcopy(events(f)[4]))),
    ("I9", "the views stand one too far", lambda f: table(f, "projection_offsets")[0].update(next_offset=999)),
    ("I9", "the views stand one behind", lambda f: table(f, "projection_offsets")[0].update(next_source=3)),
    (
        "I9",
        "a decision of another command",
        lambda f: events(f)[7]["value"].update(command_id="x") or events(f)[7]["headers"].update(cmd="x"),
    ),
    (
        "I9",
        "an aborted record is taken for committed",
        lambda f: events(f).insert(4, copy.deepcopy(f["events.uncommitted.jsonl"][4])),
    ),
    ("I10", "a replay has other bytes", lambda f: reply(replay_line(f), {"id": P2})),
    ("I10", "a replay is not marked", lambda f: replay_line(f).update(headers={})),
    ("I10", "other content under a known key is accepted", conflict_accepted),
    ("I10", "a replay says 201", lambda f: replay_line(f).update(status=201)),
    ("I10", "a repeat is refused", lambda f: replay_line(f).update(status=402, result="refused")),
    ("I10", "a key gets a second answer", key_forgotten),
    ("I11", "a change is never told", lambda f: feed(f)[3]["message"]["changes"].pop()),
    (
        "I11",
        "a change is told twice",
        lambda f: feed(f)[3]["message"]["changes"].append(feed(f)[3]["message"]["changes"][0]),
    ),
    ("I11", "a frame is lost", lambda f: f["feed.f1.jsonl"].remove(feed(f)[5])),
    ("I11", "the last frame is never told", lambda f: f["feed.f1.jsonl"].remove(feed(f)[-1])),
    ("I11", "the feed is ahead of REST", lambda f: reads(f)[4]["message"].update(version=0)),
    ("I11", "REST does not know what the feed told", lambda f: reads(f)[4]["message"].update(status=404, version=None)),
    ("I11", "the client goes on elsewhere", lambda f: feed(f, "subscribed")[1]["message"].update(cursor="0:1:0")),
    ("I11", "another state is told", lambda f: feed(f)[4]["message"]["changes"][0].update(status="completed")),
    ("I12", "a read goes back", older_read),
    ("I12", "a change goes back", older_change),
    ("I13", "a rejection that the balance does not bear out", rejected_though_covered),
    ("I13", "a client is told a stale balance", told_stale_balance),
    ("I13", "a known payout is not found", not_found_though_there),
    ("I13", "a key is forgotten", key_forgotten),
    ("I13", "an answer shows another state", lambda f: _answer(f, P5, version=7)),
    ("I14", "a command has no decision", lambda f: events(f).pop()),
    ("I14", "a dead letter is missing", lambda f: f["dead_letters.jsonl"].clear()),
    ("I14", "a dead letter has other bytes", unread_letter),
    ("I14", "a command is missing from the dump", lambda f: f["commands.jsonl"].pop()),
    ("I14", "a decision without facts", lambda f: events(f)[2]["value"].update(events=[])),
    ("I14", "an event record that is no JSON", lambda f: put(events(f)[3], "value", None)),
    ("I16", "a retry comes too early", attempt_early),
    ("I16", "a time-out comes too early", lambda f: record(f, "outcomes_unknown")["value"].update(at=1)),
    (
        "I16",
        "a wait is over and nobody acts",
        lambda f: drop(f, "payouts_completed", 2) or f["run.json"].update(quiet_ms=2 * 10**12),
    ),
    ("I16", "a time-out happens twice", lambda f: again(f, "attempts_started", 3)),
    ("I19", "a hold is released twice", released_twice),
    ("I19", "a failure releases too little", lambda f: event(f, "payouts_failed").update(postings=release(699))),
    ("I19", "a failure releases nothing", lambda f: event(f, "payouts_failed").update(postings=[])),
    ("I19", "a hold is paid twice", paid_twice_on_log),
    ("I19", "a credit posts more than came", credit_other),
    ("I20", "it never was quiet", not_quiet),
    ("I20", "it was quiet too late", lambda f: f["run.json"].update(quiet_ms=f["run.json"]["last_fault_ms"] + 20_001)),
    ("I20", "a payout is stuck", lambda f: drop(f, "payouts_completed")),
    ("I20", "a command waits for its decision", lambda f: f["ends.json"]["commands"].update({"0": [0, 99]})),
    ("I20", "the views lag", lambda f: table(f, "projection_offsets")[0].update(next_offset=1)),
    ("errors", "a redirect", unknown_result),
    ("errors", "a stack trace", stack_trace),
    ("errors", "a code nobody published", lambda f: reply(line(f, 5), {"code": "oops"})),
    ("errors", "a result nobody knows", lambda f: line(f, 0).update(result="weird")),
]
"""Invariant, what is bent, and how."""

NEEDED: list[tuple[str, str]] = [
    ("I1", "events.committed.jsonl"),
    ("I2", "sql/balances.jsonl"),
    ("I3", "events.committed.jsonl"),
    ("I4", "journal.jsonl"),
    ("I5", "events.committed.jsonl"),
    ("I6", "books.jsonl"),
    ("I7", "books.jsonl"),
    ("I8", "sql_rebuilt/payouts.jsonl"),
    ("I9", "events.uncommitted.jsonl"),
    ("I10", "journal.jsonl"),
    ("I11", "feed.f1.jsonl"),
    ("I12", "journal.jsonl"),
    ("I13", "commands.jsonl"),
    ("I14", "dead_letters.jsonl"),
    ("I16", "events.committed.jsonl"),
    ("I19", "events.committed.jsonl"),
    ("I20", "run.json"),
    ("errors", "journal.jsonl"),
]
"""Invariant, and a file without which nothing can be said of it."""


def _answer(files: Files, payout_id: str, **more: Any) -> None:
    row = next(row for row in events(files) if row["value"].get("subject") == payout_id and row["value"].get("answer"))
    body = json.loads(row["value"]["answer"]["body"])
    row["value"]["answer"]["body"] = json.dumps({**body, **more})
