"""What is left open or goes wrong: a payout that waits, a cancel, a contradiction, what is not found. Owns this chapter."""

import json

from tests.unit.checker.chapters.asking import PATH, ask_for
from tests.unit.checker.chapters.paying import answers, fail, start
from tests.unit.checker.story import P1, P4, P5, P6, SIM, Story, form, ref, release, view


def loose_ends(story: Story) -> None:
    ask_for(story, P4, 20_000, "k4", reason="funds", release_at=story.at - 60_000)
    ask_for(story, P5, 300, "k5")
    after = {"status": "canceled", "version": 2, "canceled_at": story.at, "failure_reason": "mistake"}
    story.change(P5, {"failure_reason": "mistake"}, **after)
    event = {"type": "payout_canceled", "payout_id": P5, "version": 2, "reason": "mistake", "postings": release(300)}
    reply = {"status": 204, "body": ""}
    command = {"type": "cancel_payout", "payout_id": P5, "reason": "mistake"}
    place = story.decide(command, event, answer=reply, about=(P5, None, 1), subject=P5)
    story.ask("POST", f"{PATH}{P5}/cancel/", None, 204, "", place=place)
    ask_for(story, P6, 200, "k6")
    start(story, (P6, 1, 6))
    story.book(ref(6), form(200), "paid")
    story.said[-1] |= {"status": "failed", "code": "payee_unknown"}
    fail(story, P6, 200)
    story.say(ref(6), "paid", call="inquire")
    shown = {
        "type": "answer_contradicted",
        "payout_id": P6,
        "attempt": 1,
        "status": "failed",
        "answer": "paid",
        "provider": SIM,
    }
    story.decide(answers((P6, 1, "paid")), shown, actor="rails")
    body = {"code": "not_found"}
    refused = {"type": "command_refused", "code": "not_found", "detail": "There is no such payout."}
    command = {"type": "cancel_payout", "payout_id": P1[:-1] + "e"}
    place = story.decide(command, refused, outcome="refused", answer={"status": 404, "body": json.dumps(body)})
    story.ask("DELETE", f"{PATH}{P1[:-1]}e/", None, 404, json.dumps(body), place=place)
    story.ask("GET", f"{PATH}{P1}/", None, 200, view(P1, 1500, 3, "completed"), phase="read")
