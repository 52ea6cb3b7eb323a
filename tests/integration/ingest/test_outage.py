"""When the log or the view is away (ERR-05), and what the log lines of all that say. On a broker of its own, which it takes away."""

import time

import httpx2
import pytest

from deploy.local.kafka import LocalKafka
from runtime.ids import mint
from tests.support.ingest_stack import IngestStack, wait_for

pytestmark = pytest.mark.integration

CANARY = "99887766554433"


def test_without_a_broker_nothing_is_acknowledged_and_later_all_goes_on__ERR_05(
    broker: LocalKafka, stack_on_own_broker: IngestStack
) -> None:
    stack = stack_on_own_broker
    merchant, key = stack.merchant(), mint()
    body = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": CANARY}}
    headers = {"X-Merchant-Id": merchant, "Idempotency-Key": key}
    with stack.client as client:
        broker.stop()
        began = time.monotonic()
        lost = client.post("/api/v1/payouts", json=body, headers=headers)
        assert (lost.status_code, lost.json()["code"], lost.headers["retry-after"]) == (503, "log_unavailable", "1")
        assert time.monotonic() - began < 15
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 503
        broker.start()

        def asked() -> httpx2.Response | None:
            stack.revive()
            answer = client.post("/api/v1/payouts", json=body, headers={**headers, "Prefer": "wait=5"})
            return answer if answer.status_code in (200, 201) else None

        answer = wait_for("payouts to be decided again", asked, 60)
    made = {command.body.payout_id for command in stack.commands(merchant) if command.key == key}
    assert answer.json()["id"] in made
    with stack.client as client:
        again = client.post("/api/v1/payouts", json=body, headers=headers)
    assert (again.status_code, again.content) == (200, answer.content)


def test_no_log_line_holds_a_payee__OBS_05(stack_on_own_broker: IngestStack) -> None:
    stack = stack_on_own_broker
    with stack.client as client:
        body = {"amount": "x", "currency": "USD", "recipient_details": {"account_number": CANARY, "name": CANARY}}
        assert client.post("/api/v1/payouts", json=body).status_code == 400
        assert client.post("/api/v1/payouts", content=f'{{"{CANARY}"'.encode()).status_code == 415
        row = f"amount,currency,msisdn\nx,USD,{CANARY}\n".encode()
        headers = {"Idempotency-Key": mint()}
        assert client.post("/api/v1/batches/upload", files={"file": ("f", row)}, headers=headers).status_code == 400
    assert CANARY not in stack.log_text("ingest")
