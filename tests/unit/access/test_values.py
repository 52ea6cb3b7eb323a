"""Keys, buckets, people and masks (SEC-02, SEC-03, SEC-07, SEC-08, SEC-11)."""

import os
from typing import Any

import pytest

from domain.access import keys
from domain.access.bucket import Bucket, Limit, headers, take
from domain.access.people import KeyWish, Person, read_email, read_key_wish, read_person
from schemas.masking import masked_recipient, scrubbed, scrubbed_reason


def test_sec_02_a_key_has_256_bits_a_prefix_and_a_hash() -> None:
    found = {keys.written(os.urandom(32), live=True) for _ in range(100)}
    assert len(found) == 100
    one = next(iter(found))
    assert keys.is_key(one)
    assert one.startswith(keys.shown(one))
    assert len(keys.shown(one)) < len(one) - 36
    assert one.encode() not in keys.stored(one)
    assert keys.written(bytes(32), live=False).startswith("pk_test_")
    with pytest.raises(ValueError, match="32 bytes"):
        keys.written(b"short", live=True)


@pytest.mark.parametrize(
    "text", ["", "pk_live_", "pk_live_" + "a" * 42, "pk_live_" + "a" * 44, "sk_live_" + "a" * 43, "pk_live_" + "é" * 43]
)
def test_what_is_no_key(text: str) -> None:
    assert not keys.is_key(text)


def test_sec_11_a_burst_of_100_then_50_a_second() -> None:
    limit, bucket, passed = Limit(), None, 0
    for _ in range(150):
        taking = take(bucket, limit, 0.0)
        bucket, passed = taking.bucket, passed + (taking.wait is None)
    assert passed == 100
    assert taking.wait == 1
    later = [take(Bucket(0.0, 0.0), limit, at).wait for at in (0.01, 0.02, 1.0)]
    assert later == [1, None, None]
    for step in range(1, 1001):  # ten seconds at 100 a second
        taking = take(bucket, limit, step / 100)
        bucket, passed = taking.bucket, passed + (taking.wait is None)
    assert 598 <= passed <= 601


def test_sec_11_time_that_goes_back_gives_nothing() -> None:
    assert take(Bucket(0.0, 10.0), Limit(), 5.0).wait == 1


def test_sec_11_headers_say_what_is_left() -> None:
    taking = take(None, Limit(), 0.0)
    assert headers(Limit(), taking.bucket) == {"RateLimit-Policy": '"default";q=100;w=2', "RateLimit": '"default";r=99;t=1'}


GOOD = {"email": " Ama@Example.com", "name": "Ama", "grants": [{"role": "viewer", "merchants": ["demo"]}]}


def test_a_person_is_read() -> None:
    read = read_person({**GOOD, "password": "a long pass phrase"})
    assert isinstance(read, Person)
    assert read.email == "ama@example.com"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "nobody"}, "/email"),
        ({"email": 5}, "/email"),
        ({"email": "a@b\x00"}, "/email"),
        ({"name": ""}, "/name"),
        ({"name": None}, "/name"),
        ({"password": "short"}, "/password"),
        ({"password": "x" * 257}, "/password"),
        ({"grants": []}, "/grants"),
        ({"grants": "admin"}, "/grants"),
        ({"grants": [{"role": "god", "merchants": ["a"]}]}, "/grants/0/role"),
        ({"grants": [{"role": ["x"], "merchants": ["a"]}]}, "/grants/0/role"),
        ({"grants": [{"role": "admin", "merchants": []}]}, "/grants/0/merchants"),
        ({"grants": [{"role": "admin", "merchants": ["*", "a"]}]}, "/grants/0/merchants"),
        ({"grants": [{"role": "admin", "merchants": ["A B"]}]}, "/grants/0/merchants"),
        ({"grants": [{"role": "admin"}]}, "/grants/0"),
        ({"is_admin": True}, "/is_admin"),
    ],
)
def test_a_bad_person_names_the_field(change: dict[str, Any], pointer: str) -> None:
    read = read_person({**GOOD, **change})
    assert isinstance(read, list)
    assert pointer in [fault.pointer for fault in read]


WISH = {"name": "ERP", "scopes": ["payouts:read"], "merchants": ["demo"]}


