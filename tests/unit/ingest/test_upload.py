"""A batch as one CSV file: every row is checked before any row is on the log; decided by the law in memory."""

import asyncio
import csv
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx2
import pytest

from services.ingest import bodies, received
from tests.support.sample_files import workbook
from tests.unit.ingest.conftest import Ingest

HEADER = "amount,currency,msisdn,name\n"
THREE = HEADER + "1.00,USD,+256772000001,Ann\n2.00,USD,+256772000002,Ben\n3.00,USD,+256772000003,Zoë\n"


async def upload(
    ingest: Ingest, content: str | bytes, *, key: str | None = "u", merchant: str | None = None, **fields: str
) -> httpx2.Response:
    data = content.encode() if isinstance(content, str) else content
    headers = {"Idempotency-Key": key} if key else {}
    if merchant:
        headers["X-Merchant-Id"] = merchant
    files = {"file": ("batch.csv", data, "text/csv")}
    return await ingest.client.post("/api/v1/batches/upload", files=files, data=fields, headers=headers)


def faults(answer: httpx2.Response) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer.json()["errors"]
    return found


async def test_a_file_becomes_a_released_batch__BAT_03(ingest: Ingest) -> None:
    answer = await upload(ingest, THREE, name="Salaries", reference="2026-11")
    batch = answer.json()
    assert answer.status_code == 201
    assert (batch["name"], batch["reference"], batch["source"], batch["row_count"]) == ("Salaries", "2026-11", "csv", 3)
    assert ingest.log.book.balance("demo", "USD", "held") == 600
    names = {payout.recipient["name"] for payout in ingest.log.book.payouts.values() if payout.recipient}
    assert names == {"Ann", "Ben", "Zoë"}


async def test_a_raw_body_is_a_file_too__BAT_03(ingest: Ingest) -> None:
    headers = {"Idempotency-Key": "u", "Content-Type": "text/csv; charset=utf-8"}
    answer = await ingest.client.post("/api/v1/batches/upload?name=Raw&row_count=3", content=THREE.encode(), headers=headers)
    assert (answer.status_code, answer.json()["name"], answer.json()["row_count"]) == (201, "Raw", 3)


@pytest.mark.parametrize(
    "content",
    [
        "\ufeff" + THREE,
        THREE.replace("\n", "\r\n"),
        THREE.replace("\n", "\r"),
        THREE.replace(",", ";"),
        THREE.replace(",", "\t"),
        THREE.replace("Ann", '"A, ""nn"""'),
        "\n" + THREE + "\n\n",
        THREE.removesuffix("\n"),
        THREE.encode("utf-16"),
        THREE.encode("utf-16-le"),
        THREE.encode("utf-16-be"),
        "sep=;\n" + THREE.replace(",", ";"),
        "Amount,CCY,Phone Number,name\n" + THREE.removeprefix(HEADER),
    ],
    ids=[
        "BOM",
        "CRLF",
        "CR",
        "semicolon",
        "tab",
        "quotes",
        "blank lines",
        "no last line end",
        "UTF-16",
        "UTF-16 LE",
        "UTF-16 BE",
        "sep line",
        "other names",
    ],
)
async def test_every_usual_csv_is_read__BAT_04(ingest: Ingest, content: str | bytes) -> None:
    answer = await upload(ingest, content)
    assert (answer.status_code, answer.json()["row_count"]) == (201, 3)


async def test_a_currency_for_the_whole_file(ingest: Ingest) -> None:
    answer = await upload(ingest, "amount,msisdn\n1.00,+256772000001\n", currency="USD")
    assert (answer.status_code, answer.json()["sums"][0]["currency"]) == (201, "USD")


async def test_a_file_replays_byte_for_byte_whatever_its_name__IDM_03(ingest: Ingest) -> None:
    first = await upload(ingest, THREE)
    files = {"file": ("renamed.csv", THREE.encode(), "application/octet-stream")}
    again = await ingest.client.post("/api/v1/batches/upload", files=files, headers={"Idempotency-Key": "u"})
    assert (again.status_code, again.content, again.headers["idempotency-replayed"]) == (200, first.content, "true")
    assert len(ingest.log.book.batches) == 1
    other = await upload(ingest, THREE.replace("1.00", "1.01"))
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    named = await upload(ingest, THREE, name="Other fields")
    assert (named.status_code, named.json()["code"]) == (409, "idempotency_conflict")


async def test_an_upload_needs_a_key__IDM_01(ingest: Ingest) -> None:
    answer = await upload(ingest, THREE, key=None)
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


