"""What of a file is taken and kept: valid rows by themselves, equal rows, declarations, whose it is; nothing without staging."""

import csv

import pytest

from tests.support.sample_files import pain001, workbook
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import TWO_BAD, UPLOADS, correct, get, table
from tests.unit.ingest.test_upload import HEADER, THREE, upload


async def test_valid_rows_are_taken_by_themselves_only_when_asked__BAT_09(ingest: Ingest) -> None:
    answer = await upload(ingest, TWO_BAD, on_invalid_rows="accept_valid")
    assert (answer.status_code, answer.json()["row_count"]) == (201, 1), answer.text
    assert answer.headers["payflow-refused-rows"] == "2"
    rows = table(await get(ingest, f"/api/v1/batches/{answer.json()['id']}/result"))
    assert [row[6] for row in rows] == ["payflow_status", "pending", "refused", "refused"]


@pytest.mark.parametrize(
    "content", [HEADER + "x,USD,+256772000001,n\n", THREE + '1.00,USD,+256772000001,"x\n'], ids=["none good", "torn"]
)
async def test_a_file_without_good_rows_or_torn_is_refused_all_the_same__BAT_09(ingest: Ingest, content: str) -> None:
    answer = await upload(ingest, content, on_invalid_rows="accept_valid")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows")
    assert ingest.log.types(4) == []


async def test_equal_rows_are_flagged_and_never_dropped__BAT_09(ingest: Ingest) -> None:
    answer = await upload(ingest, THREE + "1.00,USD,+256772000001,Ann\n")
    assert (answer.status_code, answer.json()["row_count"], answer.headers["payflow-equal-rows"]) == (201, 4, "1")
    kept = (await get(ingest, f"{UPLOADS}/{answer.json()['id']}")).json()
    assert (kept["equal_count"], kept["equal_rows"]) == (1, [{"row": 4, "equals": 1}])


TWICE = "Ref,amount,currency,msisdn\nR-1,1.00,USD,+256772000001\n"
TWICE += "".join(f"N-{n},0.01,USD,+256772000002\n" for n in range(600)) + ",0.01,USD,+256772000002\n" * 2
TWICE += "R-1,3.00,USD,+256772000003\nR-2,x,USD,+256772000004\nR-2,5.00,USD,+256772000005\nR-1,x,USD,+256772000006\n"


async def test_a_reference_that_comes_again_in_a_file_is_a_fault_of_its_row__BAT_08(ingest: Ingest) -> None:
    for key, content in {"csv": TWICE.encode(), "xlsx": workbook(list(csv.reader(TWICE.splitlines())))}.items():
        answer = await upload(ingest, content, key=key)
        assert (answer.status_code, answer.json()["code"], answer.json()["fault_count"]) == (400, "invalid_rows", 5)
        found = [(fault["row"], fault["column"], fault["code"], fault["pointer"]) for fault in answer.json()["errors"]]
        assert found == [
            ("604", "Ref", "duplicate_reference", "/rows/603/reference"),
            ("605", "amount", "validation_error", "/rows/604/amount"),
            ("606", "Ref", "duplicate_reference", "/rows/605/reference"),
            ("607", "amount", "validation_error", "/rows/606/amount"),
            ("607", "Ref", "duplicate_reference", "/rows/606/reference"),
        ]
        assert answer.json()["errors"][0]["detail"] == "is the reference of row 1 too; each row needs its own"
        rows = table(await get(ingest, answer.json()["refused_rows_url"].rstrip("/")))
        assert [row[0] for row in rows[1:]] == ["604", "605", "606", "607"]
    assert ingest.log.types(4) == []


async def test_an_end_to_end_id_that_comes_again_is_a_fault_of_its_transfer__BAT_08(ingest: Ingest) -> None:
    answer = await upload(ingest, pain001(3).replace(b"<EndToEndId>E-3<", b"<EndToEndId>E-1<"))
    [fault] = answer.json()["errors"]
    assert (answer.status_code, fault["row"], fault["column"], fault["code"]) == (
        400,
        "3",
        "reference",
        "duplicate_reference",
    )


