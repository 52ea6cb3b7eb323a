"""A single payout over HTTP: answers, headers, keys, edits and cancels, decided by the law in memory."""

import asyncio
import re
from typing import Any

import msgspec
import pytest

from runtime.event_log.producer import LogUnavailableError
from runtime.http_trace import trace_id, traceparent
from runtime.ids import mint
from services.ingest import read_only
from services.ingest.in_flight import Submission
from tests.unit.ingest.conftest import Ingest

ACCOUNT = "aaaaaaaa-0001-4000-8000-000000000001"


async def test_a_written_out_payee_needs_no_merchant_and_no_key__API_03(ingest: Ingest) -> None:
    answer = await ingest.pay()
    payout = answer.json()
    assert answer.status_code == 201
    assert (payout["status"], payout["amount"], payout["merchant_id"]) == ("pending", "100.50", "demo")
    assert answer.headers["location"] == f"/api/v1/payouts/{payout['id']}"
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["payflow-position"].startswith("0:")
    assert answer.headers["idempotency-key"] == payout["idempotency_key"]


async def test_a_key_that_was_just_made_is_not_looked_up(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    stored_answer = ingest.store.stored_answer

    async def noting(merchant_id: str, key: str) -> Any:
        asked.append(key)
        return await stored_answer(merchant_id, key)

    monkeypatch.setattr(ingest.store, "stored_answer", noting)
    made = (await ingest.pay()).headers["idempotency-key"]
    again = await ingest.pay(Idempotency_Key=made)
    assert (again.status_code, again.headers["idempotency-replayed"], asked) == (200, "true", [made])


async def test_a_saved_account_is_paid_in_paise__API_04(ingest: Ingest) -> None:
    account = {"id": ACCOUNT, "holder": "Ramesh", "account_number": "50100012345678", "verified": True}
    assert (await ingest.post("/merchants/demo/bank-accounts", account)).status_code == 201
    body = {"amount_paise": 50000, "bank_account_id": ACCOUNT}
    answer = await ingest.pay(body, Idempotency_Key="k-1", X_Merchant_Id="demo")
    assert answer.status_code == 201
    assert (answer.json()["currency"], answer.json()["amount_paise"]) == ("INR", 50000)
    assert answer.headers["idempotency-key"] == "k-1"


async def test_account_is_another_name_for_account_number__API_05(ingest: Ingest) -> None:
    answer = await ingest.pay({"amount": "1.00", "currency": "USD", "recipient_details": {"account": "ACC-100"}})
    details = answer.json()["recipient_details"]
    assert details["account"] == details["account_number"] == "ACC-100"


async def test_a_single_payout_waits_so_that_it_can_be_recalled(ingest: Ingest) -> None:
    assert (await ingest.pay()).json()["reason"] == "schedule"


async def test_same_key_and_content_gives_the_first_bytes_again__IDM_03(ingest: Ingest) -> None:
    first = await ingest.pay(Idempotency_Key="k")
    again = await ingest.client.post(
        "/api/v1/payouts",
        content=b' {"recipient_details":{"bank_name":"Bank","account_number":"1234567890"},"currency":"USD","amount":"100.50"}',
        headers={"Content-Type": "application/json", "Idempotency-Key": "k"},
    )
    assert (again.status_code, again.content) == (200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert ingest.log.types(4) == ["request_payout"]


@pytest.mark.parametrize("lags", [False, True], ids=["view has passed", "view lags"])
async def test_a_replay_does_not_need_the_view__IDM_06(ingest: Ingest, lags: bool) -> None:
    first = await ingest.pay(Idempotency_Key="k")
    ingest.store.lags = lags
    again = await ingest.pay(Idempotency_Key="k")
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (200, first.content, "true")
    assert len(ingest.log.book.payouts) == 1


async def test_a_refusal_for_funds_replays_with_its_own_status__IDM_03(ingest: Ingest) -> None:
    body = {**ingest.good, "amount": "5000.00"}
    first, again = [await ingest.pay(body, Idempotency_Key="k") for _ in range(2)]
    assert (first.status_code, again.status_code) == (402, 402)
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["content-type"] == "application/problem+json"
    assert first.json()["available"] == "1000.00"
    assert "location" not in first.headers


async def test_same_key_and_other_content_is_a_conflict__IDM_05(ingest: Ingest) -> None:
    await ingest.pay(Idempotency_Key="k")
    other = await ingest.pay({**ingest.good, "amount": "7.00"}, Idempotency_Key="k")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_the_key_is_checked_before_validation__IDM_06(ingest: Ingest) -> None:
    await ingest.pay(Idempotency_Key="k")
    invalid = await ingest.pay({**ingest.good, "amount": "-1"}, Idempotency_Key="k")
    assert invalid.json()["code"] == "idempotency_conflict"


async def test_a_refused_form_does_not_use_up_its_key__IDM_03(ingest: Ingest) -> None:
    assert (await ingest.pay({**ingest.good, "amount": "-1"}, Idempotency_Key="k")).status_code == 400
    assert (await ingest.pay(Idempotency_Key="k")).status_code == 201


async def test_an_expired_key_makes_a_new_payout__IDM_07(ingest: Ingest) -> None:
    first = await ingest.pay(Idempotency_Key="k")
    ingest.clock.advance(24 * 3600 * 1000)
    second = await ingest.pay(Idempotency_Key="k")
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]


async def test_keys_belong_to_their_merchant__IDM_02(ingest: Ingest) -> None:
    ingest.log.fund("other", 100_000)
    await ingest.pay(Idempotency_Key="k")
    assert (await ingest.pay(Idempotency_Key="k", X_Merchant_Id="other")).status_code == 201


async def test_of_equal_requests_at_once_one_pays_and_the_others_get_its_bytes__IDM_06(ingest: Ingest) -> None:
    ingest.log.deciding = False
    asked = [asyncio.create_task(ingest.pay(Idempotency_Key="k")) for _ in range(10)]
    while not ingest.log.types(4):
        await asyncio.sleep(0)
    ingest.log.catch_up()
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status_code for answer in answers) == [200] * 9 + [201]
    assert len({answer.content for answer in answers}) == 1
    assert ingest.log.types(4) == ["request_payout"]


