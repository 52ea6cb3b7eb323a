"""A merchant is renamed, and a saved account is verified by deposits. Owns this chapter."""

import json
from typing import Any

from tests.unit.checker.story import ACCOUNT, ACME, P1, PAYEE, SIM, VERIFICATION, Story, legs, ref


def _changed(story: Story, kind: str, change: str, answer: dict[str, Any] | None, **more: Any) -> tuple[int, int]:
    """Something happens to the saved account; `more` is of the command, and after `now` of the account."""
    now, postings, known = more.pop("now", {}), more.pop("postings", []), story.account
    story.account = {**known, **now}
    event = {"type": "bank_account_changed", "change": change, **story.account}
    event |= {"postings": postings} if postings else {}
    command = {"type": kind, "bank_account_id": known["bank_account_id"], **more}
    actor = "rails" if kind == "record_deposit" else "api"
    return story.decide(command, event, answer=answer, subject=known["bank_account_id"], actor=actor)


def accounts(story: Story) -> None:
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
