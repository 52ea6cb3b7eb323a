"""A batch is opened, filled, released and paid: one row at its second attempt, one after a silence. Owns this chapter."""

import json

from tests.unit.checker.chapters.paying import answers, complete, start
from tests.unit.checker.story import BATCH, ROW1, ROW2, SIM, Story, form, hold, moved, ref, request


def batch(story: Story) -> None:
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
    start(story, (ROW1, 1, 3), (ROW2, 1, 4), batch=BATCH, totals=moved("pending", "processing", 2, 1000))
    story.book(ref(3), form(400), "failed", "provider_busy", retryable=True)
    story.book(ref(4), form(600), "paid")
    due = story.at + 2000
    again = {"payout_id": ROW1, "attempt": 1, "version": 3, "code": "provider_busy", "due_at": due}
    told = {"attempt_count": 1, "inquiry_count": 0, "due_at": due, "failure_code": "provider_busy"}
    story.change(ROW1, told, reason="retry", due_at=due, failure_code="provider_busy", version=3)
    event = {"type": "retries_scheduled", "provider": SIM, "payouts": [again], "batch_id": BATCH}
    story.decide(answers((ROW1, 1, "failed")), event, actor="rails")
    story.at = story.payouts[ROW2]["due_at"] + 500
    late = {"payout_id": ROW2, "attempt": 1, "version": 3, "code": "no_answer", "due_at": story.at + 5000}
    told = {"attempt_count": 1, "inquiry_count": 0, "due_at": late["due_at"], "failure_code": "no_answer"}
    after = {"status": "requires_action", "reason": "outcome_unknown", "due_at": late["due_at"], "failure_code": "no_answer"}
    story.change(ROW2, told, version=3, **after)
    event = {"type": "outcomes_unknown", "provider": SIM, "payouts": [late], "batch_id": BATCH}
    event["totals"] = moved("processing", "requires_action", 1, 600)
    story.decide({"type": "time_out_attempts", "payout_ids": [ROW2]}, event, actor="timer")
    start(story, (ROW1, 2, 5), batch=BATCH)
    story.book(ref(5), form(400), "paid")
    complete(story, ROW1, 2, 400, BATCH, totals=moved("processing", "completed", 1, 400))
    complete(story, ROW2, 1, 600, BATCH, totals=moved("requires_action", "completed", 1, 600))
    story.payouts[ROW2]["due_at"] = None
