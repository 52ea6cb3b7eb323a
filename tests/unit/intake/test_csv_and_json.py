"""CSV rows and strict JSON (BAT-03, BAT-05, ERR-04, IDM-05)."""

import contextlib
import time

import pytest

from domain.intake.content import JsonFault, JsonFraction, content_hash, parse_json
from domain.intake.csv_rows import Plan, read_header
from domain.intake.faults import Fault
from domain.intake.headers import read_key, read_match, read_wait
from domain.intake.payout import FIELDS, read_payout
from schemas.commands import Match
from schemas.currencies import enabled
from schemas.forms import PayoutForm

CURRENCIES = enabled({"USD", "UGX"})
HEADER = ["msisdn", "amount", "currency", "reference", "name"]


def _plan(header: list[str] = HEADER, **more: str) -> Plan:
    plan = read_header(header, currencies=CURRENCIES, default_currency=more.get("currency"))
    assert isinstance(plan, Plan), plan
    return plan


def test_a_good_row_is_a_form() -> None:
    form = _plan().read(["+256772123456", "1500", "UGX", "r-1", "Jane"], 1)
    recipient = {"type": "mobile_money", "msisdn": "+256772123456", "name": "Jane"}
    assert form == PayoutForm(amount_minor=1500, currency="UGX", recipient=recipient, reference="r-1")


def test_the_fast_and_the_slow_way_agree() -> None:
    cells = ["+256772123456", "1500", "UGX", "r-1", "Jane"]
    assert _plan()._read_fast(cells) == _plan()._read_slowly(cells, 1)


@pytest.mark.parametrize(
    "name",
    ["Jane", "", "Ja\tne", "Ja\nne", "Ja\x85ne", "e\u0301\u200d", "J" * 256, "J" * 257],
    ids=lambda name: repr(name)[:12],
)
@pytest.mark.parametrize("extras", [0, 15, 19, 20])
def test_whatever_the_fast_way_takes_the_slow_way_takes_the_same(name: str, extras: int) -> None:
    plan = _plan([*HEADER, *(f"extra {number}" for number in range(extras))])
    cells = ["+256772123456", "1500", "UGX", "r-1", name, *"x" * extras]
    assert plan.read(cells, 1) == plan._read_slowly(cells, 1)


PAYEES = {
    "msisdn": ["+256772123456", "+25677212345", "+2567721234567", "+99912345678", "+1234567", "0772123456", "+256 772123456", "+٢٥٦٧٧٢١٢٣٤٥٦", "x", ""],
    "account_number": ["1234567890", "1234", "DE89370400440532013000", "DE89370400440532013001", "de89370400440532013001", "XXXX1234", "a" * 35],
    "iban": ["DE89370400440532013000", "DE89370400440532013001", "DE8937040044053201300", "12345"],
    "bank_account_id": ["aaaaaaaa-0001-4000-8000-000000000001", "AAAAAAAA-0001-4000-8000-000000000001", "aaaaaaaa"],
}  # fmt: skip
MONEY = [(amount, currency) for amount in ("1500", "1.50", "0", "-1", "1e3", "٥", "1.234", "+5", " 7", "9999999999", "")
         for currency in ("USD", "UGX", "EUR", "usd", "")]  # fmt: skip


def _as_rest(header: list[str], cells: list[str]) -> PayoutForm | set[tuple[str, str, str]]:
    """What the same row comes to as the body of a request: a form, or its faults."""
    given = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    details = {name: given.pop(name) for name in list(given) if name not in FIELDS}
    read = read_payout({**given, **({"recipient_details": details} if details else {})}, currencies=CURRENCIES)
    return {(fault.pointer, fault.code, fault.detail) for fault in read} if isinstance(read, list) else read.form


