"""The inbox: a request, the same again, and a record that nobody can read. Owns this chapter."""

import base64
import json

from tests.unit.checker.story import P7, Story, form, request, view


def upstream(story: Story) -> None:
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