def test_a_key_wish_is_read() -> None:
    assert isinstance(read_key_wish({**WISH, "expires_in_days": 30}), KeyWish)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["everything"]}, "/scopes"),
        ({"scopes": [["payouts:read"]]}, "/scopes"),
        ({"scopes": [{}]}, "/scopes"),
        ({"merchants": "demo"}, "/merchants"),
        ({"expires_in_days": 0}, "/expires_in_days"),
        ({"expires_in_days": True}, "/expires_in_days"),
        ({"live": "yes"}, "/live"),
        ({"key": "pk_live_x"}, "/key"),
    ],
)
def test_a_bad_key_wish_names_the_field(change: dict[str, Any], pointer: str) -> None:
    read = read_key_wish({**WISH, **change})
    assert isinstance(read, list)
    assert pointer in [fault.pointer for fault in read]


@pytest.mark.parametrize("raw", [None, [], "x", 5])
def test_what_is_no_object(raw: object) -> None:
    assert isinstance(read_person(raw), list)
    assert isinstance(read_key_wish(raw), list)
    assert read_email(raw) is None


def test_sec_07_a_masked_recipient() -> None:
    sent = {
        "type": "bank_account",
        "account_number": "1234567890123456",
        "name": "Ama Mensah",
        "bank_name": "Bank",
        "pin": "12",
    }
    shown = masked_recipient(sent)
    assert shown["account_number"] == "XXXXXXXXXXXX3456"
    assert (shown["name"], shown["bank_name"], shown["type"], shown["pin"]) == (
        "A*** M***",
        "Bank",
        "bank_account",
        "X" * 12,
    )
    assert masked_recipient({"something_new": "+256772123456"})["something_new"] == "XXXXXXXXXXXX3456", (
        "what is not known is masked"
    )


@pytest.mark.parametrize("member", ["bank_name", "branch", "network", "account_type", "type", "provider"])
@pytest.mark.parametrize(
    "number", ["1234567890", "+256772123456", "0772 123 456", "0772-123.456", "(0772) 123 456", "12345", "a1234567b"]
)
def test_sec_07_what_names_nobody_carries_no_number_through(member: str, number: str) -> None:
    shown = masked_recipient({member: f"Stanbic {number} 24"})[member]
    assert sum(char.isdigit() for char in shown) <= 2
    assert shown.startswith("Stanbic ")


def test_sec_07_codes_and_names_of_banks_stay() -> None:
    codes = {
        "bank_code": "021000021",
        "ifsc": "HDFC0001234",
        "bic": "DEUTDEFF500",
        "branch": "Area 51, no. 0042",
        "country": "UG",
    }
    assert masked_recipient(codes) == codes
    assert masked_recipient({"bank_code": "1234567890123456"}) == {"bank_code": "XXXXXXXXXXXX3456"}, "that is no code"


@pytest.mark.parametrize(
    "secret",
    [
        "+256772123456",
        "+256 772 123 456",
        "256772123456",
        "DE89370400440532013000",
        "DE89 3704 0044 0532 0130 00",
        "GB29NWBK60161331926819",
        "pk_live_" + "a" * 43,
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ],
)
def test_sec_08_secrets_and_numbers_are_cut_out_of_texts(secret: str) -> None:
    for text in (secret, f"paid to {secret} today", f"('{secret}')", f'{{"x": "{secret}"}}'):
        assert secret not in scrubbed(text)
        assert secret[6:] not in scrubbed(text)


@pytest.mark.parametrize(
    "text",
    [
        "offset 12345678 of partition 3",
        "01a1fce3-eadb-73ce-b132-dc140c212c12",
        "2026-11-21T10:00:00.123456Z",
        "services.processor.writer",
        "payouts.events:3:99999999",
        "OffsetOutOfRangeError",
    ],
)
def test_what_operators_need_stays(text: str) -> None:
    assert scrubbed(text) == text


def test_sec_08_a_reason_holds_no_long_number() -> None:
    assert scrubbed_reason("customer 1234567 called about invoice 42") == "customer [removed] called about invoice 42"
    assert (
        scrubbed("duplicate key\nDETAIL:  Key (email)=(ama@example.com) already exists.\nCONTEXT: x")
        == "duplicate key\n[removed]"
    )
