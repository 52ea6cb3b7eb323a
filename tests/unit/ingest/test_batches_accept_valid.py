"""`on_invalid_rows` of JSON batches: valid rows go and the others are named, as of a file (BAT-09)."""

from typing import Any

import pytest

from schemas.commands import AddRows, SealBatch
from schemas.ids import row_payout_id
from services.ingest import known_rows
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.test_batches import leave_open, row
from tests.unit.ingest.test_known_rows import taken
from tests.unit.ingest.test_upload import upload

VALID = {"on_invalid_rows": "accept_valid"}
BAD_AMOUNT, BAD_PHONE = row(2, "x"), row(3, "5.00", recipient_details={"msisdn": "+7"})


def mixed(**more: object) -> dict[str, Any]:
    """Rows 1, 4 and 6 are valid: 9.00 of the 14.00 USD that can be read."""
    rows = [row(1), BAD_AMOUNT, BAD_PHONE, row(4, "3.00"), "no row", row(6, "5.00")]
    return {"name": "Salaries", "rows": rows, **VALID, **more}


def named(answer: Any) -> list[tuple[str, str, str]]:
    return [(fault["row"], fault["pointer"], fault["code"]) for fault in answer.json()["refused_rows"]["errors"]]


def amounts(ingest: Ingest, batch_id: str) -> list[int]:
    count = ingest.log.book.batches[batch_id].row_count
    return [ingest.log.book.payouts[row_payout_id(batch_id, number)].amount_minor for number in range(1, count + 1)]


async def open_batch(ingest: Ingest, **options: object) -> str:
    opened = await ingest.post("/batches", options, Idempotency_Key="o")
    assert opened.status_code == 201, opened.text
    return f"/batches/{opened.json()['id']}"


async def test_valid_rows_go_and_the_others_are_named__BAT_09(ingest: Ingest) -> None:
    answer = await ingest.post("/batches", mixed(), Idempotency_Key="b")
    batch = answer.json()
    assert (answer.status_code, batch["phase"], batch["row_count"]) == (201, "released", 3), answer.text
    assert (batch["refused_rows"]["row_count"], batch["refused_rows"]["fault_count"]) == (3, 3)
    assert named(answer) == [
        ("2", "/rows/1/amount", "validation_error"),
        ("3", "/rows/2/recipient_details/msisdn", "validation_error"),
        ("5", "/rows/4", "validation_error"),
    ]
    assert all(fault["detail"] for fault in batch["refused_rows"]["errors"])
    assert amounts(ingest, batch["id"]) == [100, 300, 500], "those behind a row that stays out move up, as of a file"
    assert ingest.log.book.balance("demo", "USD", "held") == 900


async def test_the_faults_are_those_of_a_file__BAT_09(ingest: Ingest) -> None:
    file = await upload(ingest, "amount,currency,msisdn\nx,USD,+256772000001\n1.00,USD,+256772000002\n", merchant="demo")
    rows = [row(1, "x"), row(2)]
    answer = await ingest.post("/batches", {"rows": rows, **VALID}, Idempotency_Key="b")
    assert answer.json()["refused_rows"]["errors"] == file.json()["errors"]


async def test_the_log_says_what_stayed_out_before_any_money_moves__BAT_09(ingest: Ingest) -> None:
    await ingest.post("/batches", mixed(), Idempotency_Key="b")
    *_, chunk, seal = [command.body for command in ingest.log.commands]
    assert isinstance(chunk, AddRows)
    assert isinstance(seal, SealBatch)
    assert (chunk.first_row, chunk.numbers, chunk.refused_rows) == (1, [1, 4, 6], None)
    assert seal.refused_rows is not None
    assert (seal.refused_rows.count, seal.refused_rows.sums_minor) == (3, {"USD": 500})