@pytest.mark.parametrize(("column", "payee"), [(column, payee) for column, payees in PAYEES.items() for payee in payees])
def test_api_07_bat_05_a_row_is_judged_as_a_request_is(column: str, payee: str) -> None:
    header = [column, "amount", "currency", "reference", "name"]
    plan = _plan(header)
    for amount, currency in MONEY:
        for reference, name in (("r-1", "Jane"), ("r" * 65, "Ja\x00ne")):
            cells = [payee, amount, currency, reference, name]
            read = plan.read(cells, 1)
            assert read == plan._read_slowly(cells, 1)
            told = {(f.pointer.removeprefix("/rows/0"), f.code, f.detail) for f in read} if isinstance(read, list) else read
            assert told == _as_rest(header, cells), cells


def test_bat_08_err_04_a_row_s_faults_come_all_at_once() -> None:
    found = _plan().read(["+25677212345", "1,000.00", "usd", "r" * 65, "n\x00"], 3)
    assert isinstance(found, list)
    assert [(fault.column, fault.code) for fault in found if fault.column == "amount"] == [("amount", "ambiguous_number")]
    assert {fault.column for fault in found} == {"msisdn", "amount", "currency", "reference", "name"}


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        (["+256772123456", "1,000.00", "USD", "r", "n"], "amount", "ambiguous_number"),
        (["+256772123456", "1.000,00", "USD", "r", "n"], "amount", "ambiguous_number"),
        (["+256772123456", "1e3", "USD", "r", "n"], "amount", "validation_error"),
        (["+256772123456", "-5", "USD", "r", "n"], "amount", "validation_error"),
        (["0772123456", "5", "USD", "r", "n"], "msisdn", "validation_error"),
        (["+256772123456", "5", "usd", "r", "n"], "currency", "validation_error"),
        (["+256772123456", "5", "USD", "r" * 65, "n"], "reference", "validation_error"),
        (["+256772123456", "5", "USD", "r", "n\x00"], "name", "validation_error"),
        (["", "5", "USD", "r", "n"], "recipient_details", "validation_error"),
    ],
)
def test_bat_08_a_bad_cell_names_row_column_code_and_text(cells: list[str], column: str, code: str) -> None:
    [fault] = _plan().read(cells, 999_999)
    assert (fault.row, fault.column, fault.code) == (999_999, column, code)


@pytest.mark.parametrize("cells", [["a"], ["+256772123456", "5", "USD", "r", "n", "more"], []])
def test_bat_05_a_ragged_row_is_an_error(cells: list[str]) -> None:
    [fault] = _plan().read(cells, 7)
    assert (fault.code, fault.row) == ("ragged_row", 7)


@pytest.mark.parametrize(
    "header", [["amount", "currency"], ["msisdn", "currency"], ["msisdn", "amount"], ["msisdn", "amount", "amount", "currency"],
               ["", "amount", "currency", "msisdn"], [f"c{i}" for i in range(10_000)]]
)  # fmt: skip
def test_a_header_that_cannot_be_used_is_refused(header: list[str]) -> None:
    assert isinstance(read_header(header, currencies=CURRENCIES), list)


def test_columns_by_any_usual_name() -> None:
    form = _plan(["Phone Number", "AMOUNT", "ccy"]).read(["+256772123456", "5.00", "USD"], 1)
    assert isinstance(form, PayoutForm)
    assert _plan(["phone", "amount"], currency="UGX").read(["+256772123456", "5"], 1).currency == "UGX"  # type: ignore[union-attr]


BAD_JSON = [b"", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b'{"a":Infinity}', b'{"a":-Infinity}', b"\xff", b'{"a":"\\ud800"}',
            b'{"a":' + b"9" * 5000 + b"}", b"[" * 100_000, b'{"a":' * 40 + b"1" + b"}" * 40, b"{'a':1}", b"nul", b'{"a":1}x']  # fmt: skip


@pytest.mark.parametrize("body", BAD_JSON)
def test_err_04_json_that_must_not_be_read(body: bytes) -> None:
    with pytest.raises(JsonFault):
        parse_json(body)


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b"[]" * 500_000, b'"' * 1_000_000, b"{" * 500_000 + b"}" * 500_000,
                                  b'"\\' * 500_000, b'{"a":"' + b"x" * 1_000_000 + b'"}', b"9" * 1_000_000])  # fmt: skip
