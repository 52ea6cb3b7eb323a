"""What happens in the story: money comes, payouts end well and badly, a batch is paid, a payout waits, a contradiction shows.

Owns the order of events and the files of the evidence folder.
"""

import base64
import json
from typing import Any

from tests.unit.checker.story import (
    ACCOUNT,
    ACME,
    BATCH,
    CREDIT,
    P1,
    P2,
    P3,
    P4,
    P5,
    P6,
    P7,
    PAYEE,
    ROW1,
    ROW2,
    SIM,
    VERIFICATION,
    Files,
    Story,
    T,
    form,
    hold,
    legs,
    moved,
    paid,
    ref,
    release,
    request,
    view,
)

PATH = "/api/v1/payouts/"


def tell() -> Files:
    """The whole run as files of an evidence folder."""
    story = Story()
    _money(story)
    _requests(story)
    _singles(story)
    _batch(story)
    _accounts(story)
    _loose_ends(story)
    _upstream(story)
    return _files(story)


def _money(story: Story) -> None:
    body = {"name": "Acme", "main_currency": "UGX"}
    reply = json.dumps({"id": ACME})
    place = story.decide(
        {"type": "open_merchant", **body},
        {"type": "merchant_opened", **body},
        answer={"status": 201, "body": reply},
        key="m",
    )
    story.ask("POST", "/api/v1/merchants/", {"id": ACME, **body}, 201, reply, key="m", place=place)
    body = {"credit_id": CREDIT, "amount_minor": 10_000, "currency": "UGX", "reference": "in-1"}
    event = {"type": "merchant_credited", **body, "postings": legs("external", "available", 10_000, "payment_received")}
    reply = json.dumps({"id": CREDIT})
    place = story.decide(
        {"type": "credit_merchant", **body}, event, answer={"status": 201, "body": reply}, key="in", subject=CREDIT
    )
    sent = {"amount": "10000", "currency": "UGX", "reference": "in-1"}
    story.ask("POST", f"/api/v1/merchants/{ACME}/credits/", sent, 201, reply, key="in", place=place)


def _request(
    story: Story,
    payout_id: str,
    amount: int,
    key: str,
    reference: str | None = None,
    release_at: int | None = None,
    **row: Any,
) -> tuple[int, int]:
    """A payout is asked for and accepted."""
    body = form(amount, reference)
    waits = row.get("reason") == "funds"
    story.born(payout_id, body, {"due_at": release_at}, idempotency_key=key, due_at=release_at, **row)
    event = {"type": "payout_accepted", "payout_id": payout_id, "form": body, "key": key, **row}
    event |= {} if waits else {"postings": hold(amount)}
    event |= {"release_at": release_at} if release_at else {}
    answer = {"status": 201, "body": view(payout_id, amount), "version": 1}
    command = {"type": "request_payout", "payout_id": payout_id, "form": body}
    place = story.decide(command, event, answer=answer, key=key, subject=payout_id, about=(payout_id, None, 1))
    story.ask("POST", PATH, request(body), 201, answer["body"], key=key, place=place)
    return place


def _requests(story: Story) -> None:
    _request(story, P1, 1500, "k1", "r-1")
    place = _request(story, P2, 700, "k2", "r-2")
    body, again = view(P2, 700), form(700, "r-2")
    replay = {"status": 200, "body": body, "version": 1, "replayed": True}
    command = {"type": "request_payout", "payout_id": P3[:-1] + "f", "form": again}
    story.decide(command, outcome="repeat", answer=replay, key="k2", keep=False, subject=P2)
    story.ask("POST", PATH, request(again), 200, body, key="k2", place=place, replayed=True, phase="resend")
    big = form(99_999)
    problem = {"code": "insufficient_funds", "available_minor": 7800, "currency": "UGX", "payout_id": P3}
    refusal = {"status": 402, "body": json.dumps(problem)}
    story.born(
        P3,
        big,
        {"failure_code": "insufficient_funds", "failure_reason": "Too little."},
        status="rejected",
        reason="insufficient_funds",
        failure_code="insufficient_funds",
        failure_reason="Too little.",
        idempotency_key="k3",
    )
    event = {
        "type": "payout_rejected",
        "payout_id": P3,
        "form": big,
        "code": "insufficient_funds",
        "detail": "Too little.",
        "key": "k3",
    }
    place = story.decide(
        {"type": "request_payout", "payout_id": P3, "form": big}, event, answer=refusal, key="k3", subject=P3
    )
    story.ask("POST", PATH, request(big), 402, refusal["body"], key="k3", place=place)
    conflict = {"code": "idempotency_conflict"}
    story.ask("POST", PATH, {"amount": "1"}, 409, json.dumps(conflict), key="k1")
    refused = {"type": "command_refused", "code": "malformed_body", "detail": "not JSON"}
    story.decide(None, refused, outcome="refused")


