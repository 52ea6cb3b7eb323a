"""Requests, read: every form, and every bad input with its field (API-03 to API-16, ERR-04)."""

from typing import Any

import pytest

from domain.intake.accounts import DepositAmounts, read_deposit_amounts
from domain.intake.batch import read_batch, read_rows
from domain.intake.edit import EditFields, read_edit
from domain.intake.faults import Fault
from domain.intake.merchants import read_bank_account, read_credit, read_merchant_request
from domain.intake.payout import PayoutRequest, read_payout
from schemas.currencies import enabled

CURRENCIES = enabled({"USD", "INR", "JPY", "KWD", "UGX"})
ACCOUNT = "aaaaaaaa-0001-4000-8000-000000000001"
GOOD: dict[str, Any] = {"amount": "10.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}


def _read(**changes: Any) -> Any:
    body = {**GOOD, **changes}
    return read_payout({key: value for key, value in body.items() if value is not ...}, currencies=CURRENCIES)


def _pointers(read: Any) -> list[str]:
    assert isinstance(read, list), read
    assert all(isinstance(fault, Fault) and fault.detail for fault in read)
    return [fault.pointer for fault in read]


@pytest.mark.parametrize(
    "amount", [0, -1, 1.5, True, None, [], {}, "0", "-1", "1e3", "NaN", "1_000", " 7 ", "+5", "١٢٣", "1.234", "9" * 5000]
)
def test_api_11_a_bad_amount_names_amount(amount: object) -> None:
    assert _pointers(_read(amount=amount)) == ["/amount"]


@pytest.mark.parametrize("amount", [0, -1, 2**63, True, "5", None, 100_000_000_000])
def test_api_10_a_bad_amount_minor_names_it(amount: object) -> None:
    assert _pointers(_read(amount=..., amount_minor=amount))[0] in {"/amount_minor", "/amount"}


@pytest.mark.parametrize("currency", ["usd", "XXX", "US", "", 5, None, "EUR", "USDD"])
def test_api_12_a_bad_currency_names_currency(currency: object) -> None:
    assert _pointers(_read(currency=currency)) == ["/currency"]


def test_api_10_forms_sent_together_must_agree() -> None:
    assert isinstance(_read(amount_minor=1000), PayoutRequest)
    assert _pointers(_read(amount_minor=1001)) == ["/amount_minor"]


def test_api_04_paise_means_inr() -> None:
    read = read_payout({"amount_paise": 50000, "bank_account_id": ACCOUNT.upper()}, currencies=CURRENCIES)
    assert isinstance(read, PayoutRequest)
    assert (read.form.currency, read.form.amount_minor, read.form.bank_account_id) == ("INR", 50000, ACCOUNT)


@pytest.mark.parametrize(
    ("details", "pointer"),
    [
        ({}, "/recipient_details"),
        ({"account_number": "1234567890", "msisdn": "+256772123456"}, "/recipient_details"),
        ({"account_number": "1234"}, "/recipient_details/account_number"),
        ({"account_number": "x" * 35}, "/recipient_details/account_number"),
        ({"iban": "DE89370400440532013001"}, "/recipient_details/iban"),
        ({"account_number": "DE89370400440532013001"}, "/recipient_details/account_number"),
        ({"msisdn": "0772123456"}, "/recipient_details/msisdn"),
        ({"msisdn": "+0"}, "/recipient_details/msisdn"),
        ({"account_number": "1234567890", "ifsc": "hdfc"}, "/recipient_details/ifsc"),
        ({"account_number": 1234567890}, "/recipient_details/account_number"),
        ({"account_number": "1234567890", "note": "a\x00b"}, "/recipient_details/note"),
        ({"account_number": "1234567890", "note": "x" * 257}, "/recipient_details/note"),
        ({"account_number": "1234567890", **{f"k{i}": "v" for i in range(20)}}, "/recipient_details"),
        ({"type": "pigeon", "account_number": "1234567890"}, "/recipient_details/type"),
        ({"account": "ACC-100", "account_number": "ACC-101"}, "/recipient_details/account"),
        ("1234567890", "/recipient_details"),
        (None, "/recipient_details"),
    ],
)
def test_api_06_and_07_a_bad_recipient_names_its_key(details: object, pointer: str) -> None:
    assert _pointers(_read(recipient_details=details)) == [pointer]


def test_api_06_two_recipients_are_a_fault() -> None:
    assert _pointers(_read(bank_account_id=ACCOUNT)) == ["/recipient_details"]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", "\x1b[31m", "x" * 1025, 5, ["a"]])
def test_api_13_a_bad_description_names_it(text: object) -> None:
    assert _pointers(_read(description=text)) == ["/description"]


@pytest.mark.parametrize("text", ["Zoë Ñandú", "مرحبا", "支払い", "a\nb", ""])
def test_api_13_every_script_is_welcome(text: str) -> None:
    assert isinstance(_read(description=text), PayoutRequest)


@pytest.mark.parametrize(
    ("field", "value"), [("status", "completed"), ("id", "x"), ("version", 2), ("created_at", "now"), ("foo", 1)]
)
def test_api_16_read_only_and_unknown_fields_are_faults(field: str, value: object) -> None:
    assert _pointers(_read(**{field: value})) == [f"/{field}"]


def test_err_04_all_faults_come_at_once() -> None:
    faults = _pointers(_read(amount="x", description="\x00", reference="", foo=1, recipient_details={}))
    assert set(faults) == {"/amount", "/description", "/reference", "/foo", "/recipient_details"}


@pytest.mark.parametrize("body", [None, [], "text", 5, True])
def test_a_body_that_is_no_object_is_a_fault(body: object) -> None:
    assert _pointers(read_payout(body, currencies=CURRENCIES)) == [""]
    assert _pointers(read_edit(body, currencies=CURRENCIES)) == [""]
    assert _pointers(read_batch(body, currencies=CURRENCIES)) == [""]
    assert _pointers(read_rows(body, currencies=CURRENCIES)) == [""]
    assert _pointers(read_credit(body, currencies=CURRENCIES)) == [""]
    assert _pointers(read_bank_account(body)) == [""]
    assert _pointers(read_merchant_request(body, currencies=CURRENCIES)) == [""]


def test_api_16_an_edit_keeps_read_only_fields_to_be_compared() -> None:
    read = read_edit({"amount": "5.00", "currency": "USD", "status": "pending"}, currencies=CURRENCIES)
    assert isinstance(read, EditFields)
    assert (read.amount, read.read_only) == ("5.00", {"status": "pending"})


def test_api_21_put_needs_all_four() -> None:
    faults = _pointers(read_edit({"amount": "5.00"}, currencies=CURRENCIES, replace=True))
    assert set(faults) == {"/currency", "/description", "/recipient_details"}


def test_rows_name_their_index() -> None:
    read = read_rows({"rows": [GOOD, {**GOOD, "amount": "x"}, {**GOOD, "foo": 1}]}, currencies=CURRENCIES)
    assert _pointers(read) == ["/rows/1/amount", "/rows/2/foo"]


@pytest.mark.parametrize("rows", [[], [GOOD] * 501, "x", None])
def test_a_chunk_has_1_to_500_rows(rows: object) -> None:
    assert _pointers(read_rows({"rows": rows}, currencies=CURRENCIES)) == ["/rows"]


def test_bat_07_declared_sums_may_be_larger_than_one_payout() -> None:
    read = read_batch(
        {"rows": [GOOD], "declared": {"row_count": 1, "sums": {"USD": "12345678901234.56"}}}, currencies=CURRENCIES
    )
    assert not isinstance(read, list)
    assert read.declaration is not None
    assert read.declaration.sums_minor == {"USD": 1234567890123456}


@pytest.mark.parametrize(
    "amount", ["", "0.", ".5", "-0.32", "+0.32", "0,32", "1e1", " 0.32", "0.32\n", "٠.٣٢", "00.32", "0.12345", 0.32, None]
)
def test_api_28_an_amount_that_is_none_is_named_and_no_try(amount: object) -> None:
    [fault] = read_deposit_amounts({"amounts": ["0.32", amount]})  # type: ignore[misc]
    assert fault.pointer == "/amounts/1"


def test_api_28_an_amount_that_cannot_be_right_is_a_try() -> None:
    assert read_deposit_amounts({"amounts": ["5.00", "0"]}) == DepositAmounts(amounts=["5.00", "0"])


def test_err_04_an_amount_that_is_missing_is_told_beside_a_bad_currency() -> None:
    for currency in (None, "usd"):
        assert set(_pointers(_read(amount=None, currency=currency))) == {"/amount", "/currency"}


@pytest.mark.parametrize(
    "amount", [{"amount": "x"}, {"amount": 1}, {"amount_minor": -1}, {"amount": "x", "amount_minor": 0}]
)
@pytest.mark.parametrize("currency", ["usd", "XXX", "EUR", 5])
def test_err_04_an_edit_tells_a_bad_amount_beside_a_bad_currency(amount: dict[str, object], currency: object) -> None:
    faults = _pointers(read_edit({**amount, "currency": currency}, currencies=CURRENCIES))
    assert faults == [*(f"/{name}" for name in amount), "/currency"]


def test_err_04_an_edit_tells_what_is_no_amount_in_any_currency_without_one() -> None:
    assert _pointers(read_edit({"amount": "1,5", "description": "\x00"}, currencies=CURRENCIES)) == [
        "/amount",
        "/description",
    ]
    assert _pointers(read_edit({"amount_paise": 0, "currency": "USD"}, currencies=CURRENCIES)) == [
        "/amount_paise",
        "/currency",
    ]
    read = read_edit({"amount": "1.2345"}, currencies=CURRENCIES)
    assert isinstance(read, EditFields), "some currency has four decimals; the payout's own is not known here"
