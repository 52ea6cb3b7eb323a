"""Attempts at single payouts: sent, paid, failed. Owns this chapter, and how an attempt goes in any other."""

from typing import Any

from tests.unit.checker.chapters.asking import PATH
from tests.unit.checker.story import P1, P2, SIM, Story, form, paid, ref, release, view


def start(story: Story, *attempts: tuple[str, int, int], batch: str | None = None, **more: Any) -> None:
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


def answers(*told: tuple[str, int, str]) -> dict[str, Any]:
    named = [{"payout_id": payout_id, "attempt": attempt, "outcome": word} for payout_id, attempt, word in told]
    return {"type": "record_answers", "provider": SIM, "answers": named}


def complete(story: Story, payout_id: str, attempt: int, amount: int, batch: str | None = None, **more: Any) -> None:
    row = story.payouts[payout_id]
    item = {"payout_id": payout_id, "attempt": attempt, "version": row["version"] + 1, "provider_reference": "SIM"}
    done = {"status": "completed", "reason": None, "due_at": None, "failure_code": None, "failure_reason": None}
    done |= {"version": item["version"], "bank_reference_id": "SIM", "completed_at": story.at}
    story.change(payout_id, {"attempt_count": attempt, "bank_reference_id": "SIM"}, **done)
    event = {"type": "payouts_completed", "provider": SIM, "payouts": [item], "postings": paid(amount), **more}
    event |= {"batch_id": batch} if batch else {}
    story.decide(answers((payout_id, attempt, "paid")), event, about=(payout_id, batch, 1), actor="rails")


def fail(story: Story, payout_id: str, amount: int) -> None:
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
    story.decide(answers((payout_id, 1, "failed")), event, about=(payout_id, None, 1), actor="rails")


def singles(story: Story) -> None:
    start(story, (P1, 1, 1))
    story.book(ref(1), form(1500), "paid")
    start(story, (P2, 1, 2))
    story.book(ref(2), form(700), "failed", "payee_unknown")
    complete(story, P1, 1, 1500)
    fail(story, P2, 700)
    story.ask("GET", f"{PATH}{P1}/", None, 200, view(P1, 1500, 3, "completed"), phase="read")
