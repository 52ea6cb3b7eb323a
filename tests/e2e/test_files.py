"""Files of every kind through the front door: refused with all their faults, corrected, paid, and given back with what became of them."""

import csv
import io
import time
from typing import Any

import httpx2
import openpyxl
import pytest
from lxml import etree

from tests.e2e.api import balance, key, until
from tests.support.sample_files import pain001, workbook

MERCHANT = {"X-Merchant-Id": "demo"}
HEADER = "amount,currency,msisdn,name\n"


def upload(http: httpx2.Client, content: bytes | str, *, name: str = "rows.csv", **fields: str) -> httpx2.Response:
    data = content.encode() if isinstance(content, str) else content
    headers = {**MERCHANT, "Idempotency-Key": fields.pop("key", key())}
    return http.post("/api/v1/batches/upload/", files={"file": (name, data)}, data=fields, headers=headers)


def paid(http: httpx2.Client, batch_id: str, rows: int) -> dict[str, Any]:
    return until(http, f"/api/v1/batches/{batch_id}/", lambda batch: batch["counts"]["completed"] == rows)


def result(http: httpx2.Client, batch_id: str, query: str = "") -> httpx2.Response:
    return http.get(f"/api/v1/batches/{batch_id}/result/{query}", headers={**MERCHANT, "Payflow-Reason": "test"})


def table(answer: httpx2.Response) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def wallets(count: int) -> list[str]:
    """Numbers that no other file has, so that no file is another one's like."""
    first = time.time_ns() // 1000 % 10**7
    return [f"+25675{(first + number) % 10**7:07}" for number in range(count)]


def test_a_refused_file_is_corrected_by_its_bad_rows_only_and_paid_once__BAT_08_BAT_11_BAT_14(http: httpx2.Client) -> None:
    ann, ben, zoe = wallets(3)
    before = balance(http, "USD")
    refused = upload(http, f"{HEADER}1.00,USD,{ann},Ann\nx,USD,{ben},Ben\n3.00,USD,+7,Zoë\n")
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["fault_count"], problem["row_count"]) == (
        400,
        "invalid_rows",
        2,
        3,
    )
    assert [(fault["row"], fault["column"], fault["code"]) for fault in problem["errors"]] == [
        ("2", "amount", "validation_error"),
        ("3", "msisdn", "validation_error"),
    ]
    assert balance(http, "USD") == before
    rows = table(http.get(f"{problem['refused_rows_url']}?format=csv", headers={**MERCHANT, "Payflow-Reason": "test"}))
    place = {name: at for at, name in enumerate(rows[0])}
    assert [row[place["payflow_row"]] for row in rows[1:]] == ["2", "3"]
    rows[1][place["amount"]], rows[2][place["msisdn"]] = "2.00", zoe
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    corrected: dict[str, Any] = {
        "files": {"file": ("c.csv", file.getvalue().encode())},
        "headers": {**MERCHANT, "Idempotency-Key": key()},
    }
    taken = http.post(problem["corrections_url"], **corrected)
    assert (taken.status_code, taken.json()["id"]) == (201, problem["upload_id"]), taken.text
    assert http.post(problem["corrections_url"], **corrected).content == taken.content
    paid(http, taken.json()["id"], 3)
    found = table(result(http, taken.json()["id"]))
    assert [(row[0], row[2], row[3]) for row in found[1:]] == [
        ("1.00", ann, "Ann"),
        ("2.00", ben, "Ben"),
        ("3.00", zoe, "Zoë"),
    ]
    at = found[0].index("payflow_status")
    assert [row[at] for row in found[1:]] == ["completed"] * 3
    assert all(row[at + 3] for row in found[1:]), "the provider's reference"


