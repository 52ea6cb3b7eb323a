"""OpenMerchant, AddBankAccount, CreditMerchant: act once, refuse, stay quiet on a repeat (API-27 to API-29)."""

import pytest

from schemas.commands import AddBankAccount, CreditMerchant, OpenMerchant
from schemas.events import MerchantCredited
from schemas.money import BALANCE_MAX_MINOR
from tests.support.given import START, Scene, fact, is_quiet, is_refusal, postings_of, told


def credit(scene: Scene, amount_minor: int = 100, currency: str = "USD", **more: str) -> CreditMerchant:
    named = {"credit_id": scene.mint(), "reference": f"r{len(scene.records)}", **more}
    return CreditMerchant(amount_minor=amount_minor, currency=currency, **named)


def test_a_merchant_is_known_and_active_from_its_opening_on() -> None:
    scene = Scene()
    record = scene.given(OpenMerchant(name="Acme", main_currency="EUR"))
    assert told(record) == {
        "id": "acme",
        "name": "Acme",
        "main_currency": "EUR",
        "active": True,
        "idempotency_key_required": False,
        "bank_accounts": [],
    }
    record = scene.when(OpenMerchant(name="Other"))
    assert is_quiet(record)
    assert told(record)["name"] == "Acme"


@pytest.mark.parametrize("merchant", ["", "Acme", "a b", "-a", "a" * 65])
def test_a_merchant_id_has_a_form(merchant: str) -> None:
    assert is_refusal(Scene().when(OpenMerchant(name="x"), merchant), 400, "validation_error")


def test_a_merchants_main_currency_exists() -> None:
    assert is_refusal(Scene().when(OpenMerchant(name="x", main_currency="XXX")), 400, "validation_error")


def test_an_account_is_saved_and_shown_masked() -> None:
    """API-28, SEC-07: the number is on the log and in no answer."""
    scene = Scene().merchant()
    body = AddBankAccount(
        bank_account_id=scene.mint(), holder="Asha", account_number="50100012345678", ifsc="HDFC0001234", primary=True
    )
    record = scene.given(body)
    assert told(record) == {
        "id": body.bank_account_id,
        "holder": "Asha",
        "account_number": "XXXXXXXXXXXX5678",
        "ifsc": "HDFC0001234",
        "bank_name": None,
        "type": "current",
        "verified": False,
        "primary": True,
        "closed_at": None,
        "verification": None,
    }
    assert scene.book.bank_accounts[body.bank_account_id].account_number == "50100012345678"
    assert is_quiet(scene.when(body))


def test_a_foreign_or_malformed_account_id_is_refused() -> None:
    """SEC-06: and shows nothing of the other merchant's account."""
    scene = Scene().merchant().merchant("zebra")
    foreign = scene.account("zebra")
    for account_id in (foreign, "not-a-uuid"):
        body = AddBankAccount(bank_account_id=account_id, holder="h", account_number="12345")
        record = scene.when(body)
        assert is_refusal(record, 400, "validation_error")
        assert "3456" not in record.answer.body  # type: ignore[union-attr]


def test_money_comes_in_on_both_sides_of_the_books() -> None:
    """API-29, LED-02, LED-05."""
    scene = Scene().merchant()
    body = credit(scene, 10_050, reference="wire 1", description="January")
    record = scene.given(body)
    assert postings_of(fact(record, MerchantCredited)) == [
        ("external", -10_050, "USD", "payment_received"),
        ("available", 10_050, "USD", "payment_received"),
    ]
    view = told(record)
    assert (view["id"], view["amount"], view["reference"], view["description"]) == (
        body.credit_id, "100.50", "wire 1", "January",
    )  # fmt: skip
    assert (view["merchant_id"], view["created_at"], scene.now) == ("acme", "2026-01-01T00:00:00.000Z", START)


def test_a_credits_reference_moves_money_once() -> None:
    """API-29: per merchant, for ever; the refusal names the first credit."""
    scene = Scene().merchant().merchant("zebra")
    first = credit(scene, reference="wire")
    scene.given(first)
    record = scene.when(credit(scene, 999, "EUR", reference="wire"))
    assert is_refusal(record, 409, "duplicate_reference", first.credit_id)
    assert told(record)["credit_id"] == first.credit_id
    assert scene.available() == 100
    scene.given(credit(scene, reference="wire"), "zebra")


def test_a_credits_refusals_in_order_of_precedence() -> None:
    scene = Scene().merchant()
    scene.given(credit(scene, reference="used"))
    bad = {"amount_minor": 0, "currency": "XXX"}
    assert is_refusal(scene.when(credit(scene, **bad, reference="used"), "ghost"), 400, "unknown_merchant")  # type: ignore[arg-type]
    assert is_refusal(scene.when(credit(scene, **bad, reference="used")), 409, "duplicate_reference")  # type: ignore[arg-type]
    assert is_refusal(scene.when(credit(scene, **bad)), 400, "validation_error", "XXX is not enabled")  # type: ignore[arg-type]
    assert is_refusal(scene.when(credit(scene, 0)), 400, "validation_error", "above 0")
    assert is_refusal(scene.when(credit(scene, -5)), 400, "validation_error", "above 0")
    assert is_refusal(scene.when(credit(scene, credit_id="no-uuid")), 400, "validation_error")


def test_no_account_passes_what_can_be_kept() -> None:
    """LED-01: what ever came in is capped, so no sum of a merchant's accounts can leave 63 bits."""
    scene = Scene().merchant(USD=BALANCE_MAX_MINOR - 10)
    scene.given(credit(scene, 10))
    assert is_refusal(scene.when(credit(scene, 1)), 422, "limit_exceeded")
    scene.given(scene.request(99_999_999_999))
    assert is_refusal(scene.when(credit(scene, 1)), 422, "limit_exceeded"), "spending it does not make room"
    scene.given(credit(scene, 1, "EUR"))


def test_only_active_merchants_have_accounts_and_money() -> None:
    scene = Scene()
    account = AddBankAccount(bank_account_id=scene.mint(), holder="h", account_number="12345")
    for body in (account, credit(scene)):
        assert is_refusal(scene.when(body), 400, "unknown_merchant")