def _start(story: Story, *attempts: tuple[str, int, int], batch: str | None = None, **more: Any) -> None:
    """Attempts (payout, attempt, number of the reference) are put on the log; then the provider is asked."""
    items = []
    deadline = story.at + 30_000
    retry = attempts[0][1] > 1
    for payout_id, attempt, number in attempts:
        row = story.payouts[payout_id]
        version = row["version"] + 1
        items.append({"payout_id": payout_id, "attempt": attempt, "version": version, "reference": ref(number)})
        began = row["processing_started_at"] or story.at
        after = {"status": "processing", "reason": None, "due_at": deadline, "provider": SIM, "attempt_count": attempt}
        after |= {"failure_code": None, "failure_reason": None, "processing_started_at": began, "version": version}
        story.change(payout_id, {"attempt_count": attempt, "inquiry_count": 0, "due_at": deadline}, **after)
    event = {"type": "attempts_started", "provider": SIM, "deadline_at": deadline, "attempts": items, **more}
    event |= {"batch_id": batch} if batch else {}
    kind = "retry_due" if retry else "start_attempts"
    story.decide({"type": kind, "payout_ids": [item["payout_id"] for item in items]}, event, actor="rails")


def _answers(*told: tuple[str, int, str]) -> dict[str, Any]:
    named = [{"payout_id": payout_id, "attempt": attempt, "outcome": word} for payout_id, attempt, word in told]
    return {"type": "record_answers", "provider": SIM, "answers": named}


def _complete(story: Story, payout_id: str, attempt: int, amount: int, batch: str | None = None, **more: Any) -> None:
    row = story.payouts[payout_id]
    item = {"payout_id": payout_id, "attempt": attempt, "version": row["version"] + 1, "provider_reference": "SIM"}
    done = {"status": "completed", "reason": None, "due_at": None, "failure_code": None, "failure_reason": None}
    done |= {"version": item["version"], "bank_reference_id": "SIM", "completed_at": story.at}
    story.change(payout_id, {"attempt_count": attempt, "bank_reference_id": "SIM"}, **done)
    event = {"type": "payouts_completed", "provider": SIM, "payouts": [item], "postings": paid(amount), **more}
    event |= {"batch_id": batch} if batch else {}
    story.decide(_answers((payout_id, attempt, "paid")), event, about=(payout_id, batch, 1), actor="rails")


def _fail(story: Story, payout_id: str, amount: int) -> None:
    row = story.payouts[payout_id]
    item = {"payout_id": payout_id, "attempt": 1, "version": row["version"] + 1, "code": "payee_unknown"}
    gone = {
        "status": "failed",
        "due_at": None,
        "failure_code": "payee_unknown",
        "failed_at": story.at,
        "version": item["version"],
    }
    story.change(payout_id, {"attempt_count": 1, "inquiry_count": 0, "failure_code": "payee_unknown"}, **gone)
    event = {"type": "payouts_failed", "provider": SIM, "payouts": [item], "postings": release(amount)}
    story.decide(_answers((payout_id, 1, "failed")), event, about=(payout_id, None, 1), actor="rails")


