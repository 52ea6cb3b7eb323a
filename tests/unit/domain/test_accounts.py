"""Saved accounts and merchants change; accounts are closed, and verified by two deposits (API-27, API-28, IDM-01)."""

from typing import Any

import pytest

from schemas import commands
from schemas.commands import ChangeBankAccount, ChangeMerchant, CloseBankAccount, ConfirmVerification, StartVerification
from schemas.events import BankAccountChanged, MerchantChanged
from schemas.words import AccountChange, Outcome
from tests.support.given import Scene, contents, fact, form, is_quiet, is_refusal, postings_of, told


def saved(scene: Scene, *, primary: bool = False, verified: bool = True) -> str:
    account_id = scene.mint()
    body = commands.AddBankAccount(
        bank_account_id=account_id, holder="Asha", account_number="50100012345678", primary=primary, verified=verified
    )
    scene.given(body)
    return account_id


def confirm(account_id: str, *amounts: str) -> ConfirmVerification:
    return ConfirmVerification(bank_account_id=account_id, amounts=list(amounts))


def start_again(scene: Scene, account_id: str) -> StartVerification:
    return StartVerification(bank_account_id=account_id, verification_id=scene.mint(), amounts_minor=[5, 6], currency="USD")


def primaries(scene: Scene) -> list[str]:
    return [account.id for account in scene.book.bank_accounts.values() if account.primary]


# ---------------------------------------------------------------- merchants


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"name": "Acme Ltd"}, {"name": "Acme Ltd", "active": True}),
        ({"main_currency": "EUR"}, {"main_currency": "EUR"}),
        ({"active": False}, {"active": False, "name": "Acme"}),
        ({"key_required": True}, {"idempotency_key_required": True}),
    ],
)
def test_api_27_a_merchant_changes_in_what_is_named_and_in_nothing_else(change: Any, shown: Any) -> None:
    scene = Scene().merchant()
    before = contents(scene.book)["merchants"]["acme"]
    record = scene.given(ChangeMerchant(**change))
    assert told(record).items() >= shown.items()
    after = scene.book.merchants["acme"]
    changed = {name for name in after.__struct_fields__ if getattr(after, name) != getattr(before, name)}
    assert changed == set(change)
    assert fact(record, MerchantChanged)
    assert is_quiet(scene.when(ChangeMerchant(**change)))


def test_api_27_an_inactive_merchant_asks_for_nothing_until_it_is_active_again() -> None:
    scene = Scene().merchant(USD=1_000)
    running, account_id = scene.processing(100), saved(scene)
    scene.given(ChangeMerchant(active=False))
    for body in (
        scene.request(10),
        commands.OpenBatch(batch_id=scene.mint()),
        commands.CreditMerchant(credit_id=scene.mint(), amount_minor=1, currency="USD", reference="r"),
        commands.AddBankAccount(bank_account_id=scene.mint(), holder="h", account_number="12345678"),
        CloseBankAccount(bank_account_id=account_id),
        start_again(scene, account_id),
    ):
        assert is_refusal(scene.when(body), 400, "unknown_merchant")
    paid = commands.RecordAnswers(
        provider="bank", answers=[commands.ProviderAnswer(payout_id=running, attempt=1, outcome=Outcome.PAID)]
    )
    scene.given(paid)
    assert scene.status(running) == "completed", "what was accepted goes on"
    scene.given(ChangeMerchant(active=True))
    scene.given(scene.request(10))


@pytest.mark.parametrize(
    ("key", "made", "taken"), [("mine", False, True), ("made", True, False), (None, False, False)], ids=str
)
def test_idm_01_a_merchant_can_make_the_key_mandatory(key: str | None, made: bool, taken: bool) -> None:
    scene = Scene().merchant(USD=1_000)
    scene.given(scene.request(1), key="before", key_made=True)
    scene.given(ChangeMerchant(key_required=True))
    account = commands.AddBankAccount(bank_account_id=scene.mint(), holder="h", account_number="12345678")
    for number, body in enumerate((scene.request(10), account)):
        record = scene.when(body, key=key and f"{key}{number}", key_made=made)
        if taken:
            assert told(record)["id"]
        else:
            assert is_refusal(record, 400, "idempotency_key_required", "mandatory")
            assert record.remember is None, "the same key, sent by the client, may try"
    scene.merchant("zebra", USD=10)
    scene.given(scene.request(1), "zebra", key="made", key_made=True)


# ----------------------------------------------------------------- accounts


