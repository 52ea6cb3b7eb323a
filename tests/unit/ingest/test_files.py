"""Files of every kind on their way in, kept and corrected, and back out with what became of their rows."""

import asyncio
import csv
import io
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import openpyxl
import pytest
from lxml import etree

from services.ingest.files.pain001 import Pain001File
from services.ingest.staging.upload_record import UploadState
from tests.support.sample_files import BANK_EXPORT, pain001, workbook
from tests.unit.ingest.conftest import Ingest
from tests.unit.ingest.test_upload import HEADER, THREE, faults, upload

UPLOADS = "/api/v1/uploads"
TWO_BAD = HEADER + "1.00,USD,+256772000001,Ann\nx,USD,+256772000002,Ben\n3.00,USD,+7,Zoë\n"


async def get(ingest: Ingest, path: str, merchant: str = "demo") -> httpx2.Response:
    return await ingest.client.get(path, headers={"X-Merchant-Id": merchant})


async def correct(ingest: Ingest, upload_id: str, rows: object, key: str = "c") -> httpx2.Response:
    return await ingest.post(f"/uploads/{upload_id}/corrections", rows, Idempotency_Key=key, X_Merchant_Id="demo")


def table(answer: httpx2.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def payouts(ingest: Ingest) -> list[Any]:
    return sorted(ingest.log.book.payouts.values(), key=lambda payout: payout.id)


# XLSX


async def test_a_workbook_becomes_a_batch__BAT_03(ingest: Ingest) -> None:
    rows = [
        ["Amount", "Currency", "Phone", "Name"],
        [1.5, "USD", "+256772000001", "Ann"],
        ["2.25", "USD", "+256772000002", 7],
    ]
    answer = await upload(ingest, workbook(rows))
    assert (answer.status_code, answer.json()["source"], answer.json()["row_count"]) == (201, "xlsx", 2)
    assert [payout.amount_minor for payout in payouts(ingest)] == [150, 225]
    assert payouts(ingest)[1].recipient["name"] == "7"


async def test_text_of_a_workbook_keeps_its_zeros_and_long_number_cells_are_refused__BAT_05(ingest: Ingest) -> None:
    rows = [
        ["amount", "currency", "account_number"],
        ["1.00", "USD", "00012345678901234567"],
        ["1.00", "USD", 12345678901234567],
    ]
    answer = await upload(ingest, workbook(rows))
    assert [(fault["row"], fault["code"]) for fault in faults(answer)] == [("2", "inexact_number")]
    good = await upload(ingest, workbook(rows[:2]), key="v")
    assert good.status_code == 201
    assert payouts(ingest)[0].recipient["account_number"] == "00012345678901234567"


@pytest.mark.parametrize("case", ["bomb", "dtd", "truncated", "zip", "wide"])
async def test_a_hostile_workbook_is_refused__BAT_03(ingest: Ingest, case: str) -> None:
    from tests.support.sample_files import hostile_workbook

    answer = await upload(ingest, hostile_workbook(case))
    assert answer.status_code in {400, 415}, answer.text[:300]
    assert ingest.log.types(4) == []


# pain.001


@pytest.mark.parametrize("version", ["03", "09"])
async def test_a_pain_001_becomes_a_batch_and_a_pain_002_comes_back__BAT_03_BAT_06_BAT_14(
    ingest: Ingest, version: str
) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    answer = await upload(ingest, pain001(3, version))
    assert (answer.status_code, answer.json()["source"]) == (201, "pain.001"), answer.text
    assert [payout.reference for payout in payouts(ingest)] == ["E-1", "E-2", "E-3"]
    assert payouts(ingest)[0].recipient["iban"] == "DE89370400440532013000"
    result = await get(ingest, f"/api/v1/batches/{answer.json()['id']}/result")
    assert (result.status_code, result.headers["content-type"]) == (200, "application/xml"), result.text
    report = etree.fromstring(result.content)
    assert etree.QName(report).namespace.endswith({"03": "pain.002.001.03", "09": "pain.002.001.10"}[version])
    find = lambda path: [e.text for e in report.iterfind(".//" + "/".join("{*}" + name for name in path.split("/")))]  # noqa: E731
    assert find("OrgnlGrpInfAndSts/OrgnlMsgId") == ["MSG-1"]
    assert find("OrgnlGrpInfAndSts/GrpSts") == ["PDNG"]
    assert find("TxInfAndSts/OrgnlEndToEndId") == ["E-1", "E-2", "E-3"]
    assert find("TxInfAndSts/TxSts") == ["PDNG"] * 3
    assert find("OrgnlPmtInfAndSts/OrgnlPmtInfId") == ["PMT-1"]


BAD_MESSAGES: dict[str, tuple[str, str, str]] = {
    "count": ("<NbOfTxs>3</NbOfTxs><CtrlSum>", "<NbOfTxs>4</NbOfTxs><CtrlSum>", "declaration_mismatch"),
    "sum": ("<CtrlSum>4.50</CtrlSum><InitgPty>", "<CtrlSum>4.51</CtrlSum><InitgPty>", "declaration_mismatch"),
    "order": ("<PmtMtd>TRF</PmtMtd>", "", "schema_invalid"),
    "cheque": ("<PmtMtd>TRF</PmtMtd>", "<PmtMtd>CHK</PmtMtd>", "schema_invalid"),
    "unknown element": ("<PmtId>", "<Colour/><PmtId>", "schema_invalid"),
    "twice": ("<MsgId>MSG-1</MsgId>", "<MsgId>MSG-1</MsgId><MsgId>MSG-1</MsgId>", "schema_invalid"),
    "no id": ("<MsgId>MSG-1</MsgId>", "", "schema_invalid"),
    "long id": ("MSG-1", "M" * 36, "schema_invalid"),
    "later day": ("2026-01-01</ReqdExctnDt>", "9999-01-01</ReqdExctnDt>", "not_yet"),
    "amount": (">1.50<", ">1.505<", "validation_error"),
    "negative": (">1.50<", ">-1.50<", "validation_error"),
    "IBAN": (
        "DE89370400440532013000</IBAN></Id></CdtrAcct>",
        "DE88370400440532013000</IBAN></Id></CdtrAcct>",
        "validation_error",
    ),
    "other namespace": ("<PmtId>", '<PmtId xmlns="urn:x">', "schema_invalid"),
    "torn": ("</CstmrCdtTrfInitn></Document>", "", "unreadable_row"),
    "DTD": ("<Document", '<!DOCTYPE Document [<!ENTITY a "b">]><Document', "unreadable_file"),
    "external entity": ("<Document", '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><Document', "unreadable_file"),
    "other version": ("pain.001.001.03", "pain.001.001.02", "unreadable_file"),
    "a transfer in a transfer": ("<PmtId>", "<SplmtryData><CdtTrfTxInf/></SplmtryData><PmtId>", "unreadable_file"),
    "no transfers": ("", "", "unreadable_file"),
}


@pytest.mark.parametrize("case", BAD_MESSAGES, ids=str)
async def test_a_bad_message_is_refused_whole__BAT_06_BAT_07(ingest: Ingest, case: str) -> None:
    old, new, code = BAD_MESSAGES[case]
    message = pain001(0 if case == "no transfers" else 3).decode().replace(old, new, 1 if old else 0).encode()
    answer = await upload(ingest, message)
    assert answer.status_code == 400, answer.text
    assert code in {fault["code"] for fault in faults(answer)}, answer.text
    assert ingest.log.types(4) == []


async def test_the_same_message_id_is_refused_with_a_link_unless_a_reason_is_given__BAT_06(ingest: Ingest) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    first = await upload(ingest, pain001(2))
    again = await upload(ingest, pain001(1), key="v")
    assert (again.status_code, again.json()["code"], again.json()["same"]) == (409, "duplicate_file", "message id")
    assert first.json()["id"] in again.headers["link"]
    assert len(ingest.log.book.batches) == 1
    meant = await upload(
        ingest, pain001(1).replace(b"E-1", b"E-9"), key="w", override_duplicate="the bank asked for it again"
    )
    assert meant.status_code == 201, meant.text
    kept = (await get(ingest, f"{UPLOADS}/{meant.json()['id']}")).json()
    assert kept["override_reason"] == "the bank asked for it again"


# the same file twice


@pytest.mark.parametrize("change", [str, lambda text: text.replace("\n", "\r\n"), lambda text: text.replace(",", ";")])
async def test_the_same_file_is_taken_once_whatever_its_name_and_form(ingest: Ingest, change: Any) -> None:
    first = await upload(ingest, THREE)
    again = await upload(ingest, change(THREE), key="v")
    assert (first.status_code, again.status_code, again.json()["code"]) == (201, 409, "duplicate_file")
    assert again.json()["batch_id"] == first.json()["id"]
    assert len(ingest.log.book.batches) == 1


async def test_a_file_that_was_not_covered_can_be_sent_again(ingest: Ingest) -> None:
    content = HEADER + "5000.00,USD,+256772000001,Ann\n"
    assert (await upload(ingest, content)).status_code == 402
    ingest.log.fund("demo", 10_000_000)
    assert (await upload(ingest, content, key="v")).status_code == 201


async def test_another_merchant_may_send_an_equal_file(ingest: Ingest) -> None:
    ingest.log.fund("other", 100_000)
    assert (await upload(ingest, THREE)).status_code == 201
    assert (await upload(ingest, THREE, key="v", merchant="other")).status_code == 201


# columns and numbers


async def test_a_bank_export_is_read_by_its_own_names__BAT_04(ingest: Ingest) -> None:
    ingest.log.fund("demo", 1_000_000, "EUR")
    answer = await upload(ingest, BANK_EXPORT.encode("utf-8-sig"), number_format="1.000,00", mapping='{"Filiale": "ignore"}')
    assert answer.status_code == 201, answer.text
    first = payouts(ingest)[0]
    assert (first.amount_minor, first.recipient["iban"], first.description) == (
        123456,
        "DE89370400440532013000",
        "Rechnung 17",
    )
    assert "filiale" not in first.recipient


async def test_a_mapping_is_remembered_per_merchant_and_can_be_forgotten__BAT_04(ingest: Ingest) -> None:
    content = "Wert;Whg;Wohin\n1.00;USD;+256772000001\n"
    chosen = '{"Wert": "amount", "Whg": "currency", "Wohin": "msisdn"}'
    assert (await upload(ingest, content)).status_code == 400
    assert (await upload(ingest, content, mapping=chosen)).status_code == 201
    assert (await upload(ingest, content.replace("1.00", "2.00"), key="v")).status_code == 201
    assert (await get(ingest, f"{UPLOADS}/mapping")).json()["mapping"] == {
        "wert": "amount",
        "whg": "currency",
        "wohin": "msisdn",
    }
    other = await upload(ingest, content.replace("1.00", "3.00"), key="w", merchant="other")
    assert other.status_code == 400
    gone = await ingest.client.delete(f"{UPLOADS}/mapping", headers={"X-Merchant-Id": "demo"})
    assert gone.status_code == 204
    assert (await upload(ingest, content.replace("1.00", "4.00"), key="x")).status_code == 400


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"mapping": "["}, "/mapping"),
        ({"mapping": '{"name": "1"}'}, "/mapping/name"),
        ({"mapping": '{"nowhere": "amount"}'}, "/mapping/nowhere"),
        ({"number_format": "1.2.3"}, "/number_format"),
        ({"on_invalid_rows": "maybe"}, "/on_invalid_rows"),
        ({"override_duplicate": "x"}, "/override_duplicate"),
    ],
    ids=str,
)
async def test_bad_choices_are_named__ERR_04(ingest: Ingest, fields: dict[str, str], pointer: str) -> None:
    answer = await upload(ingest, THREE, **fields)
    assert answer.status_code == 400
    assert pointer in [fault["pointer"] for fault in faults(answer)]