async def test_a_bad_row_at_the_end_keeps_all_of_the_file_off_the_log__BAT_08(ingest: Ingest) -> None:
    rows = "".join(f"0.01,USD,+2567720{n:05},x\n" for n in range(20_000))
    answer = await upload(ingest, HEADER + rows + "-1,USD,+256772000001,x\n")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows")
    [fault] = faults(answer)
    assert (fault["row"], fault["column"], fault["code"]) == ("20001", "amount", "validation_error")
    assert (answer.json()["fault_count"], answer.json()["row_count"]) == (1, 20_001)
    assert ingest.log.types(4) == []


@pytest.mark.parametrize(
    "pack", [str.encode, lambda text: workbook(list(csv.reader(text.splitlines())))], ids=["csv", "xlsx"]
)
async def test_a_row_of_another_merchant_than_the_files_is_refused__BAT_01(
    ingest: Ingest, pack: Callable[[str], bytes]
) -> None:
    good = "amount,currency,msisdn,Merchant ID\n1.00,USD,+256772000001,demo\n2.00,USD,+256772000002,\n"
    theirs = good + "3.00,USD,+256772000003,other\nx,USD,+256772000004,other\n5.00,USD,+256772000005,O!\n"
    answer = await upload(ingest, pack(theirs), merchant="demo")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_rows")
    assert [(fault["row"], fault["column"], fault["pointer"]) for fault in faults(answer)] == [
        ("3", "Merchant ID", "/rows/2/merchant_id"),
        ("4", "amount", "/rows/3/amount"),
        ("4", "Merchant ID", "/rows/3/merchant_id"),
        ("5", "Merchant ID", "/rows/4/merchant_id"),
    ]
    assert faults(answer)[0]["detail"] == "differs from the batch's merchant"
    assert ingest.log.types(4) == []
    for key, who in {"field": {"merchant_id": "demo"}, "nobodys": {}}.items():
        mine = await upload(ingest, pack(good), key=key, override_duplicate="a test", **who)
        assert mine.status_code == 201, mine.text
    assert all("merchant_id" not in payout.recipient for payout in ingest.log.book.payouts.values() if payout.recipient)


async def test_a_row_is_not_corrected_into_another_merchants__BAT_01_BAT_11(ingest: Ingest) -> None:
    content = HEADER.replace("name", "merchant_id") + "x,USD,+256772000001,demo\n"
    upload_id = (await upload(ingest, content, merchant="demo")).json()["upload_id"]
    rows = {"rows": [{"row": 1, "cells": {"amount": "1.00", "merchant_id": "other"}}]}
    headers = {"Idempotency-Key": "c", "X-Merchant-Id": "demo"}
    answer = await ingest.client.post(f"/api/v1/uploads/{upload_id}/corrections", json=rows, headers=headers)
    assert (answer.status_code, [fault["column"] for fault in faults(answer)]) == (400, ["merchant_id"])


async def test_all_faults_are_counted_and_a_thousand_listed__BAT_08(ingest: Ingest) -> None:
    answer = await upload(ingest, HEADER + "x,USD,+256772000001,n\n" * 1500)
    assert (len(faults(answer)), answer.json()["fault_count"]) == (1000, 1500)


ROWS: dict[str, tuple[str, str, str]] = {
    "grouped amount": ('"1,000.00",USD,+256772000001,x', "amount", "validation_error"),
    "European amount": ('"1.000,00",USD,+256772000001,x', "amount", "ambiguous_number"),
    "exponent": ("1e3,USD,+256772000001,x", "amount", "validation_error"),
    "zero": ("0,USD,+256772000001,x", "amount", "validation_error"),
    "blank amount": (",USD,+256772000001,x", "amount", "validation_error"),
    "currency": ("1.00,usd,+256772000001,x", "currency", "validation_error"),
    "phone": ("1.00,USD,0772000001,x", "msisdn", "validation_error"),
    "formula": ("=1+1,USD,+256772000001,x", "amount", "validation_error"),
    "NUL": ("1.00,USD,+256772000001,x\0", "name", "validation_error"),
}


@pytest.mark.parametrize("case", ROWS, ids=str)
async def test_a_bad_cell_is_named__BAT_05(ingest: Ingest, case: str) -> None:
    line, column, code = ROWS[case]
    answer = await upload(ingest, THREE + line + "\n")
    assert answer.status_code == 400
    assert ("4", column) in [(fault["row"], fault["column"]) for fault in faults(answer)]
    assert code in {fault["code"] for fault in faults(answer)} or case == "grouped amount"
    assert ingest.log.types(4) == []


