"""Batches over JSON: submitted whole under one key, or opened, filled and sealed; decided by the law in memory."""

import asyncio
from typing import Any

import pytest
from msgspec import structs

from schemas.commands import ChangeMerchant
from schemas.events import BatchCanceled, BatchStopped
from schemas.ids import BATCH_ROWS_MAX
from services.ingest.batch_run import CHUNKS_IN_FLIGHT
from services.ingest.chunks import PIECE_CHUNKS
from tests.unit.ingest.conftest import Ingest


def row(number: int = 1, amount: str = "1.00", **more: object) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD", "recipient_details": {"msisdn": f"+25677{number:07}"}, **more}


def whole(count: int = 3, amount: str = "1.00", **more: object) -> dict[str, Any]:
    return {"name": "Salaries", "rows": [row(number, amount) for number in range(1, count + 1)], **more}


async def test_a_batch_with_rows_is_opened_filled_and_sealed__BAT_01(ingest: Ingest) -> None:
    answer = await ingest.post("/batches", whole(1200, "0.10"), Idempotency_Key="b")
    batch = answer.json()
    assert answer.status_code == 201
    assert (batch["phase"], batch["row_count"], batch["counts"]["pending"]) == ("released", 1200, 1200)
    assert answer.headers["location"] == f"/api/v1/batches/{batch['id']}"
    assert ingest.log.types(4) == ["open_batch", *["add_rows"] * 10, "seal_batch"]
    assert ingest.log.pieces == [1 + PIECE_CHUNKS, PIECE_CHUNKS, 2 + 1]
    assert ingest.log.book.balance("demo", "USD", "held") == 12_000


async def test_beside_single_requests_a_piece_is_one_chunk__BAT_15(ingest: Ingest) -> None:
    ingest.edge.submitter.courtesy.single_came()
    assert (await ingest.post("/batches", whole(1200, "0.10"), Idempotency_Key="b")).status_code == 201
    assert ingest.log.pieces == [1 + PIECE_CHUNKS, *[1] * 5, 2]


