"""Masked payees that come back never become payees (LIF-05, SEC-07)."""

from typing import Any

import pytest

from domain.intake.faults import Fault
from domain.intake.masked import unmasked
from domain.intake.recipients import read_recipient
from schemas.masking import masked_recipient

PAYEE = {"account_number": "40817810099910004312", "name": "Ama Mensah", "bank_name": "First", "pin": "12"}
OTHER = {"msisdn": "+256772000123", "name": "Kofi"}
SHOWN, OTHER_SHOWN = masked_recipient(PAYEE), masked_recipient(OTHER)


def payout(payee: Any, **more: Any) -> dict[str, Any]:
    return {"amount": "1.00", "currency": "USD", "recipient_details": payee, **more}


def batch(*payees: Any) -> dict[str, Any]:
    return {"rows": [payout(payee) for payee in payees]}


@pytest.mark.parametrize(
    ("kept", "sent", "found"),
    [
        (payout(PAYEE), payout(SHOWN, amount="2.00"), payout(PAYEE, amount="2.00")),
        (payout(PAYEE), payout({**SHOWN, "name": "Ama Owusu"}), payout({**PAYEE, "name": "Ama Owusu"})),
        (
            payout(PAYEE),
            payout({**SHOWN, "account_number": "1234567890"}),
            payout({**PAYEE, "account_number": "1234567890"}),
        ),
        (payout(PAYEE), payout(PAYEE), payout(PAYEE)),
        (payout(PAYEE), payout(OTHER), payout(OTHER)),
        (
            payout({"account_number": "XXXX4312"}),
            payout({"account_number": "XXXX4312"}),
            payout({"account_number": "XXXX4312"}),
        ),
        (batch(PAYEE, OTHER), batch(SHOWN, OTHER_SHOWN), batch(PAYEE, OTHER)),
        (batch(PAYEE, OTHER), batch(SHOWN), batch(PAYEE)),
        (batch(PAYEE), batch(SHOWN, OTHER), batch(PAYEE, OTHER)),
        (payout(PAYEE), {"amount": "1.00"}, {"amount": "1.00"}),
        (payout(PAYEE), payout(7), payout(7)),
        (payout(PAYEE), payout({"account_number": ["x"]}), payout({"account_number": ["x"]})),
        (batch(PAYEE), {"rows": 7}, {"rows": 7}),
        (batch(PAYEE), {"rows": [7]}, {"rows": [7]}),
        (payout(PAYEE), [], []),
    ],
    ids=lambda value: None,
)
def test_what_is_masked_keeps_what_it_hides(kept: Any, sent: Any, found: Any) -> None:
    assert unmasked(kept, sent) == found


@pytest.mark.parametrize(
    ("kept", "sent", "pointers"),
    [
        (
            batch(PAYEE, OTHER),
            batch(OTHER_SHOWN, SHOWN),
            {"/rows/0/recipient_details/msisdn", "/rows/1/recipient_details/account_number"},
        ),
        (batch(OTHER, PAYEE), batch(SHOWN), {"/rows/0/recipient_details/account_number"}),
        (batch(PAYEE), payout(SHOWN), {"/recipient_details/account_number"}),
        (payout(PAYEE), batch(SHOWN), {"/rows/0/recipient_details/account_number"}),
    ],
    ids=lambda value: None,
)
def test_what_is_masked_elsewhere_is_a_fault_and_never_another_rows_payee(kept: Any, sent: Any, pointers: set[str]) -> None:
    found = unmasked(kept, sent)
    assert isinstance(found, list)
    assert all(isinstance(fault, Fault) and "is masked" in fault.detail for fault in found)
    assert pointers <= {fault.pointer for fault in found}


def test_rows_that_change_places_are_faults_also_where_their_numbers_have_one_masked_form() -> None:
    one, two = {"account_number": "12345"}, {"account_number": "67890"}
    kept = {"rows": [payout(one, reference="a"), payout(two, reference="b")]}
    shown = [payout(masked_recipient(payee), reference=name) for payee, name in ((one, "a"), (two, "b"))]
    assert unmasked(kept, {"rows": shown}) == kept
    edited = [{**shown[0], "amount": "2.00"}, shown[1]]
    assert unmasked(kept, {"rows": edited}) == {"rows": [{**kept["rows"][0], "amount": "2.00"}, kept["rows"][1]]}
    for moved in (shown[::-1], shown[1:]):
        found = unmasked(kept, {"rows": moved})
        assert isinstance(found, list)
        assert found[0].pointer == "/rows/0/recipient_details/account_number"


def test_of_rows_that_look_alike_none_is_put_back_once_one_is_gone() -> None:
    """Else who leaves out the first of two and edits the second would pay the first one's payee."""
    ana, ali = (
        {"holder": name, "account_number": number} for name, number in (("Ana Kovac", "1234567"), ("Ali Kaya", "7654321"))
    )
    kept = {"rows": [payout(ana, amount="1.00"), payout(ali, amount="2.00")]}
    shown = [payout(masked_recipient(ana), amount="1.00"), payout(masked_recipient(ali), amount="2.00")]
    assert shown[0]["recipient_details"] == shown[1]["recipient_details"]
    assert unmasked(kept, {"rows": shown}) == kept
    edited = {"rows": [{**shown[0], "amount": "5.00"}, {**shown[1], "amount": "6.00"}]}
    assert [row["recipient_details"] for row in unmasked(kept, edited)["rows"]] == [ana, ali]
    for sent in (
        [{**shown[1], "amount": "3.00"}],
        [shown[0]],
        [{**shown[1], "amount": "1.00"}, payout({"msisdn": "+256772123456"})],
    ):
        found = unmasked(kept, {"rows": sent})
        assert isinstance(found, list)
        assert found[0].pointer == "/rows/0/recipient_details/holder"


def test_neither_content_is_changed_in_place() -> None:
    kept, sent = batch(PAYEE), batch(SHOWN)
    unmasked(kept, sent)
    assert (kept, sent) == (batch(PAYEE), batch(SHOWN))


@pytest.mark.parametrize("number", ["XXXX4312", "XXXXXXXXXXXXXXXX4312", "XXXX XXXX 4312", "XXXX-XXXX-4312"])
@pytest.mark.parametrize("name", ["account_number", "account"])
def test_nobody_is_paid_by_a_masked_number(name: str, number: str) -> None:
    found = read_recipient({name: number})
    if "-" in number:
        return  # hyphens are part of some numbers; this is no form of ours
    assert isinstance(found, list)
    assert "is masked" in found[0].detail


@pytest.mark.parametrize("number", ["X1234", "XXX4312", "XX-1234-5678", "XXXXA12345", "1234567890"])
def test_a_number_with_an_x_in_it_is_a_number(number: str) -> None:
    assert isinstance(read_recipient({"account_number": number}), dict)