async def test_of_valid_rows_the_first_with_a_reference_is_taken__BAT_08_BAT_09(ingest: Ingest) -> None:
    answer = await upload(ingest, TWICE, on_invalid_rows="accept_valid")
    assert (answer.status_code, answer.json()["row_count"]) == (201, 604), answer.text
    assert answer.headers["payflow-refused-rows"] == "3"
    taken = [payout for payout in ingest.log.book.payouts.values() if payout.reference in {"R-1", "R-2"}]
    assert sorted((payout.reference, payout.amount_minor) for payout in taken) == [("R-1", 100), ("R-2", 500)]


async def test_a_reference_that_comes_again_is_corrected_in_place__BAT_08_BAT_11(ingest: Ingest) -> None:
    content = "reference,amount,currency,msisdn\n" + "R,1.00,USD,+256772000001\n" * 2
    problem = (await upload(ingest, content)).json()
    assert [fault["row"] for fault in problem["errors"]] == ["2"]
    done = await correct(ingest, problem["upload_id"], {"rows": [{"row": 2, "cells": {"reference": "S"}}]})
    assert (done.status_code, done.json()["row_count"]) == (201, 2), done.text


async def test_a_wrong_declaration_shows_both_values_and_can_be_put_right__BAT_07(ingest: Ingest) -> None:
    answer = await upload(ingest, THREE, row_count="3", currency="USD", total="7.00")
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "declaration_mismatch")
    assert (problem["declared"]["sums"], problem["counted"]["sums"]) == ({"USD": "7.00"}, {"USD": "6.00"})
    assert ingest.log.types(4) == []
    done = await correct(ingest, problem["upload_id"], {"rows": [{"row": 1, "cells": {"amount": "2.00"}}]})
    assert done.status_code == 201, done.text


async def test_a_declaration_is_of_the_whole_file_also_where_bad_rows_stay_out__BAT_07_BAT_09(ingest: Ingest) -> None:
    content = THREE + "4.00,USD,+7,Bad\n"
    wrong = await upload(ingest, content, on_invalid_rows="accept_valid", currency="USD", total="6.00")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "declaration_mismatch")
    right = await upload(
        ingest, content, key="v", on_invalid_rows="accept_valid", currency="USD", total="10.00", row_count="4"
    )
    assert (right.status_code, right.json()["row_count"]) == (201, 3), right.text


async def test_an_upload_is_another_merchants_404__SEC_02(ingest: Ingest) -> None:
    upload_id = (await upload(ingest, TWO_BAD)).json()["upload_id"]
    for path in (f"{UPLOADS}/{upload_id}", f"{UPLOADS}/{upload_id}/errors", f"{UPLOADS}/{upload_id}/refused-rows"):
        assert (await get(ingest, path)).status_code == 200
        assert (await get(ingest, path, "other")).status_code == 404
    assert (await get(ingest, f"/api/v1/batches/{upload_id}/result", "other")).status_code == 404
    body = {"rows": [{"row": 2, "cells": {"amount": "1.00"}}]}
    answer = await ingest.post(f"/uploads/{upload_id}/corrections", body, Idempotency_Key="c", X_Merchant_Id="other")
    assert answer.status_code == 404


async def test_without_staging_nothing_is_taken(ingest: Ingest) -> None:
    ingest.staging.down = True
    answer = await upload(ingest, THREE)
    assert (answer.status_code, answer.json()["code"], "retry-after" in answer.headers) == (503, "staging_unavailable", True)
    assert ingest.log.types(4) == []


async def test_a_taken_file_keeps_what_was_said_of_it__BAT_12(ingest: Ingest) -> None:
    batch = (await upload(ingest, THREE)).json()
    kept = (await get(ingest, f"{UPLOADS}/{batch['id']}")).json()
    assert (kept["state"], kept["batch_id"], kept["file_name"], kept["columns"]["msisdn"]) == (
        "accepted",
        batch["id"],
        "batch.csv",
        "msisdn",
    )
    missing = await get(ingest, "/api/v1/batches/01a1feb6-0d48-720f-a76b-4391abbbb32c/result")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
