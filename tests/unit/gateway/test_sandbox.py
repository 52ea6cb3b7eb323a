"""The provider simulator driven from the gateway, in development only (CON-05, CON-18)."""

from typing import Any

import pytest

from schemas.ids import attempt_reference
from tests.unit.gateway.front import PAYOUT_ID, Front, payout_row

OUTCOME = f"/api/v1/dev/payouts/{PAYOUT_ID}/outcome/"


@pytest.mark.parametrize(
    ("given", "attempt"),
    [
        ({"status": "pending"}, 1),
        ({"status": "processing", "attempt_count": 1}, 1),
        ({"status": "processing", "reason": "retry", "attempt_count": 1}, 2),
        ({"status": "requires_action", "reason": "outcome_unknown", "attempt_count": 2}, 2),
    ],
)
async def test_an_outcome_is_chosen_for_the_attempt_that_runs_or_comes_next(
    front: Front, given: dict[str, Any], attempt: int
) -> None:
    front.store.payouts_held = [payout_row(**given)]
    answer = await front.ask("PUT", OUTCOME, body={"outcome": "paid"})
    assert (answer.status_code, answer.json()["chosen"]) == (200, "paid")
    assert front.provider.chosen == [(attempt_reference(PAYOUT_ID, attempt), {"outcome": "paid"})]


@pytest.mark.parametrize("status", ["completed", "failed", "canceled", "rejected", "returned"])
async def test_a_payout_that_has_ended_has_no_outcome_to_choose(front: Front, status: str) -> None:
    front.store.payouts_held = [payout_row(status=status)]
    for method, body in (("GET", None), ("PUT", {"outcome": "paid"})):
        answer = await front.ask(method, OUTCOME, body=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "invalid_state_transition")
    assert front.provider.chosen == []


async def test_another_merchants_payout_is_the_same_404_as_none(front: Front) -> None:
    unknown = await front.get_traced(OUTCOME, X_Merchant_Id="other")
    front.store.payouts_held = [payout_row()]
    foreign = await front.get_traced(OUTCOME, X_Merchant_Id="other")
    assert (unknown.status_code, foreign.json()) == (404, unknown.json())


async def test_the_preset_is_chosen_and_shown(front: Front) -> None:
    assert (await front.get("/api/v1/dev/simulator/")).json()["preset"] == "bank"
    answer = await front.ask("PUT", "/api/v1/dev/simulator/", body={"preset": "storm"})
    assert (answer.json()["preset"], front.provider.chosen) == ("storm", [("preset", {"preset": "storm"})])


async def test_a_member_that_does_not_exist_is_400(front: Front) -> None:
    answer = await front.ask("PUT", "/api/v1/dev/simulator/", body={"presett": "storm"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/presett")