def _singles(story: Story) -> None:
    _start(story, (P1, 1, 1))
    story.book(ref(1), form(1500), "paid")
    _start(story, (P2, 1, 2))
    story.book(ref(2), form(700), "failed", "payee_unknown")
    _complete(story, P1, 1, 1500)
    _fail(story, P2, 700)
    story.ask("GET", f"{PATH}{P1}/", None, 200, view(P1, 1500, 3, "completed"), phase="read")


def _batch(story: Story) -> None:
    opened = {"batch_id": BATCH, "name": "March"}
    reply = json.dumps({"id": BATCH, "phase": "open"})
    place = story.decide(
        {"type": "open_batch", **opened},
        {"type": "batch_opened", **opened, "key": "b"},
        answer={"status": 201, "body": reply},
        key="b",
        subject=BATCH,
    )
    story.ask("POST", "/api/v1/batches/", {"name": "March"}, 201, reply, key="b", place=place)
    rows = [form(400), form(600)]
    story.born(ROW1, rows[0], batch_id=BATCH, row_number=1)
    story.born(ROW2, rows[1], batch_id=BATCH, row_number=2)
    for line in story._pending:
        line["batch_id"] = BATCH
    added = {"type": "rows_added", "batch_id": BATCH, "first_row": 1, "rows": rows}
    total = {"status": "pending", "currency": "UGX", "count": 2, "amount_minor": 1000}
    command = {"type": "add_rows", "batch_id": BATCH, "first_row": 1, "rows": rows}
    place = story.decide(command, {**added, "totals": [total]}, answer={"status": 200, "body": "{}"}, subject=BATCH)
    sent = {"first_row": 1, "rows": [request(row) for row in rows]}
    story.ask("POST", f"/api/v1/batches/{BATCH}/rows/", sent, 200, "{}", place=place)
    released = {"type": "batch_released", "batch_id": BATCH, "row_count": 2, "postings": hold(1000)}
    story.decide({"type": "seal_batch", "batch_id": BATCH}, released, about=(None, BATCH, 2), subject=BATCH)
    _rows_paid(story)


def _rows_paid(story: Story) -> None:
    _start(story, (ROW1, 1, 3), (ROW2, 1, 4), batch=BATCH, totals=moved("pending", "processing", 2, 1000))
    story.book(ref(3), form(400), "failed", "provider_busy", retryable=True)
    story.book(ref(4), form(600), "paid")
    due = story.at + 2000
    again = {"payout_id": ROW1, "attempt": 1, "version": 3, "code": "provider_busy", "due_at": due}
    told = {"attempt_count": 1, "inquiry_count": 0, "due_at": due, "failure_code": "provider_busy"}
    story.change(ROW1, told, reason="retry", due_at=due, failure_code="provider_busy", version=3)
    event = {"type": "retries_scheduled", "provider": SIM, "payouts": [again], "batch_id": BATCH}
    story.decide(_answers((ROW1, 1, "failed")), event, actor="rails")
    story.at = story.payouts[ROW2]["due_at"] + 500
    late = {"payout_id": ROW2, "attempt": 1, "version": 3, "code": "no_answer", "due_at": story.at + 5000}
    told = {"attempt_count": 1, "inquiry_count": 0, "due_at": late["due_at"], "failure_code": "no_answer"}
    after = {"status": "requires_action", "reason": "outcome_unknown", "due_at": late["due_at"], "failure_code": "no_answer"}
    story.change(ROW2, told, version=3, **after)
    event = {"type": "outcomes_unknown", "provider": SIM, "payouts": [late], "batch_id": BATCH}
    event["totals"] = moved("processing", "requires_action", 1, 600)
    story.decide({"type": "time_out_attempts", "payout_ids": [ROW2]}, event, actor="timer")
    _start(story, (ROW1, 2, 5), batch=BATCH)
    story.book(ref(5), form(400), "paid")
    _complete(story, ROW1, 2, 400, BATCH, totals=moved("processing", "completed", 1, 400))
    _complete(story, ROW2, 1, 600, BATCH, totals=moved("requires_action", "completed", 1, 600))
    story.payouts[ROW2]["due_at"] = None


