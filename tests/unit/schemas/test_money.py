"""Money: exponents by the standard, and exact conversion (LED-01, API-09, API-11)."""

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.money import EXPONENTS, MoneyError, check_minor, exponent, format_amount, highest_minor, parse_amount

BAD = ["", "0", "0.00", "-1", "-0", "+5", " 7 ", "1_000", "1e3", "1E400", "NaN", "Infinity", "1.", ".5", "01.00", "1,5",
       "١٢٣", "１２３", "1.234", "9" * 13, "1" * 5000, "0x10", "1 000", "\x001"]  # fmt: skip


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_the_exponent_is_the_standards(currency: str) -> None:
    assert iso4217.Currency(currency).exponent == exponent(currency)


@pytest.mark.parametrize("text", BAD)
def test_what_is_not_a_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        parse_amount(text, "USD")


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("100.50", "USD", 10050), ("0.01", "USD", 1), ("7", "JPY", 7), ("1.234", "KWD", 1234), ("1500", "UGX", 1500)],
)
def test_decimal_text_becomes_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(("text", "currency"), [("1.5", "JPY"), ("1.2345", "KWD"), ("1.0", "UGX")])
def test_an_inexact_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(MoneyError, match="decimals"):
        parse_amount(text, currency)


def test_the_cap_is_999_999_999_99_and_keeps_a_million_of_them_in_63_bits() -> None:
    assert parse_amount("999999999.99", "USD") == highest_minor("USD")
    with pytest.raises(MoneyError):
        check_minor(highest_minor("USD") + 1, "USD")
    assert all(highest_minor(currency) * 1_000_000 < 2**63 for currency in EXPONENTS if exponent(currency) < 4)


@given(st.sampled_from(sorted(EXPONENTS)), st.data())
def test_text_and_minor_units_round_trip(currency: str, data: st.DataObject) -> None:
    minor = data.draw(st.integers(1, min(highest_minor(currency), 999_999_999_999)))
    assert parse_amount(format_amount(minor, currency), currency) == minor


def test_an_unknown_currency_is_an_error() -> None:
    with pytest.raises(MoneyError):
        exponent("XXX")
