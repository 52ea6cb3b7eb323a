"""What happened to a payout or a batch, in one order with places on the log, and what comes next (TML-01, TML-02, LIF-17 to LIF-19)."""

from typing import Any

import httpx2

from tests.e2e.api import key, settled, until, wallet

HEADERS = {"X-Merchant-Id": "demo"}
REFUSED = "+256700000001"
"""The simulator and the front door over memory both refuse this number."""


def _made(http: httpx2.Client, number: str = "+256772123456") -> str:
    answer = http.post("/api/v1/payouts/", json=wallet(number, "1200"), headers={**HEADERS, "Idempotency-Key": key()})
    assert answer.status_code < 300, answer.text
    return str(answer.json()["id"])


def _get(http: httpx2.Client, path: str) -> dict[str, Any]:
    answer = http.get(f"/api/v1{path}", headers=HEADERS)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_tml_01_a_payout_from_its_request_to_its_end(http: httpx2.Client) -> None:
    payout_id = _made(http)
    waiting = _get(http, f"/payouts/{payout_id}/timeline/")
    assert waiting["next"]["who"] == "nobody"
    assert waiting["next"]["retry_safe"] is False
    settled(http, payout_id, "completed")
    found = _get(http, f"/payouts/{payout_id}/timeline/")
    entries = found["entries"]
    kinds = [entry["kind"] for entry in entries]
    assert kinds[0] == "request"
    assert {"provider_call", "provider_answer", "posting"} <= set(kinds)
    call = next(entry for entry in entries if entry["kind"] == "provider_call")
    assert (call["detail"]["attempt"], call["detail"]["provider"]) == (1, "simulator")
    assert call["detail"]["reference"]
    places = [(entry["position"]["offset"], entry["at"]) for entry in entries if entry["position"] is not None]
    assert places == sorted(places), "one order, that of the log"
    assert (entries[0]["t_ms"], entries[0]["t_days"]) == (0, 0)
    assert [entry["t_ms"] for entry in entries] == sorted(entry["t_ms"] for entry in entries)
    assert found["without_gap"] is True
    assert found["next"] | {"text": ""} == {
        "step": "none",
        "text": "",
        "who": "nobody",
        "at": None,
        "retry_safe": False,
        "money_moved": "yes",
    }
    assert (found["attention"], found["failure"]) == ("none", None)
    held = [entry["detail"]["amount"] for entry in entries if entry["detail"].get("entry_type") == "payout_hold"]
    assert sorted(held) == ["-1200", "1200"]


def test_lif_19_a_failure_says_who_must_act_and_that_no_money_moved(http: httpx2.Client) -> None:
    payout_id = _made(http, REFUSED)
    settled(http, payout_id, "failed")
    found = _get(http, f"/payouts/{payout_id}/timeline/")
    assert found["failure"]["money_moved"] == "no"
    assert found["failure"]["retry_safe"] is True
    assert found["next"]["who"] == found["failure"]["who"]
    assert found["attention"] == "warning"
    assert found["attention_reason"]


def test_lif_18_a_batchs_moves_and_its_story(http: httpx2.Client) -> None:
    named = {**HEADERS, "Idempotency-Key": key()}
    batch_id = http.post("/api/v1/batches/", json={"name": "T+N"}, headers=named).json()["id"]
    rows = [wallet(amount="1") for _ in range(3)]
    for first in (1, 4):
        body = {"first_row": first, "rows": rows}
        assert http.post(f"/api/v1/batches/{batch_id}/rows/", json=body, headers=HEADERS).status_code < 300
    draft = _get(http, f"/batches/{batch_id}/timeline/")
    assert (draft["next"]["step"], draft["next"]["who"]) == ("seal", "merchant")
    named["Idempotency-Key"] = key()
    assert http.post(f"/api/v1/batches/{batch_id}/seal/", json={}, headers=named).status_code < 300
    moves = _get(http, f"/batches/{batch_id}/events/")["results"]
    assert [(move["from"], move["to"], move["first_row"], move["rows"]) for move in moves] == [
        (None, "open", None, None),
        ("open", "open", 1, 3),
        ("open", "open", 4, 3),
        ("open", "released", None, 6),
    ]
    places = [move["position"]["offset"] for move in moves]
    assert places == sorted(places)
    assert all(move["actor"] and move["command_id"] and move["at"] for move in moves)
    path = f"/batches/{batch_id}/timeline/"
    found = until(http, f"/api/v1{path}", lambda body: body["next"]["step"] == "none")
    titles = [entry["title"] for entry in found["entries"]]
    assert titles[:3] == ["Opened", "6 rows added", "Sealed; its money is held and it runs"]
    assert {"First row sent to the provider", "First row paid"} <= set(titles)
    assert found["next"]["money_moved"] == "yes"
    assert found["missing"] == []


def test_sec_06_another_merchants_story_is_not_told(http: httpx2.Client) -> None:
    payout_id = _made(http)
    other = {"X-Merchant-Id": "acme"}
    for path in (
        f"/payouts/{payout_id}/timeline/",
        "/payouts/nonsense/timeline/",
        "/batches/nonsense/events/",
        "/batches/nonsense/timeline/",
    ):
        answer = http.get(f"/api/v1{path}", headers=other)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