def _loose_ends(story: Story) -> None:
    _request(story, P4, 20_000, "k4", reason="funds", release_at=story.at - 60_000)
    _request(story, P5, 300, "k5")
    after = {"status": "canceled", "version": 2, "canceled_at": story.at, "failure_reason": "mistake"}
    story.change(P5, {"failure_reason": "mistake"}, **after)
    event = {"type": "payout_canceled", "payout_id": P5, "version": 2, "reason": "mistake", "postings": release(300)}
    reply = {"status": 204, "body": ""}
    command = {"type": "cancel_payout", "payout_id": P5, "reason": "mistake"}
    place = story.decide(command, event, answer=reply, about=(P5, None, 1), subject=P5)
    story.ask("POST", f"{PATH}{P5}/cancel/", None, 204, "", place=place)
    _request(story, P6, 200, "k6")
    _start(story, (P6, 1, 6))
    story.book(ref(6), form(200), "paid")
    story.said[-1] |= {"status": "failed", "code": "payee_unknown"}
    _fail(story, P6, 200)
    story.say(ref(6), "paid", call="inquire")
    shown = {
        "type": "answer_contradicted",
        "payout_id": P6,
        "attempt": 1,
        "status": "failed",
        "answer": "paid",
        "provider": SIM,
    }
    story.decide(_answers((P6, 1, "paid")), shown, actor="rails")
    body = {"code": "not_found"}
    refused = {"type": "command_refused", "code": "not_found", "detail": "There is no such payout."}
    command = {"type": "cancel_payout", "payout_id": P1[:-1] + "e"}
    place = story.decide(command, refused, outcome="refused", answer={"status": 404, "body": json.dumps(body)})
    story.ask("DELETE", f"{PATH}{P1[:-1]}e/", None, 404, json.dumps(body), place=place)
    story.ask("GET", f"{PATH}{P1}/", None, 200, view(P1, 1500, 3, "completed"), phase="read")


def _upstream(story: Story) -> None:
    """The upstream system asks for a payout, asks again, and writes something that nobody can read."""
    body, key = form(50), "up-1"
    sent = {"type": "request_payout", "idempotency_key": key, "data": request(body)}
    story.born(P7, body, idempotency_key=key, reason="funds")
    event = {"type": "payout_accepted", "payout_id": P7, "form": body, "key": key, "reason": "funds"}
    command = {"type": "request_payout", "payout_id": P7, "form": body}
    shown = view(P7, 50)
    head = {"kind": "request_payout", "idempotency_key": key, "subject": P7, "body": json.loads(shown)}
    answer = {"status": 201, "body": shown, "version": 1}
    place = story.decide(command, event, answer=answer, key=key, subject=P7, about=(P7, None, 1), actor="inbox:erp")
    story.upstream(sent, {**head, "result": "accepted", "status": 201, "position": f"{place[0]}:{place[1]}"})
    replay = {"status": 200, "body": shown, "version": 1, "replayed": True}
    again = {**command, "payout_id": P7[:-1] + "f"}
    place = story.decide(again, outcome="repeat", answer=replay, key=key, keep=False, subject=P7, actor="inbox:erp")
    story.upstream(sent, {**head, "result": "duplicate", "status": 200, "position": f"{place[0]}:{place[1]}"})
    problem = {"result": "refused", "status": 400, "code": "malformed_body", "body": {"code": "malformed_body"}}
    story.upstream(None, problem, key="nobody", raw=base64.b64encode(b"{").decode())
    letter = {"topic": "payouts.inbox.erp", "partition": "0", "offset": "2", "code": "bad_json"}
    story.letters.append({**story.inbox[-1], "headers": letter})


