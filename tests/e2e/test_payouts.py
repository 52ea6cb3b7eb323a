"""Single payouts through the front door: create, read, edit, cancel, pay, fail, hang."""

import concurrent.futures
from typing import Any

import httpx2
import pytest

from tests.e2e.api import INR_MERCHANT, MERCHANT, VERIFIED, balance, bank, key, post, settled, wallet


def test_api_03_recipient_form_answers_201_pending(http: httpx2.Client) -> None:
    body = {
        "amount": "100.50",
        "currency": "USD",
        "recipient_details": {"account_number": "1234567890", "bank_name": "First Bank"},
        "description": "Invoice 17",
    }
    answer = post(http, body, "/api/payouts/")
    payout = answer.json()
    assert answer.status_code == 201
    assert (payout["status"], payout["amount"], payout["amount_minor"], payout["currency"]) == (
        "pending",
        "100.50",
        10050,
        "USD",
    )
    assert payout["recipient_details"]["bank_name"] == "First Bank"
    assert answer.headers["location"].endswith(payout["id"])
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["idempotency-key"]


def test_api_04_paise_form_with_a_saved_account(http: httpx2.Client) -> None:
    body = {"amount_paise": 50000, "bank_account_id": VERIFIED}
    answer = post(http, body, Idempotency_Key=key(), X_Merchant_Id=INR_MERCHANT)
    payout = answer.json()
    assert answer.status_code == 201
    assert (payout["currency"], payout["amount_paise"], payout["amount"]) == ("INR", 50000, "500.00")
    assert payout["bank_account"]["account_number"].startswith("XXXX")


def test_api_05_account_is_another_name_for_account_number(http: httpx2.Client) -> None:
    answer = post(http, {"amount": "1.00", "currency": "USD", "recipient_details": {"account": "ACC-100"}})
    details = answer.json()["recipient_details"]
    assert answer.status_code == 201
    assert (details["account"], details["account_number"]) == ("ACC-100", "ACC-100")


