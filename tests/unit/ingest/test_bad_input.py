"""Every named bad input that can reach a route (ERR-02, ERR-04): a 4xx problem that names the field, nothing on the log, no 5xx."""

from typing import Any

import pytest

from tests.unit.ingest.conftest import Ingest

PAYEE = {"account_number": "1234567890"}

AMOUNTS: dict[str, str] = {
    "zero": '"0"',
    "zero with decimals": '"0.00"',
    "negative": '"-1"',
    "negative zero": '"-0"',
    "too many decimals": '"1.234"',
    "exponent": '"1e3"',
    "NaN text": '"NaN"',
    "Infinity text": '"Infinity"',
    "true": "true",
    "underscore": '"1_000"',
    "blanks": '" 7 "',
    "plus sign": '"+5"',
    "Arabic digits": '"١٢٣"',
    "full-width digits": '"１２３"',
    "grouped": '"1,000.00"',
    "leading zero": '"01.00"',
    "point only": '"."',
    "empty": '""',
    "thirteen digits": '"1234567890123"',
    "above the highest": '"1000000000.00"',
    "five thousand digits": '"' + "9" * 5000 + '"',
    "float": "100.00",
    "integer": "100",
    "list": '["1.00"]',
    "object": '{"value": "1.00"}',
    "null": "null",
}
MINORS: dict[str, str] = {
    "zero": "0",
    "negative": "-1",
    "decimal": "1.5",
    "exponent": "1e3",
    "text": '"100"',
    "true": "true",
    "above the highest": "99999999999999",
    "2^63-1": str(2**63 - 1),
}
UNREADABLE: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"hello",
    "half a body": b'{"amount": "1.00"',
    "duplicate keys": b'{"amount":"1.00","amount":"2.00","currency":"USD","recipient_details":{"account":"ACC-100"}}',
    "duplicate keys inside": b'{"amount":"1.00","currency":"USD","recipient_details":{"account":"A","account":"B"}}',
    "deeply nested list": b'{"amount":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deeply nested object": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "only opening brackets": b"[" * 100_000,
    "bad UTF-8": b'{"amount":"\xff\xfe"}',
    "UTF-16": '{"amount":"1.00"}'.encode("utf-16"),
    "lone surrogate": b'{"amount":"1.00","currency":"USD","recipient_details":{"account":"ACC-100"},"description":"\\ud800"}',
    "NaN": b'{"amount_minor":NaN,"currency":"USD"}',
    "Infinity": b'{"amount_minor":-Infinity,"currency":"USD"}',
    "2^63": b'{"amount_minor":9223372036854775808,"currency":"USD"}',
    "5,000 digits": b'{"amount_minor":' + b"9" * 5000 + b"}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "trailing text": b"{} {}",
}
FIELDS: dict[str, tuple[dict[str, Any], str]] = {
    "no currency": ({"currency": None}, "/currency"),
    "unknown currency": ({"currency": "XYZ"}, "/currency"),
    "XXX": ({"currency": "XXX"}, "/currency"),
    "lower case currency": ({"currency": "usd"}, "/currency"),
    "disabled currency": ({"currency": "JPY", "amount": "100"}, "/currency"),
    "currency is a number": ({"currency": 840}, "/currency"),
    "forms disagree": ({"amount_minor": 5}, "/amount_minor"),
    "paise with dollars": ({"amount": None, "amount_paise": 5}, "/currency"),
    "two recipients": ({"bank_account_id": "aaaaaaaa-0001-4000-8000-000000000001"}, "/recipient_details"),
    "no recipient": ({"recipient_details": None}, "/recipient_details"),
    "recipient is a list": ({"recipient_details": ["x"]}, "/recipient_details"),
    "two kinds of payee": ({"recipient_details": {**PAYEE, "msisdn": "+256772123456"}}, "/recipient_details"),
    "account too short": ({"recipient_details": {"account_number": "1234"}}, "/recipient_details/account_number"),
    "account is a number": ({"recipient_details": {"account_number": 1234567890}}, "/recipient_details/account_number"),
    "wrong IBAN": ({"recipient_details": {"iban": "DE89370400440532013001"}}, "/recipient_details/iban"),
    "wrong IBAN as account": (
        {"recipient_details": {"account_number": "DE89370400440532013001"}},
        "/recipient_details/account_number",
    ),
    "wrong IFSC": ({"recipient_details": {**PAYEE, "ifsc": "HDFC1001234"}}, "/recipient_details/ifsc"),
    "phone without plus": ({"recipient_details": {"msisdn": "0772123456"}}, "/recipient_details/msisdn"),
    "twenty-one keys": ({"recipient_details": {**PAYEE, **{f"k{n}": "v" for n in range(20)}}}, "/recipient_details"),
    "long extra value": ({"recipient_details": {**PAYEE, "bank_name": "x" * 257}}, "/recipient_details/bank_name"),
    "NUL in a name": ({"recipient_details": {**PAYEE, "bank_name": "a\0b"}}, "/recipient_details/bank_name"),
    "unknown type": ({"recipient_details": {**PAYEE, "type": "cheque"}}, "/recipient_details/type"),
    "long description": ({"description": "x" * 1025}, "/description"),
    "NUL in description": ({"description": "a\0b"}, "/description"),
    "control character": ({"description": "a\x1bb"}, "/description"),
    "description is a number": ({"description": 5}, "/description"),
    "empty reference": ({"reference": ""}, "/reference"),
    "long reference": ({"reference": "x" * 65}, "/reference"),
    "unknown field": ({"ammount": "1.00"}, "/ammount"),
    "status": ({"status": "completed"}, "/status"),
    "id": ({"id": "00000000-0000-7000-8000-000000000000"}, "/id"),
    "created_at": ({"created_at": "9999-12-31T23:59:59Z"}, "/created_at"),
    "malformed merchant": ({"merchant_id": "../demo"}, "/merchant_id"),
    "funds choice": ({"on_insufficient_funds": "maybe"}, "/on_insufficient_funds"),
}
HEADERS: dict[str, tuple[dict[str, Any], str]] = {
    "blank key": ({"Idempotency-Key": ""}, "header/Idempotency-Key"),
    "long key": ({"Idempotency-Key": "k" * 256}, "header/Idempotency-Key"),
    "key with blanks": ({"Idempotency-Key": "a b"}, "header/Idempotency-Key"),
    "key beyond ASCII": ({"Idempotency-Key": "clé".encode()}, "header/Idempotency-Key"),
    "malformed merchant": ({"X-Merchant-Id": "No Such"}, "header/X-Merchant-Id"),
    "merchant path": ({"X-Merchant-Id": "../../demo"}, "header/X-Merchant-Id"),
    "long merchant": ({"X-Merchant-Id": "m" * 65}, "header/X-Merchant-Id"),
    "wait too long": ({"Prefer": "wait=31"}, "header/Prefer"),
    "wait is no number": ({"Prefer": "wait=soon"}, "header/Prefer"),
}