FILES: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "/file"),
    "only line ends": ("\n\n\n", "/file"),
    "header only": (HEADER, "/rows"),
    "ragged row": (THREE + "1.00,USD\n", "/rows/3"),
    "one cell too many": (THREE + "1.00,USD,+256772000001,x,y\n", "/rows/3"),
    "trailing NUL": (THREE + "\0", "/rows/3"),
    "scientific": (THREE + "1E5,USD,+256772000001,x\n", "/rows/3/amount"),
    "open quote": (THREE + '1.00,USD,+256772000001,"x\n', "/rows/3"),
    "quote inside": (THREE + '1.00,USD,+256772000001,"x"y\n', "/rows/3"),
    "bad UTF-8": (THREE.encode() + b"1.00,USD,+256772000001,\xff\n", "/rows/"),
    "duplicate header": ("amount,amount,currency,msisdn\n1,1,USD,+256772000001\n", "/header"),
    "two names of one column": ("amount,currency,phone,msisdn\n1,USD,+256772000001,+256772000001\n", "/header"),
    "no header": ("1.00,USD,+256772000001,x\n", "/header"),
    "no amount": ("currency,msisdn\nUSD,+256772000001\n", "/header"),
    "no payee": ("amount,currency\n1.00,USD\n", "/header"),
    "no currency": ("amount,msisdn\n1.00,+256772000001\n", "/header"),
    "ten thousand columns": (",".join(f"c{n}" for n in range(10_000)) + "\n", "/header"),
    "one endless line": (HEADER + "x" * 1_000_000, "/rows/"),
    "one endless cell": (HEADER + '1.00,USD,+256772000001,"' + "x\n" * 500_000, "/rows/"),
    "one endless row": (HEADER + '"a\n",' * 200_000, "/rows/"),
}


@pytest.mark.parametrize("case", FILES, ids=str)
async def test_a_bad_file_is_refused_whole__ERR_04_BAT_05(ingest: Ingest, case: str) -> None:
    content, pointer = FILES[case]
    answer = await upload(ingest, content)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert any(fault["pointer"].startswith(pointer) for fault in faults(answer))
    assert ingest.log.types(4) == []


async def test_long_numbers_and_phones_survive_as_text__BAT_05(ingest: Ingest) -> None:
    content = "amount,currency,account_number,bank_name\n1.00,USD,00012345678901234567,+Bank\n"
    assert (await upload(ingest, content)).status_code == 201
    [payout] = ingest.log.book.payouts.values()
    assert payout.recipient == {"type": "bank_account", "account_number": "00012345678901234567", "bank_name": "+Bank"}


@pytest.mark.parametrize("content", [b"PK\x03\x04rest", b"<?xml version='1.0'?><Document/>", b"\x1f\x8b\x08", b"%PDF-1.7"])
async def test_another_kind_of_file_is_415_and_says_what_is_taken__BAT_03(ingest: Ingest, content: bytes) -> None:
    answer = await upload(ingest, content)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert "CSV" in answer.json()["detail"]


@pytest.mark.parametrize("content_type", ["application/json", "application/zip", ""])
async def test_another_content_type_is_415__ERR_02(ingest: Ingest, content_type: str) -> None:
    headers = {"Idempotency-Key": "u", **({"Content-Type": content_type} if content_type else {})}
    answer = await ingest.client.post("/api/v1/batches/upload", content=THREE.encode(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"row_count": "many"}, "/row_count"),
        ({"row_count": "-1"}, "/row_count"),
        ({"total": "6.00"}, "/total"),
        ({"currency": "USD", "total": "1e3"}, "/declared/sums/USD"),
        ({"declared": "{"}, "/declared"),
        ({"declared": "{}", "row_count": "3"}, "/declared"),
        ({"colour": "red"}, "/colour"),
        ({"merchant_id": "../x"}, "/merchant_id"),
        ({"name": "x" * 300}, "/name"),
        ({"funding": "later"}, "/funding"),
    ],
    ids=str,
)
async def test_bad_fields_are_named__ERR_04(ingest: Ingest, fields: dict[str, str], pointer: str) -> None:
    answer = await upload(ingest, THREE, **fields)
    assert answer.status_code == 400
    assert pointer in [fault["pointer"] for fault in faults(answer)]
    assert ingest.log.types(4) == []


@pytest.mark.parametrize(
    "declared", [{"row_count": "4"}, {"currency": "USD", "total": "6.01"}, {"declared": '{"row_count": 2}'}], ids=str
)
async def test_a_wrong_declaration_refuses_the_file__BAT_07(ingest: Ingest, declared: dict[str, str]) -> None:
    answer = await upload(ingest, THREE, **declared)
    assert (answer.status_code, answer.json()["code"]) == (400, "declaration_mismatch")
    assert (await upload(ingest, THREE, key="v", row_count="3", currency="USD", total="6.00")).status_code == 201