def test_api_28_one_account_is_primary_and_the_newest_takes_its_place() -> None:
    scene = Scene().merchant()
    first, second = saved(scene, primary=True), saved(scene)
    scene.given(ChangeBankAccount(bank_account_id=second, primary=True))
    assert primaries(scene) == [second]
    third = saved(scene, primary=True)
    assert primaries(scene) == [third]
    scene.given(CloseBankAccount(bank_account_id=third))
    assert primaries(scene) == []
    assert is_quiet(scene.when(ChangeBankAccount(bank_account_id=first, primary=False)))


def test_api_28_details_change_and_who_is_paid_does_not() -> None:
    scene = Scene().merchant()
    account_id = saved(scene, verified=False)
    record = scene.given(ChangeBankAccount(bank_account_id=account_id, bank_name="HDFC", account_type="savings"))
    assert (told(record)["bank_name"], told(record)["type"], told(record)["verified"]) == ("HDFC", "savings", False)
    record = scene.given(ChangeBankAccount(bank_account_id=account_id, verified=True, bank_name=None))
    assert (told(record)["bank_name"], told(record)["verified"]) == (None, True)
    assert "account_number" not in commands.ChangeBankAccount.__struct_fields__
    assert scene.book.bank_accounts[account_id].account_number == "50100012345678"


@pytest.mark.parametrize("case", ["unverified", "closed", "another merchant's"])
def test_api_28_an_account_that_cannot_be_paid_to_is_400(case: str) -> None:
    scene = Scene().merchant(USD=1_000).merchant("zebra")
    account_id = scene.account("zebra" if case.startswith("another") else "acme", verified=case != "unverified")
    if case == "closed":
        scene.given(CloseBankAccount(bank_account_id=account_id))
    asked = scene.request(form=form(10, recipient=None, bank_account_id=account_id))
    assert is_refusal(scene.when(asked), 400, "bank_account_unusable")
    pending = scene.pending(10)
    edit = commands.EditPayout(payout_id=pending, bank_account_id=account_id)
    assert is_refusal(scene.when(edit), 400, "bank_account_unusable")


def test_api_28_a_payout_accepted_before_the_account_was_closed_goes_on() -> None:
    scene = Scene().merchant(USD=1_000)
    account_id = scene.account()
    payout_id = scene.processing(form=form(10, recipient=None, bank_account_id=account_id))
    record = scene.given(CloseBankAccount(bank_account_id=account_id))
    assert record.answer is not None
    assert (record.answer.status, record.answer.body) == (204, "")
    assert scene.book.bank_accounts[account_id].closed_at == scene.now
    assert is_quiet(scene.when(CloseBankAccount(bank_account_id=account_id)))
    assert scene.status(payout_id) == "processing"


# ------------------------------------------------------------- verification


def test_api_28_two_deposits_verify_an_account() -> None:
    scene = Scene().merchant(USD=1_000)
    account_id = scene.verifying(32, 45, paid=0)
    shown = scene.book.bank_accounts[account_id].verification
    assert shown is not None
    assert len({deposit.reference for deposit in shown.deposits}) == 2
    assert is_refusal(scene.when(confirm(account_id, "0.32", "0.45")), 409, "invalid_state_transition", "not paid yet")
    first = scene.given(scene.deposited(account_id, 1, provider_reference="P-1"))
    assert fact(first, BankAccountChanged).change is AccountChange.DEPOSIT_PAID
    assert postings_of(fact(first, BankAccountChanged)) == [
        ("receivable", -32, "USD", "payout_completed"),
        ("clearing:bank", 32, "USD", "payout_completed"),
    ]
    assert is_quiet(scene.when(scene.deposited(account_id, 1))), "an answer that comes twice moves money once"
    scene.given(scene.deposited(account_id, 2))
    assert scene.available() == 1_000, "the house pays the deposits"
    record = scene.given(confirm(account_id, "0.45", "0.32"))
    assert (told(record)["verified"], told(record)["verification"]["status"]) == (True, "verified")
    assert is_quiet(scene.when(confirm(account_id, "0.01", "0.02"))), "it has the state that is asked for"
    scene.given(scene.request(form=form(10, recipient=None, bank_account_id=account_id)))


def test_api_28_no_answer_shows_what_was_deposited() -> None:
    scene = Scene().merchant()
    account_id = scene.verifying(32, 45)
    answers = [record.answer.body for record in scene.records if record.answer is not None]
    answers.append(scene.when(confirm(account_id, "0.01", "0.02")).answer.body)  # type: ignore[union-attr]
    answers.append(scene.when(start_again(scene, account_id)).answer.body)  # type: ignore[union-attr]
    for body in answers:
        assert not any(secret in body for secret in ("0.32", "0.45", "minor", "deposits", "reference"))