@pytest.mark.parametrize("version", ["03", "09"])
def test_a_pain_001_is_paid_and_a_pain_002_says_so__BAT_06_BAT_14(http: httpx2.Client, version: str) -> None:
    tag = key()[:8]
    message = pain001(3, version).replace(b"MSG-1", f"M-{tag}".encode()).replace(b">E-", f">{tag}-".encode())
    taken = upload(http, message)
    assert (taken.status_code, taken.json()["source"]) == (201, "pain.001"), taken.text
    paid(http, taken.json()["id"], 3)
    report = etree.fromstring(result(http, taken.json()["id"]).content)
    said = lambda name: [element.text for element in report.iterfind(".//{*}" + name)]  # noqa: E731
    assert said("OrgnlMsgId") == [f"M-{tag}"]
    assert (said("GrpSts"), said("TxSts")) == (["ACSC"], ["ACSC"] * 3)
    assert said("OrgnlEndToEndId") == [f"{tag}-{number}" for number in (1, 2, 3)]
    assert len(said("AcctSvcrRef")) == 3
    again = upload(http, message.replace(b"Invoice 1<", b"Invoice 9<"))
    assert (again.status_code, again.json()["code"], again.json()["batch_id"]) == (409, "duplicate_file", taken.json()["id"])


def test_a_workbook_is_paid_and_comes_back_as_one_without_formulas__BAT_03_SEC_18(http: httpx2.Client) -> None:
    ann, ben = wallets(2)
    content = workbook(
        [["Amount", "Currency", "Phone", "Name"], [1.1, "USD", ann, "=1+1"], ["2.25", "USD", ben, "Ben"]], as_text=True
    )
    taken = upload(http, content, name="../../<b>é.xlsx")
    assert (taken.status_code, taken.json()["source"], taken.json()["row_count"]) == (201, "xlsx", 2), taken.text
    paid(http, taken.json()["id"], 2)
    answer = result(http, taken.json()["id"])
    assert answer.headers["payflow-form"] == "spreadsheet"
    assert "<b>" not in answer.headers["content-disposition"]
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [row[3] for row in sheet.iter_rows(values_only=True)][1:] == ["'=1+1", "Ben"]
    raw = table(result(http, taken.json()["id"], "?format=csv&form=raw"))
    assert [row[0] for row in raw[1:]] == ["1.1", "2.25"]
    assert raw[1][3] == "=1+1"


def test_good_rows_go_without_the_bad_ones_only_when_asked__BAT_09(http: httpx2.Client) -> None:
    ann, ben = wallets(2)
    content = f"{HEADER}1.00,USD,{ann},Ann\nx,USD,{ben},Ben\n1.00,USD,{ann},Ann\n"
    assert upload(http, content).status_code == 400
    taken = upload(http, content, on_invalid_rows="accept_valid")
    assert (taken.status_code, taken.json()["row_count"]) == (201, 2), taken.text
    assert (taken.headers["payflow-refused-rows"], taken.headers["payflow-equal-rows"]) == ("1", "1")
    paid(http, taken.json()["id"], 2)
    found = table(result(http, taken.json()["id"]))
    at = found[0].index("payflow_status")
    assert [row[at] for row in found[1:]] == ["completed", "refused", "completed"]


def test_a_mapping_is_remembered_over_files__BAT_04(http: httpx2.Client) -> None:
    ann, ben = wallets(2)
    names = f"Wert {key()[:6]}", f"Wohin {key()[:6]}"
    lines = f"{names[0]};{names[1]}\r\n1,50;{{}}\r\n"
    said = {"currency": "USD", "number_format": "1.000,00"}
    assert upload(http, lines.format(ann).encode("utf-16"), **said).status_code == 400
    mapping = f'{{"{names[0]}": "amount", "{names[1]}": "msisdn"}}'
    assert upload(http, lines.format(ann).encode("utf-16"), mapping=mapping, **said).status_code == 201
    taken = upload(http, lines.format(ben).encode("utf-8-sig"), **said)
    assert taken.status_code == 201, taken.text
    paid(http, taken.json()["id"], 1)
    assert result(http, taken.json()["id"]).content.startswith(b"\xef\xbb\xbfWert"), "its own encoding and separator"