async def test_an_equal_request_that_runs_is_in_flight_past_the_wait__IDM_06(ingest: Ingest) -> None:
    ingest.log.deciding = False
    first = await ingest.pay(Idempotency_Key="k", Prefer="wait=0")
    second = await ingest.pay(Idempotency_Key="k", Prefer="wait=0")
    assert first.status_code == 202
    assert (second.status_code, second.json()["code"]) == (409, "idempotency_in_flight")
    assert second.headers["retry-after"] == "1"
    other = await ingest.pay({**ingest.good, "amount": "7.00"}, Idempotency_Key="k", Prefer="wait=0")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_in_flight"), "which was first is the log's to say"
    ingest.log.catch_up()
    decided = await ingest.pay({**ingest.good, "amount": "7.00"}, Idempotency_Key="k")
    assert decided.json()["code"] == "idempotency_conflict"


async def test_a_finished_request_is_replayed_also_while_another_one_misuses_its_key__IDM_03(ingest: Ingest) -> None:
    first = await ingest.pay(Idempotency_Key="k")
    ingest.log.deciding = False
    ingest.edge.in_flight.add(
        Submission("demo", None, asyncio.get_running_loop().create_future(), key="k", content_hash="other")
    )
    again = await ingest.pay(Idempotency_Key="k")
    assert (again.status_code, again.content) == (200, first.content)