async def refused(ingest: Ingest, body: bytes, headers: dict[str, Any] | None = None, code: str = "") -> dict[str, Any]:
    before = len(ingest.log.commands)
    named = {"Content-Type": "application/json", **(headers or {})}
    answer = await ingest.client.post("/api/v1/payouts", content=body, headers=named)
    problem: dict[str, Any] = answer.json()
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(ingest.log.commands) == before
    if code:
        assert problem["code"] == code
    return problem


def with_amount(name: str, text: str) -> bytes:
    return f'{{"{name}":{text},"currency":"USD","recipient_details":{{"account_number":"1234567890"}}}}'.encode()


@pytest.mark.parametrize("case", AMOUNTS, ids=str)
async def test_a_bad_amount_is_named__API_09_API_11(ingest: Ingest, case: str) -> None:
    problem = await refused(ingest, with_amount("amount", AMOUNTS[case]), code="validation_error")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/amount"]


@pytest.mark.parametrize("case", MINORS, ids=str)
async def test_a_bad_minor_amount_is_named__API_10_API_11(ingest: Ingest, case: str) -> None:
    problem = await refused(ingest, with_amount("amount_minor", MINORS[case]), code="validation_error")
    assert [fault["pointer"] for fault in problem["errors"]] == ["/amount_minor"]


