"""What a command names, so that the shell can fetch it before the decision (DESIGN section 1)."""

from typing import get_args

import pytest

from domain.needs import Needs, needs
from schemas import commands
from schemas.commands import Command, CommandRecord
from schemas.ids import row_payout_id
from schemas.words import Outcome
from tests.support.given import answers, form, said, start

A, B = (f"019b0000-000{digit}-7000-8000-000000000000" for digit in "ab")
BATCH = "019b0000-000c-7000-8000-000000000000"


def of(body: Command, key: str | None = None) -> Needs:
    return needs(CommandRecord(id="c", merchant_id="acme", at=0, body=body, key=key))


CASES: list[tuple[Command, Needs]] = [
    (commands.OpenMerchant(name="n"), Needs()),
    (commands.AddBankAccount(bank_account_id=A, holder="h", account_number="1"), Needs()),
    (commands.ChangeMerchant(name="n"), Needs()),
    (commands.ChangeBankAccount(bank_account_id=A), Needs()),
    (commands.CloseBankAccount(bank_account_id=A), Needs()),
    (commands.StartVerification(bank_account_id=A, verification_id=B, amounts_minor=[1, 2]), Needs()),
    (
        commands.RecordDeposit(bank_account_id=A, verification_id=B, number=1, provider="p", outcome=Outcome.PAID),
        Needs(),
    ),
    (commands.ConfirmVerification(bank_account_id=A, amounts=["0.01", "0.02"]), Needs()),
    (commands.CreditMerchant(credit_id=A, amount_minor=1, currency="USD", reference="r"), Needs(credit_references=["r"])),
    (commands.RequestPayout(payout_id=A, form=form(reference="r")), Needs([A], references=["r"])),
    (commands.RequestPayout(payout_id=A, form=form()), Needs([A])),
    (commands.OpenBatch(batch_id=BATCH), Needs(batch_ids=[BATCH])),
    (
        commands.AddRows(batch_id=BATCH, first_row=7, rows=[form(reference="r"), form()]),
        Needs([row_payout_id(BATCH, 7), row_payout_id(BATCH, 8)], [BATCH], references=["r"]),
    ),
    (commands.SealBatch(batch_id=BATCH), Needs(batch_ids=[BATCH])),
    (commands.CancelBatch(batch_id=BATCH), Needs(batch_ids=[BATCH])),
    (start(A, B, batch_id=BATCH), Needs([A, B], [BATCH])),
    (start(A), Needs([A])),
    (answers(said(A, Outcome.PAID), said(B, Outcome.PAID), batch_id=BATCH), Needs([A, B], [BATCH])),
    (commands.RetryDue(payout_ids=[A]), Needs([A])),
    (commands.TimeOutAttempts(payout_ids=[A], batch_id=BATCH), Needs([A], [BATCH])),
    (commands.EditPayout(payout_id=A), Needs([A])),
    (commands.CancelPayout(payout_id=A), Needs([A])),
]


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_each_command_names_what_its_decision_looks_at(body: Command, expected: Needs) -> None:
    assert of(body) == expected


def test_no_command_is_forgotten() -> None:
    assert {type(body) for body, _ in CASES} == set(get_args(Command))


def test_a_key_is_looked_up_whatever_the_command() -> None:
    assert of(commands.CancelPayout(payout_id=A), "k").keys == ["k"]


@pytest.mark.parametrize(
    "body",
    [
        start("x", "", A + "\0"),
        commands.CancelPayout(payout_id="'; --"),
        commands.SealBatch(batch_id="x"),
        commands.AddRows(batch_id="x", first_row=1, rows=[form()]),
        commands.RequestPayout(payout_id="x", form=form()),
    ],
)
def test_what_is_no_uuid_exists_nowhere(body: Command) -> None:
    """It must not come to a database, where it would be an error and stop the partition."""
    assert of(body) == Needs()


@pytest.mark.parametrize(("first_row", "rows"), [(0, [0, 1]), (-5, []), (1_000_000, [1_000_000]), (10**18, [])])
def test_rows_beyond_the_numbers_are_not_looked_for(first_row: int, rows: list[int]) -> None:
    body = commands.AddRows(batch_id=BATCH, first_row=first_row, rows=[form(), form()])
    assert of(body).payout_ids == [row_payout_id(BATCH, row) for row in rows if row]


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_payouts_that_are_known_are_not_asked_for(body: Command, expected: Needs) -> None:
    known = {A, row_payout_id(BATCH, 8)}
    named = needs(CommandRecord(id="c", merchant_id="acme", at=0, body=body), lambda _names: known)
    assert named.payout_ids == [name for name in expected.payout_ids if name not in known]
    assert (named.batch_ids, named.references) == (expected.batch_ids, expected.references)