async def test_past_the_wait_the_answer_is_202_and_the_id_is_in_flight__API_14(ingest: Ingest) -> None:
    ingest.log.deciding = False
    answer = await ingest.pay(Prefer="wait=0")
    payout_id = answer.json()["id"]
    assert (answer.status_code, answer.headers["retry-after"]) == (202, "1")
    assert answer.headers["location"] == f"/api/v1/payouts/{payout_id}"
    asked = await ingest.client.get(f"/internal/in-flight/{payout_id}")
    assert (asked.status_code, asked.json()) == (200, {"pending": True})
    ingest.log.catch_up()
    assert payout_id in ingest.log.book.payouts


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/merchants/demo/credits", {"amount": "1.00", "currency": "USD", "reference": "r-1"}),
        ("/merchants/demo/bank-accounts", {"holder": "A", "account_number": "1234567890"}),
    ],
)
async def test_an_undecided_credit_or_account_is_named__API_14(ingest: Ingest, path: str, body: dict[str, str]) -> None:
    ingest.log.deciding = False
    answer = await ingest.post(path, body, Idempotency_Key="k", Prefer="wait=0")
    assert answer.status_code == 202
    assert answer.json()["location"] is None
    assert "same key" in answer.json()["detail"]
    ingest.log.catch_up()
    again = await ingest.post(path, body, Idempotency_Key="k")
    assert again.json()["id"] == answer.json()["id"] != ""


async def test_an_id_that_nobody_asked_for_is_not_in_flight__API_14(ingest: Ingest) -> None:
    for unknown in ("00000000-0000-7000-8000-000000000000", "not-an-id"):
        assert (await ingest.client.get(f"/internal/in-flight/{unknown}")).status_code == 404


async def test_a_refused_id_is_not_in_flight_for_long__API_14(ingest: Ingest) -> None:
    ingest.log.deciding = False
    answer = await ingest.pay(X_Merchant_Id="nobody", Prefer="wait=0")
    ingest.log.catch_up()
    await asyncio.sleep(0.01)
    assert (await ingest.client.get(f"/internal/in-flight/{answer.json()['id']}")).status_code == 404


async def test_without_the_log_nothing_is_acknowledged__ERR_05(ingest: Ingest) -> None:
    ingest.log.down = True
    answer = await ingest.pay(Idempotency_Key="k")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "log_unavailable", "1")
    ingest.log.down = False
    assert (await ingest.pay(Idempotency_Key="k")).status_code == 201


async def test_a_lost_partition_takes_nothing_in_and_what_was_appended_is_pending__ERR_05(ingest: Ingest) -> None:
    ingest.log.deciding = False
    paying = asyncio.create_task(ingest.pay(Idempotency_Key="first", Prefer="wait=30"))
    before = len(ingest.log.commands)
    while len(ingest.log.commands) == before:
        await asyncio.sleep(0)
    ingest.log.waiting.lose(0)
    pending = await asyncio.wait_for(paying, 5)
    assert pending.status_code == 202
    assert (await ingest.client.get(f"/internal/in-flight/{pending.json()['id']}")).status_code == 200
    refused = await asyncio.wait_for(ingest.pay(Idempotency_Key="second", Prefer="wait=30"), 5)
    assert (refused.status_code, refused.json()["code"]) == (503, "log_unavailable")
    assert "decisions of partition 0 are not followed" in refused.json()["detail"]
    assert refused.headers["idempotency-key"] == "second"
    again = await asyncio.wait_for(ingest.pay(Idempotency_Key="first", Prefer="wait=30"), 5)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_in_flight")
    assert len(ingest.log.commands) == before + 1, "nothing of the refused one is on the log"


async def test_a_503_tells_the_made_key_so_that_the_same_can_be_asked_again__ERR_05(ingest: Ingest) -> None:
    """The command may land later all the same; without its key a second try would pay twice."""
    append = ingest.log.append_many

    async def lands_unconfirmed(records: Any) -> Any:
        await append(records)
        ingest.log.append_many = append  # type: ignore[method-assign]
        raise LogUnavailableError("no confirmation in time")

    ingest.log.deciding = False
    ingest.log.append_many = lands_unconfirmed  # type: ignore[method-assign]
    lost = await ingest.pay()
    assert lost.status_code == 503
    ingest.log.deciding = True
    again = await ingest.pay(Idempotency_Key=lost.headers["idempotency-key"])
    assert (again.status_code, len(ingest.log.book.payouts)) == (200, 1)