async def test_a_submitted_batch_replays_byte_for_byte__IDM_03(ingest: Ingest) -> None:
    first, again = [await ingest.post("/batches", whole(), Idempotency_Key="b") for _ in range(2)]
    assert (first.status_code, again.status_code, again.content) == (201, 200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(ingest.log.book.batches) == 1
    other = await ingest.post("/batches", whole(4), Idempotency_Key="b")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_a_replay_of_a_batch_does_not_need_the_view__IDM_06(ingest: Ingest) -> None:
    ingest.store.lags = True
    first, again = [await ingest.post("/batches", whole(), Idempotency_Key="b") for _ in range(2)]
    assert (again.status_code, again.content) == (200, first.content)
    assert [str(record.outcome) for record in ingest.log.events[-3:]] == ["repeat", "refused", "repeat"]
    assert not any(record.remember for record in ingest.log.events[-3:])
    assert (len(ingest.log.book.batches), len(ingest.log.book.payouts)) == (1, 3)


async def test_a_batch_needs_a_key__IDM_01(ingest: Ingest) -> None:
    answer = await ingest.post("/batches", whole())
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


async def test_a_submission_that_broke_off_goes_on_with_the_same_batch(ingest: Ingest) -> None:
    body = whole(1200, "0.10")
    append, taken = ingest.log.append_whole, 0

    async def breaks_off(records: Any) -> Any:
        nonlocal taken
        taken += 1
        ingest.log.down = taken == 2
        return await append(records)

    ingest.log.append_whole = breaks_off  # type: ignore[method-assign]
    broken = await ingest.post("/batches", body, Idempotency_Key="b")
    assert (broken.status_code, broken.json()["code"]) == (503, "log_unavailable")
    [half] = ingest.log.book.batches.values()
    assert (half.row_count, half.phase) == (500, "open")
    mended = await ingest.post("/batches", body, Idempotency_Key="b")
    assert (mended.status_code, mended.json()["id"], mended.json()["row_count"]) == (201, half.id, 1200)
    assert len(ingest.log.book.payouts) == 1200


async def test_only_a_few_chunks_are_ever_undecided__fair_by_small_steps(ingest: Ingest) -> None:
    ingest.log.deciding = False
    body = whole(5000, "0.01")
    asked = asyncio.create_task(ingest.post("/batches", body, Idempotency_Key="b"))
    undecided = 0
    while not asked.done():
        for _ in range(50):  # the submission goes as far as it may
            await asyncio.sleep(0)
        waiting = ingest.log.types(len(ingest.log.events))
        undecided = max(undecided, waiting.count("add_rows"))
        ingest.log.catch_up()
    assert (await asked).status_code == 201
    assert undecided == CHUNKS_IN_FLIGHT


async def test_past_the_wait_a_sealed_batch_is_202__API_14(ingest: Ingest) -> None:
    ingest.log.deciding = False
    asked = asyncio.create_task(ingest.post("/batches", whole(), Idempotency_Key="b", Prefer="wait=0"))
    while "seal_batch" not in ingest.log.types(4):
        await asyncio.sleep(0)
    ingest.log.catch_up(1)
    answer = await asked
    assert (answer.status_code, ingest.log.types(len(ingest.log.events))) == (202, ["add_rows", "seal_batch"])
    assert (await ingest.client.get(f"/internal/in-flight/{answer.json()['id']}")).status_code == 200
    ingest.log.catch_up()
    assert ingest.log.book.batches[answer.json()["id"]].phase == "released"


async def test_past_the_wait_a_batch_of_which_nothing_is_decided_is_202__API_14(ingest: Ingest) -> None:
    ingest.log.deciding = False
    answer = await ingest.post("/batches", whole(), Idempotency_Key="b", Prefer="wait=0")
    made, place = answer.json()["id"], answer.headers["location"]
    assert (answer.status_code, answer.headers["retry-after"], place) == (202, "1", f"/api/v1/batches/{made}")
    assert (await ingest.client.get(f"/internal/in-flight/{made}")).status_code == 200
    joined = await ingest.post("/batches", whole(), Idempotency_Key="b", Prefer="wait=0")
    assert (joined.status_code, joined.json()["code"]) == (409, "idempotency_in_flight")
    ingest.log.catch_up()
    assert ingest.log.book.batches[made].phase == "released"
    again = await ingest.post("/batches", whole(), Idempotency_Key="b")
    assert (again.status_code, again.json()["id"]) == (200, made)


async def test_past_the_wait_a_batch_that_was_left_open_is_gone_on_with__API_14(ingest: Ingest) -> None:
    first = await leave_open(ingest, whole(3))
    ingest.log.deciding, ingest.store.lags = False, True
    assert (await ingest.post("/batches", whole(3), Idempotency_Key="b", Prefer="wait=0")).status_code == 202
    ingest.log.deciding = True
    ingest.log.catch_up()
    while ingest.log.book.batches[first].phase != "released":
        await asyncio.sleep(0)
    assert list(ingest.log.book.batches) == [first]


async def test_past_the_wait_decisions_that_are_lost_leave_nothing_in_flight__API_14(ingest: Ingest) -> None:
    ingest.log.deciding = False
    made = (await ingest.post("/batches", whole(), Idempotency_Key="b", Prefer="wait=0")).json()["id"]
    ingest.log.waiting.lose(0)
    while ingest.edge.in_flight.is_pending(made):
        await asyncio.sleep(0)


async def test_a_small_batch_is_one_piece_of_the_log__BAT_03(ingest: Ingest) -> None:
    assert (await ingest.post("/batches", whole(500, "0.10"), Idempotency_Key="b")).status_code == 201
    assert (ingest.log.pieces, ingest.log.types(4)) == ([6], ["open_batch", *["add_rows"] * 4, "seal_batch"])


async def test_what_comes_with_a_repeated_opening_is_refused_and_the_first_batch_is_gone_on_with__BAT_03(
    ingest: Ingest,
) -> None:
    first = await leave_open(ingest, whole(3))
    mended = await ingest.post("/batches", whole(3), Idempotency_Key="b")
    assert (mended.status_code, mended.json()["id"], mended.json()["row_count"]) == (201, first, 3)
    outcomes = [(record.command_type, str(record.outcome)) for record in ingest.log.events[5:]]
    assert outcomes == [
        ("open_batch", "repeat"),
        ("add_rows", "refused"),
        ("seal_batch", "repeat"),
        ("add_rows", "decided"),
        ("seal_batch", "decided"),
    ]
    assert list(ingest.log.book.batches) == [first]
    assert len(ingest.log.book.payouts) == 3
    again = await ingest.post("/batches", whole(3), Idempotency_Key="b")
    assert (again.status_code, again.content) == (200, mended.content)


async def test_with_other_rows_under_a_key_whose_batch_is_open_nothing_is_taken__IDM_05(ingest: Ingest) -> None:
    first = await leave_open(ingest, whole(3))
    ingest.store.lags = True
    other = await ingest.post("/batches", whole(4), Idempotency_Key="b")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    assert {str(record.outcome) for record in ingest.log.events[5:]} == {"refused"}
    assert (list(ingest.log.book.batches), len(ingest.log.book.payouts)) == ([first], 0)
    mended = await ingest.post("/batches", whole(3), Idempotency_Key="b")
    assert (mended.status_code, mended.json()["id"]) == (201, first), "the conflict left no answer under the key"


async def test_a_refused_opening_is_the_answer_and_keeps_nothing__BAT_03(ingest: Ingest) -> None:
    ingest.log.decide_now("demo", ChangeMerchant(active=False))
    decided = len(ingest.log.events)
    refused = await ingest.post("/batches", whole(3), Idempotency_Key="b", X_Merchant_Id="demo")
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_merchant")
    assert [str(record.outcome) for record in ingest.log.events[decided:]] == ["refused"] * 3
    assert not any(record.remember for record in ingest.log.events[decided:])
    assert (len(ingest.log.book.batches), len(ingest.log.book.payouts)) == (0, 0)


async def test_a_chunk_that_the_law_refuses_refuses_all_and_is_the_answer__BAT_08(ingest: Ingest) -> None:
    taken = await ingest.post("/batches", {"rows": [row(1, reference="r-1")]}, Idempotency_Key="a")
    assert taken.status_code == 201
    rows = [row(1, reference="r-0"), row(2, reference="r-1")]
    refused = await ingest.post("/batches", {"rows": rows}, Idempotency_Key="b")
    assert (refused.status_code, refused.json()["code"]) == (409, "duplicate_reference")
    assert refused.json()["errors"][0]["pointer"] == "/rows/1/reference"
    assert "idempotency-replayed" not in refused.headers
    again = await ingest.post("/batches", {"rows": rows}, Idempotency_Key="b")
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (409, refused.content, "true")
    assert [batch.phase for batch in ingest.log.book.batches.values()] == ["released", "refused"]


async def leave_open(ingest: Ingest, body: dict[str, Any]) -> str:
    """What a try leaves behind under key b that ended when only its opening was decided, and all after it was lost."""
    ingest.log.deciding = False
    asked = asyncio.create_task(ingest.post("/batches", body, Idempotency_Key="b"))
    while "seal_batch" not in ingest.log.types(4):
        await asyncio.sleep(0)
    del ingest.log.commands[-2:]
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    ingest.log.catch_up()
    ingest.log.deciding = True
    [batch_id] = ingest.log.book.batches
    return batch_id


async def test_a_short_balance_refuses_all_of_it_and_holds_nothing__BAT_10(ingest: Ingest) -> None:
    answer = await ingest.post("/batches", whole(2, "600.00"), Idempotency_Key="b")
    assert (answer.status_code, answer.json()["code"]) == (402, "insufficient_funds")
    assert ingest.log.book.balance("demo", "USD", "held") == 0


@pytest.mark.parametrize("declared", [{"row_count": 4}, {"sums": {"USD": "3.01"}}, {"sums": {"EUR": "3.00"}}], ids=str)
async def test_a_wrong_declaration_refuses_all_of_it__BAT_07(ingest: Ingest, declared: dict[str, Any]) -> None:
    answer = await ingest.post("/batches", whole(declared=declared), Idempotency_Key="b")
    assert (answer.status_code, answer.json()["code"]) == (400, "declaration_mismatch")
    assert ingest.log.book.balance("demo", "USD", "held") == 0


async def test_a_right_declaration_is_taken__BAT_07(ingest: Ingest) -> None:
    declared = {"row_count": 3, "sums": {"USD": "3.00"}}
    assert (await ingest.post("/batches", whole(declared=declared), Idempotency_Key="b")).status_code == 201


async def test_bad_rows_are_all_named_and_none_is_taken__BAT_08(ingest: Ingest) -> None:
    rows = [row(1), row(2, "-1"), row(3, currency="XXX"), {"amount": "1.00"}]
    answer = await ingest.post("/batches", {"rows": rows}, Idempotency_Key="b")
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows")
    assert pointers >= {"/rows/1/amount", "/rows/2/currency", "/rows/3/currency", "/rows/3/recipient_details"}
    assert ingest.log.types(4) == []


@pytest.mark.parametrize("rows", [[], "x", None, {}, [[]], [None]], ids=str)
async def test_rows_that_are_none_are_refused__ERR_04(ingest: Ingest, rows: object) -> None:
    answer = await ingest.post("/batches", {"rows": rows}, Idempotency_Key="b")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith("/rows")
    assert ingest.log.types(4) == []


async def test_rows_with_saved_accounts_need_a_merchant__SEC_04(ingest: Ingest) -> None:
    saved = {"amount_paise": 1, "bank_account_id": "aaaaaaaa-0001-4000-8000-000000000001"}
    answer = await ingest.post("/batches", {"rows": [row(), saved]}, Idempotency_Key="b")
    assert (answer.status_code, answer.json()["code"]) == (400, "merchant_required")
    unknown = await ingest.post("/batches", {"rows": [row(), saved]}, Idempotency_Key="b", X_Merchant_Id="demo")
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (400, "/rows/1/bank_account_id")


async def test_a_batch_is_opened_filled_in_chunks_and_sealed__BAT_02(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {"name": "Step by step"}, Idempotency_Key="o")
    path = f"/batches/{opened.json()['id']}"
    assert (opened.status_code, opened.json()["phase"]) == (201, "open")
    numbered = await ingest.post(f"{path}/rows", {"first_row": 1, "rows": [row(1), row(2)]})
    assert (numbered.status_code, numbered.json()["row_count"]) == (200, 2)
    for _ in range(2):
        unnumbered = await ingest.post(f"{path}/rows", {"rows": [row(3)]}, Idempotency_Key="r")
        assert (unnumbered.status_code, unnumbered.json()["first_row"], unnumbered.json()["row_count"]) == (200, 3, 3)
    sealed = await ingest.post(f"{path}/seal", {"declared": {"row_count": 3}}, Idempotency_Key="s")
    assert (sealed.status_code, sealed.json()["phase"]) == (200, "released")
    late = await ingest.post(f"{path}/rows", {"first_row": 4, "rows": [row(4)]})
    assert (late.status_code, late.json()["code"]) == (409, "batch_sealed")
    unnumbered = await ingest.post(f"{path}/rows", {"rows": [row(4)]}, Idempotency_Key="t")
    assert (unnumbered.status_code, unnumbered.json()["code"]) == (409, "batch_sealed")


async def test_rows_without_a_number_need_a_key__BAT_02(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    answer = await ingest.post(f"/batches/{opened.json()['id']}/rows", {"rows": [row()]})
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


async def test_unnumbered_chunks_at_once_get_numbers_one_after_another__BAT_02(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    path = f"/batches/{opened.json()['id']}/rows"
    answers = await asyncio.gather(*(ingest.post(path, {"rows": [row(n)]}, Idempotency_Key=f"r{n}") for n in range(8)))
    assert sorted(answer.json()["first_row"] for answer in answers) == list(range(1, 9))


async def test_a_gap_or_other_rows_are_refused__BAT_02(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    path = f"/batches/{opened.json()['id']}/rows"
    gap = await ingest.post(path, {"first_row": 5, "rows": [row()]})
    assert (gap.status_code, gap.json()["code"], gap.json()["next_row"]) == (409, "row_gap", 1)
    await ingest.post(path, {"first_row": 1, "rows": [row(1)]})
    assert (await ingest.post(path, {"first_row": 1, "rows": [row(1)]})).status_code == 200
    other = await ingest.post(path, {"first_row": 1, "rows": [row(2)]})
    assert (other.status_code, other.json()["code"]) == (409, "row_conflict")


async def test_more_than_five_hundred_rows_a_chunk_are_refused__BAT_02(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    body = {"first_row": 1, "rows": [row(n) for n in range(1, 502)]}
    answer = await ingest.post(f"/batches/{opened.json()['id']}/rows", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/rows")


async def test_a_chunk_of_more_than_its_bytes_is_413__BAT_02(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    rows = [row(number, description="x" * 1024) for number in range(500)]
    answer = await ingest.post(f"/batches/{opened.json()['id']}/rows", {"first_row": 1, "rows": rows})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (413, "/rows")


async def test_an_unsealed_batch_can_be_dropped_once_and_again(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    path = f"/api/v1/batches/{opened.json()['id']}"
    assert [(await ingest.client.delete(path)).status_code for _ in range(2)] == [204, 204]
    sealed = await ingest.post("/batches", whole(), Idempotency_Key="b")
    running = f"/api/v1/batches/{sealed.json()['id']}"
    stopped = [(await ingest.client.delete(running)).json() for _ in range(2)]
    assert [(told["stopped"], told["not_stopped"]) for told in stopped] == [
        (stopped[0]["row_count"], 0),
        (0, stopped[0]["row_count"]),
    ]


async def test_a_row_has_no_choice_of_its_own_without_money__BAT_10(ingest: Ingest) -> None:
    rows = [row(1), {**row(2), "on_insufficient_funds": "wait"}]
    for path, body in (
        ("/batches", {"rows": rows}),
        ("/batches", {"rows": [{**row(1), "on_insufficient_funds": "refuse"}]}),
    ):
        answer = await ingest.post(path, body, Idempotency_Key="b")
        pointer = f"/rows/{len(body['rows']) - 1}/on_insufficient_funds"
        assert (answer.status_code, [told["pointer"] for told in answer.json()["errors"]]) == (400, [pointer])
    assert ingest.log.types(4) == []


async def test_more_bad_rows_than_are_told_are_counted__ERR_04(ingest: Ingest) -> None:
    bad = [{**row(number), "amount": "0"} for number in range(1, 1_501)]
    answer = await ingest.post("/batches", {"rows": bad}, Idempotency_Key="b")
    told = answer.json()["errors"]
    assert (answer.status_code, len(told), told[-1]["pointer"]) == (400, 1_001, "/rows")
    assert told[-1]["detail"].startswith("500 more rows are not valid")


async def test_a_full_batch_says_so_also_to_rows_without_numbers__BAT_02(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    path, batches = f"/batches/{opened.json()['id']}/rows", ingest.log.book.batches
    batch_id = opened.json()["id"]
    batches[batch_id] = structs.replace(batches[batch_id], row_count=BATCH_ROWS_MAX)
    full = await ingest.post(path, {"rows": [row(1)]}, Idempotency_Key="r")
    assert (full.status_code, full.json()["code"]) == (422, "limit_exceeded")


async def test_who_means_to_drop_a_batch_does_not_stop_it__BAT_13(ingest: Ingest) -> None:
    sealed = await ingest.post("/batches", whole(), Idempotency_Key="b")
    path = f"/api/v1/batches/{sealed.json()['id']}"
    meant = await ingest.client.request("DELETE", path, json={"expected_phase": "open"})
    assert (meant.status_code, meant.json()["code"], meant.json()["phase"]) == (409, "version_conflict", "released")
    assert not [event for record in ingest.log.events for event in record.events if isinstance(event, BatchStopped)]
    stopped = await ingest.client.request("DELETE", path, json={"expected_phase": "released"})
    assert (stopped.status_code, stopped.json()["not_stopped"]) == (200, 0)
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    path = f"/api/v1/batches/{opened.json()['id']}"
    answers = [await ingest.client.request("DELETE", path, json={"expected_phase": "open"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    wrong = await ingest.client.request("DELETE", path, json={"expected_phase": "running"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (400, "/expected_phase")


async def test_a_batch_is_filled_and_sealed_under_its_version__API_23(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    path = f"/batches/{opened.json()['id']}"
    assert (opened.headers["etag"], opened.json()["version"]) == ('"1"', 1)
    rows = {"first_row": 1, "rows": [row(1)]}
    stale = await ingest.post(f"{path}/rows", rows, If_Match='"2"')
    assert (stale.status_code, stale.json()["code"], stale.json()["version"]) == (412, "precondition_failed", 1)
    added = await ingest.post(f"{path}/rows", rows, If_Match=opened.headers["etag"])
    assert (added.status_code, added.headers["etag"], added.json()["version"]) == (200, '"2"', 2)
    late = await ingest.post(f"{path}/rows", {"rows": [row(2)]}, If_Match='"1"', Idempotency_Key="r")
    assert late.status_code == 412
    assert (await ingest.post(f"{path}/seal", {}, If_Match='"1"')).status_code == 412
    seen = await ingest.post(f"{path}/seal", {"expected_version": 1})
    assert (seen.status_code, seen.json()["code"], seen.json()["version"]) == (409, "version_conflict", 2)
    sealed = await ingest.post(f"{path}/seal", {"expected_version": 2}, If_Match='"2-0a1b2c3d"')
    assert (sealed.status_code, sealed.headers["etag"], sealed.json()["version"]) == (200, '"3"', 3)
    assert (await ingest.post(f"{path}/seal", {"expected_version": 2})).status_code == 200


async def test_a_batch_is_dropped_under_its_version__BAT_13(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    path = f"/api/v1/batches/{opened.json()['id']}"
    await ingest.post(f"/batches/{opened.json()['id']}/rows", {"first_row": 1, "rows": [row(1)]})
    drop = ingest.client.request
    assert (await drop("DELETE", path, headers={"If-Match": '"1"'})).status_code == 412
    conflict = await drop("DELETE", path, json={"expected_version": 1})
    assert (conflict.status_code, conflict.json()["code"], conflict.json()["version"]) == (409, "version_conflict", 2)
    assert [(await drop("DELETE", path, json={"expected_version": 2})).status_code for _ in range(2)] == [204, 204]


@pytest.mark.parametrize("call", ["seal", ""])
@pytest.mark.parametrize("version", [0, -1, True, "2", 1.5])
async def test_a_version_that_is_none_is_named__API_23(ingest: Ingest, call: str, version: object) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    path = f"/api/v1/batches/{opened.json()['id']}/{call}".rstrip("/")
    answer = await ingest.client.request("POST" if call else "DELETE", path, json={"expected_version": version})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/expected_version")


async def test_what_is_submitted_whole_names_no_version(ingest: Ingest) -> None:
    """If-Match is about something that is there."""
    answer = await ingest.post("/batches", whole(), Idempotency_Key="b", If_Match='"9"')
    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (201, '"3"', 3)


async def test_why_a_batch_is_dropped_stands_on_the_log(ingest: Ingest) -> None:
    opened = await ingest.post("/batches", {}, Idempotency_Key="o")
    path = f"/api/v1/batches/{opened.json()['id']}"
    dropped = await ingest.client.request("DELETE", path, json={"reason": "the wrong month"})
    assert dropped.status_code == 204
    [canceled] = [e for record in ingest.log.events for e in record.events if isinstance(e, BatchCanceled)]
    assert canceled.reason == "the wrong month"


@pytest.mark.parametrize("call", ["rows", "seal", ""])
@pytest.mark.parametrize("batch_id", ["00000000-0000-7000-8000-000000000000", "x", "..%2f"])
async def test_an_unknown_batch_is_404(ingest: Ingest, call: str, batch_id: str) -> None:
    path = f"/api/v1/batches/{batch_id}/{call}".rstrip("/")
    body = {"first_row": 1, "rows": [row()]} if call == "rows" else None
    answer = await ingest.client.request("POST" if call else "DELETE", path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 257}, "/name"),
        ({"name": "a\0"}, "/name"),
        ({"funding": "later"}, "/funding"),
        ({"on_row_failure": "halt"}, "/on_row_failure"),
        ({"declared": []}, "/declared"),
        ({"declared": {"row_count": -1}}, "/declared/row_count"),
        ({"declared": {"row_count": True}}, "/declared/row_count"),
        ({"declared": {"sums": {"USD": 3}}}, "/declared/sums/USD"),
        ({"declared": {"sums": {"XXX": "3.00"}}}, "/declared/sums/XXX"),
        ({"declared": {"sums": {"USD": "1e3"}}}, "/declared/sums/USD"),
        ({"colour": "red"}, "/colour"),
        ({"status": "released"}, "/status"),
    ],
    ids=str,
)
async def test_bad_options_are_named__ERR_04(ingest: Ingest, body: dict[str, Any], pointer: str) -> None:
    answer = await ingest.post("/batches", {**body, "rows": [row()]}, Idempotency_Key="b")
    assert answer.status_code == 400
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]
    assert ingest.log.types(4) == []


async def test_a_row_of_another_merchant_than_its_batch_is_refused__BAT_01(ingest: Ingest) -> None:
    theirs = {"rows": [row(1), row(2, merchant_id="other")]}
    batch_id = (await ingest.post("/batches", {"name": "open"}, Idempotency_Key="open")).json()["id"]
    whose = {"merchant_id": "demo"}
    for path, body in (("/batches", theirs), ("/batches", {**theirs, **whose}), (f"/batches/{batch_id}/rows", theirs)):
        answer = await ingest.post(path, body, Idempotency_Key="theirs", X_Merchant_Id="demo")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows"), path
        assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/rows/1/merchant_id"]
    nobodys = await ingest.post("/batches", {"rows": [row(1, merchant_id="demo")]}, Idempotency_Key="nobodys")
    assert nobodys.json()["errors"][0]["pointer"] == "/rows/0/merchant_id"
    mine = {"rows": [row(1, merchant_id="demo")], **whose}
    assert (await ingest.post("/batches", mine, Idempotency_Key="mine")).status_code == 201
