"""Lists, filters, documentation, health and metrics at the front door."""

import urllib.request

import httpx2
import pytest

from payflow.stack import Stack
from tests.e2e.api import MERCHANT, bank, key, post


@pytest.mark.parametrize("path", ["/health/", "/api/health/", "/api/v1/health/", "/livez", "/readyz", "/healthz"])
def test_obs_07_health_answers_everywhere(http: httpx2.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.json()["status"]) == (200, "ok")


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/", "/api/schema/", "/api/v1/docs/assets/swagger-ui-bundle.js"])
def test_api_30_documentation_is_served_from_here(http: httpx2.Client, path: str) -> None:
    answer = http.get(path)
    assert answer.status_code == 200
    assert "cdn." not in answer.text[:5000]


def test_api_30_one_document_for_all_services(http: httpx2.Client) -> None:
    paths = http.get("/api/schema/").json()["paths"]
    assert {"get", "post"} <= set(paths["/api/v1/payouts/"])
    assert {"/api/v1/batches/upload/", "/api/v1/balance/", "/api/v1/ledger/", "/api/v1/merchants/"} <= set(paths)


def test_api_17_lists_by_page_offset_and_cursor(http: httpx2.Client) -> None:
    for _ in range(12):
        post(http, bank("1.00"))
    page = http.get("/api/payouts/").json()
    assert set(page) == {"count", "next", "previous", "results", "next_cursor", "freshness"}
    assert len(page["results"]) == 10
    second = http.get(page["next"]).json()
    assert not {p["id"] for p in page["results"]} & {p["id"] for p in second["results"]}
    by_limit = http.get("/api/payouts/", params={"limit": 3, "offset": 2}).json()
    assert [p["id"] for p in by_limit["results"]] == [p["id"] for p in page["results"][2:5]]
    assert set(page["freshness"]) == {"timestamp", "source", "max_age_ms"}


def test_api_18_cursor_paging_neither_skips_nor_repeats_while_rows_arrive(http: httpx2.Client) -> None:
    merchant = f"m-{key()[:8]}"
    post(http, {"id": merchant, "name": "Pages", "main_currency": "USD"}, "/api/v1/merchants/", Idempotency_Key=key())
    waiting = {"on_insufficient_funds": "wait"}
    made = [post(http, bank(**waiting), X_Merchant_Id=merchant).json()["id"] for _ in range(7)]
    seen, cursor = [], ""
    while cursor is not None:
        page = http.get("/api/v1/payouts/", params={"merchant_id": merchant, "cursor": cursor, "limit": 3}).json()
        seen += [p["id"] for p in page["results"]]
        cursor = page["next_cursor"]
        post(http, bank(**waiting), X_Merchant_Id=merchant)
    assert seen == list(reversed(made))


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=x", "limit=101", "limit=-1", "offset=10001", "status=nope", "currency=XX", "created_after=yesterday",
     "min_amount=abc", "min_amount=1.%C2%B2", "cursor=abc", "batch_id=1", "nope=1", "merchant_id=UPPER", "limit=1&page=1"],
)  # fmt: skip
def test_api_18_and_19_a_bad_parameter_is_400_and_named(http: httpx2.Client, query: str) -> None:
    answer = http.get(f"/api/v1/payouts/?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].removeprefix("query/") in query


def test_api_19_filters(http: httpx2.Client) -> None:
    payout = post(http, bank("77.77", "GBP")).json()
    query = {"currency": "gbp", "min_amount": "77.77", "max_amount": "77.77", "status": "PENDING,processing,completed"}
    found = http.get("/api/v1/payouts/", params={**query, "created_after": payout["created_at"]}).json()["results"]
    assert payout["id"] in [p["id"] for p in found]
    assert {(p["currency"], p["amount"]) for p in found} == {("GBP", "77.77")}


def test_api_25_to_27_balance_ledger_merchants(http: httpx2.Client) -> None:
    balance = http.get("/api/v1/balance/", params={"merchant_id": MERCHANT}).json()
    assert balance["total_minor"] == balance["available_minor"] + balance["held_minor"]
    assert balance["position"]["next_offset"] > 0
    ledger = http.get("/api/v1/ledger/", params={"merchant_id": MERCHANT, "limit": 5}).json()
    assert len(ledger["results"]) == 5
    assert {"id", "account", "entry_type", "direction", "amount", "currency", "payout_id"} <= set(ledger["results"][0])
    merchants = http.get("/api/v1/merchants/").json()
    assert merchants["count"] >= 3
    assert [http.get("/api/v1/balance/", params={"merchant_id": m}).status_code for m in ("nobody", "NO!")] == [400, 400]


def test_led_04_listed_entries_add_up_to_the_total(http: httpx2.Client) -> None:
    merchant = f"m-{key()[:8]}"
    post(http, {"id": merchant, "name": "Adds", "main_currency": "USD"}, "/api/v1/merchants/", Idempotency_Key=key())
    credit = {"amount": "100.00", "currency": "USD", "reference": "c"}
    post(http, credit, f"/api/v1/merchants/{merchant}/credits/", Idempotency_Key=key(), X_Merchant_Id=merchant)
    post(http, bank("40.00"), X_Merchant_Id=merchant)
    balance = http.get("/api/v1/balance/", params={"merchant_id": merchant}).json()
    assert (balance["available"], balance["held"], balance["total"]) == ("60.00", "40.00", "100.00")
    entries = http.get("/api/v1/ledger/", params={"merchant_id": merchant}).json()["results"]
    assert sum(entry["amount_minor"] for entry in entries) == balance["total_minor"]


@pytest.mark.parametrize(
    ("method", "path", "status"), [("DELETE", "/api/v1/ledger/", 405), ("GET", "/api/v1/nothing/", 404)]
)
def test_err_01_errors_are_problems(http: httpx2.Client, method: str, path: str, status: int) -> None:
    answer = http.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "error",
        "message",
        "retryable",
        "trace_id",
        "errors",
    } <= set(answer.json())