async def test_an_unconfirmed_append_whose_decision_was_seen_is_answered__ERR_05(ingest: Ingest) -> None:
    append = ingest.log.append_many

    async def lands_unconfirmed(records: Any) -> Any:
        await append(records)
        raise LogUnavailableError("no confirmation in time")

    ingest.log.append_many = lands_unconfirmed  # type: ignore[method-assign]
    assert (await ingest.pay()).status_code == 201


async def test_without_the_view_payouts_are_still_taken__ERR_05(ingest: Ingest) -> None:
    ingest.store.down = True
    assert (await ingest.pay(Idempotency_Key="k")).status_code == 201


async def test_a_pending_payout_is_edited_under_its_version__API_21(ingest: Ingest) -> None:
    payout_id = (await ingest.pay()).json()["id"]
    path = f"/api/v1/payouts/{payout_id}"
    edited = await ingest.client.patch(path, json={"amount": "90.00"}, headers={"If-Match": '"1"'})
    assert (edited.status_code, edited.json()["amount"], edited.headers["etag"]) == (200, "90.00", '"2"')
    assert (await ingest.client.patch(path, json={"amount": "80.00"}, headers={"If-Match": '"1"'})).status_code == 412
    stale = await ingest.client.patch(path, json={"amount": "80.00", "expected_version": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "version_conflict")


async def test_any_of_several_etags_matches_and_a_weak_one_never__API_23(ingest: Ingest) -> None:
    path = f"/api/v1/payouts/{(await ingest.pay()).json()['id']}"
    steps = [('"1", "2"', 200), ('"1", W/"2", "x"', 412), ('"7", "2-0a"', 200), ('W/"3"', 412), ("*", 200)]
    for number, (match, status) in enumerate(steps):
        answer = await ingest.client.patch(path, json={"amount": f"9.0{number}"}, headers={"If-Match": match})
        assert (answer.status_code, match) == (status, match)
    weak = await ingest.client.request("DELETE", path, headers={"If-Match": 'W/"4"'})
    assert (weak.status_code, weak.json()["detail"]) == (412, "If-Match names no version; the payout is at version 4.")
    draft = (await ingest.post("/drafts", {"payout": ingest.good})).json()["id"]
    for match, status in [('W/"1"', 412), ('"7", "1"', 200)]:
        kept = await ingest.client.put(f"/api/v1/drafts/{draft}", json={"payout": ingest.good}, headers={"If-Match": match})
        assert (kept.status_code, match) == (status, match)


async def test_put_needs_all_four__API_21(ingest: Ingest) -> None:
    payout_id = (await ingest.pay()).json()["id"]
    path = f"/api/v1/payouts/{payout_id}"
    short = await ingest.client.put(path, json={"amount": "90.00", "currency": "USD"})
    assert (short.status_code, {fault["pointer"] for fault in short.json()["errors"]}) == (
        400,
        {"/description", "/recipient_details"},
    )
    whole = await ingest.client.put(path, json={**ingest.good, "amount": "9.00", "description": None})
    assert (whole.status_code, whole.json()["amount"]) == (200, "9.00")


async def test_a_payout_may_be_sent_back_as_it_was_read__API_16(ingest: Ingest) -> None:
    payout = (await ingest.pay()).json()
    known = {name: value for name, value in payout.items() if name not in {"recipient_details", "bank_account_id"}}
    answer = await ingest.client.patch(f"/api/v1/payouts/{payout['id']}", json={**known, "description": "new"})
    assert (answer.status_code, answer.json()["description"]) == (200, "new")


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "completed"), ("version", 7), ("version", True), ("created_at", "x"), ("merchant_id", "m")],
)
async def test_a_changed_read_only_field_is_refused__API_16(ingest: Ingest, name: str, value: object) -> None:
    payout = (await ingest.pay()).json()
    answer = await ingest.client.patch(f"/api/v1/payouts/{payout['id']}", json={name: value})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{name}")
    assert ingest.log.types(5) == []


