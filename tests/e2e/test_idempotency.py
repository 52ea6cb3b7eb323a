"""Idempotency through the front door (IDM-01 to IDM-07)."""

import concurrent.futures
import time

import httpx2
import pytest

from payflow.stack import Stack
from tests.e2e.api import INR_MERCHANT, MERCHANT, VERIFIED, balance, bank, key, post, settled


def test_idm_03_a_repeat_gets_the_first_answer_byte_for_byte(http: httpx2.Client) -> None:
    name, body = key(), bank("11.00")
    first = post(http, body, Idempotency_Key=name)
    settled(http, first.json()["id"], "completed")
    again = post(http, dict(reversed(body.items())), Idempotency_Key=name)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content


def test_idm_03_a_stored_402_replays_with_its_own_status(http: httpx2.Client) -> None:
    name, body = key(), {"amount_paise": 99_999_999_999, "bank_account_id": VERIFIED}
    first = post(http, body, Idempotency_Key=name, X_Merchant_Id=INR_MERCHANT)
    again = post(http, body, Idempotency_Key=name, X_Merchant_Id=INR_MERCHANT)
    assert (first.status_code, again.status_code) == (402, 402)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"


def test_idm_05_other_content_under_the_same_key_is_409(http: httpx2.Client) -> None:
    name = key()
    post(http, bank("1.00"), Idempotency_Key=name)
    answer = post(http, bank("2.00"), Idempotency_Key=name)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")


def test_idm_02_the_same_key_at_another_merchant_is_a_new_request(http: httpx2.Client) -> None:
    name = key()
    one = post(http, bank("1.00"), Idempotency_Key=name)
    other = post(http, {"amount_paise": 100, "bank_account_id": VERIFIED}, Idempotency_Key=name, X_Merchant_Id=INR_MERCHANT)
    assert (one.status_code, other.status_code) == (201, 201)
    assert one.json()["id"] != other.json()["id"]


def test_idm_06_of_concurrent_equal_requests_exactly_one_creates(http: httpx2.Client) -> None:
    name, before = key(), balance(http, "RUB")["held_minor"]
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: post(http, bank("5.00", "RUB"), Idempotency_Key=name), range(12)))
    assert sorted({a.status_code for a in answers} - {409}) == [200, 201]
    assert sum(a.status_code == 201 for a in answers) == 1
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"idempotency_in_flight"}
    assert len({a.json()["id"] for a in answers if a.status_code < 400}) == 1
    assert balance(http, "RUB")["held_minor"] in {before + 500, before}


def test_idm_04_a_replay_survives_restarts_of_ingest_and_processor(http: httpx2.Client, stack: Stack) -> None:
    name = key()
    first = post(http, bank("13.00"), Idempotency_Key=name)
    for service in ("ingest", "processor"):
        stack.children[service].process.kill()
    again = _patiently(http, name)
    assert again.status_code == 200
    assert again.content == first.content
    assert _patiently(http, key()).status_code in {200, 201}, "new payouts are decided again"


def _patiently(http: httpx2.Client, name: str) -> httpx2.Response:
    """Repeat while the answer says to come back: 503, 202 or in flight."""
    for _ in range(60):
        answer = post(http, bank("13.00"), Idempotency_Key=name)
        if answer.status_code not in {202, 409, 503}:
            return answer
        time.sleep(0.5)
    return answer


@pytest.mark.parametrize("name", ["", "x" * 256, "ключ".encode().decode("latin-1"), "two words"])
def test_idm_01_a_bad_key_is_400_and_names_the_header(http: httpx2.Client, name: str) -> None:
    answer = http.post("/api/v1/payouts/", json=bank(), headers={"Idempotency-Key": name.encode("latin-1")})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "header/Idempotency-Key"


def test_idm_01_a_key_is_required_with_a_saved_account(http: httpx2.Client) -> None:
    answer = post(http, {"amount_paise": 100, "bank_account_id": VERIFIED}, X_Merchant_Id=INR_MERCHANT)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


def test_idm_08_a_reference_is_unique_for_ever(http: httpx2.Client) -> None:
    reference = f"inv-{key()[:8]}"
    first = post(http, bank(reference=reference), X_Merchant_Id=MERCHANT)
    second = post(http, bank(reference=reference), X_Merchant_Id=MERCHANT)
    assert (second.status_code, second.json()["code"]) == (409, "duplicate_reference")
    assert second.json()["payout_id"] == first.json()["id"]