def _changed(story: Story, kind: str, change: str, answer: dict[str, Any] | None, **more: Any) -> tuple[int, int]:
    """Something happens to the saved account; `more` is of the command, and after `now` of the account."""
    now, postings, known = more.pop("now", {}), more.pop("postings", []), story.account
    story.account = {**known, **now}
    event = {"type": "bank_account_changed", "change": change, **story.account}
    event |= {"postings": postings} if postings else {}
    command = {"type": kind, "bank_account_id": known["bank_account_id"], **more}
    actor = "rails" if kind == "record_deposit" else "api"
    return story.decide(command, event, answer=answer, subject=known["bank_account_id"], actor=actor)


def _accounts(story: Story) -> None:
    """A merchant is renamed; an account is saved, verified by two deposits at the second try, made primary, and closed."""
    reply = {"status": 200, "body": json.dumps({"id": ACME})}
    body = {"name": "Acme Ltd", "main_currency": "UGX", "active": True, "key_required": True}
    command = {"type": "change_merchant", "name": "Acme Ltd", "key_required": True}
    story.decide(command, {"type": "merchant_changed", **body}, answer=reply)
    story.account = {"bank_account_id": ACCOUNT, "holder": "Jane Doe", "account_number": PAYEE}
    story.added_at = story.at
    story.decide(
        {"type": "add_bank_account", **story.account}, {"type": "bank_account_added", **story.account}, answer=reply
    )
    deposits: list[dict[str, Any]] = [{"reference": ref(91), "amount_minor": 32}, {"reference": ref(92), "amount_minor": 7}]
    known = {"id": VERIFICATION, "currency": "UGX", "deposits": deposits, "started_at": story.at}
    begun = {"verification_id": VERIFICATION, "amounts_minor": [32, 7]}
    _changed(story, "start_verification", "verification_started", reply, **begun, now={"verification": known})
    for number in (1, 2):
        known = _deposit(story, known, number)
    _named(story, {**known, "tries": 1}, reply)
    _changed(story, "change_bank_account", "details", reply, primary=True, now={"primary": True})
    refused = {"type": "command_refused", "code": "invalid_state_transition", "detail": "It is verified already."}
    again = {"type": "start_verification", "bank_account_id": ACCOUNT, "verification_id": P1, "amounts_minor": [1, 2]}
    problem = {"status": 409, "body": json.dumps({"code": "invalid_state_transition"})}
    story.decide(again, refused, outcome="refused", answer=problem, subject=ACCOUNT)
    gone = {"status": 204, "body": ""}
    _changed(story, "close_bank_account", "closed", gone, now={"closed_at": story.at, "primary": False})


def _deposit(story: Story, known: dict[str, Any], number: int) -> dict[str, Any]:
    """The provider pays one deposit; the verification after it."""
    deposits = list(known["deposits"])
    one = deposits[number - 1]
    story.book(one["reference"], {"amount_minor": one["amount_minor"], "recipient": {"msisdn": PAYEE}}, "paid")
    deposits[number - 1] = {**one, "status": "paid", "provider_reference": "SIM"}
    after = {**known, "deposits": deposits, **({"status": "waiting"} if number == 2 else {})}
    told = {
        "verification_id": VERIFICATION,
        "number": number,
        "provider": SIM,
        "outcome": "paid",
        "provider_reference": "SIM",
    }
    cost = legs("receivable", f"clearing:{SIM}", one["amount_minor"], "payout_completed")
    _changed(story, "record_deposit", "deposit_paid", None, **told, now={"verification": after}, postings=cost)
    return after


def _named(story: Story, known: dict[str, Any], reply: dict[str, Any]) -> None:
    """The amounts are named: wrongly, which counts, and rightly. `known` is the verification after the wrong try."""
    path, wrong = f"/api/v1/merchants/{ACME}/bank-accounts/{ACCOUNT}/verification/confirm/", {"amounts": ["7", "33"]}
    refusal = {"status": 422, "body": json.dumps({"code": "verification_amounts_wrong"})}
    place = _changed(story, "confirm_verification", "wrong_amounts", refusal, **wrong, now={"verification": known})
    story.ask("POST", path, wrong, 422, refusal["body"], key="try-1", place=place)
    now = {"verified": True, "verification": {**known, "status": "verified"}}
    _changed(story, "confirm_verification", "verified", reply, amounts=["7", "32"], now=now)