@pytest.mark.parametrize("path", ["/health/", "/api/payouts/", "/api/v1/merchants/", "/api/schema/", "/api/docs/"])
def test_head_says_what_get_says_without_a_body(http: httpx2.Client, path: str) -> None:
    head, got = http.head(path), http.get(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/v1/payouts/"), ("POST", "/api/v1/payouts/")])
def test_sec_01_a_foreign_host_is_refused(http: httpx2.Client, method: str, path: str) -> None:
    answer = http.request(method, path, headers={"Host": "evil.example"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "header/Host")


def test_api_02_the_host_header_has_no_say_in_where_a_write_goes(http: httpx2.Client) -> None:
    answer = http.post("/api/v1/payouts/", json=bank(), headers={"Host": "localhost/../../internal?x="})
    assert answer.status_code == 400


def test_err_01_the_instance_of_a_problem_is_the_path_that_was_asked(http: httpx2.Client) -> None:
    assert http.get("/api/payouts/nonsense/").json()["instance"] == "/api/payouts/nonsense/"
    assert http.post("/api/payouts/", json={}).json()["instance"] == "/api/payouts/", "also where another service refuses"
    forged = http.post("/api/v1/payouts", json={}, headers={"Payflow-Inner-Path": "/forged"})
    assert forged.json()["instance"] == "/api/v1/payouts"


def test_api_27_the_header_limits_merchants_to_its_own(http: httpx2.Client) -> None:
    found = http.get("/api/v1/merchants/", headers={"X-Merchant-Id": MERCHANT}).json()
    assert (found["count"], found["results"][0]["id"]) == (1, MERCHANT)
    assert http.get("/api/v1/merchants/?page_size=1").status_code == 400


def test_a_read_past_what_the_views_hold_says_how_far_they_are_behind(http: httpx2.Client) -> None:
    position = post(http, bank()).headers["payflow-position"]
    assert "payflow-behind" not in http.get("/api/payouts/", headers={"Payflow-Position": position}).headers
    partition, offset = position.split(":")
    ahead = http.get("/api/payouts/", headers={"Payflow-Position": f"{partition}:{int(offset) + 1_000_000}"})
    assert ahead.status_code == 200
    assert 900_000 < int(ahead.headers["payflow-behind"]) <= 1_000_001


@pytest.mark.parametrize("port", ["INGEST", "PROCESSOR", "RAILS", "PROJECTOR", "GATEWAY", "SIMULATOR"])
def test_obs_01_every_service_has_metrics(stack: Stack, port: str) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{stack.environ[f'{port}_METRICS_PORT']}/metrics") as answer:
        assert b"payflow_" in answer.read()
