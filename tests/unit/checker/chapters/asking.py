"""Money comes in, and payouts are asked for: taken, asked again, refused for funds, in conflict. Owns these chapters."""

import json
from typing import Any

from tests.unit.checker.story import ACME, CREDIT, P1, P2, P3, Story, form, hold, legs, request, view

PATH = "/api/v1/payouts/"


def money(story: Story) -> None:
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


def ask_for(
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


def requests(story: Story) -> None:
    ask_for(story, P1, 1500, "k1", "r-1")
    place = ask_for(story, P2, 700, "k2", "r-2")
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