def test_a_megabyte_of_hostile_text_is_answered_in_linear_time(body: bytes) -> None:
    start = time.process_time()
    with contextlib.suppress(JsonFault):
        parse_json(body)
    assert time.process_time() - start < 2, "quadratic time would take minutes"


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"{" + b",".join(b'"k%d":1' % n for n in range(1_001)) + b"}", "1,001 names"), (b"[" + b"{}," * 60_000 + b"1]", "objects and lists"),
     (b"[" + b'"",' * 160_000 + b"1]", "names and texts"), (b"[" + b"1," * 250_000 + b"1]", "values")]
)  # fmt: skip
def test_sec_10_a_body_of_very_many_parts_is_refused_by_name(body: bytes, why: str) -> None:
    with pytest.raises(JsonFault, match=why):
        parse_json(body)


def test_bat_01_as_many_rows_as_fit_in_a_megabyte_are_read() -> None:
    row = b'{"amount":"1","currency":"USD","recipient_details":{"account":"12345"}}'
    rows = b",".join([row] * ((1024 * 1024 - 40) // (len(row) + 1)))
    assert isinstance(parse_json(b'{"name":"x","rows":[' + rows + b"]}"), dict)


def test_a_fraction_never_becomes_a_float() -> None:
    parsed = parse_json(b'{"a":1.5,"b":1e3,"c":2}')
    assert parsed == {"a": JsonFraction("1.5"), "b": JsonFraction("1e3"), "c": 2}


def test_idm_05_content_is_compared_by_meaning() -> None:
    one, other = parse_json(b'{"a":1,"b":{"c":2}}'), parse_json(b' { "b" : {"c":2} , "a":1 } ')
    assert content_hash("x", one) == content_hash("x", other)
    assert content_hash("x", one) != content_hash("y", one)
    assert content_hash("x", one) != content_hash("x", parse_json(b'{"a":2,"b":{"c":2}}'))


@pytest.mark.parametrize("value", ["", " ", "a b", "x" * 256, "ключ", "a\n"])
def test_idm_01_a_bad_key(value: str) -> None:
    assert isinstance(read_key(value), Fault)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 5),
        ("wait=0", 0),
        ("respond-async, wait=10", 10),
        ("wait=30", 30),
        ("foo", 5),
        ("WAIT=0", 0),
        ("Wait = 7", 7),
        ("handling=lenient, wait=6", 6),
        ('wait="6"', 6),
        ('wait="6"; strict', 6),
        ("wait=6, wait=31", 6),
        ('note="a, wait=31", wait=6', 6),
        ("note=await", 5),
        ("foo; wait=6", 5),
        ('note="wait=6', 5),
    ],
)
def test_api_14_prefer_wait(value: str | None, seconds: float) -> None:
    assert read_wait(value, 5) == seconds


@pytest.mark.parametrize("value", ["wait=31", "wait=-1", "wait=x", "wait=", "wait", 'wait="6', "WAIT=٦", "foo, wait=31"])
def test_api_14_a_bad_wait(value: str) -> None:
    assert isinstance(read_wait(value, 5), Fault)


@pytest.mark.parametrize(
    ("value", "version"),
    [
        ('"3"', 3),
        ('"3-u"', 3),
        ("*", None),
        (None, None),
        ('"1","2"', [1, 2]),
        (' "1-0a" , W/"2",, "4" ', [1, 4]),
        ('W/"3"', []),
        ('"x"', []),
        ('"a,b", "3"', [3]),
    ],
)
def test_api_23_if_match(value: str | None, version: Match) -> None:
    assert read_match(value) == version


@pytest.mark.parametrize("value", ["3", 'w/"3"', "", ",", '"1", *', '"1" "2"', '"1', ", ".join(['"1"'] * 51)])
def test_api_23_a_bad_if_match(value: str) -> None:
    assert isinstance(read_match(value), Fault)
