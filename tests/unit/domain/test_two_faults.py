"""Two faults at once: which one wins? Every refusal of every command, in order of precedence, each against all that follow it.

A good command is decided; spoiled in one way it gets that refusal; spoiled in two ways it gets the refusal that stands first. The key is
judged before anything else, whatever the command (IDM-06).
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, get_args

import pytest
from msgspec.structs import replace

from domain.book import KeyRecord
from schemas import commands
from schemas.commands import Command
from schemas.events import Answer
from schemas.forms import PayoutForm
from schemas.money import BALANCE_MAX_MINOR
from schemas.words import BatchPhase, PayoutStatus, RecordOutcome
from tests.support.given import ACME, Scene, answers, contents, declared, facts, form, said, start, told


class Ask:
    """One command on its way to the law: `fields` of its body, of a form (`form`), and of what stands around it."""

    def __init__(self, kind: type[Any], **fields: Any) -> None:
        self.scene = Scene().merchant(USD=1_000).merchant("zebra", USD=1_000)
        self.kind, self.fields, self.form = kind, fields, {"amount_minor": 100, "currency": "USD"}
        self.merchant, self.content, self.whole = ACME, "same", False

    def tell(self) -> Any:
        key = ACME if self.content == "other" else None
        if key is not None:
            first = KeyRecord(content_hash="same", expires_at=self.scene.now + 1, answer=Answer(status=201, body="{}"))
            self.scene.book.keys[self.merchant, key] = first
        return self.scene.when(self.kind(**self.fields), self.merchant, key=key, content=self.content)

    def with_form(self, **fields: Any) -> None:
        self.fields["form"] = form(**{**self.form, **fields})
        self.form |= fields

    def with_rows(self, *rows: PayoutForm) -> None:
        self.fields["rows"] = list(rows)


class Fault(NamedTuple):
    """A way to spoil a command, and the refusal that it gets; `whole` refuses a whole batch."""

    status: int
    code: str
    words: str
    spoil: Callable[[Ask], Any]
    whole: bool = False


# ------------------------------------------------------------------ good commands


def request(**form_fields: Any) -> Ask:
    ask = Ask(commands.RequestPayout)
    ask.fields["payout_id"] = ask.scene.mint()
    ask.with_form(**form_fields)
    return ask


def on_payout(kind: type[Any], **fields: Any) -> Ask:
    ask = Ask(kind, **fields)
    ask.fields["payout_id"] = ask.scene.pending(100)
    return ask


def on_batch(kind: type[Any], *rows: PayoutForm, **fields: Any) -> Ask:
    ask = Ask(kind, **fields)
    ask.fields["batch_id"] = ask.scene.batch(*rows)
    return ask


def credit() -> Ask:
    ask = Ask(commands.CreditMerchant, amount_minor=10, currency="USD", reference="new")
    ask.fields["credit_id"] = ask.scene.mint()
    return ask


def fresh(kind: type[Any], name: str, **fields: Any) -> Ask:
    ask = Ask(kind, **fields)
    ask.fields[name] = ask.scene.mint()
    return ask


def newcomer() -> Ask:
    ask = Ask(commands.OpenMerchant, name="New")
    ask.merchant = "new"
    return ask


def on_account(kind: type[Any], **fields: Any) -> Ask:
    ask = Ask(kind, **fields)
    ask.fields["bank_account_id"] = ask.scene.account(verified=False)
    return ask


def verification() -> Ask:
    ask = on_account(commands.StartVerification, amounts_minor=[1, 2], currency="USD")
    ask.fields["verification_id"] = ask.scene.mint()
    return ask


def confirmation() -> Ask:
    ask = Ask(commands.ConfirmVerification, amounts=["0.45", "0.32"])
    ask.fields["bank_account_id"] = ask.scene.verifying(32, 45)
    return ask


def deposit() -> Ask:
    ask = Ask(commands.RecordDeposit)
    said_of = ask.scene.deposited(ask.scene.verifying(paid=0), 1)
    ask.fields = {name: getattr(said_of, name) for name in said_of.__struct_fields__}
    return ask


def internal(kind: type[Any], body: Callable[[str], Any]) -> Ask:
    ask = on_payout(kind)
    ask.fields = {name: getattr(body(ask.fields["payout_id"]), name) for name in kind.__struct_fields__}
    return ask


# ------------------------------------------------------------------ ways to spoil them


def put(**fields: Any) -> Callable[[Ask], None]:
    return lambda ask: ask.fields.update(fields)


def shape(**fields: Any) -> Callable[[Ask], None]:
    return lambda ask: ask.with_form(**fields)


def by(merchant: str) -> Callable[[Ask], None]:
    return lambda ask: setattr(ask, "merchant", merchant)


def both_payees(ask: Ask) -> None:
    ask.with_form(
        recipient={"type": "mobile_money", "msisdn": "+15550100"}, bank_account_id=ask.form.get("bank_account_id") or "x"
    )


def start_it(ask: Ask) -> None:
    ask.scene.given(start(ask.fields["payout_id"]))


def make_row_of_open_batch(ask: Ask) -> None:
    batch_id, payout = ask.scene.batch(), ask.scene.book.payouts[ask.fields["payout_id"]]
    ask.scene.book.payouts[payout.id] = replace(payout, batch_id=batch_id)
    ask.scene.totals[batch_id, payout.status.value, "USD", "count"] += 1
    ask.scene.totals[batch_id, payout.status.value, "USD", "sum"] += payout.amount_minor
    for account in ("available", "held"):  # rows of an open batch hold nothing
        change = 100 if account == "available" else -100
        ask.scene.book.balances[ACME, "USD", account] = ask.scene.book.balance(ACME, "USD", account) + change


def end_batch(ask: Ask) -> None:
    ask.scene.given(commands.CancelBatch(batch_id=ask.fields["batch_id"]))


def seal(ask: Ask) -> None:
    ask.scene.given(commands.SealBatch(batch_id=ask.fields["batch_id"]))


def empty(ask: Ask) -> None:
    batch = ask.scene.book.batches[ask.fields["batch_id"]]
    ask.scene.book.batches[batch.id] = replace(batch, row_count=0, counts={}, sums_minor={})
    for payout in [payout for payout in ask.scene.book.payouts.values() if payout.batch_id == batch.id]:
        del ask.scene.book.payouts[payout.id]
        ask.scene.totals[batch.id, PayoutStatus.PENDING.value, payout.currency, "count"] -= 1
        ask.scene.totals[batch.id, PayoutStatus.PENDING.value, payout.currency, "sum"] -= payout.amount_minor


def spend(ask: Ask) -> None:
    ask.scene.pending(ask.scene.available())


def fill_up(ask: Ask) -> None:
    batch = ask.scene.book.batches[ask.fields["batch_id"]]
    ask.scene.book.batches[batch.id] = replace(batch, sums_minor={"USD": BALANCE_MAX_MINOR - 5})


def use_reference(ask: Ask) -> None:
    ask.scene.credit(1)
    ask.scene.pending(1, reference="used")
    ask.with_form(reference="used")


def book_reference(ask: Ask) -> None:
    ask.scene.given(commands.CreditMerchant(credit_id=ask.scene.mint(), amount_minor=1, currency="USD", reference="new"))


def foreign_account(ask: Ask) -> None:
    ask.with_form(
        recipient=ask.form.get("recipient") if ask.form.get("bank_account_id") else None,
        bank_account_id=ask.scene.account("zebra"),
    )


def want_keys(ask: Ask) -> None:
    ask.scene.given(commands.ChangeMerchant(key_required=True))


def close(ask: Ask) -> None:
    ask.scene.given(commands.CloseBankAccount(bank_account_id=ask.fields["bank_account_id"]))


def vouch(ask: Ask) -> None:
    ask.scene.given(commands.ChangeBankAccount(bank_account_id=ask.fields["bank_account_id"], verified=True))


def use_up_tries(ask: Ask) -> None:
    scene, account_id = ask.scene, ask.fields["bank_account_id"]
    if scene.book.bank_accounts[account_id].verification is None:
        begun = commands.StartVerification(
            bank_account_id=account_id, verification_id=scene.mint(), amounts_minor=[1, 2], currency="USD"
        )
        scene.given(begun)
        for number in (1, 2):
            scene.given(scene.deposited(account_id, number))
    for _ in range(3):
        scene.given(commands.ConfirmVerification(bank_account_id=account_id, amounts=["0.98", "0.99"]))


KEY = Fault(409, "idempotency_conflict", "other content", lambda ask: setattr(ask, "content", "other"))
GHOST = Fault(400, "unknown_merchant", "'ghost'", by("ghost"))
FOREIGN = Fault(404, "not_found", "no such", by("zebra"))
STALE_MATCH = Fault(412, "precondition_failed", "If-Match names version 9", put(match_version=9))
STALE_VERSION = Fault(409, "version_conflict", "expected_version is 9", put(expected_version=9))
ELSEWHERE = Fault(409, "version_conflict", "is open, not released", put(expected_phase=BatchPhase.RELEASED))
UNSEALED = Fault(409, "invalid_state_transition", "unsealed batch", make_row_of_open_batch)

WANTED = Fault(400, "idempotency_key_required", "has made it mandatory", want_keys)
CLOSED = Fault(409, "invalid_state_transition", "closed for good", close)
NO_TRIES = Fault(422, "limit_exceeded", "3 wrong tries", use_up_tries)

LAW: dict[type[Any], tuple[Callable[[], Ask], list[Fault]]] = {
    commands.OpenMerchant: (
        newcomer,
        [
            KEY,
            Fault(400, "validation_error", "A merchant id is", by("New!")),
            Fault(400, "validation_error", "ISO 4217", put(main_currency="XXX")),
        ],
    ),
    commands.AddBankAccount: (
        lambda: fresh(commands.AddBankAccount, "bank_account_id", holder="h", account_number="12345678"),
        [KEY, GHOST, WANTED, Fault(400, "validation_error", "must be a new UUID", put(bank_account_id="x"))],
    ),
    commands.ChangeMerchant: (
        lambda: Ask(commands.ChangeMerchant, name="New"),
        [
            KEY,
            Fault(404, "not_found", "no such merchant", by("ghost")),
            Fault(400, "validation_error", "ISO 4217", put(main_currency="XXX")),
        ],
    ),
    commands.ChangeBankAccount: (
        lambda: on_account(commands.ChangeBankAccount, primary=True),
        [KEY, GHOST, FOREIGN, CLOSED, Fault(400, "validation_error", "savings or current", put(account_type="x"))],
    ),
    commands.CloseBankAccount: (lambda: on_account(commands.CloseBankAccount), [KEY, GHOST, FOREIGN]),
    commands.StartVerification: (
        verification,
        [
            KEY,
            GHOST,
            FOREIGN,
            CLOSED,
            Fault(409, "invalid_state_transition", "verified already", vouch),
            NO_TRIES,
            Fault(400, "validation_error", "JPY is not enabled", put(currency="JPY")),
            Fault(400, "validation_error", "1 to 99 minor units", put(amounts_minor=[1, 100])),
            Fault(400, "validation_error", "must be a new UUID", put(verification_id="x")),
        ],
    ),
    commands.RecordDeposit: (deposit, [KEY]),
    commands.ConfirmVerification: (
        confirmation,
        [
            KEY,
            GHOST,
            FOREIGN,
            CLOSED,
            NO_TRIES,
            Fault(400, "validation_error", "the 2 amounts that came in", put(amounts=["0.32"])),
        ],
    ),
    commands.CreditMerchant: (
        credit,
        [
            KEY,
            GHOST,
            Fault(409, "duplicate_reference", "nothing was booked", book_reference),
            Fault(400, "validation_error", "JPY is not enabled", put(currency="JPY")),
            Fault(400, "validation_error", "above 0 and a UUID", put(credit_id="x")),
            Fault(422, "limit_exceeded", "largest balance", put(amount_minor=BALANCE_MAX_MINOR)),
        ],
    ),
    commands.RequestPayout: (
        request,
        [
            KEY,
            GHOST,
            WANTED,
            Fault(400, "validation_error", "must be a new UUID", put(payout_id="x")),
            Fault(400, "validation_error", "year 10000", put(release_at=-1)),
            Fault(400, "validation_error", "JPY is not enabled", shape(currency="JPY")),
            Fault(400, "validation_error", "above 0 and at most", shape(amount_minor=10**15)),
            Fault(400, "validation_error", "one recipient", both_payees),
            Fault(400, "bank_account_unusable", "No bank account", foreign_account),
            Fault(409, "duplicate_reference", "unique for ever", use_reference),
            Fault(402, "insufficient_funds", "is available", spend),
        ],
    ),
    commands.OpenBatch: (
        lambda: fresh(commands.OpenBatch, "batch_id"),
        [KEY, GHOST, Fault(400, "validation_error", "must be a new UUID", put(batch_id="x"))],
    ),
    commands.AddRows: (
        lambda: on_batch(commands.AddRows, first_row=1, rows=[form(10)]),
        [
            KEY,
            FOREIGN,
            STALE_MATCH,
            Fault(409, "batch_sealed", "takes no more rows", end_batch),
            Fault(409, "row_gap", "The next row is 1", put(first_row=7)),
            Fault(400, "invalid_rows", "1 rows cannot be taken", put(rows=[form(0)])),
            Fault(422, "limit_exceeded", "largest sum", fill_up),
        ],
    ),
    commands.SealBatch: (
        lambda: on_batch(commands.SealBatch, form(1_000)),
        [
            KEY,
            FOREIGN,
            STALE_MATCH,
            STALE_VERSION,
            Fault(409, "batch_sealed", "The batch is canceled", end_batch),
            Fault(400, "validation_error", "no rows", empty, whole=True),
            Fault(400, "declaration_mismatch", "Declared were 7 rows", put(declaration=declared(7)), whole=True),
            Fault(402, "insufficient_funds", "are missing", spend, whole=True),
        ],
    ),
    commands.CancelBatch: (
        lambda: on_batch(commands.CancelBatch, form(10)),
        [KEY, FOREIGN, STALE_MATCH, STALE_VERSION, ELSEWHERE],
    ),
    commands.EditPayout: (
        lambda: on_payout(commands.EditPayout, amount_minor=200),
        [
            KEY,
            FOREIGN,
            STALE_MATCH,
            STALE_VERSION,
            Fault(409, "invalid_state_transition", "Only pending", start_it),
            UNSEALED,
            Fault(400, "validation_error", "JPY is not enabled", put(currency="JPY")),
            Fault(400, "validation_error", "one recipient", put(recipient={"a": "b"}, bank_account_id="x")),
            Fault(400, "validation_error", "amount must be a decimal", put(amount="1e3")),
            Fault(402, "insufficient_funds", "more to be held", spend),
        ],
    ),
    commands.CancelPayout: (
        lambda: on_payout(commands.CancelPayout),
        [
            KEY,
            FOREIGN,
            STALE_MATCH,
            STALE_VERSION,
            Fault(409, "invalid_state_transition", "cannot go from processing to canceled", start_it),
            UNSEALED,
        ],
    ),
    commands.StartAttempts: (lambda: internal(commands.StartAttempts, start), [KEY]),
    commands.RetryDue: (lambda: internal(commands.RetryDue, lambda i: commands.RetryDue(payout_ids=[i])), [KEY]),
    commands.TimeOutAttempts: (
        lambda: internal(commands.TimeOutAttempts, lambda i: commands.TimeOutAttempts(payout_ids=[i])),
        [KEY],
    ),
    commands.RecordAnswers: (lambda: internal(commands.RecordAnswers, lambda i: answers(said(i, "paid"))), [KEY]),  # type: ignore[arg-type]
}
"""Command to a good one and to its refusals, first that which wins."""

CANNOT_MEET = {
    (start_it, make_row_of_open_batch),  # a row of an unsealed batch is never started
    (end_batch, empty),  # a batch that is not open any more is not looked into
    (end_batch, fill_up),
}
PAIRS = [
    (kind, first, second)
    for kind, (_, faults) in LAW.items()
    for first, second in itertools.combinations(faults, 2)
    if (first.spoil, second.spoil) not in CANNOT_MEET
]


def name(value: object) -> str | None:
    return (
        f"{value.code}-{value.words[:12]}".replace(" ", "_")
        if isinstance(value, Fault)
        else getattr(value, "__name__", None)
    )


def refuses(ask: Ask, fault: Fault) -> None:
    record = ask.tell()
    body = told(record)
    assert (body["status"], body["code"]) == (fault.status, fault.code), body
    assert fault.words in body["detail"], body["detail"]
    assert record.outcome is RecordOutcome.REFUSED or fault.code == "insufficient_funds"
    refusal = "PayoutRejected" if ask.kind is commands.RequestPayout and fault.status == 402 else "CommandRefused"
    assert facts(record) == ["BatchRefused" if fault.whole else refusal]
    assert not [leg for event in record.events for leg in getattr(event, "postings", ())], "a refusal moved money"


def test_no_command_is_forgotten() -> None:
    assert set(LAW) == set(get_args(Command))


@pytest.mark.parametrize("kind", LAW, ids=name)
def test_a_good_command_is_not_refused(kind: type[Any]) -> None:
    """Otherwise the refusals below would prove nothing."""
    assert LAW[kind][0]().tell().outcome is not RecordOutcome.REFUSED


@pytest.mark.parametrize(
    ("kind", "fault"), [(kind, fault) for kind, (_, faults) in LAW.items() for fault in faults], ids=name
)
def test_each_fault_has_its_refusal(kind: type[Any], fault: Fault) -> None:
    ask = LAW[kind][0]()
    fault.spoil(ask)
    before = contents(ask.scene.book)["balances"]
    refuses(ask, fault)
    assert contents(ask.scene.book)["balances"] == before


@pytest.mark.parametrize(("kind", "first", "second"), PAIRS, ids=name)
def test_of_two_faults_the_first_in_the_order_wins(kind: type[Any], first: Fault, second: Fault) -> None:
    ask = LAW[kind][0]()
    second.spoil(ask)
    first.spoil(ask)
    refuses(ask, first)