@pytest.mark.parametrize(
    ("amounts", "detail"),
    [
        (["0.32"], "2 amounts"),
        (["0.32", "0.45", "0.1"], "2 amounts"),
        (["0.32", "x"], "/amounts/1"),
        (["0.321", "0.45"], "/amounts/0"),
        (["0.32", ""], "/amounts/1"),
    ],
)
def test_api_28_what_are_no_amounts_is_no_try(amounts: list[str], detail: str) -> None:
    scene = Scene().merchant()
    account_id = scene.verifying()
    assert is_refusal(scene.when(confirm(account_id, *amounts)), 400, "validation_error", detail)
    assert scene.book.bank_accounts[account_id].verification.tries == 0  # type: ignore[union-attr]


def test_api_28_three_wrong_tries_are_all_that_an_account_has() -> None:
    scene = Scene().merchant()
    account_id = scene.verifying(32, 45)
    for left in (2, 1, 0):
        record = scene.given(confirm(account_id, "0.32", "0.46"), key=f"try {left}")
        assert record.answer is not None
        assert (record.answer.status, told(record)["code"]) == (422, "verification_amounts_wrong")
        assert told(record)["tries_left"] == left
        again = scene.when(confirm(account_id, "0.32", "0.46"), key=f"try {left}")
        assert is_quiet(again), "the same key is the same try"
    for body in (confirm(account_id, "0.32", "0.45"), start_again(scene, account_id)):
        assert is_refusal(scene.when(body), 422, "limit_exceeded", "3 wrong tries")
    scene.given(ChangeBankAccount(bank_account_id=account_id, verified=True))


@pytest.mark.parametrize("failing", [1, 2])
def test_api_28_a_deposit_that_fails_ends_the_verification_and_another_can_be_started(failing: int) -> None:
    scene = Scene().merchant()
    account_id = scene.verifying(paid=0)
    failed = scene.deposited(account_id, failing, Outcome.FAILED, code="payee_unknown")
    other = scene.deposited(account_id, 3 - failing)
    scene.given(failed)
    repeat = scene.when(start_again(scene, account_id))
    assert is_quiet(repeat), "the other deposit is still on its way, and must not be lost from sight"
    assert told(repeat)["verification"]["status"] == "failed"
    scene.given(other)
    assert scene.book.balance("acme", "USD", "receivable") in {-32, -45}
    assert is_refusal(scene.when(confirm(account_id, "0.32", "0.45")), 409, "invalid_state_transition", "start it again")
    scene.given(start_again(scene, account_id))
    assert is_quiet(scene.when(other)), "an answer about the verification before is none about this one"


@pytest.mark.parametrize("outcome", [Outcome.UNKNOWN, Outcome.IN_PROGRESS])
def test_api_28_what_is_not_definite_is_neither_paid_nor_failed(outcome: Outcome) -> None:
    scene = Scene().merchant()
    account_id = scene.verifying(paid=1)
    assert is_quiet(scene.when(scene.deposited(account_id, 2, outcome)))
    assert scene.book.bank_accounts[account_id].verification.status == "sending"  # type: ignore[union-attr]


def test_api_28_wrong_tries_count_over_all_verifications() -> None:
    scene = Scene().merchant()
    account_id = scene.verifying(32, 45)
    scene.given(confirm(account_id, "0.01", "0.02"))
    scene.given(ChangeBankAccount(bank_account_id=account_id, verified=True))
    scene.given(ChangeBankAccount(bank_account_id=account_id, verified=False))
    scene.given(confirm(account_id, "0.32", "0.45"))
    scene.given(ChangeBankAccount(bank_account_id=account_id, verified=False))
    record = scene.given(start_again(scene, account_id))
    assert told(record)["verification"]["tries_left"] == 2


def test_lif_05_sec_07_an_edit_does_not_take_what_masks_the_payee_for_the_payee() -> None:
    scene = Scene().merchant(USD=1_000)
    payout_id = scene.pending(10, recipient={"type": "bank_account", "account_number": "1234567", "name": "Ama Mensah"})
    for member, shown in (("account_number", "X" * 12), ("name", "A*** M***")):
        sent = {"type": "bank_account", "account_number": "1234567", "name": "Ama Mensah", member: shown}
        record = scene.when(commands.EditPayout(payout_id=payout_id, recipient=sent))
        assert is_refusal(record, 400, "validation_error", "is masked")
        assert told(record)["errors"][0]["pointer"] == f"/recipient_details/{member}"
