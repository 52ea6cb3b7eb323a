"""A refused file is kept with all its faults, and put right row by row or whole."""

import csv
import io

import openpyxl
import pytest

from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.kept_uploads import TWO_BAD, UPLOADS, correct, get, payouts, table
from tests.unit.ingest.test_upload import HEADER, THREE, upload


async def test_a_refused_file_is_kept_with_all_its_faults__BAT_08(ingest: Ingest) -> None:
    answer = await upload(ingest, TWO_BAD)
    problem = answer.json()
    assert (answer.status_code, problem["fault_count"]) == (400, 2)
    kept = (await get(ingest, f"{UPLOADS}/{problem['upload_id']}")).json()
    assert (kept["state"], kept["row_count"], kept["good_count"], kept["batch_id"]) == ("refused", 3, 1, None)
    page = (await get(ingest, f"{problem['errors_url']}?limit=1".replace("/?", "?"))).json()
    assert (page["count"], len(page["results"])) == (2, 1)
    assert page["next"] is not None
    listed = table(await get(ingest, problem["errors_url"].rstrip("/") + "?format=csv"))
    assert listed[0][:4] == ["row", "column", "code", "text"]
    assert [row[:2] for row in listed[1:]] == [["2", "amount"], ["3", "msisdn"]]
    book = await get(ingest, problem["errors_url"].rstrip("/") + "?format=xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(book.content)).active
    assert [cell.value for cell in sheet[2]][:2] == ["2", "amount"]


async def test_faults_past_the_listed_ones_are_all_kept__BAT_08(ingest: Ingest) -> None:
    answer = await upload(ingest, HEADER + "x,USD,+256772000001,n\n" * 1500)
    place = answer.json()["errors_url"].rstrip("/")
    page = (await get(ingest, f"{place}?offset=1400&limit=1000")).json()
    assert (page["count"], len(page["results"]), page["results"][-1]["row"], page["next"]) == (1500, 100, "1500", None)


async def test_rows_are_corrected_in_place_and_the_others_keep_their_ids__BAT_11(ingest: Ingest) -> None:
    upload_id = (await upload(ingest, TWO_BAD)).json()["upload_id"]
    still = await correct(ingest, upload_id, {"rows": [{"row": 2, "cells": {"amount": "2.00"}}]})
    assert (still.status_code, still.json()["fault_count"], still.json()["upload_id"]) == (400, 1, upload_id)
    assert ingest.log.types(4) == []
    done = await correct(ingest, upload_id, {"rows": [{"row": 3, "cells": {"msisdn": "+256772000003"}}]}, key="d")
    assert (done.status_code, done.json()["id"], done.json()["row_count"]) == (201, upload_id, 3), done.text
    assert [(payout.id[-8:], payout.amount_minor) for payout in payouts(ingest)] == [
        ("00000001", 100), ("00000002", 200), ("00000003", 300),
    ]  # fmt: skip
    assert all(payout.id.startswith(upload_id[:-8]) for payout in payouts(ingest))
    again = await correct(ingest, upload_id, {"rows": [{"row": 3, "cells": {"msisdn": "+256772000003"}}]}, key="d")
    assert (again.status_code, again.content) == (200, done.content)
    late = await correct(ingest, upload_id, {"rows": []}, key="e")
    assert (late.status_code, late.json()["code"]) == (409, "invalid_state_transition")
    assert len(ingest.log.book.payouts) == 3


async def test_the_refused_rows_are_downloaded_corrected_and_sent_back__BAT_11(ingest: Ingest) -> None:
    problem = (await upload(ingest, TWO_BAD)).json()
    answer = await get(ingest, problem["refused_rows_url"].rstrip("/") + "?form=spreadsheet")
    rows = table(answer)
    assert rows[0] == ["payflow_row", "amount", "currency", "msisdn", "name", "payflow_errors", "payflow_form"]
    assert [row[0] for row in rows[1:]] == ["2", "3"]
    assert rows[2][3] == "'+7"
    rows[1][1], rows[2][3] = "2.00", "'+256772000003"
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    files = {"file": ("corrected.csv", text.getvalue().encode(), "text/csv")}
    done = await ingest.client.post(
        f"/api/v1/uploads/{problem['upload_id']}/corrections",
        files=files,
        headers={"Idempotency-Key": "c", "X-Merchant-Id": "demo"},
    )
    assert (done.status_code, done.json()["id"]) == (201, problem["upload_id"]), done.text
    assert [payout.recipient["msisdn"] for payout in payouts(ingest)] == ["+256772000001", "+256772000002", "+256772000003"]


async def test_the_whole_file_is_sent_again_and_keeps_its_ids__BAT_11(ingest: Ingest) -> None:
    upload_id = (await upload(ingest, TWO_BAD)).json()["upload_id"]
    files = {"file": ("whole.csv", THREE.encode(), "text/csv")}
    done = await ingest.client.post(
        f"/api/v1/uploads/{upload_id}/corrections", files=files, headers={"Idempotency-Key": "c", "X-Merchant-Id": "demo"}
    )
    assert (done.status_code, done.json()["id"], done.json()["row_count"]) == (201, upload_id, 3), done.text


async def test_a_ragged_row_is_corrected_by_all_of_its_cells__BAT_11(ingest: Ingest) -> None:
    upload_id = (await upload(ingest, THREE + "1.00,USD\n")).json()["upload_id"]
    cells = {"amount": "4.00", "currency": "USD", "msisdn": "+256772000004", "name": "Cy"}
    done = await correct(ingest, upload_id, {"rows": [{"row": 4, "cells": cells}]})
    assert (done.status_code, done.json()["row_count"]) == (201, 4), done.text


@pytest.mark.parametrize(
    "rows",
    [
        {}, [], {"rows": {}}, {"rows": [{"row": 0, "cells": {"amount": "1"}}]}, {"rows": [{"row": 1}]},
        {"rows": [{"row": True, "cells": {"amount": "1"}}]}, {"rows": [{"row": 1, "cells": {"amount": 1}}]},
        {"rows": [{"row": 4, "cells": {"amount": "1"}}]}, {"rows": [{"row": 1, "cells": {"colour": "red"}}]},
        {"rows": [{"row": 1, "cells": {"amount": "1"}}] * 2}, {"rows": [], "more": 1},
    ],
    ids=str,
)  # fmt: skip
async def test_bad_corrections_are_refused__BAT_11_ERR_04(ingest: Ingest, rows: object) -> None:
    upload_id = (await upload(ingest, TWO_BAD)).json()["upload_id"]
    assert (await correct(ingest, upload_id, rows)).status_code == 400
    assert ingest.log.types(4) == []


async def test_the_result_shows_corrected_rows_as_corrected__BAT_11_BAT_14(ingest: Ingest) -> None:
    upload_id = (await upload(ingest, TWO_BAD)).json()["upload_id"]
    rows = [{"row": 2, "cells": {"amount": "2.00"}}, {"row": 3, "cells": {"msisdn": "+256772000003"}}]
    assert (await correct(ingest, upload_id, {"rows": rows})).status_code == 201
    shown = table(await get(ingest, f"/api/v1/batches/{upload_id}/result"))
    assert [row[0] for row in shown[1:]] == ["1.00", "2.00", "3.00"]
    assert shown[3][2] == "+256772000003"
