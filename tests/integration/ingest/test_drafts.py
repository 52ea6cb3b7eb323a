"""Drafts in a real table: kept over a restart, and moved once however many try (LIF-05)."""

import concurrent.futures

import httpx2
import pytest

from runtime.ids import mint
from tests.support.ingest_stack import IngestStack

pytestmark = pytest.mark.integration

PAYOUT = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890", "note": "Zoë 😀"}}


def _draft(client: httpx2.Client, key: str) -> str:
    headers = {"X-Merchant-Id": "demo", "Idempotency-Key": key}
    answer = client.post("/api/v1/drafts", json={"payout": PAYOUT}, headers=headers)
    assert answer.status_code in {200, 201}, answer.text
    return str(answer.json()["id"])


def test_a_draft_outlives_a_kill_and_is_paid_once_by_many_submits__LIF_05(stack: IngestStack) -> None:
    key = mint()
    with stack.client as client:
        draft_id = _draft(client, key)
        assert _draft(client, key) == draft_id
    before = stack.command_count()
    stack.restart_ingest(hard=True)
    with stack.client as client:
        kept = client.get(f"/api/v1/drafts/{draft_id}").json()
        assert (kept["payout"], kept["status"], kept["version"]) == (PAYOUT, "draft", 1)
        assert draft_id in [draft["id"] for draft in client.get("/api/v1/drafts?merchant_id=demo").json()["results"]]
        assert stack.command_count() == before
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: client.post(f"/api/v1/drafts/{draft_id}/submit"), range(6)))
        assert {answer.status_code for answer in answers} <= {200, 201, 409}
        last = client.post(f"/api/v1/drafts/{draft_id}/submit")
        assert (last.status_code, last.json()["id"], last.json()["idempotency_key"]) == (200, draft_id, key)
        assert client.get(f"/api/v1/drafts/{draft_id}").json()["status"] == "submitted"
    made = [one for one in stack.commands("demo") if one.key == key]
    assert len({getattr(one.body, "payout_id", None) for one in made}) == 1


def test_two_edits_of_one_version_do_not_both_hold__LIF_05(stack: IngestStack) -> None:
    with stack.client as client:
        draft_id = _draft(client, mint())

        def edit(number: int) -> int:
            body = {"payout": {**PAYOUT, "amount": f"{number}.00"}}
            return client.put(f"/api/v1/drafts/{draft_id}", json=body, headers={"If-Match": '"1"'}).status_code

        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            statuses = sorted(pool.map(edit, range(1, 6)))
        assert statuses[0] == 200
        assert set(statuses[1:]) <= {409, 412}
        assert client.get(f"/api/v1/drafts/{draft_id}").json()["version"] == 2


def test_large_drafts_are_listed_page_by_page__LIF_05_SEC_10(stack: IngestStack) -> None:
    rows = [{**PAYOUT, "description": "ä" * 400}] * 700
    mine = f"m-{mint()[-8:]}"
    with stack.client as client:
        for _ in range(6):
            headers = {"X-Merchant-Id": mine, "Idempotency-Key": mint()}
            assert client.post("/api/v1/drafts", json={"batch": {"rows": rows}}, headers=headers).status_code == 201
        pages, cursor = [], ""
        while cursor is not None:
            page = client.get(f"/api/v1/drafts?merchant_id={mine}{cursor and f'&cursor={cursor}'}").json()
            pages.append([draft["id"] for draft in page["results"]])
            cursor = page["next_cursor"]
    listed = [one for page in pages for one in page]
    assert (len(listed), listed, len(pages)) == (6, sorted(listed, reverse=True), 2)