def as_read(payout: dict[str, Any], **changed: object) -> dict[str, Any]:
    """An answer as it is sent back with a change."""
    return {name: value for name, value in payout.items() if name not in {"recipient_details", "bank_account_id"}} | changed


@pytest.mark.parametrize("merchant", [{}, {"X-Merchant-Id": "demo"}])
async def test_an_answer_may_come_back_before_the_view_shows_it__API_16(ingest: Ingest, merchant: dict[str, str]) -> None:
    """It was 404 for a new payout and 400 after an edit: the views were behind the answer, not the client."""
    ingest.store.stand_still()
    payout = (await ingest.pay()).json()
    path = f"/api/v1/payouts/{payout['id']}"
    later = asyncio.get_running_loop().call_later
    for text in ("new", "newer"):
        later(0.1, ingest.store.go_on)
        edited = await ingest.client.patch(path, json=as_read(payout, description=text), headers=merchant)
        assert (edited.status_code, edited.json()["description"]) == (200, text)
        ingest.store.stand_still()
        payout = edited.json()
    ingest.store.go_on()


async def test_what_differs_from_a_view_that_is_behind_is_503_and_not_called_wrong__API_16(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_only, "VIEW_SECONDS", 0.05)
    old = (await ingest.pay()).json()
    ingest.store.stand_still()
    new = (await ingest.pay()).json()
    edited = (await ingest.client.patch(f"/api/v1/payouts/{old['id']}", json={"description": "a"})).json()
    before = len(ingest.log.commands)
    for payout in (new, edited):
        answer = await ingest.client.patch(f"/api/v1/payouts/{payout['id']}", json=as_read(payout, description="b"))
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "view_unavailable", "1")
    assert len(ingest.log.commands) == before
    ingest.store.go_on()
    wrong = await ingest.client.patch(f"/api/v1/payouts/{old['id']}", json=as_read(old, description="b"))
    assert (wrong.status_code, {fault["pointer"] for fault in wrong.json()["errors"]} >= {"/version"}) == (400, True)
    unknown = as_read(new, id=mint())
    gone = await ingest.client.patch(f"/api/v1/payouts/{unknown['id']}", json=unknown, headers={"X-Merchant-Id": "demo"})
    assert gone.status_code == 404


async def test_a_canceled_payout_is_gone_for_good_and_a_repeat_is_204__API_24(ingest: Ingest) -> None:
    payout_id = (await ingest.pay()).json()["id"]
    path = f"/api/v1/payouts/{payout_id}"
    for _ in range(2):
        answer = await ingest.client.delete(path)
        assert (answer.status_code, answer.content) == (204, b"")
    late = await ingest.client.patch(path, json={"amount": "90.00"})
    assert (late.status_code, late.json()["code"]) == (409, "invalid_state_transition")
    assert "Only pending payouts can be updated." in late.json()["detail"]


async def test_a_cancel_can_say_why_and_repeats_under_its_key__API_24(ingest: Ingest) -> None:
    payout_id = (await ingest.pay()).json()["id"]
    for _ in range(2):
        answer = await ingest.post(f"/payouts/{payout_id}/cancel", {"reason": "wrong payee"}, Idempotency_Key="c")
        assert (answer.status_code, answer.content) == (204, b"")
    assert ingest.log.book.payouts[payout_id].failure_reason == "wrong payee"