@pytest.mark.parametrize(
    ("cell", "written", "minor"),
    [
        ('"1,000.00"', "1,000.00", 100000),
        ('"1.000,00"', "1.000,00", 100000),
        ('"1 000,00"', "1 000,00", 100000),
        ("1'000.00", "1'000.00", 100000),
        ('"1,00,000.00"', "1,00,000.00", 10000000),
        ('"1,5"', "1.000,00", 150),
        ("1.5", "1.000,00", None),
        ('"1,00.00"', "1,000.00", None),
        ('"1,000.00"', "1000.00", None),
        ('"1,000"', None, None),
        ('"1.000,00"', None, None),
    ],
)
async def test_a_number_is_read_as_its_format_says_and_else_refused__BAT_05(
    ingest: Ingest, cell: str, written: str | None, minor: int | None
) -> None:
    ingest.log.fund("demo", 100_000_000)
    fields = {"number_format": written} if written else {}
    answer = await upload(ingest, HEADER + f"{cell},USD,+256772000001,Ann\n", **fields)
    if minor is None:
        assert (answer.status_code, faults(answer)[0]["code"]) == (400, "ambiguous_number"), answer.text
    else:
        assert [payout.amount_minor for payout in payouts(ingest)] == [minor], answer.text


# faults, corrections


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


