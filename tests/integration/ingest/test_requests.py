"""Requests over real HTTP, a real log and a real projection."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from runtime.ids import mint
from tests.support.ingest_stack import IngestStack, wait_for

pytestmark = pytest.mark.integration


def payout(amount: str = "1.00") -> dict[str, Any]:
    return {"amount": amount, "currency": "USD", "recipient_details": {"account_number": "1234567890"}}


def test_a_payout_is_decided_on_the_log__API_03(stack: IngestStack) -> None:
    merchant = stack.merchant()
    with stack.client as client:
        answer = client.post("/api/v1/payouts", json=payout("100.50"), headers={"X-Merchant-Id": merchant})
    assert (answer.status_code, answer.json()["status"], answer.headers["etag"]) == (201, "pending", '"1"')
    assert stack.commands(merchant)[-1].body.payout_id == answer.json()["id"]


def test_a_replay_is_byte_identical_after_a_restart_of_ingest__IDM_03_IDM_04(stack: IngestStack) -> None:
    merchant, key = stack.merchant(), mint()
    headers = {"X-Merchant-Id": merchant, "Idempotency-Key": key}
    with stack.client as client:
        first = client.post("/api/v1/payouts", json=payout(), headers=headers)
        stack.restart_ingest(hard=True)
        again = client.post("/api/v1/payouts", json=payout(), headers=headers)
        other = client.post("/api/v1/payouts", json=payout("2.00"), headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


def test_of_concurrent_equal_requests_exactly_one_makes_a_payout__IDM_06(stack: IngestStack) -> None:
    merchant, key = stack.merchant(), mint()
    headers = {"X-Merchant-Id": merchant, "Idempotency-Key": key}
    gate = threading.Barrier(16)

    def ask(_: int) -> tuple[int, bytes]:
        with stack.client as client:
            gate.wait()
            answer = client.post("/api/v1/payouts", json=payout(), headers=headers)
            return answer.status_code, answer.content

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(ask, range(16)))
    assert sorted(status for status, _ in answers) == [200] * 15 + [201]
    assert len({content for _, content in answers}) == 1


def test_of_ten_at_once_those_succeed_that_the_balance_covers__LIF_07(stack: IngestStack) -> None:
    merchant = stack.merchant("100.00")

    def ask(_: int) -> int:
        with stack.client as client:
            return client.post("/api/v1/payouts", json=payout("30.00"), headers={"X-Merchant-Id": merchant}).status_code

    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(ask, range(10))) == [201] * 3 + [402] * 7


def test_while_nobody_decides_the_answer_is_202_and_later_the_payout_is_there__API_14(stack: IngestStack) -> None:
    merchant, key = stack.merchant(), mint()
    headers = {"X-Merchant-Id": merchant, "Idempotency-Key": key, "Prefer": "wait=0"}
    with stack.client as client:
        with stack.paused("processor"):
            answer = client.post("/api/v1/payouts", json=payout(), headers=headers)
            payout_id = answer.json()["id"]
            assert (answer.status_code, answer.headers["location"]) == (202, f"/api/v1/payouts/{payout_id}")
            assert client.get(f"/internal/in-flight/{payout_id}").json() == {"pending": True}
            second = client.post("/api/v1/payouts", json=payout(), headers=headers)
            assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_flight")
        headers["Prefer"] = "wait=30"
        decided = wait_for("the decision", lambda: _if_ok(client, headers))
        assert decided.json()["id"] == payout_id


def _if_ok(client: Any, headers: dict[str, str]) -> Any:
    answer = client.post("/api/v1/payouts", json=payout(), headers=headers)
    return answer if answer.status_code == 200 else None


def test_an_edit_and_a_cancel_without_a_merchant_find_their_payout__API_21_API_24(stack: IngestStack) -> None:
    merchant = stack.merchant()
    with stack.client as client:
        made = client.post("/api/v1/payouts", json=payout("5.00"), headers={"X-Merchant-Id": merchant}).json()
        path = f"/api/v1/payouts/{made['id']}"
        wait_for("the view", lambda: client.patch(path, json={"version": 1}).status_code == 200)
        edited = client.patch(path, json={"amount": "4.00", "id": made["id"]}, headers={"If-Match": '"1"'})
        assert (edited.status_code, edited.json()["amount"], edited.headers["etag"]) == (200, "4.00", '"2"')
        assert client.delete(path).status_code == 204
        assert client.delete(path).status_code == 204


def test_a_large_batch_is_decided_and_replayed_after_a_restart__BAT_01_IDM_04(stack: IngestStack) -> None:
    merchant, key = stack.merchant(), mint()
    rows = [{"amount": "0.01", "currency": "USD", "recipient_details": {"msisdn": f"+25677{n:07}"}} for n in range(3000)]
    headers = {"X-Merchant-Id": merchant, "Idempotency-Key": key}
    with stack.client as client:
        first = client.post("/api/v1/batches", json={"rows": rows}, headers=headers)
        assert (first.status_code, first.json()["row_count"]) == (201, 3000), first.text[:500]
        stack.restart_ingest(hard=False)
        again = client.post("/api/v1/batches", json={"rows": rows}, headers=headers)
    assert (again.status_code, again.content) == (200, first.content)


def test_a_batch_whose_submission_was_killed_goes_on_under_its_key(stack: IngestStack) -> None:
    merchant, key = stack.merchant(), mint()
    content = "amount,currency,msisdn\n" + "".join(f"0.01,USD,+25677{n:07}\n" for n in range(4000))
    headers = {"X-Merchant-Id": merchant, "Idempotency-Key": key}

    def upload() -> Any:
        with stack.client as client:
            return client.post("/api/v1/batches/upload", files={"file": ("f.csv", content.encode())}, headers=headers)

    with stack.paused("processor"), ThreadPoolExecutor(1) as pool:
        broken = pool.submit(upload)
        wait_for("the batch on the log", lambda: [c for c in stack.commands(merchant) if c.key == key])
        stack.restart_ingest(hard=True)
        assert broken.exception() is not None
    answer = upload()
    assert (answer.status_code, answer.json()["row_count"]) == (201, 4000), answer.text[:500]
    opened = [c.body.batch_id for c in stack.commands(merchant) if hasattr(c.body, "submit")]
    assert answer.json()["id"] == opened[0]


def test_a_bad_last_row_leaves_nothing_on_the_log__BAT_08(stack: IngestStack) -> None:
    merchant = stack.merchant()
    rows = "".join(f"0.01,USD,+25677{n:07}\n" for n in range(30_000))
    content = "amount,currency,msisdn\n" + rows + "0.01,USD,+7\n"
    before = len(stack.commands(merchant))
    headers = {"X-Merchant-Id": merchant, "Idempotency-Key": mint()}
    with stack.client as client:
        answer = client.post("/api/v1/batches/upload", files={"file": ("f.csv", content.encode())}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows")
    assert (answer.json()["errors"][0]["row"], answer.json()["errors"][0]["column"]) == ("30001", "msisdn")
    assert len(stack.commands(merchant)) == before


def test_ingest_ends_within_ten_seconds_of_a_term(stack: IngestStack) -> None:
    stack.restart_ingest(hard=False)