@pytest.mark.parametrize("case", UNREADABLE, ids=str)
async def test_a_body_that_is_no_json_is_refused__ERR_04(ingest: Ingest, case: str) -> None:
    problem = await refused(ingest, UNREADABLE[case], code="malformed_body")
    assert problem["errors"]


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7", b"true"])
async def test_a_body_that_is_no_object_is_refused__ERR_04(ingest: Ingest, body: bytes) -> None:
    await refused(ingest, body, code="validation_error")


@pytest.mark.parametrize("case", FIELDS, ids=str)
async def test_a_bad_field_is_named__ERR_04(ingest: Ingest, case: str) -> None:
    change, pointer = FIELDS[case]
    body = {name: value for name, value in {**ingest.good, **change}.items() if value is not None}
    headers = {"Idempotency_Key": "k", "X_Merchant_Id": "demo"} if "bank_account_id" in change else {}
    before = len(ingest.log.commands)
    answer = await ingest.pay(body, **headers)
    assert answer.status_code == 400
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]
    assert len(ingest.log.commands) == before


@pytest.mark.parametrize("case", HEADERS, ids=str)
async def test_a_bad_header_is_named__ERR_04(ingest: Ingest, case: str) -> None:
    headers, pointer = HEADERS[case]
    problem = await refused(ingest, with_amount("amount", '"1.00"'), headers)
    assert [fault["pointer"] for fault in problem["errors"]] == [pointer]


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-Merchant-Id", "Prefer", "Content-Type"])
async def test_a_header_sent_twice_is_refused__ERR_04(ingest: Ingest, name: str) -> None:
    value = {"Idempotency-Key": "k", "X-Merchant-Id": "demo", "Prefer": "wait=1", "Content-Type": "application/json"}[name]
    headers = [("Content-Type", "application/json"), (name, value)] + ([(name, value)] if name != "Content-Type" else [])
    answer = await ingest.client.post("/api/v1/payouts", content=with_amount("amount", '"1.00"'), headers=headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"header/{name}"
    assert ingest.log.types(4) == []


async def test_all_faults_come_at_once__ERR_04(ingest: Ingest) -> None:
    body = {"amount": "-1", "currency": "USD", "recipient_details": {"msisdn": "7"}, "reference": "", "extra": 1}
    answer = await ingest.pay(body, Idempotency_Key="a b", X_Merchant_Id="NO")
    pointers = {fault["pointer"] for fault in answer.json()["errors"]}
    assert pointers == {
        "header/Idempotency-Key",
        "header/X-Merchant-Id",
        "/extra",
        "/reference",
        "/amount",
        "/recipient_details/msisdn",
    }


async def test_a_saved_account_needs_a_key_and_a_merchant__IDM_01_SEC_04(ingest: Ingest) -> None:
    body = {"amount_paise": 50000, "bank_account_id": "aaaaaaaa-0001-4000-8000-000000000001"}
    codes = {fault["code"] for fault in (await ingest.pay(body)).json()["errors"]}
    assert codes == {"idempotency_key_required", "merchant_required"}
    assert (await ingest.pay(body, X_Merchant_Id="demo")).json()["code"] == "idempotency_key_required"
    assert (await ingest.pay(body, Idempotency_Key="k")).json()["code"] == "merchant_required"


async def test_an_unknown_merchant_is_400__SEC_04(ingest: Ingest) -> None:
    answer = await ingest.pay(X_Merchant_Id="nobody")
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_merchant")


async def test_the_body_may_not_name_another_merchant_than_the_header__SEC_04(ingest: Ingest) -> None:
    answer = await ingest.pay({**ingest.good, "merchant_id": "other"}, X_Merchant_Id="demo")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/merchant_id")


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"]
)
async def test_another_content_type_is_415__ERR_02(ingest: Ingest, content_type: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await ingest.client.post("/api/v1/payouts", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.json()["errors"][0]["pointer"] == "header/Content-Type"


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, gzip"])
async def test_a_compressed_body_is_415__ERR_04(ingest: Ingest, encoding: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    answer = await ingest.client.post("/api/v1/payouts", content=b"\x1f\x8b\x08", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (415, "header/Content-Encoding")


async def test_a_body_above_one_mebibyte_is_413__ERR_02(ingest: Ingest) -> None:
    body = b'{"description":"' + b"x" * (1024 * 1024) + b'"}'
    problem = await refused(ingest, body, code="payload_too_large")
    assert problem["status"] == 413


async def test_a_body_of_unknown_length_is_cut_off_at_the_limit__ERR_02(ingest: Ingest) -> None:
    async def endless() -> Any:
        for _ in range(20):
            yield b"x" * 100_000

    answer = await ingest.client.post("/api/v1/payouts", content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("text", ["e\u0301", "\u202egnp.exe", "a\u200bb", "名前", "👩‍👧"], ids=ascii)
async def test_text_of_every_script_is_kept_as_sent__API_13(ingest: Ingest, text: str) -> None:
    answer = await ingest.pay({**ingest.good, "description": text})
    assert (answer.status_code, answer.json()["description"]) == (201, text)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"amount": 5}, "/amount"),
        ({"amount": None}, "/amount"),
        ({"currency": "usd"}, "/currency"),
        ({"recipient_details": {"msisdn": "7"}}, "/recipient_details/msisdn"),
        ({"description": "\0"}, "/description"),
        ({"expected_version": 0}, "/expected_version"),
        ({"expected_version": True}, "/expected_version"),
        ({"colour": "red"}, "/colour"),
    ],
    ids=str,
)
async def test_a_bad_edit_is_named__API_21(ingest: Ingest, body: dict[str, Any], pointer: str) -> None:
    payout_id = (await ingest.pay()).json()["id"]
    answer = await ingest.client.patch(f"/api/v1/payouts/{payout_id}", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
    assert ingest.log.types(4) == ["request_payout"]


@pytest.mark.parametrize("match", ["3", '"x', '"1", 2', '"1", *'])
async def test_a_bad_if_match_is_named__API_23(ingest: Ingest, match: str) -> None:
    payout_id = (await ingest.pay()).json()["id"]
    answer = await ingest.client.patch(f"/api/v1/payouts/{payout_id}", json={"amount": "1.00"}, headers={"If-Match": match})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "header/If-Match")


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/merchants", {"name": "x"}, "/id"),
        ("/merchants", {"id": "UPPER", "name": "x"}, "/id"),
        ("/merchants", {"id": "m"}, "/name"),
        ("/merchants", {"id": "m", "name": "x", "main_currency": "XXX"}, "/main_currency"),
        ("/merchants/demo/credits", {"amount": "1.00", "currency": "USD"}, "/reference"),
        ("/merchants/demo/credits", {"amount": 1, "currency": "USD", "reference": "r"}, "/amount"),
        ("/merchants/demo/credits", {"amount": "1.00", "currency": "USD", "reference": "r", "x": 1}, "/x"),
        ("/merchants/demo/bank-accounts", {"account_number": "1234567890"}, "/holder"),
        ("/merchants/demo/bank-accounts", {"holder": "x", "account_number": "1"}, "/account_number"),
        ("/merchants/demo/bank-accounts", {"holder": "x", "account_number": "12345", "verified": "yes"}, "/verified"),
        ("/merchants/demo/bank-accounts", {"id": "7", "holder": "x", "account_number": "12345"}, "/id"),
    ],
)
async def test_bad_merchants_credits_and_accounts_are_named__ERR_04(
    ingest: Ingest, path: str, body: dict[str, Any], pointer: str
) -> None:
    answer = await ingest.post(path, body, Idempotency_Key="k")
    assert answer.status_code == 400
    assert pointer in [fault["pointer"] for fault in answer.json()["errors"]]
    assert ingest.log.types(4) == []


async def test_a_credit_to_another_merchant_than_the_header_is_refused__SEC_04(ingest: Ingest) -> None:
    body = {"amount": "1.00", "currency": "USD", "reference": "r"}
    answer = await ingest.post("/merchants/demo/credits", body, Idempotency_Key="k", X_Merchant_Id="other")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "header/X-Merchant-Id")
