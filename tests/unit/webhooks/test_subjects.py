"""What is told of a payout names nobody, neither what the event said nor what is so now (SEC-07)."""

import json

import pytest

from domain.webhooks.payload import Letter, body
from services.webhooks.subjects import PAYOUTS, payout_state

PAYOUT = "019b0000-0000-7000-8000-000000000001"
EMPTY = dict.fromkeys(part.split(".")[-1].split("::")[0].strip() for part in PAYOUTS.partition(" FROM ")[0][7:].split(","))
PAYEES = [
    {"recipient": json.dumps({"type": "bank_account", "account_number": "998877665544", "name": "Jane Doe"})},
    {"holder": "Jane Doe", "account_number": "998877665544"},
]


@pytest.mark.parametrize("payee", PAYEES)
@pytest.mark.parametrize("tries", [0, 1])
def test_sec_07_a_payees_name_in_a_reason_goes_to_nobody(payee: dict[str, str], tries: int) -> None:
    reason = "JANE DOE has left, 998877665544 is closed"
    row = {
        **EMPTY, "id": PAYOUT, "version": 2, "amount_minor": 100, "currency": "USD", "status": "canceled",
        "created_at": 1, "updated_at": 2, "failure_reason": reason, **payee,
    }  # fmt: skip
    letter = Letter(
        id=PAYOUT, merchant_id="acme", subject=f"payout:{PAYOUT}", kind="payout.canceled.v1", version=2, order=1, at=2,
        own={"id": PAYOUT, "status": "canceled", "failure_reason": reason}, tries=tries,
    )  # fmt: skip
    state = payout_state(letter, row)
    assert state is not None
    sent = body(letter, state).decode()
    assert "jane" not in sent.lower()
    assert "99887766" not in sent
    assert json.loads(sent)["data"]["payout"]["failure_reason"] == "[removed] has left, XXXXXXXXXXXX5544 is closed"