async def test_a_repeat_names_the_same_rows_byte_for_byte__IDM_03(ingest: Ingest) -> None:
    first, again = [await ingest.post("/batches", mixed(), Idempotency_Key="b") for _ in range(2)]
    assert (first.status_code, again.status_code, again.content) == (201, 200, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert named(again) == named(first)
    assert len(ingest.log.book.batches) == 1


@pytest.mark.parametrize("other", [{"on_invalid_rows": "reject_all"}, {"rows": [row(1), row(2, "y")]}], ids=str)
async def test_other_content_under_the_key_is_refused__IDM_05(ingest: Ingest, other: dict[str, Any]) -> None:
    assert (await ingest.post("/batches", mixed(), Idempotency_Key="b")).status_code == 201
    answer = await ingest.post("/batches", mixed(**other), Idempotency_Key="b")
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_conflict")


async def test_without_the_option_nothing_goes__BAT_09(ingest: Ingest) -> None:
    before = len(ingest.log.commands)
    for said in ({}, {"on_invalid_rows": "reject_all"}, {"on_invalid_rows": None}):
        body = {"rows": mixed()["rows"], **said}
        answer = await ingest.post("/batches", body, Idempotency_Key="b")
        assert (answer.status_code, answer.json()["code"], len(answer.json()["errors"])) == (400, "invalid_rows", 3)
    assert len(ingest.log.commands) == before


async def test_with_all_rows_valid_nothing_else_is_said__BAT_09(ingest: Ingest) -> None:
    answer = await ingest.post("/batches", {"rows": [row(1), row(2)], **VALID}, Idempotency_Key="b")
    assert (answer.status_code, answer.json()["row_count"]) == (201, 2)
    assert "refused_rows" not in answer.json()
    assert all(command.body.numbers is None for command in ingest.log.commands if isinstance(command.body, AddRows))


async def test_with_no_valid_row_it_is_as_ever__BAT_09(ingest: Ingest) -> None:
    before = len(ingest.log.commands)
    body = {"rows": [BAD_AMOUNT, BAD_PHONE]}
    plain = await ingest.post("/batches", body, Idempotency_Key="a")
    answer = await ingest.post("/batches", {**body, **VALID}, Idempotency_Key="b")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows")
    assert answer.json()["errors"] == plain.json()["errors"]
    assert len(ingest.log.commands) == before


@pytest.mark.parametrize(
    ("declared", "status"),
    [
        ({"row_count": 6}, 201),
        ({"sums": {"USD": "14.00"}}, 201),
        ({"row_count": 6, "sums": {"USD": "14.00"}}, 201),
        ({"row_count": 3}, 400),
        ({"sums": {"USD": "9.00"}}, 400),
    ],
    ids=str,
)
async def test_what_is_declared_is_all_that_was_sent__BAT_07(ingest: Ingest, declared: dict[str, Any], status: int) -> None:
    answer = await ingest.post("/batches", mixed(declared=declared), Idempotency_Key="b")
    assert answer.status_code == status, answer.text
    if status == 400:
        problem = answer.json()
        assert (problem["code"], problem["counted"]) == (
            "declaration_mismatch",
            {"row_count": 6, "sums": {"USD": "14.00"}},
        )
        assert ingest.log.book.balance("demo", "USD", "held") == 0


async def test_a_row_of_a_currency_that_cannot_be_paid_counts_as_in_a_file__BAT_07(ingest: Ingest) -> None:
    declared = {"row_count": 2, "sums": {"USD": "1.00"}}
    csv = "amount,currency,msisdn\n1.00,USD,+256772000001\n5.00,CHF,+256772000002\n"
    said = {"currency": "USD", "total": "1.00", "row_count": "2"}
    file = await upload(ingest, csv, merchant="demo", on_invalid_rows="accept_valid", **said)
    rows = [row(1), row(2, "5.00", currency="CHF")]
    answer = await ingest.post("/batches", {"rows": rows, "declared": declared, **VALID}, Idempotency_Key="b")
    assert (file.status_code, file.json()["code"]) == (400, "declaration_mismatch")
    assert (answer.status_code, answer.json()["code"]) == (400, "declaration_mismatch")
    assert answer.json()["counted"] == file.json()["counted"]


@pytest.mark.parametrize("word", ["accept_all", "", 1, True, ["accept_valid"], {}], ids=str)
async def test_an_unknown_word_is_told_with_all_else__BAT_09(ingest: Ingest, word: object) -> None:
    path = await open_batch(ingest)
    bodies = {
        "/batches": mixed(on_invalid_rows=word),
        f"{path}/rows": {"rows": [row()], "first_row": 1, "on_invalid_rows": word},
    }
    for place, body in bodies.items():
        answer = await ingest.post(place, body, Idempotency_Key="b")
        assert answer.status_code == 400
        [fault] = [fault for fault in answer.json()["errors"] if fault["pointer"] == "/on_invalid_rows"]
        assert (fault["code"], fault["detail"]) == ("validation_error", "must be reject_all or accept_valid")


async def test_an_opening_has_no_rows_to_accept__BAT_09(ingest: Ingest) -> None:
    answer = await ingest.post("/batches", {"name": "March", **VALID}, Idempotency_Key="b")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/on_invalid_rows")


async def test_many_rows_that_stay_out_are_counted_and_a_thousand_faults_listed__BAT_09(ingest: Ingest) -> None:
    rows = [row(1), *[row(number, "x") for number in range(2, 1303)]]
    answer = await ingest.post("/batches", {"rows": rows, **VALID}, Idempotency_Key="b")
    refused = answer.json()["refused_rows"]
    assert (answer.status_code, refused["row_count"], refused["fault_count"]) == (201, 1301, 1301)
    assert [fault["row"] for fault in refused["errors"]] == [str(number) for number in range(2, 1002)]


async def test_references_that_are_taken_or_come_again_stay_out__BAT_08_BAT_09(ingest: Ingest) -> None:
    first = await taken(ingest, "A", "a")
    rows = [row(1, reference="A"), row(2, reference="B"), row(3, reference="B"), row(4)]
    answer = await ingest.post("/batches", {"rows": rows, **VALID}, Idempotency_Key="b")
    assert (answer.status_code, answer.json()["row_count"]) == (201, 2), answer.text
    assert named(answer) == [
        ("1", "/rows/0/reference", "duplicate_reference"),
        ("3", "/rows/2/reference", "duplicate_reference"),
    ]
    told = [fault["detail"] for fault in answer.json()["refused_rows"]["errors"]]
    assert first in told[0]
    assert told[1] == "is the reference of row 2 too; each row needs its own"
    again = await ingest.post("/batches", {"rows": rows, **VALID}, Idempotency_Key="b")
    assert (again.status_code, again.content) == (200, answer.content)
    other = await ingest.post(
        "/batches", {"rows": [row(1, reference="A"), row(2, reference="B")], **VALID}, Idempotency_Key="c"
    )
    assert (other.status_code, other.json()["code"], len(other.json()["errors"])) == (400, "invalid_rows", 2)


async def test_what_only_the_processor_knows_refuses_all_and_points_into_the_request__BAT_08(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_rows, "CAUGHT_UP_SECONDS", 0.0)
    await taken(ingest, "A", "a")
    ingest.store.lags = True
    rows = [BAD_AMOUNT, row(2), row(3, reference="A")]
    answer = await ingest.post("/batches", {"rows": rows, **VALID}, Idempotency_Key="b", X_Merchant_Id="demo")
    assert (answer.status_code, answer.json()["code"]) == (409, "duplicate_reference")
    assert [(fault["row"], fault["pointer"]) for fault in answer.json()["errors"]] == [("3", "/rows/2/reference")]


async def test_a_submission_that_was_left_open_is_gone_on_with__BAT_09(ingest: Ingest) -> None:
    first = await leave_open(ingest, mixed())
    mended = await ingest.post("/batches", mixed(), Idempotency_Key="b")
    assert (mended.status_code, mended.json()["id"], mended.json()["row_count"]) == (201, first, 3), mended.text
    assert mended.json()["refused_rows"]["row_count"] == 3


async def test_a_chunk_leaves_bad_rows_out_and_the_next_begins_behind_those_that_went__BAT_02_BAT_09(ingest: Ingest) -> None:
    path = await open_batch(ingest)
    chunk = {"rows": mixed()["rows"], "first_row": 1, **VALID}
    answer = await ingest.post(f"{path}/rows", chunk)
    added = answer.json()
    assert (answer.status_code, added["first_row"], added["rows"], added["row_count"]) == (200, 1, 3, 3), answer.text
    assert [place for place, _, _ in named(answer)] == ["2", "3", "5"]
    again = await ingest.post(f"{path}/rows", chunk)
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (200, answer.content, "true")
    following = await ingest.post(f"{path}/rows", {"rows": [row(9, "x"), row(8, "7.00")], "first_row": 4, **VALID})
    assert (following.json()["row_count"], named(following)) == (4, [("1", "/rows/0/amount", "validation_error")])
    sealed = await ingest.post(f"{path}/seal", {}, Idempotency_Key="s")
    assert (sealed.status_code, sealed.json()["row_count"]) == (200, 4)
    assert amounts(ingest, sealed.json()["id"]) == [100, 300, 500, 700]


async def test_a_chunk_without_a_number_repeats_by_its_key__IDM_03(ingest: Ingest) -> None:
    path = await open_batch(ingest)
    first, again = [
        await ingest.post(f"{path}/rows", {"rows": mixed()["rows"], **VALID}, Idempotency_Key="r") for _ in range(2)
    ]
    assert (first.status_code, again.status_code, again.content) == (200, 200, first.content)
    assert (first.json()["row_count"], first.json()["refused_rows"]["row_count"]) == (3, 3)
    other = await ingest.post(f"{path}/rows", {"rows": [row(1)], **VALID}, Idempotency_Key="r")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_a_chunk_with_no_valid_row_adds_none__BAT_09(ingest: Ingest) -> None:
    await taken(ingest, "A", "a")
    path = await open_batch(ingest)
    for rows in ([BAD_AMOUNT], [row(1, reference="A")]):
        answer = await ingest.post(f"{path}/rows", {"rows": rows, "first_row": 1, **VALID})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows")
    [batch] = ingest.log.book.batches.values()
    assert (batch.row_count, batch.refused_rows) == (0, None)


@pytest.mark.parametrize(
    ("declared", "status"), [({"row_count": 8, "sums": {"USD": "16.00"}}, 200), ({"row_count": 4}, 400)]
)
@pytest.mark.parametrize("at", ["opening", "seal"])
async def test_what_is_declared_of_a_filled_batch_is_all_that_was_sent_for_it__BAT_07(
    ingest: Ingest, declared: dict[str, Any], status: int, at: str
) -> None:
    path = await open_batch(ingest, **({"declared": declared} if at == "opening" else {}))
    await ingest.post(f"{path}/rows", {"rows": mixed()["rows"], "first_row": 1, **VALID})
    for _ in range(2):  # a repeat counts once
        await ingest.post(f"{path}/rows", {"rows": [row(7, "-1"), row(8, "2.00")], "first_row": 4, **VALID})
    sealed = await ingest.post(f"{path}/seal", {"declared": declared} if at == "seal" else {}, Idempotency_Key="s")
    assert sealed.status_code == status, sealed.text
    if status == 400:
        assert sealed.json()["counted"]["row_count"] == 8


async def test_a_draft_takes_the_option_too__LIF_05(ingest: Ingest) -> None:
    """Rows are put right while it is a draft; what is not valid any more when it is submitted stays out."""
    kept = await ingest.post("/drafts", {"batch": mixed()}, Idempotency_Key="d")
    assert (kept.status_code, len(kept.json()["errors"])) == (400, 3)
    rows = [row(1, reference="A"), row(2)]
    made = await ingest.post("/drafts", {"batch": {"rows": rows, **VALID}}, Idempotency_Key="d")
    assert made.status_code == 201, made.text
    await taken(ingest, "A", "a")
    path = f"/drafts/{made.json()['id']}/submit"
    answer, again = [await ingest.post(path, {}) for _ in range(2)]
    assert (answer.status_code, answer.json()["row_count"]) == (201, 1), answer.text
    assert [(place, code) for place, _, code in named(answer)] == [("1", "duplicate_reference")]
    assert (again.status_code, again.content) == (200, answer.content)