@pytest.mark.parametrize("path", ["/api/payouts", "/api/payouts/", "/api/v1/payouts", "/api/v1/payouts/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_api_02_every_spelling_of_a_path_works_without_a_redirect(http: httpx2.Client, path: str, method: str) -> None:
    answer = http.request(method, path, json=bank() if method == "POST" else None, follow_redirects=False)
    assert answer.status_code == (201 if method == "POST" else 200)


def test_read_your_writes_a_plain_get_right_after_shows_it(http: httpx2.Client) -> None:
    made = post(http, bank())
    read = http.get(f"/api/v1/payouts/{made.json()['id']}/", headers={"Payflow-Position": made.headers["payflow-position"]})
    assert read.status_code == 200
    assert read.json() == made.json()
    again = http.get(f"/api/v1/payouts/{made.json()['id']}/", headers={"If-None-Match": read.headers["etag"]})
    assert again.status_code == 304
    for _ in range(20):  # without the position too, however soon
        plain = post(http, bank())
        assert http.get(f"/api/v1/payouts/{plain.json()['id']}/").json()["id"] == plain.json()["id"]


def test_a_payout_is_paid_once_and_the_ledger_follows(http: httpx2.Client, provider: Any) -> None:
    before = balance(http, "JPY")
    payout = post(http, wallet("+256779000111", "700", "JPY"), X_Merchant_Id=MERCHANT).json()
    held = balance(http, "JPY")
    assert held["held_minor"] == before["held_minor"] + 700
    assert held["total_minor"] == before["total_minor"]
    paid = settled(http, payout["id"], "completed")
    after = balance(http, "JPY")
    assert (after["held_minor"], after["total_minor"]) == (before["held_minor"], before["total_minor"] - 700)
    mine = [t for t in provider().values() if t["payee"] == "+256779000111"]
    assert [(t["status"], t["amount"], t["currency"]) for t in mine] == [("paid", "700", "JPY")]
    assert paid["bank_reference_id"] == mine[0]["provider_reference"]


def test_lif_18_every_move_is_kept_with_its_place_on_the_log(http: httpx2.Client) -> None:
    payout = post(http, wallet("+256779000222")).json()
    settled(http, payout["id"], "completed")
    moves = http.get(f"/api/v1/payouts/{payout['id']}/events/").json()["results"]
    assert [(m["from"], m["to"], m["version"]) for m in moves] == [
        (None, "pending", 1),
        ("pending", "processing", 2),
        ("processing", "completed", 3),
    ]
    assert moves == sorted(moves, key=lambda m: (m["position"]["offset"], m["position"]["index"]))


def test_lif_10_and_11_a_retryable_failure_is_tried_three_times_and_released_once(
    http: httpx2.Client, provider: Any
) -> None:
    before = balance(http, "KWD")
    payout = post(http, wallet("+256700000007", "1.250", "KWD")).json()
    failed = settled(http, payout["id"], "failed")
    assert (failed["attempt_count"], failed["failure_code"]) == (3, "payee_provider_down")
    assert balance(http, "KWD") == before
    assert len([t for t in provider().values() if t["payee"] == "+256700000007" and t["currency"] == "KWD"]) == 3


def test_lif_12_paid_but_unheard_is_found_by_asking_never_sent_twice(http: httpx2.Client, provider: Any) -> None:
    payout = post(http, wallet("+256700000004", "1234")).json()
    unknown = settled(http, payout["id"], "requires_action")
    assert (unknown["reason"], unknown["failure_code"]) == ("outcome_unknown", "no_answer")
    done = settled(http, payout["id"], "completed")
    assert done["attempt_count"] == 1
    assert len([t for t in provider().values() if t["payee"] == "+256700000004" and t["amount"] == "1234"]) == 1


def test_lif_12_a_request_lost_on_its_way_is_sent_again_under_the_same_reference(http: httpx2.Client, provider: Any) -> None:
    payout = post(http, wallet("+256700000006", "4321")).json()
    done = settled(http, payout["id"], "completed")
    assert done["attempt_count"] == 1
    assert len([t for t in provider().values() if t["payee"] == "+256700000006" and t["amount"] == "4321"]) == 1


def test_a_hanging_provider_leaves_the_payout_visibly_unknown_and_the_money_held(http: httpx2.Client) -> None:
    payout = post(http, wallet("+256700000003", "777")).json()
    settled(http, payout["id"], "requires_action")
    assert balance(http, "UGX")["held_minor"] >= 777


def test_api_21_an_edit_moves_the_hold_and_api_23_versions_guard_it(http: httpx2.Client) -> None:
    before = balance(http, "GBP")
    payout = post(http, bank("10.00", "GBP")).json()
    path = f"/api/v1/payouts/{payout['id']}/"
    stale = http.patch(path, json={"amount": "30.00"}, headers={"If-Match": '"7"'})
    edited = http.patch(path, json={"amount": "25.00", "status": "pending"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert edited.status_code == 200, edited.text
    assert (edited.json()["amount"], edited.json()["version"], edited.headers["etag"]) == ("25.00", 2, '"2"')
    assert balance(http, "GBP")["held_minor"] == before["held_minor"] + 2500
    conflict = http.patch(path, json={"amount": "26.00", "expected_version": 1})
    assert (conflict.status_code, conflict.json()["code"]) == (409, "version_conflict")
    changed = http.patch(path, json={"status": "completed"})
    assert changed.status_code == 400


def test_api_22_only_pending_payouts_can_be_updated(http: httpx2.Client) -> None:
    payout = post(http, wallet("+256779000333")).json()
    settled(http, payout["id"], "completed")
    late = http.patch(f"/api/v1/payouts/{payout['id']}/", json={"description": "late"})
    assert (late.status_code, late.json()["code"]) == (409, "invalid_state_transition")
    assert "Only pending payouts can be updated." in late.json()["detail"]


def test_api_24_delete_cancels_softly_and_a_repeat_is_204(http: httpx2.Client) -> None:
    before = balance(http, "EUR")
    payout = post(http, bank("12.00", "EUR")).json()
    path = f"/api/v1/payouts/{payout['id']}/"
    assert [http.delete(path).status_code for _ in range(2)] == [204, 204]
    assert http.get(path).json()["status"] == "canceled"
    assert balance(http, "EUR") == before
    done = post(http, wallet("+256779000444")).json()
    settled(http, done["id"], "completed")
    assert http.delete(f"/api/v1/payouts/{done['id']}/").status_code == 409


def test_err_03_402_says_what_is_available_and_keeps_the_payout_as_rejected(http: httpx2.Client) -> None:
    body = {"amount_paise": 99_999_999_999, "bank_account_id": VERIFIED}
    answer = post(http, body, Idempotency_Key=key(), X_Merchant_Id=INR_MERCHANT)
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["error"]) == (402, "insufficient_funds", "insufficient_funds")
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["available_paise"] == problem["available_minor"]
    assert http.get(f"/api/v1/payouts/{problem['payout_id']}/").json()["status"] == "rejected"


def test_err_03_waiting_for_funds_and_released_by_a_credit_first_in_first_out(http: httpx2.Client) -> None:
    merchant = f"m-{key()[:8]}"
    post(http, {"id": merchant, "name": "Waits", "main_currency": "USD"}, "/api/v1/merchants/", Idempotency_Key=key())
    waiting = [
        post(http, bank(amount, on_insufficient_funds="wait"), X_Merchant_Id=merchant).json()
        for amount in ("60.00", "30.00")
    ]
    assert [(p["status"], p["reason"]) for p in waiting] == [("pending", "funds")] * 2
    credit = {"amount": "50.00", "currency": "USD", "reference": "top-up-1"}
    assert (
        post(
            http, credit, f"/api/v1/merchants/{merchant}/credits/", Idempotency_Key=key(), X_Merchant_Id=merchant
        ).status_code
        == 201
    )
    assert http.get(f"/api/v1/payouts/{waiting[1]['id']}/").json()["reason"] == "funds"  # nobody overtakes
    credit = {"amount": "40.00", "currency": "USD", "reference": "top-up-2"}
    post(http, credit, f"/api/v1/merchants/{merchant}/credits/", Idempotency_Key=key(), X_Merchant_Id=merchant)
    for payout in waiting:
        settled(http, payout["id"], "completed")
    assert balance(http, "USD", merchant)["total_minor"] == 0


def test_lif_07_of_ten_at_once_exactly_those_the_balance_covers_succeed(http: httpx2.Client) -> None:
    merchant = f"m-{key()[:8]}"
    post(http, {"id": merchant, "name": "Races", "main_currency": "USD"}, "/api/v1/merchants/", Idempotency_Key=key())
    credit = {"amount": "100.00", "currency": "USD", "reference": "r"}
    post(http, credit, f"/api/v1/merchants/{merchant}/credits/", Idempotency_Key=key(), X_Merchant_Id=merchant)
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: post(http, bank("30.00"), X_Merchant_Id=merchant).status_code, range(10)))
    assert sorted(answers) == [201] * 3 + [402] * 7
    assert balance(http, "USD", merchant)["available_minor"] == 1000


@pytest.mark.parametrize("payout_id", ["00000000-0000-7000-8000-000000000000", "nonsense", "..%2f..%2fetc"])
def test_api_20_unknown_and_malformed_ids_give_the_same_404(http: httpx2.Client, payout_id: str) -> None:
    answer = http.get(f"/api/v1/payouts/{payout_id}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_api_20_another_merchants_payout_is_the_same_404(http: httpx2.Client) -> None:
    payout = post(http, bank()).json()
    foreign = http.get(f"/api/v1/payouts/{payout['id']}/", headers={"X-Merchant-Id": INR_MERCHANT})
    cancel = http.delete(f"/api/v1/payouts/{payout['id']}/", headers={"X-Merchant-Id": INR_MERCHANT})
    assert [foreign.status_code, cancel.status_code] == [404, 404]