async def test_an_upload_is_another_merchants_404__SEC_02(ingest: Ingest) -> None:
    upload_id = (await upload(ingest, TWO_BAD)).json()["upload_id"]
    for path in (f"{UPLOADS}/{upload_id}", f"{UPLOADS}/{upload_id}/errors", f"{UPLOADS}/{upload_id}/refused-rows"):
        assert (await get(ingest, path)).status_code == 200
        assert (await get(ingest, path, "other")).status_code == 404
    assert (await get(ingest, f"/api/v1/batches/{upload_id}/result", "other")).status_code == 404
    body = {"rows": [{"row": 2, "cells": {"amount": "1.00"}}]}
    answer = await ingest.post(f"/uploads/{upload_id}/corrections", body, Idempotency_Key="c", X_Merchant_Id="other")
    assert answer.status_code == 404


# accept_valid, equal rows, declared totals


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


# results and templates


async def test_the_result_is_the_uploaders_own_file_with_the_outcome_of_each_row__BAT_14(ingest: Ingest) -> None:
    content = ("\ufeff" + THREE.replace(",", ";").replace("\n", "\r\n")).encode()
    batch = (await upload(ingest, content)).json()
    answer = await get(ingest, f"/api/v1/batches/{batch['id']}/result")
    assert answer.content.startswith(
        b"\xef\xbb\xbfamount;currency;msisdn;name;payflow_row;payflow_payout_id;payflow_status;"
    )
    assert b"\r\n1.00;USD;+256772000001;Ann;1;" in answer.content
    assert (answer.headers["payflow-form"], "raw" in answer.headers["content-disposition"]) == ("raw", True)


