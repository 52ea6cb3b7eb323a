"""Addresses that webhooks never go to (SEC-09), and how recipients are masked (SEC-07)."""

import pytest

from domain.webhooks.addresses import address_fault, url_fault
from domain.webhooks.masking import masked_recipient, masked_text, without_names
from schemas.masking import masked

PRIVATE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
    "192.88.99.1", "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "fec0::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "2002:7f00:1::", "2002:0a00:0001::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "not an address", "",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_sec_09_what_is_not_public_is_refused(address: str) -> None:
    assert address_fault(address, loopback=False) is not None


@pytest.mark.parametrize("address", PUBLIC)
def test_sec_09_what_is_public_is_allowed(address: str) -> None:
    assert address_fault(address, loopback=False) is None


def test_loopback_is_allowed_only_where_it_is_said_and_nothing_else_with_it() -> None:
    assert address_fault("127.0.0.1", loopback=True) is None
    assert address_fault("::1", loopback=True) is None
    for address in PRIVATE:
        if not address.startswith(
            ("127.", "::1", "::ffff:127", "::127", "2002:7f00", "64:ff9b::7f00", "2001:0:4136:e378:8000:63bf:80")
        ):
            assert address_fault(address, loopback=True) is not None, address


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com", "//example.com/x", "https://",
        "https:///path", "https://user@example.com/", "https://user:pw@example.com/", "https://example.com/#part",
        "https://exa mple.com/", "https://example.com:99999/", "https://example.com:0/", "https://[::1", "https://exämple.com/",
        "https://127.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://010.0.0.1/", "https://1.2.3.0x4./",
        "https://loc%61lhost/", "https://%31%32%37.0.0.1/", "https://10.0.0.1%00.example.com/", "https://[::1%25lo]/", "https://１２７.0.0.1/",
        "https://example.com\\@evil/", "https://example.com/\r\nHost: evil", "https://example.com/" + "a" * 2048, "", 5, None, [],
    ],
)  # fmt: skip
def test_sec_09_addresses_that_are_refused_by_their_form(url: object) -> None:
    assert url_fault(url, plain=False) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://a_b-c.example.com.",
        "https://xn--exmple-cua.com",
        "https://[2606:4700:4700::1111]/",
        "https://example.com",
        "https://example.com:8443/a/b?c=d",
        "https://8.8.8.8/x",
    ],
)
def test_good_addresses(url: str) -> None:
    assert url_fault(url, plain=False) is None


def test_plain_http_only_where_it_is_allowed() -> None:
    assert url_fault("http://127.0.0.1:9000/", plain=True) is None
    assert url_fault("http://127.0.0.1:9000/", plain=False) == "must begin with https://"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("1234567890123456", "XXXXXXXXXXXX3456"),
        ("+256772123456", "XXXXXXXXXXXX3456"),
        ("12345", "XXXXXXXXXXXX"),
        ("", "XXXXXXXXXXXX"),
    ],
)
def test_sec_07_numbers_are_masked(number: str, shown: str) -> None:
    assert masked(number) == shown


def test_sec_07_nothing_else_of_a_recipient_is_told() -> None:
    canary = {
        "type": "mobile_money",
        "msisdn": "+256772123456",
        "name": "CANARY-NAME",
        "note": "CANARY-NOTE",
        "phone": "+256772123456",
    }
    assert masked_recipient(canary) == {"type": "mobile_money", "account": "XXXXXXXXXXXX3456"}
    assert masked_recipient(None) is None


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("account 1234567890 closed", "account XXXXXXXXXXXX7890 closed"),
        ("call +256 772 123-456 now", "call XXXXXXXXXXXX3456 now"),
        ("IBAN DE89370400440532013000 unknown", "IBAN XXXXXXXXXXXX3000 unknown"),
        ("code 5 of 2026", "code 5 of 2026"),
        (None, None),
    ],
)
def test_sec_07_numbers_in_texts_are_masked(text: str | None, cleaned: str | None) -> None:
    assert masked_text(text) == cleaned


def test_sec_07_a_name_in_a_reason_is_removed() -> None:
    assert without_names("JANE DOE is unknown", {"type": "x", "name": "JANE DOE"}) == "[removed] is unknown"
    assert without_names("the bank says jane doe", {"name": "Jane Doe", "bank_name": "Bank"}) == "the bank says [removed]"


def test_a_megabyte_of_hostile_text_is_cleaned_at_once() -> None:
    import time

    for text in ("1 " * 500_000, "A" * 1_000_000, "DE89" + "A" * 1_000_000, "1-" * 500_000):
        started = time.process_time()
        masked_text(text)
        url_fault("https://" + text, plain=False)
        assert time.process_time() - started < 0.1
