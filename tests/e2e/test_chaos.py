"""Faults on real requests, over real lines: whatever breaks, a key is paid once, and the switch brings everything back (CON-18, CON-05)."""

import time
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.e2e.api import MERCHANT, bank, key, post, settled, wallet

FAULTS = "/api/v1/dev/faults/"
BROKEN = (httpx2.HTTPError,)
HANGS = "+256700000003"


@pytest.fixture
def faults(http: httpx2.Client) -> Iterator[Any]:
    """Switches a mode; off again at the end, whatever happened."""

    def switch(mode: str, **more: Any) -> dict[str, Any]:
        answer = http.put(FAULTS, json={"mode": mode, "seconds": 60, **more})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    yield switch
    assert switch("none")["mode"] == "none"


def pay(http: httpx2.Client, chosen: str, reference: str) -> tuple[str, int]:
    """Ask with one key until the answer is definite; the payout's id, and how often it broke before."""
    for broken in range(60):
        try:
            answer = post(http, bank("0.01", reference=reference), Idempotency_Key=chosen, X_Merchant_Id=MERCHANT)
        except BROKEN:
            continue
        if answer.status_code in {200, 201}:
            return str(answer.json()["id"]), broken
        assert answer.status_code in {202, 409, 503}, answer.text
        time.sleep(0.05)
    raise AssertionError("no definite answer")


def test_con_18_with_30_of_a_hundred_requests_failing_a_key_is_still_paid_once(http: httpx2.Client, faults: Any) -> None:
    faults("intermittent")
    asked = [(key(), f"chaos-{key()}") for _ in range(25)]
    paid = [pay(http, chosen, reference) for chosen, reference in asked]
    told = faults("none")
    assert told["mode"] == "none"
    assert sum(broken for _, broken in paid) > 0, "something broke"
    for (payout_id, _), (_, reference) in zip(paid, asked, strict=True):
        found = http.get("/api/v1/payouts/", params={"merchant_id": MERCHANT, "reference": reference}).json()
        assert [row["id"] for row in found["results"]] == [payout_id]


def test_con_18_a_cut_answer_breaks_at_the_client_and_everything_broken_comes_back(http: httpx2.Client, faults: Any) -> None:
    faults("everything")
    seen = set()
    for _ in range(30):
        try:
            seen.add(http.get("/api/v1/payouts/").status_code)
        except BROKEN:
            seen.add(0)
    assert seen == {0, 503}
    assert http.get("/readyz").status_code == 200, "health tells the truth"
    faults("none")
    assert http.get("/api/v1/payouts/").status_code == 200


def test_con_18_stale_data_says_that_it_is_old_and_does_not_move(http: httpx2.Client, faults: Any) -> None:
    faults("stale")
    path = f"/api/v1/payouts/?merchant_id={MERCHANT}"
    before = http.get(path).json()
    payout_id, _ = pay(http, key(), f"stale-{key()}")
    again = http.get(path)
    assert again.json()["results"] == before["results"]
    assert again.json()["freshness"]["max_age_ms"] >= 120_000
    assert again.headers["payflow-fault"] == "stale"
    faults("none")
    assert payout_id in {row["id"] for row in http.get(path).json()["results"]}


def test_con_18_high_latency_is_2_to_5_s_and_a_partial_outage_leaves_the_rest(http: httpx2.Client, faults: Any) -> None:
    faults("latency")
    begun = time.monotonic()
    assert http.get("/api/v1/merchants/").status_code == 200
    assert 2.0 <= time.monotonic() - begun < 8.0
    faults("partial_outage", themes=["balance"])
    assert http.get("/api/v1/balance/", params={"merchant_id": MERCHANT}).status_code == 503
    assert http.get("/api/v1/payouts/").status_code == 200


def test_con_05_the_operator_decides_how_a_payment_that_hangs_ends(http: httpx2.Client, stack: Any) -> None:
    if not hasattr(stack, "simulator_url"):
        pytest.skip("the door over memory has no simulator")
    asked = post(http, wallet(HANGS), Idempotency_Key=key(), X_Merchant_Id=MERCHANT).json()
    settled(http, asked["id"], "requires_action")
    outcome = f"/api/v1/dev/payouts/{asked['id']}/outcome/"
    assert http.get(outcome).json()["standing"] == "in_progress"
    assert http.put(outcome, json={"outcome": "paid"}).json()["standing"] == "paid"
    settled(http, asked["id"], "completed")
    assert http.put(outcome, json={"outcome": "failed"}).status_code == 409, "a provider does not take its word back"