async def test_a_result_for_spreadsheets_is_escaped_labelled_and_comes_back__SEC_18(ingest: Ingest) -> None:
    content = HEADER + "1.00,USD,+256772000001,=1+1\n2.00,USD,+256772000002,'quoted\n3.00,USD,+256772000003,@x\n"
    batch = (await upload(ingest, content)).json()
    place = f"/api/v1/batches/{batch['id']}/result"
    shown = table(await get(ingest, f"{place}?form=spreadsheet"))
    assert [row[2:4] for row in shown[1:]] == [
        ["'+256772000001", "'=1+1"], ["'+256772000002", "''quoted"], ["'+256772000003", "'@x"],
    ]  # fmt: skip
    assert {row[-1] for row in shown[1:]} == {"spreadsheet"}
    raw = table(await get(ingest, place))
    assert [row[2:4] for row in raw[1:]] == [
        ["+256772000001", "=1+1"],
        ["+256772000002", "'quoted"],
        ["+256772000003", "@x"],
    ]
    before = [payout.recipient for payout in payouts(ingest)]
    for form in ("raw", "spreadsheet"):
        file = (await get(ingest, f"{place}?form={form}")).content
        again = await upload(ingest, file, key=form, override_duplicate="round trip")
        assert again.status_code == 201, again.text
        made = [p.recipient for p in payouts(ingest) if p.batch_id == again.json()["id"]]
        assert made == before


async def test_a_result_as_a_workbook_holds_text_and_no_formula__SEC_18(ingest: Ingest) -> None:
    rows = [["amount", "currency", "msisdn", "name"], ["1.00", "USD", "+256772000001", "=1+1"]]
    batch = (await upload(ingest, workbook(rows, as_text=True))).json()
    for form, name in (("raw", "=1+1"), ("spreadsheet", "'=1+1")):
        answer = await get(ingest, f"/api/v1/batches/{batch['id']}/result?form={form}")
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        cell = sheet.cell(2, 4)
        assert (cell.value, cell.data_type) == (name, "s")
        assert sheet.cell(2, 7).value == "pending"


async def test_the_result_of_a_refused_message_rejects_every_transfer__BAT_14(ingest: Ingest) -> None:
    answer = await upload(ingest, pain001(2).replace(b"</InstdAmt>", b"x</InstdAmt>", 1))
    result = await get(ingest, f"/api/v1/batches/{answer.json()['upload_id']}/result")
    assert result.content.count(b"<TxSts>RJCT</TxSts>") == 2
    assert b"<GrpSts>RJCT</GrpSts>" in result.content


@pytest.mark.parametrize("wanted", ["csv", "xlsx"])
async def test_the_template_is_taken_as_it_is__BAT_04(ingest: Ingest, wanted: str) -> None:
    ingest.log.fund("demo", 1_000_000, "EUR")
    ingest.log.fund("demo", 1_000_000, "INR")
    ingest.log.fund("demo", 1_000_000, "USD")
    template = await get(ingest, f"{UPLOADS}/template?format={wanted}")
    assert template.status_code == 200
    answer = await upload(ingest, template.content)
    assert (answer.status_code, answer.json()["row_count"]) == (201, 3), answer.text


