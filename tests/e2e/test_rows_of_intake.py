"""Every row of chapter 1 that one request can show, through the front door (rows_of_intake.py holds the table)."""

import json
from typing import Any

import httpx2
import pytest

from tests.e2e.api import MERCHANT, key, post
from tests.e2e.rows_of_intake import GOOD, TABLE, Case

ACCOUNTS = f"/api/v1/merchants/{MERCHANT}/bank-accounts"
MEMBERS = {"type", "title", "status", "detail", "instance", "code", "error", "message", "retryable", "trace_id", "errors"}


@pytest.fixture(scope="module")
def batch(request: pytest.FixtureRequest) -> str:
    stack = request.getfixturevalue("stack")
    with httpx2.Client(base_url=stack.url, timeout=30) as client:
        made = post(client, {"name": "rows"}, "/api/v1/batches/", Idempotency_Key=key())
    return str(made.json()["id"])


def _filled(value: Any, fill: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, text in fill.items():
            value = value.replace("{" + name + "}", text)
        return value
    return {name: _filled(part, fill) for name, part in value.items()} if isinstance(value, dict) else value


def _send(http: httpx2.Client, case: Case, fill: dict[str, str]) -> httpx2.Response:
    headers = {"Idempotency-Key": key(), "Content-Type": "application/json", **case.headers}
    headers = {name: value for name, value in headers.items() if value}
    body = _filled(case.body, fill) if not isinstance(case.body, str) else case.body
    content = None if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    if content is None:
        del headers["Content-Type"]
    return http.request(case.method, _filled(case.path, fill), content=content, headers=headers)


@pytest.mark.parametrize("case", TABLE, ids=lambda case: f"{case.row} {case.note}")
def test_a_row_of_intake(http: httpx2.Client, batch: str, case: Case) -> None:
    fill = {"batch": batch, "fresh": key()}
    if "{payout}" in case.path:
        fill["payout"] = post(http, GOOD, X_Merchant_Id=MERCHANT).json()["id"]
    if "{merchant}" in case.path:
        fill["merchant"] = post(http, {"id": f"m-{key()}", "name": "Row"}, "/api/v1/merchants/").json()["id"]
    if "{account}" in case.path:
        body = {"holder": "Row", "account_number": "1234567890"}
        made = post(http, body, f"{ACCOUNTS}/").json()["id"]
        fill["account"] = f"{ACCOUNTS}/{made}"
    answer = _send(http, case, fill)
    assert answer.status_code == case.status, answer.text
    if case.status >= 400:
        problem = answer.json()
        assert set(problem) >= MEMBERS
        assert answer.headers["content-type"] == "application/problem+json"
        assert case.code in {None, problem["code"]}, problem
        assert case.pointer is None or case.pointer in {error["pointer"] for error in problem["errors"]}, problem
    for name, value in case.shows.items():
        shown = answer.json()[name]
        assert value is ... or shown == _filled(value, fill), (name, shown)


def test_api_01_one_address_serves_writes_reads_feed_and_documents(http: httpx2.Client) -> None:
    made = post(http, GOOD)
    assert made.status_code == 201
    assert http.get(made.headers["location"]).json()["id"] == made.json()["id"]
    paths = http.get("/api/schema/").json()["paths"]
    assert {"get", "post"} <= set(paths["/api/v1/payouts/"])
    assert "/api/v1/feed/" in {channel["address"] for channel in http.get("/api/asyncapi/").json()["channels"].values()}


@pytest.mark.parametrize("path", ["/api/payouts", "/api/payouts/", "/api/v1/payouts", "/api/v1/payouts/"])
def test_api_02_every_spelling_of_a_path_works_for_every_method(http: httpx2.Client, path: str) -> None:
    made = post(http, GOOD, path, Prefer="wait=30")
    one = f"{path.rstrip('/')}/{made.json()['id']}" + ("/" if path.endswith("/") else "")
    patient = {"Prefer": "wait=30"}
    changed = http.patch(one, json={"amount": "2.00"}, headers=patient)
    answers = [http.get(path), http.get(one), changed, http.delete(one, headers=patient), http.head(one)]
    assert [made.status_code, *(answer.status_code for answer in answers)] == [201, 200, 200, 200, 204, 200]


def test_err_04_all_faults_of_a_request_come_at_once(http: httpx2.Client) -> None:
    bad = {"amount": 1.5, "currency": "ZZZ", "recipient_details": {"account": "1"}, "description": "\x00", "colour": 1}
    problem = post(http, bad, Idempotency_Key="a b", Prefer="wait=99").json()
    assert {error["pointer"] for error in problem["errors"]} == {
        "/amount",
        "/currency",
        "/recipient_details/account",
        "/description",
        "/colour",
        "header/Idempotency-Key",
        "header/Prefer",
    }


def test_api_17_a_list_names_its_next_page_in_a_header_too(http: httpx2.Client) -> None:
    for _ in range(3):
        post(http, GOOD)
    page = http.get("/api/v1/payouts/?limit=2")
    assert page.headers["link"] == f'<{page.json()["next"]}>; rel="next"'
    assert http.get(page.json()["next"]).status_code == 200


def test_api_14_the_wait_that_was_granted_is_said(http: httpx2.Client) -> None:
    assert post(http, GOOD, Prefer="wait=7").headers["preference-applied"] == "wait=7"
    assert "preference-applied" not in post(http, GOOD).headers