async def test_saved_accounts_in_a_file_need_a_merchant__SEC_04(ingest: Ingest) -> None:
    content = "amount_paise,bank_account_id\n5,aaaaaaaa-0001-4000-8000-000000000001\n"
    answer = await upload(ingest, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "merchant_required")
    unusable = await upload(ingest, content, merchant="demo")
    assert unusable.status_code == 400
    assert faults(unusable)[0]["pointer"] == "/rows/0/bank_account_id"


MULTIPART: dict[str, bytes] = {
    "no last boundary": b'--B\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\namount\r\n',
    "no file": b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--B--\r\n',
    "two files": b'--B\r\nContent-Disposition: form-data; name="file"\r\n\r\na\r\n' * 2 + b"--B--\r\n",
    "field twice": b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\na\r\n' * 2 + b"--B--\r\n",
    "no name": b"--B\r\nContent-Disposition: form-data\r\n\r\na\r\n--B--\r\n",
    "long field": b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\n' + b"x" * 5000 + b"\r\n--B--\r\n",
    "field not UTF-8": b'--B\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xff\r\n--B--\r\n',
    "long part header": b"--B\r\nX-Long: " + b"x" * 10_000 + b"\r\n\r\na\r\n--B--\r\n",
    "garbage": b"hello",
    "empty": b"",
}


@pytest.mark.parametrize("case", MULTIPART, ids=str)
async def test_a_bad_form_is_refused__ERR_04(ingest: Ingest, case: str) -> None:
    headers = {"Idempotency-Key": "u", "Content-Type": "multipart/form-data; boundary=B"}
    answer = await ingest.client.post("/api/v1/batches/upload", content=MULTIPART[case], headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert ingest.log.types(4) == []


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "b" * 71])
async def test_a_form_without_a_usable_boundary_is_refused__ERR_04(ingest: Ingest, boundary: str) -> None:
    headers = {"Idempotency-Key": "u", "Content-Type": f"multipart/form-data{boundary}"}
    answer = await ingest.client.post("/api/v1/batches/upload", content=b"x", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("C:\\\\Users\\\\ann\\\\rows.csv", "rows.csv"),
        ("rows\u202evsc.exe", "rowsvsc.exe"),
        ("Löhne 11/26.csv", "26.csv"),
        ("a" * 300, "a" * 255),
    ],
)
async def test_a_name_is_kept_without_its_path_and_what_cannot_be_seen__SEC_10(ingest: Ingest, name: str, kept: str) -> None:
    body = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n{THREE}\r\n--x--\r\n'.encode()
    headers = {"Idempotency-Key": "u", "Content-Type": "multipart/form-data; boundary=x", "X-Merchant-Id": "demo"}
    answer = await ingest.client.post("/api/v1/batches/upload", content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    told = await ingest.client.get(f"/api/v1/uploads/{answer.json()['id']}", headers={"X-Merchant-Id": "demo"})
    assert told.json()["file_name"] == kept


@pytest.mark.parametrize(("first", "status"), [(b"", 400), (b" " * 100_000 + b"\r\n", 201)], ids=["slow", "slow at the end"])
async def test_an_upload_that_trickles_holds_its_place_for_a_bounded_time__SEC_10(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, first: bytes, status: int
) -> None:
    monkeypatch.setattr(bodies, "SLOW_SECONDS", 0.2)
    monkeypatch.setattr(bodies, "SLOW_BYTES_A_SECOND", 1000)

    async def pieces() -> AsyncIterator[bytes]:
        yield first
        for piece in (HEADER.encode(), THREE.encode().removeprefix(HEADER.encode())):
            await asyncio.sleep(0.2)
            yield piece

    headers = {"Idempotency-Key": "u", "Content-Type": "text/csv"}
    answer = await ingest.client.post("/api/v1/batches/upload", content=pieces(), headers=headers)
    assert answer.status_code == status
    assert status == 201 or answer.json()["code"] == "malformed_body"


@pytest.mark.parametrize("raw", [False, True])
async def test_a_file_of_exactly_the_most_bytes_is_taken_whatever_stands_beside_it__BAT_03(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, raw: bool
) -> None:
    size = len(THREE.encode())
    for most, status in ((size - 1, 413), (size, 201)):
        monkeypatch.setattr(received, "UPLOAD_BYTES_MAX", most)
        if raw:
            headers = {"Idempotency-Key": "u", "Content-Type": "text/csv"}
            answer = await ingest.client.post("/api/v1/batches/upload", content=THREE.encode(), headers=headers)
        else:
            answer = await upload(ingest, THREE, name="n" * 256)
        assert answer.status_code == status, answer.text


async def test_a_form_beside_a_file_is_bounded_too__BAT_03(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received, "FORM_BYTES", 100)
    monkeypatch.setattr(received, "UPLOAD_BYTES_MAX", len(THREE.encode()))
    answer = await upload(ingest, THREE, name="n" * 256)
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
