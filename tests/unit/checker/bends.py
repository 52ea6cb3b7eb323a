"""Ways to bend the story's evidence: each function breaks one thing in the files, as a bug or a fault would.

Owns the bends and the names of the invariants that must see them.
"""

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

from tests.unit.checker.story import ACME, P1, P2, P5, ROW1, ROW2, SIM, Files, form, hold, legs, paid, ref, release, view

CSV = "msisdn,amount,currency\n+256772000400,400,UGX\n+256772000600,600,UGX\n"

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


def mute(files: Files, kind: str, number: int = 0) -> None:
    """The nth record of this type says nothing."""
    record(files, kind, number)["value"] |= {"events": [], "outcome": "repeat"}


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
    return next(row for row in files["books.jsonl"] if row["reference"] == ref(number) and "table" not in row)


def said(files: Files, number: int) -> list[dict[str, Any]]:
    """What the provider has said of an attempt."""
    return [row for row in files["books.jsonl"] if row["reference"] == ref(number) and "table" in row]


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
    asked(files, {"amount": "5"}, "k-later", 202, {"id": P1[:-1] + "c", "pending": True})


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


def command(files: Files, kind: str, number: int = 0) -> dict[str, Any]:
    """The body of the nth command of this type."""
    bodies = [row["value"]["body"] for row in files["commands.jsonl"] if row["value"]]
    return [body for body in bodies if body["type"] == kind][number]


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


def never_said(files: Files, number: int, status: str) -> None:
    """The provider has not said this of an attempt."""
    files["books.jsonl"] = [
        row
        for row in files["books.jsonl"]
        if "table" not in row or (row["reference"], row["status"]) != (ref(number), status)
    ]


def excused_by_ourselves(files: Files) -> None:
    """Row 1 is paid by both attempts, and only we speak of a contradiction."""
    booked(files, 3).update(status="paid", code=None)
    shown = {"type": "answer_contradicted", "payout_id": ROW1, "attempt": 1, "status": "completed", "answer": "paid"}
    record(files, "payouts_completed", 1)["value"]["events"].append({**shown, "provider": SIM})


def left_unknown(files: Files) -> None:
    """Row 2 is never settled, though the provider's books say that it is paid."""
    mute(files, "payouts_completed", 2)


def silent_follower(files: Files) -> None:
    """The follower hears no more than the hello of its last session."""
    files["feed.f1.jsonl"] = files["feed.f1.jsonl"][:12]


def refused_follower(files: Files) -> None:
    """A follower that is only ever refused."""
    last = feed(files)[-1]
    channel = "payouts:other"
    asks = {**last, "dir": "out", "message": {"type": "subscribe", "channel": channel}}
    says = {**last, "message": {"type": "error", "channel": channel, "code": "not_found"}}
    files["feed.f2.jsonl"] = [asks, says]


def cut_off(files: Files) -> None:
    """The last line is cut, and the follower does not come back."""
    last = files["feed.f1.jsonl"][-1]
    files["feed.f1.jsonl"].append({**last, "dir": "close", "message": {"why": "ConnectionClosed"}})


def told(files: Files, **more: Any) -> None:
    """The fifth frame of the feed tells something else."""
    feed(files)[4]["message"]["changes"][0].update(more)


def read_line(files: Files, **more: Any) -> dict[str, Any]:
    """One more GET behind all others."""
    last = files["journal.jsonl"][-1]
    row = {**last, "t0": last["t1"] + 100, "t1": last["t1"] + 200, "method": "GET", "key": None, "body": None, "headers": {}}
    row |= {"phase": "read", **more}
    files["journal.jsonl"].append(row)
    return row


def lost_after_all(files: Files) -> None:
    """A payout that was accepted cannot be found."""
    row = read_line(files, path=f"/api/v1/payouts/{P5}/", status=404, result="refused")
    reply(row, {"code": "not_found", "status": 404})


def shown_to_another(files: Files) -> None:
    row = read_line(files, path="/api/v1/payouts/", merchant="other")
    reply(row, {"count": 1, "results": [{"id": P1, "merchant_id": ACME, "version": 3, "status": "completed"}]})


def shown_balance(files: Files) -> None:
    row = read_line(files, path="/api/v1/balance/")
    rows = [{"currency": "UGX", "available_minor": 7501, "held_minor": 0}]
    reply(row, {"merchant_id": ACME, "balances": rows, "position": {"partition": 0, "next_offset": 9999}})


