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


@pytest.mark.parametrize("number", ["de89370400440532013001", "DE89-3704-0044-0532-0130-01", "de89 3704.0044/0532 0130-01"])
def test_api_07_an_iban_is_known_however_it_is_written_as_an_account_number(number: str) -> None:
    faults = read_recipient({"account_number": number})
    assert isinstance(faults, list)
    assert "check digits" in faults[0].detail
    good = number[:-2] + "00"
    assert read_recipient({"account_number": good}) == {"type": "bank_account", "account_number": good}


def test_api_07_letters_that_only_look_like_an_iban_s_are_no_account_number() -> None:
    assert isinstance(read_recipient({"account_number": "\u017fE4550000000058398257466"}), list)


@pytest.mark.parametrize("key", ["account_number", "account"])
@pytest.mark.parametrize(
    "number", ["GB82WEST12345698765432", "gb82 west 1234 5698 7654 32", "98765432", "12-34-56 98765432"]
)
def test_api_06_a_number_that_is_in_the_iban_is_one_recipient_with_it(key: str, number: str) -> None:
    assert isinstance(read_recipient({"iban": "GB82 WEST 1234 5698 7654 32", key: number}), dict)


@pytest.mark.parametrize("key", ["account_number", "account"])
@pytest.mark.parametrize("number", ["98765433", "1234567890", "GB82W"])
def test_api_06_a_number_that_contradicts_the_iban_is_another_recipient(key: str, number: str) -> None:
    faults = read_recipient({"iban": "GB82WEST12345698765432", key: number})
    assert isinstance(faults, list)
    assert [fault.pointer for fault in faults] == ["/iban"]


def test_err_04_a_value_that_cannot_be_kept_hides_no_other_fault() -> None:
    read = read_recipient({"msisdn": "+25677212345", "name": "n\x00", "type": "bank_account"})
    assert isinstance(read, list)
    assert [fault.pointer for fault in read] == ["/name", "/type", "/msisdn"]


@pytest.mark.parametrize(
    ("number", "iban"),
    [
        ("61109010140000071219812874", "PL61109010140000071219812874"),
        ("19-2000145399/0800", "CZ6508000000192000145399"),
        ("0532013000", "DE89370400440532013000"),
    ],
)
def test_a_number_as_its_country_writes_it_fits_its_iban__API_06(number: str, iban: str) -> None:
    assert isinstance(read_recipient({"account_number": number, "iban": iban}), dict)
    assert isinstance(read_recipient({"account_number": number[:-1] + "9", "iban": iban}), list)