@pytest.mark.parametrize("payout_id", ["00000000-0000-7000-8000-000000000000", "..%2f..%2fetc", "1", "%00", "é" * 300])
@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
async def test_an_unknown_or_malformed_id_is_the_same_404__API_20(ingest: Ingest, method: str, payout_id: str) -> None:
    body = {**ingest.good, "description": None} if method != "DELETE" else None
    answer = await ingest.client.request(method, f"/api/v1/payouts/{payout_id}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_another_merchants_payout_is_the_same_404__API_20(ingest: Ingest) -> None:
    ingest.log.fund("other", 100_000)
    payout_id = (await ingest.pay()).json()["id"]
    answer = await ingest.client.delete(f"/api/v1/payouts/{payout_id}", headers={"X-Merchant-Id": "other"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_payout_can_be_canceled_before_the_view_shows_it(ingest: Ingest) -> None:
    ingest.store.lags = True
    payout_id = (await ingest.pay()).json()["id"]
    assert (await ingest.client.delete(f"/api/v1/payouts/{payout_id}")).status_code == 204


async def test_a_credit_needs_a_key_and_moves_once__API_29(ingest: Ingest) -> None:
    body = {"amount": "5.00", "currency": "USD", "reference": "wire-1"}
    bare = await ingest.post("/merchants/demo/credits", body)
    assert (bare.status_code, bare.json()["code"]) == (400, "idempotency_key_required")
    first, again = [await ingest.post("/merchants/demo/credits", body, Idempotency_Key="c") for _ in range(2)]
    assert (first.status_code, again.status_code, first.content == again.content) == (201, 200, True)
    assert ingest.log.book.balance("demo", "USD", "available") == 100_500
    other = await ingest.post("/merchants/demo/credits", body, Idempotency_Key="d")
    assert (other.status_code, other.json()["code"]) == (409, "duplicate_reference")


async def test_a_merchant_is_opened_once__API_27(ingest: Ingest) -> None:
    body = {"id": "acme", "name": "Acme"}
    assert [(await ingest.post("/merchants", body)).status_code for _ in range(2)] == [201, 200]
    assert (await ingest.post("/merchants", body, X_Merchant_Id="other")).status_code == 400


async def test_a_problem_has_all_its_members__ERR_01(ingest: Ingest) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    problem = (await ingest.pay({"amount": 1}, traceparent=trace)).json()
    assert problem["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert problem["instance"] == "/api/v1/payouts"
    assert (problem["error"], problem["message"]) == (problem["code"], problem["detail"])
    assert problem["retryable"] is False


async def test_a_request_without_a_trace_gets_one_on_its_problem_and_its_command__ERR_01(ingest: Ingest) -> None:
    first, second = [(await ingest.pay({"amount": 1})).json()["trace_id"] for _ in range(2)]
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second
    await ingest.pay()
    trace = ingest.log.commands[-1].trace
    assert traceparent(trace) == trace
    refused = (await ingest.pay({**ingest.good, "amount": "9999999.00"})).json()
    assert refused["trace_id"] == trace_id(ingest.log.commands[-1].trace), "the one of the decision, too"


async def test_a_fault_inside_is_a_problem_that_tells_nothing__ERR_01(ingest: Ingest) -> None:
    async def broken(merchant_id: str, key: str) -> None:
        raise RuntimeError("secret +256772123456")

    ingest.store.stored_answer = broken  # type: ignore[method-assign, assignment]
    answer = await ingest.pay(Idempotency_Key="k")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert b"secret" not in answer.content


async def test_unknown_addresses_and_methods_are_problems__ERR_02(ingest: Ingest) -> None:
    lost = await ingest.client.get("/api/v1/nowhere")
    wrong = await ingest.client.get("/api/v1/payouts")
    assert (lost.status_code, lost.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "method_not_allowed", "POST")


async def test_health_tells_what_is_missing__OBS_07(ingest: Ingest) -> None:
    assert (await ingest.client.get("/livez")).status_code == 200
    assert (await ingest.client.get("/readyz")).status_code == 200
    ingest.store.down = True
    answer = await ingest.client.get("/readyz?verbose")
    assert answer.status_code == 503
    assert "views" in msgspec.json.decode(answer.content)["checks"]
