"""Batches that take what money there is, and batches that stop, on the real stack (BAT-10, BAT-13)."""

from typing import Any

import httpx2

from tests.e2e.api import key, post, until, wallet

FAILS_FOR_GOOD = "+256700000001"


def _merchant(http: httpx2.Client, **amounts: str) -> str:
    """A merchant of its own with so much money per currency."""
    merchant = f"m-{key()[:12]}"
    made = post(http, {"id": merchant, "name": "Alone", "main_currency": "UGX"}, "/api/v1/merchants/", Idempotency_Key=key())
    assert made.status_code == 201, made.text
    for currency, amount in amounts.items():
        _credit(http, merchant, amount, currency)
    return merchant


def _credit(http: httpx2.Client, merchant: str, amount: str, currency: str = "UGX") -> None:
    body = {"amount": amount, "currency": currency, "reference": key()}
    assert post(http, body, f"/api/v1/merchants/{merchant}/credits/", Idempotency_Key=key()).status_code == 201


def _batch(http: httpx2.Client, merchant: str, rows: list[dict[str, Any]], **options: str) -> httpx2.Response:
    return post(http, {"rows": rows, **options}, "/api/v1/batches/", Idempotency_Key=key(), X_Merchant_Id=merchant)


def _rows(http: httpx2.Client, batch_id: str, **query: str) -> list[dict[str, Any]]:
    return http.get(f"/api/v1/batches/{batch_id}/rows/", params=query).json()["results"]  # type: ignore[no-any-return]


def test_bat_10_rows_that_do_not_fit_wait_and_go_out_as_money_comes_in(http: httpx2.Client) -> None:
    merchant = _merchant(http, UGX="250")
    answer = _batch(http, merchant, [wallet(amount="100") for _ in range(5)], funding="as_available")
    assert answer.status_code == 201, answer.text
    batch = answer.json()
    assert (batch["phase"], batch["waiting_rows"], batch["funding"]) == ("released", 3, "as_available")
    path = f"/api/v1/batches/{batch['id']}/"
    stands = until(http, path, lambda b: b["counts"]["completed"] == 2)
    assert (stands["waiting_rows"], stands["attention"], stands["attention_reason"]) == (
        3,
        "warning",
        "3 rows wait for money",
    )
    assert [row["row"] for row in _rows(http, batch["id"], reason="funds")] == [3, 4, 5]
    waiting = http.get("/api/v1/figures/waiting/", params={"merchant_id": merchant}).json()
    assert (waiting["count"], waiting["by_reason"]["funds"]) == (3, 3)
    _credit(http, merchant, "150")
    until(http, path, lambda b: (b["counts"]["completed"], b["waiting_rows"]) == (4, 1))
    _credit(http, merchant, "1")
    story = http.get(f"{path}timeline/").json()
    assert story["next"]["step"] == "wait_funds"
    assert "Rows got the money they waited for" in [entry["title"] for entry in story["entries"]]
    _credit(http, merchant, "99")
    until(http, path, lambda b: b["progress"]["percent"] == 100)


def test_bat_10_all_or_nothing_is_still_the_default(http: httpx2.Client) -> None:
    answer = _batch(http, _merchant(http, UGX="50"), [wallet(amount="100")])
    assert (answer.status_code, answer.json()["shortfalls"]["UGX"]["shortfall"]) == (402, "50")


def test_bat_10_a_failed_row_stops_what_was_not_sent(http: httpx2.Client) -> None:
    """Rows beyond what there is money for cannot be sent, so it is certain which ones the failed row stops."""
    merchant = _merchant(http, UGX="150")
    rows = [wallet(FAILS_FOR_GOOD, "150"), wallet(amount="200"), wallet(amount="10")]
    batch = _batch(http, merchant, rows, funding="as_available", on_row_failure="stop").json()
    stands = until(http, f"/api/v1/batches/{batch['id']}/", lambda b: b["progress"]["percent"] == 100)
    assert (stands["counts"]["failed"], stands["counts"]["canceled"], stands["waiting_rows"]) == (1, 2, 0)
    assert stands["stopped_at"] is not None
    told = [(row["status"], row["failure_code"]) for row in _rows(http, batch["id"])]
    assert told == [("failed", "payee_unknown"), ("canceled", "batch_stopped"), ("canceled", "batch_stopped")]
    free = http.get("/api/v1/balance/", params={"merchant_id": merchant}).json()
    assert (free["available"], free["held"]) == ("150", "0")


def test_bat_13_a_running_batch_is_stopped_and_says_what_it_could_not_stop(http: httpx2.Client) -> None:
    merchant = _merchant(http, UGX="100")
    batch = _batch(http, merchant, [wallet(amount="100"), wallet(amount="70")], funding="as_available").json()
    path = f"/api/v1/batches/{batch['id']}/"
    until(http, path, lambda b: b["counts"]["completed"] == 1)
    named = {"X-Merchant-Id": merchant, "Idempotency-Key": key()}
    stopped = http.request("DELETE", path, json={"reason": "the wrong month"}, headers=named)
    assert stopped.status_code == 200, stopped.text
    told = {name: stopped.json()[name] for name in ("row_count", "stopped", "not_stopped", "in_flight", "ended")}
    assert told == {"row_count": 2, "stopped": 1, "not_stopped": 1, "in_flight": 0, "ended": 1}
    again = http.request("DELETE", path, json={"reason": "the wrong month"}, headers=named)
    assert (again.content, again.headers["idempotency-replayed"]) == (stopped.content, "true")
    until(http, path, lambda b: b["counts"]["canceled"] == 1 and b["stopped_at"] is not None)
    assert [row["failure_reason"] for row in _rows(http, batch["id"], status="canceled")] == ["the wrong month"]
    acts = {act["action"]: act["allowed"] for act in http.get(f"{path}actions/").json()["actions"]}
    assert (acts["drop"], acts["stop"]) == (False, True)


def test_bat_10_a_file_can_say_so_too(http: httpx2.Client) -> None:
    merchant = _merchant(http, UGX="10")
    content = b"msisdn,amount,currency\n+256772123456,10,UGX\n+256772123457,10,UGX\n"
    answer = http.post(
        "/api/v1/batches/upload/",
        files={"file": ("rows.csv", content, "text/csv")},
        data={"funding": "as_available", "on_row_failure": "stop"},
        headers={"X-Merchant-Id": merchant, "Idempotency-Key": key()},
    )
    assert (answer.status_code, answer.json()["waiting_rows"], answer.json()["on_row_failure"]) == (201, 1, "stop")
