"""Account numbers and phone numbers: what is meant as one, and what is wrong with it (API-07)."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.intake.iban import LENGTHS, holds, iban_remedy, looks_like_iban
from domain.intake.phones import is_mobile, msisdn_fault
from domain.intake.recipients import read_recipient

GOOD_IBAN = "DE89370400440532013000"


def with_check_digits(country: str, account: str) -> str:
    number = int("".join(str(int(character, 36)) for character in f"{account}{country}00"))
    return f"{country}{98 - number % 97:02d}{account}"


@given(st.sampled_from(sorted(LENGTHS)), st.data())
def test_every_country_s_ibans_are_taken_and_one_wrong_digit_is_found(country: str, data: st.DataObject) -> None:
    digits = LENGTHS[country] - 4
    account = data.draw(st.text(alphabet="0123456789", min_size=digits, max_size=digits))
    iban = with_check_digits(country, account)
    assert holds(iban)
    assert iban_remedy(iban) is None
    place = data.draw(st.integers(4, len(iban) - 1))
    wrong = iban[:place] + str((int(iban[place]) + 1) % 10) + iban[place + 1 :]
    assert "check digits" in (iban_remedy(wrong) or "")


def test_a_digit_too_few_is_an_error_also_under_account_number() -> None:
    faults = read_recipient({"account_number": GOOD_IBAN[:-1]})
    assert isinstance(faults, list)
    assert "22" in faults[0].detail


def test_a_plain_account_number_is_no_iban() -> None:
    assert not looks_like_iban("1234567890")
    assert isinstance(read_recipient({"account_number": "1234567890"}), dict)


def test_two_different_ibans_are_not_one_recipient() -> None:
    other = with_check_digits("DE", "370400440532013001")
    assert isinstance(read_recipient({"iban": GOOD_IBAN, "account_number": other}), list)


def example_mobiles() -> list[phonenumbers.PhoneNumber]:
    mobile = phonenumbers.PhoneNumberType.MOBILE
    examples = (phonenumbers.example_number_for_type(region, mobile) for region in sorted(phonenumbers.SUPPORTED_REGIONS))
    return [example for example in examples if example is not None]


@pytest.mark.parametrize("number", example_mobiles())
def test_the_mobile_number_that_each_country_gives_as_an_example_is_taken(number: phonenumbers.PhoneNumber) -> None:
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    assert msisdn_fault("", text) is None, text


@pytest.mark.parametrize(
    "text", ["+25677212345", "+2567721234567", "+999123456789", "0772123456", "+256 772123456", "+٢٥٦٧٧٢١٢٣٤٥٦"]
)
def test_a_number_that_no_phone_can_have_is_refused(text: str) -> None:
    assert not is_mobile(text)
    assert msisdn_fault("", text) is not None