def funds_there(files: Files) -> None:
    """The money that P4 waits for has come, and nobody tells it."""
    event(files, "merchant_credited").update(
        amount_minor=40_000, postings=legs("external", "available", 40_000, "payment_received")
    )


def never_asked_again(files: Files) -> None:
    """Row 2 stays unknown, its last inquiry is over, and its horizon is not."""
    mute(files, "payouts_completed", 2)
    event(files, "outcomes_unknown")["payouts"][0]["due_at"] = None


def asked_upstream(files: Files, **more: Any) -> None:
    for row in files["inbox.jsonl"][:2]:
        row["value"]["data"].update(more)


def other_upstream_payout(files: Files) -> None:
    """A second payout for one inbox key."""
    extra = copy.deepcopy(event(files, "payout_accepted", 5))
    row = next(row for row in events(files) if row["value"].get("actor") == "inbox:erp" and not row["value"]["events"])
    row["value"] |= {"outcome": "decided", "events": [{**extra, "payout_id": P1[:-1] + "d"}]}


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
    ("I6", "paid twice, and only we say why", excused_by_ourselves),
    ("I6", "a contradiction that the provider never said", lambda f: never_said(f, 6, "paid")),
    ("I6", "a failure that the provider never said", lambda f: never_said(f, 6, "failed")),
    ("I6", "a failed payout that the provider never heard of", lambda f: f["books.jsonl"].remove(booked(f, 2))),
    ("I6", "a code that stands for two", lambda f: booked(f, 2).update(code="provider_busy")),
    ("I6", "two codes for one", lambda f: booked(f, 3).update(code="payee_unknown")),
    ("I6", "a final failure is tried again", lambda f: booked(f, 3).update(retryable=0)),
    ("I6", "another reference of the provider", lambda f: booked(f, 1).update(provider_reference="SIM-2")),
    ("I6", "unknown for ever, though the books know", left_unknown),
    ("I10", "a first answer with 200", lambda f: line(f, 2).update(status=200)),
    ("I11", "a follower falls silent", silent_follower),
    ("I11", "a follower is only refused", refused_follower),
    ("I11", "a follower does not come back", cut_off),
    ("I11", "another amount is told", lambda f: told(f, amount_minor=1)),
    ("I11", "another amount is told in words", lambda f: told(f, amount="1.5")),
    ("I11", "another attempt is told", lambda f: told(f, attempt_count=7)),
    ("I11", "another merchant is told", lambda f: told(f, merchant_id="other")),
    ("I11", "another reference is told", lambda f: told(f, reference="r-x")),
    ("I11", "another bank reference is told", lambda f: told(f, bank_reference_id="SIM-9")),
    ("I12", "a payout that was there is not found", lost_after_all),
    ("I12", "a list shows another merchant's payouts", shown_to_another),
    ("I12", "a balance that never was", shown_balance),
    (
        "I12",
        "a read shows another amount",
        lambda f: reply(f["journal.jsonl"][-1], json.loads(view(P1, 1501, 3, "completed"))),
    ),
    ("I12", "a read shows another state", lambda f: reply(f["journal.jsonl"][-1], json.loads(view(P1, 1500, 3, "failed")))),
    ("I12", "a read shows a version that never was", lambda f: reply(f["journal.jsonl"][-1], json.loads(view(P1, 1500, 9)))),
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
    ("I20", "funds are there for who waits for them", funds_there),
    ("I20", "nobody asks again before the horizon", never_asked_again),
    ("run", "a process died by itself", lambda f: f["run.json"].update(crashes=["processor-1 ended with 1"])),
    (
        "I6",
        "asked when the run was over",
        lambda f: booked(f, 6).update(received_at=booked(f, 6)["received_at"] + 86_400_000),
    ),
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
    ("I14", "inbox.jsonl"),
    ("I14", "replies.jsonl"),
    ("I14", "inbox_committed.json"),
    ("I20", "run.json"),
    ("run", "run.json"),
    ("run", "faults.jsonl"),
    ("errors", "journal.jsonl"),
]
"""Invariant, and a file without which nothing can be said of it."""


def _answer(files: Files, payout_id: str, **more: Any) -> None:
    row = next(row for row in events(files) if row["value"].get("subject") == payout_id and row["value"].get("answer"))
    body = json.loads(row["value"]["answer"]["body"])
    row["value"]["answer"]["body"] = json.dumps({**body, **more})