def _feed(story: Story) -> list[dict[str, Any]]:
    """One client that follows all of the merchant's payouts, with a cut in the middle."""
    channel, lines, session = f"payouts:{ACME}", [], 1
    say = {"type": "subscribed", "channel": channel, "cursor": "0:0:0", "resumed": False}
    asks = {"type": "subscribe", "channel": channel, "rows": False}
    lines += [
        _line(T, "open", 1, {}),
        _line(T, "out", 1, asks),
        _line(T, "in", 1, say),
        _line(T, "in", 1, {**say, "type": "snapshot", "rows": []}),
    ]
    for number, offset in enumerate(sorted({row["offset"] for row in story.changes})):
        rows = [row for row in story.changes if row["offset"] == offset]
        cursor = f"0:{offset}:{rows[-1]['idx'] + 1}"
        told = [_told(story, row) for row in rows]
        at = rows[0]["at"] + 50
        lines.append(_line(at, "in", session, {"type": "changes", "channel": channel, "cursor": cursor, "changes": told}))
        read = {"path": f"{PATH}{rows[0]['payout_id']}/", "status": 200, "version": rows[0]["version"]}
        lines.append(_line(at, "read", session, {**read, "for_version": rows[0]["version"]}))
        if number == 6:
            lines += [_line(at, "close", 1, {}), _line(at, "open", 2, {})]
            session = 2
            lines.append(_line(at, "in", 2, {**say, "cursor": cursor, "resumed": True}))
    lines.append(_line(story.at + 60_000, "in", session, {"type": "heartbeat", "position": {}}))
    return lines


def _told(story: Story, row: dict[str, Any]) -> dict[str, Any]:
    """A change as the feed tells it."""
    names = ("version", "status", "reason", "attempt_count", "failure_code", "bank_reference_id", "batch_id")
    payout = story.payouts[row["payout_id"]]
    money = {
        "merchant_id": ACME,
        "amount": str(payout["amount_minor"]),
        "amount_minor": payout["amount_minor"],
        "currency": "UGX",
    }
    more = {"reference": payout["reference"], "row": payout["row_number"]}
    return {"id": row["payout_id"], **{name: row[name] for name in names}, **money, **more}


def _line(at: int, direction: str, session: int, message: dict[str, Any]) -> dict[str, Any]:
    return {"t": at, "dir": direction, "session": session, "message": message}


def _files(story: Story) -> Files:
    last = story.events[-1]
    letter = {"topic": "payouts.commands", "partition": "0", "offset": "6", "code": "unreadable"}
    unreadable = next(row for row in story.commands if row["value"] is None)
    letter["offset"] = str(unreadable["o"])
    views = _views(story, last)
    files: Files = {
        "run.json": {
            "seed": 1,
            "started_ms": T,
            "last_fault_ms": story.at,
            "quiet_ms": story.at + 4000,
            "quiet_bound_ms": 20_000,
            "faults": {"kill": 1},
            "crashes": [],
            "owed": {},
            "form": 2,
            "not_met": [],
            "asked_under_faults": 6,
            "topics": {"commands": "payouts.commands", "events": "payouts.events", "dead_letters": ["payouts.dead-letters"]},
        },
        "ends.json": {"commands": {"0": [0, len(story.commands)]}, "events": {"0": [0, story.offset]}},
        "commands.jsonl": story.commands,
        "events.committed.jsonl": story.events,
        "events.uncommitted.jsonl": story.uncommitted,
        "dead_letters.jsonl": [{**unreadable, "o": 0, "headers": letter}, *story.letters],
        "inbox.jsonl": story.inbox,
        "replies.jsonl": story.replies,
        "inbox_committed.json": {"payouts.inbox.erp": {"0": len(story.inbox), "1": 0}},
        "books.jsonl": [*story.books, *story.said],
        "journal.jsonl": story.journal,
        "feed.f1.jsonl": _feed(story),
        "faults.jsonl": [{"t": T, "fault": "F1", "action": "kill", "target": "processor-1"}],
    }
    for table, rows in views.items():
        files[f"sql/{table}.jsonl"] = rows
        files[f"sql_rebuilt/{table}.jsonl"] = rows
    return json.loads(json.dumps(files))


