"""Drafts touch no money, can be edited and discarded, and make one thing only, under their key (LIF-05)."""

import asyncio
from typing import Any

import httpx2
import pytest

from services.ingest.drafts.store import PAGE_BYTES, fitting
from tests.unit.ingest.conftest import GOOD, Ingest

ROWS = [{**GOOD, "amount": amount} for amount in ("10.00", "20.00")]
DAY_MS = 24 * 3600 * 1000


async def drafted(ingest: Ingest, content: dict[str, Any] | None = None, **headers: str) -> httpx2.Response:
    answer = await ingest.post("/drafts", content or {"payout": GOOD}, **headers)
    assert answer.status_code in {200, 201}, answer.text
    return answer


async def submitted(ingest: Ingest, draft: httpx2.Response, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ingest.client.post(f"/api/v1/drafts/{draft.json()['id']}/submit", headers=named)


async def status(ingest: Ingest, draft: httpx2.Response) -> str:
    return str((await ingest.client.get(f"/api/v1/drafts/{draft.json()['id']}")).json()["status"])


async def test_a_draft_touches_no_money__LIF_05(ingest: Ingest) -> None:
    before = len(ingest.log.commands)
    draft = await drafted(ingest, Idempotency_Key="mine")
    path = f"/api/v1/drafts/{draft.json()['id']}"
    edited = await ingest.client.put(path, json={"payout": {**GOOD, "amount": "5.00"}})
    assert (edited.json()["payout"]["amount"], edited.json()["version"], edited.headers["etag"]) == ("5.00", 2, '"2"')
    assert (await ingest.client.delete(path)).status_code == 204
    assert (await ingest.client.delete(path)).status_code == 204
    assert await status(ingest, draft) == "discarded"
    assert len(ingest.log.commands) == before


async def test_submitting_makes_the_payout_under_the_key_of_the_draft__LIF_05(ingest: Ingest) -> None:
    draft = await drafted(ingest, Idempotency_Key="mine")
    made = await submitted(ingest, draft, Idempotency_Key="not-this-one")
    body = made.json()
    assert (made.status_code, body["status"], body["idempotency_key"], body["id"]) == (
        201,
        "pending",
        "mine",
        draft.json()["id"],
    )
    again = await submitted(ingest, draft)
    direct = await ingest.pay(GOOD, Idempotency_Key="mine")
    assert [again.content, direct.content] == [made.content] * 2
    assert again.headers["idempotency-replayed"] == "true"
    shown = (await ingest.client.get(f"/api/v1/drafts/{body['id']}")).json()
    assert (shown["status"], shown["made"]) == ("submitted", f"/api/v1/payouts/{body['id']}")


async def test_a_draft_pays_once_also_when_its_key_is_forgotten__LIF_05(ingest: Ingest) -> None:
    draft = await drafted(ingest)
    await submitted(ingest, draft)
    ingest.clock.advance(2 * DAY_MS)
    again = await submitted(ingest, draft)
    assert again.json()["id"] == draft.json()["id"]
    assert len(ingest.log.book.payouts) == 1
    assert ingest.log.book.balance("demo", "USD", "held") == 10_050


async def test_a_batch_draft_is_submitted_whole__LIF_05(ingest: Ingest) -> None:
    draft = await drafted(ingest, {"batch": {"name": "December", "rows": ROWS}}, Idempotency_Key="b")
    made = await submitted(ingest, draft)
    assert (made.status_code, made.json()["id"], made.json()["row_count"]) == (201, draft.json()["id"], 2)
    assert (await submitted(ingest, draft)).content == made.content
    assert ingest.log.book.balance("demo", "USD", "held") == 3000


async def test_what_was_edited_is_what_is_paid__LIF_05(ingest: Ingest) -> None:
    draft = await drafted(ingest)
    path = f"/api/v1/drafts/{draft.json()['id']}"
    content = {"payout": {**GOOD, "amount": "7.00"}}
    assert (await ingest.client.put(path, json=content, headers={"If-Match": '"1"'})).status_code == 200
    stale = await ingest.client.put(path, json=content, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    assert (await submitted(ingest, draft)).json()["amount"] == "7.00"
    for late in (await ingest.client.put(path, json=content), await ingest.client.delete(path)):
        assert (late.status_code, late.json()["code"]) == (409, "invalid_state_transition")


async def test_a_key_makes_one_draft__LIF_05(ingest: Ingest) -> None:
    first = await drafted(ingest, Idempotency_Key="k")
    again = await drafted(ingest, Idempotency_Key="k")
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    other = await ingest.post("/drafts", {"payout": {**GOOD, "amount": "2.00"}}, Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("content", "pointer"),
    [
        ({}, "/payout"),
        ({"payout": GOOD, "batch": {"rows": ROWS}}, "/payout"),
        ({"payout": {**GOOD, "amount": 1}}, "/payout/amount"),
        ({"payout": []}, "/payout"),
        ({"batch": {"name": "no rows"}}, "/batch/rows"),
        ({"batch": {"rows": [{**GOOD, "currency": "ZZZ"}]}}, "/batch/rows/0/currency"),
        ({"batch": {"rows": [{**GOOD, "merchant_id": "other"}]}}, "/batch/rows/0/merchant_id"),
        ({"payout": GOOD, "colour": 1}, "/colour"),
    ],
)
async def test_a_draft_is_valid_or_refused__ERR_04(ingest: Ingest, content: object, pointer: str) -> None:
    answer = await ingest.post("/drafts", content)
    assert answer.status_code == 400
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert not ingest.drafts.held


async def test_a_refusal_for_good_ends_the_draft_as_it_used_up_the_key__LIF_05(ingest: Ingest) -> None:
    await ingest.pay({**GOOD, "reference": "INV-1"})
    cases = {402: {**GOOD, "amount": "99999.00"}, 409: {**GOOD, "reference": "INV-1"}}
    for expected, content in cases.items():
        draft = await drafted(ingest, {"payout": content})
        refused = await submitted(ingest, draft)
        assert (refused.status_code, await status(ingest, draft)) == (expected, "refused")
        again = await submitted(ingest, draft)
        assert (again.status_code, again.content) == (expected, refused.content)


async def test_a_refusal_that_leaves_no_trace_gives_the_draft_back__LIF_05(ingest: Ingest) -> None:
    unknown = {**GOOD, "merchant_id": "nobody"}
    draft = await drafted(ingest, {"payout": unknown})
    assert (await submitted(ingest, draft)).json()["code"] == "unknown_merchant"
    assert await status(ingest, draft) == "draft"
    ingest.log.fund("nobody", 100_000)
    assert (await submitted(ingest, draft)).status_code == 201


async def test_a_batch_that_its_seal_refuses_ends_the_draft__LIF_05(ingest: Ingest) -> None:
    draft = await drafted(ingest, {"batch": {"rows": ROWS, "declared": {"row_count": 3}}})
    assert (await submitted(ingest, draft)).json()["code"] == "declaration_mismatch"
    assert await status(ingest, draft) == "refused"


async def test_a_lost_log_leaves_it_open_and_the_next_try_pays_once__LIF_05(ingest: Ingest) -> None:
    draft = await drafted(ingest)
    ingest.log.down = True
    assert (await submitted(ingest, draft)).status_code == 503
    assert await status(ingest, draft) == "submitting"
    edited = await ingest.client.put(f"/api/v1/drafts/{draft.json()['id']}", json={"payout": GOOD})
    assert edited.status_code == 409
    ingest.log.down = False
    assert (await submitted(ingest, draft)).status_code == 201
    assert (len(ingest.log.book.payouts), await status(ingest, draft)) == (1, "submitted")


async def test_two_submits_at_once_pay_once__LIF_05(ingest: Ingest) -> None:
    draft = await drafted(ingest)
    answers = await asyncio.gather(*(submitted(ingest, draft) for _ in range(8)))
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert len(ingest.log.book.payouts) == 1


async def test_a_draft_is_its_merchants_own__SEC_06(ingest: Ingest) -> None:
    draft = await drafted(ingest, X_Merchant_Id="demo")
    path = f"/api/v1/drafts/{draft.json()['id']}"
    foreign = {"X-Merchant-Id": "other"}
    answers = [
        await ingest.client.get(path, headers=foreign),
        await ingest.client.put(path, json={"payout": GOOD}, headers=foreign),
        await ingest.client.delete(path, headers=foreign),
        await ingest.client.post(f"{path}/submit", headers=foreign),
        await ingest.client.get("/api/v1/drafts/nonsense"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    assert (await ingest.client.get("/api/v1/drafts", headers=foreign)).json()["results"] == []


async def test_open_drafts_are_listed_by_cursor__LIF_05(ingest: Ingest) -> None:
    made = [(await drafted(ingest)).json()["id"] for _ in range(5)]
    await ingest.client.delete(f"/api/v1/drafts/{made[0]}")
    seen, cursor = [], ""
    while cursor is not None:
        page = (await ingest.client.get(f"/api/v1/drafts?limit=2&cursor={cursor}")).json()
        seen += [draft["id"] for draft in page["results"]]
        cursor = page["next_cursor"]
    assert seen == sorted(made[1:], reverse=True)
    for query in ("limit=0", "limit=101", "cursor=x", "merchant_id=NO!", "colour=1"):
        answer = await ingest.client.get(f"/api/v1/drafts?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"query/{query.split('=')[0]}")


async def test_drafts_that_cannot_be_reached_are_a_503__ERR_05(ingest: Ingest) -> None:
    ingest.drafts.down = True
    answer = await ingest.post("/drafts", {"payout": GOOD})
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "view_unavailable", "1")


MASKED = {"account_number": "XXXXXXXXXXXX7890", "bank_name": "Bank"}
"""What an operator reads of GOOD's payee."""


async def test_a_masked_payee_that_comes_back_keeps_what_it_hides__LIF_05_SEC_07(ingest: Ingest) -> None:
    draft = await drafted(ingest)
    sent = {**GOOD, "amount": "7.00", "recipient_details": MASKED}
    replaced = await ingest.client.put(f"/api/v1/drafts/{draft.json()['id']}", json={"payout": sent})
    assert (replaced.status_code, replaced.json()["payout"]["amount"]) == (200, "7.00")
    assert replaced.json()["payout"]["recipient_details"] == GOOD["recipient_details"]
    made = await submitted(ingest, draft)
    assert made.json()["recipient_details"]["account_number"] == "1234567890"


async def test_a_masked_payee_in_another_row_is_refused__LIF_05_SEC_07(ingest: Ingest) -> None:
    rows = [*ROWS, {**GOOD, "recipient_details": {"msisdn": "+256772123456"}}]
    draft = await drafted(ingest, {"batch": {"rows": rows}})
    path = f"/api/v1/drafts/{draft.json()['id']}"
    mixed = {"rows": [rows[0], rows[1], {**GOOD, "recipient_details": MASKED}]}
    refused = await ingest.client.put(path, json={"batch": mixed})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (
        400,
        "/batch/rows/2/recipient_details/account_number",
    )
    kept = (await ingest.client.get(path)).json()
    assert (kept["version"], kept["batch"]["rows"]) == (1, rows)
    same = {"rows": [{**row, "recipient_details": MASKED} for row in rows[:2]] + rows[2:]}
    assert (await ingest.client.put(path, json={"batch": same})).json()["batch"]["rows"] == rows


async def test_a_masked_number_is_nobodys__SEC_07(ingest: Ingest) -> None:
    body = {**GOOD, "recipient_details": MASKED}
    for path, content in (("/payouts", body), ("/drafts", {"payout": body}), ("/batches", {"rows": [body]})):
        answer = await ingest.post(path, content, Idempotency_Key="k")
        assert (answer.status_code, "is masked" in answer.text) == (400, True), path


async def test_a_list_of_large_drafts_comes_in_pages_that_hold_nobody_up__SEC_10(ingest: Ingest) -> None:
    large = {"batch": {"rows": [{**GOOD, "description": "x" * 900}] * 700}}
    made = [(await drafted(ingest, large)).json()["id"] for _ in range(6)]
    seen, sizes, cursor = [], [], ""
    while cursor is not None:
        page = await ingest.client.get(f"/api/v1/drafts?limit=50{cursor and f'&cursor={cursor}'}")
        sizes.append(len(page.content))
        seen += [draft["id"] for draft in page.json()["results"]]
        cursor = page.json()["next_cursor"]
    assert seen == made[::-1]
    assert max(sizes) < PAGE_BYTES + 10_000
    assert len(sizes) == 3


@pytest.mark.parametrize(
    ("sizes", "count"),
    [
        ([], 0),
        ([PAGE_BYTES + 1], 1),
        ([PAGE_BYTES + 1, 1], 1),
        ([PAGE_BYTES - 1, 1, 1], 2),
        ([1, PAGE_BYTES, 1], 1),
        ([1] * 50, 50),
    ],
)
def test_a_page_of_drafts_has_one_at_least_and_is_bounded__SEC_10(sizes: list[int], count: int) -> None:
    assert fitting(sizes) == count
