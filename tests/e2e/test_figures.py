"""Figures, acts and records of the whole product: what was just paid is counted, explained and traced (CON-01, CON-06, CON-20, CON-25)."""

from typing import Any

import httpx2
import pytest

from tests.e2e.api import MERCHANT, bank, key, post, settled, until, wallet

HANGS = "+256700000003"


@pytest.fixture(autouse=True)
def on_the_stack(stack: Any) -> None:
    if not hasattr(stack, "simulator_url"):
        pytest.skip("figures are SQL, records the log itself")


def figure(http: httpx2.Client, name: str) -> dict[str, Any]:
    answer = http.get(f"/api/v1/figures/{name}/", params={"merchant_id": MERCHANT})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_con_01_a_payment_is_in_flight_and_then_paid_today(http: httpx2.Client) -> None:
    before = figure(http, "paid-today")["count"]
    asked = post(http, bank("3.00"), Idempotency_Key=key(), X_Merchant_Id=MERCHANT).json()
    hangs = post(http, wallet(HANGS), Idempotency_Key=key(), X_Merchant_Id=MERCHANT)  # stays in flight: a figure is kept 2 s
    assert hangs.status_code == 201, hangs.text
    until(http, f"/api/v1/figures/in-flight/?merchant_id={MERCHANT}", lambda body: body.get("count", 0) > 0)
    settled(http, asked["id"], "completed")
    found = until(http, f"/api/v1/figures/paid-today/?merchant_id={MERCHANT}", lambda body: body.get("count", 0) > before)
    assert found["freshness"]["source"] == "projection"
    assert figure(http, "failure-rate")["paid"] > 0
    assert figure(http, "lag")["known"] is True
    points = http.get("/api/v1/insights/", params={"merchant_id": MERCHANT}).json()
    assert sum(point["paid"] for point in points["points"]) >= found["count"]
    assert points["time_to_paid"]["p50_seconds"] is not None


@pytest.mark.parametrize(
    "name", ["in-flight", "waiting", "unknown", "paid-today", "failure-rate", "lag", "payouts", "batches"]
)
def test_con_01_every_card_answers_by_itself_for_one_merchant_and_for_all(http: httpx2.Client, name: str) -> None:
    assert figure(http, name)["figure"] == name.replace("-", "_")
    assert http.get(f"/api/v1/figures/{name}/").status_code == 200


def test_con_07_lists_by_attention_and_what_needs_somebody(http: httpx2.Client) -> None:
    for path in (
        "attention/",
        "batches/?order=attention",
        "payouts/?order=attention&limit=5",
        "insights/?step=day&zone=Africa/Kampala",
    ):
        answer = http.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text


def cancelable(http: httpx2.Client) -> tuple[str, str]:
    """The acts of a payout that could still be canceled when they were read, and its id; some are sent before they are looked at."""
    for _ in range(5):
        asked = post(http, bank("3.00"), Idempotency_Key=key(), X_Merchant_Id=MERCHANT).json()
        acts = f"/api/v1/payouts/{asked['id']}/actions/"
        told = until(http, acts, lambda body: "actions" in body)
        if any(act["action"] == "cancel" and act["allowed"] for act in told["actions"]):
            return acts, asked["id"]
    raise AssertionError("none of them could be canceled")


def test_con_06_acts_change_with_the_state(http: httpx2.Client) -> None:
    acts, payout = cancelable(http)
    settled(http, payout, "completed")
    cancel = next(act for act in http.get(acts).json()["actions"] if act["action"] == "cancel")
    refused = http.post(cancel["href"], headers={"X-Merchant-Id": MERCHANT})
    assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (409, cancel["code"], cancel["reason"])


def test_con_25_a_row_leads_to_its_record_on_the_log(http: httpx2.Client) -> None:
    asked = post(http, bank("3.00"), Idempotency_Key=key(), X_Merchant_Id=MERCHANT).json()
    settled(http, asked["id"], "completed")
    row = http.get(f"/api/v1/payouts/{asked['id']}/", params={"include": "record"}).json()
    record = http.get(row["record"]["href"]).json()
    assert (record["topic"], record["offset"]) == ("payouts.events", row["record"]["offset"])
    assert record["value"]["merchant_id"] == MERCHANT
    assert asked["id"] in str(record["value"]["events"])
    command = http.get(f"/api/v1/log/payouts.commands/{record['partition']}/{record['value']['source_offset']}/")
    assert command.json()["value"]["id"] == record["value"]["command_id"]
    assert http.get(f"/api/v1/log/payouts.events/{record['partition']}/999999999/").status_code == 404


def test_con_19_dead_letters_are_listed(http: httpx2.Client) -> None:
    answer = http.get("/api/v1/dead-letters/")
    assert answer.status_code == 200, answer.text
    assert answer.json()["results"] == [] or answer.json()["open"] >= 0