async def test_the_template_message_is_taken_as_it_is__BAT_04(ingest: Ingest) -> None:
    ingest.log.fund("demo", 1_000_000, "EUR")
    template = await get(ingest, f"{UPLOADS}/template?format=pain.001")
    answer = await upload(ingest, template.content.replace(b"<Dt>2026-01-31</Dt>", b"<Dt>1970-01-01</Dt>"))
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("query", ["format=pdf", "form=x", "colour=red"])
async def test_a_bad_parameter_of_a_download_is_named__ERR_04(ingest: Ingest, query: str) -> None:
    answer = await get(ingest, f"{UPLOADS}/template?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")


async def test_without_staging_nothing_is_taken(ingest: Ingest) -> None:
    ingest.staging.down = True
    answer = await upload(ingest, THREE)
    assert (answer.status_code, answer.json()["code"], "retry-after" in answer.headers) == (503, "staging_unavailable", True)
    assert ingest.log.types(4) == []


async def test_a_file_whose_batch_was_refused_after_all_stands_in_nobodys_way__BAT_06(ingest: Ingest) -> None:
    content = HEADER + "5000.00,USD,+256772000001,Ann\n"
    refused = await upload(ingest, content)
    await ingest.staging.finish(refused.json()["batch_id"], UploadState.SUBMITTING, 0)  # as if nobody had heard the decision
    ingest.log.fund("demo", 10_000_000)
    assert (await upload(ingest, content, key="v")).status_code == 201
    assert (await upload(ingest, content, key="w")).status_code == 409


async def test_equal_requests_at_once_make_one_batch__IDM_06(ingest: Ingest) -> None:
    answers = await asyncio.gather(*(upload(ingest, THREE) for _ in range(6)))
    assert len({answer.json().get("id") for answer in answers if answer.status_code in {200, 201}}) == 1
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_flight"}
    assert len(ingest.log.book.payouts) == 3


async def test_equal_files_under_other_keys_at_once_make_one_batch__BAT_06(ingest: Ingest) -> None:
    answers = await asyncio.gather(*(upload(ingest, THREE, key=f"k{n}") for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
    assert len(ingest.log.book.payouts) == 3


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


async def test_the_result_of_a_message_is_also_had_as_a_table__BAT_14(ingest: Ingest) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    batch = (await upload(ingest, pain001(2, "09"))).json()
    rows = table(await get(ingest, f"/api/v1/batches/{batch['id']}/result?format=csv"))
    assert rows[0][:3] == ["amount", "currency", "iban"]
    assert [(row[8], row[12]) for row in rows[1:]] == [("E-1", "pending"), ("E-2", "pending")]


async def test_the_result_shows_corrected_rows_as_corrected__BAT_11_BAT_14(ingest: Ingest) -> None:
    upload_id = (await upload(ingest, TWO_BAD)).json()["upload_id"]
    rows = [{"row": 2, "cells": {"amount": "2.00"}}, {"row": 3, "cells": {"msisdn": "+256772000003"}}]
    assert (await correct(ingest, upload_id, {"rows": rows})).status_code == 201
    shown = table(await get(ingest, f"/api/v1/batches/{upload_id}/result"))
    assert [row[0] for row in shown[1:]] == ["1.00", "2.00", "3.00"]
    assert shown[3][2] == "+256772000003"


async def test_wallets_and_other_accounts_of_a_message__BAT_03(ingest: Ingest) -> None:
    ingest.log.fund("demo", 100_000, "EUR")
    iban = b"<Id><IBAN>DE89370400440532013000</IBAN></Id>"
    wallet = b"<Id><Othr><Id>+256-772123456</Id><SchmeNm><Prtry>MSISDN</Prtry></SchmeNm></Othr></Id>"
    other = b"<Id><Othr><Id>0001234567</Id></Othr></Id>"
    message = (
        pain001(2)
        .replace(iban + b"</CdtrAcct>", wallet + b"</CdtrAcct>", 1)
        .replace(iban + b"</CdtrAcct>", other + b"</CdtrAcct>", 1)
    )
    assert (await upload(ingest, message)).status_code == 201
    first, second = (payout.recipient for payout in payouts(ingest))
    assert (first["type"], first["msisdn"]) == ("mobile_money", "+256772123456")
    assert (second["type"], second["account_number"], second["bic"]) == ("bank_account", "0001234567", "DEUTDEFF")


def test_a_message_is_read_in_one_thread() -> None:
    rows = iter(Pain001File(io.BytesIO(pain001(3))))
    next(rows)
    with ThreadPoolExecutor(1) as other, pytest.raises(RuntimeError, match="one thread"):
        other.submit(list, rows).result()