def _views(story: Story, last: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    at = {row["value"]["source_offset"]: row for row in story.events}
    opened = next(row for row in story.events if row["value"]["command_type"] == "open_batch")
    sealed = next(row for row in story.events if row["value"]["command_type"] == "seal_batch")
    touched = [row for row in story.events if any(event.get("batch_id") == BATCH for event in row["value"]["events"])][-1]
    merchant = {"id": ACME, "name": "Acme Ltd", "main_currency": "UGX", "active": True, "partition": 0, "created_at": T}
    merchant |= {"key_required": True}
    batch = {"id": BATCH, "merchant_id": ACME, "partition": 0, "created_at": opened["value"]["at"], "name": "March"}
    batch |= {"updated_at": touched["value"]["at"], "phase": "released", "reference": None, "funding": "all_or_nothing"}
    batch |= {"on_row_failure": "continue", "source": "api", "submit": False, "idempotency_key": "b", "declaration": None}
    batch |= {"row_count": 2, "sums_minor": '{"UGX":1000}', "refusal_code": None, "refusal_detail": None}
    batch |= {"released_at": sealed["value"]["at"], "last_offset": touched["o"]}
    credit = {"merchant_id": ACME, "reference": "in-1", "credit_id": CREDIT, "amount_minor": 10_000, "currency": "UGX"}
    totals = {"pending": (0, 0), "processing": (0, 0), "requires_action": (0, 0), "completed": (2, 1000)}
    place = {
        "partition": 0,
        "next_offset": last["o"] + 1,
        "next_source": len(story.commands),
        "last_at": last["value"]["at"],
    }
    return {
        "projection_offsets": [place],
        "merchants": [merchant],
        "bank_accounts": [_account_row(story)],
        "balances": _balances(story),
        "ledger_entries": story.entries,
        "payouts": sorted(story.payouts.values(), key=lambda row: row["id"]),
        "payout_changes": story.changes,
        "batches": [batch],
        "batch_totals": [
            {"batch_id": BATCH, "currency": "UGX", "status": status, "count": count, "amount_minor": amount}
            for status, (count, amount) in totals.items()
        ],
        "idempotency_answers": sorted(story.answers.values(), key=lambda row: row["key"]),
        "credits": [{**credit, "description": None, "created_at": at[1]["value"]["at"]}],
    }


def _account_row(story: Story) -> dict[str, Any]:
    known = story.account
    row = {"merchant_id": ACME, "id": ACCOUNT, "holder": known["holder"], "account_number": known["account_number"]}
    row |= {"ifsc": None, "bank_name": None, "account_type": "current", "verified": True, "is_primary": False}
    verification = json.dumps(known["verification"], separators=(",", ":"))
    return {**row, "created_at": story.added_at, "closed_at": known["closed_at"], "verification": verification}


def _balances(story: Story) -> list[dict[str, Any]]:
    """What is left: 10,000 came; 1,500 + 400 + 600 were paid; nothing is held; the house laid out two deposits of 32 and 7."""
    kept = {"external": -10_000, "available": 7500, "held": 0, f"clearing:{SIM}": 2539, "receivable": -39}
    rows = []
    for account, balance in kept.items():
        mine = [row for row in story.entries if row["account"] == account]
        row = {"merchant_id": ACME, "currency": "UGX", "account": account, "balance_minor": balance}
        rows.append({**row, "entry_count": len(mine), "partition": 0, "last_offset": mine[-1]["offset"]})
    return rows
