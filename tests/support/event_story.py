"""A log to project: commands decided by the law itself, so that every event is one that can really happen.

Owns a random but repeatable story of one partition, with every kind of event in it. Offsets have holes, as transaction markers leave
them. The book that it ends with is what the views must show.
"""

import random

from domain.book import Book
from domain.decide import decide
from domain.evolve import evolve
from domain.policy import Policy
from schemas import commands
from schemas.commands import Command, CommandRecord, ProviderAnswer
from schemas.events import EventRecord
from schemas.forms import BatchDeclaration, PayoutForm, RefusedRows
from schemas.ids import row_payout_id
from schemas.words import Funding, OnInsufficientFunds, OnRowFailure, Outcome, PayoutStatus, Reason

START = 1_767_225_600_000
HOSTILE = 'tab\there, line\nend, \\N \\. back\\slash, \'quotes", null\0, \u20ac \U0001f4b8, {json: "x"}, \r, \x1f, %s'
PROVIDER = "bank"


class EventStory:
    """Commands in, event records out; `records` holds (events offset, record)."""

    def __init__(self, seed: int = 0) -> None:
        self.random = random.Random(seed)
        self.book = Book()
        self.policy = Policy()
        self.now = START
        self.records: list[tuple[int, EventRecord]] = []
        self._offset = 0
        self._minted = seed << 32

    def mint(self) -> str:
        """An id in UUIDv7 form that depends on the story alone."""
        self._minted += 1
        digits = f"{self._minted:016x}"
        return f"019b{digits[:4]}-{digits[4:8]}-7{digits[8:11]}-8{digits[11:14]}-{digits[14:]}{self._minted & 0xFFFFFFFFFF:010x}"

    def tell(self, merchant_id: str, body: Command, *, key: str | None = None, actor: str = "api") -> EventRecord:
        """Decide one command and put its record on the log."""
        content_hash = None if key is None else f"hash of {key}"
        command = CommandRecord(
            id=self.mint(), merchant_id=merchant_id, at=self.now, body=body, key=key, content_hash=content_hash, actor=actor
        )
        record = decide(self.book, command, len(self.records), self.now, self.policy)
        evolve(self.book, record)
        self.records.append((self._offset, record))
        self._offset += self.random.choice((1, 1, 1, 2))
        self.now += self.random.choice((0, 1, 7, 900, 40_000))
        return record

    def open(self, merchant_id: str, amount_minor: int, currency: str = "USD") -> None:
        """A merchant with money."""
        self.tell(merchant_id, commands.OpenMerchant(name=f"Merchant {merchant_id}", main_currency=currency))
        self.credit(merchant_id, amount_minor, currency)

    def credit(self, merchant_id: str, amount_minor: int, currency: str = "USD") -> None:
        """Money comes in."""
        body = commands.CreditMerchant(
            credit_id=self.mint(), amount_minor=amount_minor, currency=currency, reference=f"credit-{len(self.records)}"
        )
        self.tell(merchant_id, body, key=f"credit-{len(self.records)}")

    def form(self, amount_minor: int = 1000, currency: str = "USD", text: str = "salary") -> PayoutForm:
        """A payout form whose texts are `text`."""
        recipient = {"type": "bank_account", "account_number": text, "bank_name": text}
        reference = f"{text} {self.mint()}"
        return PayoutForm(
            amount_minor=amount_minor, currency=currency, recipient=recipient, reference=reference, description=text
        )

    def batch(
        self,
        merchant_id: str,
        rows: int,
        *,
        chunk: int = 7,
        amount_minor: int = 100,
        submit: bool = False,
        funding: Funding = Funding.ALL_OR_NOTHING,
        on_row_failure: OnRowFailure = OnRowFailure.CONTINUE,
    ) -> str:
        """An open batch with rows."""
        batch_id = self.mint()
        key = f"batch-{batch_id}" if submit else None
        body = commands.OpenBatch(
            batch_id=batch_id, name=HOSTILE, submit=submit, funding=funding, on_row_failure=on_row_failure
        )
        self.tell(merchant_id, body, key=key)
        for first in range(1, rows + 1, chunk):
            forms = [
                self.form(amount_minor + row, self.random.choice(("USD", "EUR")), f"row {row}")
                for row in range(first, min(first + chunk, rows + 1))
            ]
            out = RefusedRows(count=2, sums_minor={"USD": first}) if first % 2 == 0 else None
            self.tell(merchant_id, commands.AddRows(batch_id=batch_id, first_row=first, rows=forms, refused_rows=out))
        return batch_id

    def pay_batch(self, merchant_id: str, batch_id: str, rows: int) -> None:
        """Start all rows and have them answered, in two chunks, with every outcome."""
        ids = [row_payout_id(batch_id, row) for row in range(1, rows + 1)]
        for part in (ids[: rows // 2], ids[rows // 2 :]):
            self.tell(
                merchant_id,
                commands.StartAttempts(provider=PROVIDER, payout_ids=list(part), batch_id=batch_id),
                actor="rails",
            )
            answers = [self.answer(payout_id) for payout_id in part]
            self.tell(
                merchant_id, commands.RecordAnswers(provider=PROVIDER, answers=answers, batch_id=batch_id), actor="rails"
            )

    def answer(self, payout_id: str, *, inquiry: bool = False) -> ProviderAnswer:
        """Some answer to the newest attempt."""
        outcome = self.random.choice((*Outcome, Outcome.PAID))
        return ProviderAnswer(
            payout_id=payout_id,
            attempt=self.book.payouts[payout_id].attempt_count,
            outcome=outcome,
            retryable=self.random.random() < 0.5,
            code=f"code_{outcome}",
            reason=HOSTILE if outcome is Outcome.FAILED else None,
            provider_reference=self.random.choice((None, f"ref {payout_id}", HOSTILE)),
            inquiry=inquiry,
        )


def everything(seed: int, steps: int = 120) -> EventStory:
    """A story with every kind of event, its order by `seed`."""
    story = EventStory(seed)
    for merchant_id in ("acme", "zebra"):
        story.open(merchant_id, 50_000)
        story.credit(merchant_id, 20_000, "EUR")
    story.tell("acme", _account(story), key="account")
    story.tell("acme", commands.CancelPayout(payout_id=story.mint()))
    _accounts(story)
    for _ in range(steps):
        _step(story, story.random.choice(("acme", "zebra")))
    return story


def _account(story: EventStory, *, verified: bool = True) -> commands.AddBankAccount:
    return commands.AddBankAccount(
        bank_account_id=story.mint(),
        holder=HOSTILE,
        account_number="40817\t810",
        bank_name=HOSTILE,
        verified=verified,
        primary=True,
    )


def _accounts(story: EventStory) -> None:
    """Merchants change; accounts are verified, made primary, closed; a deposit fails."""
    choose = story.random.choice
    story.tell("zebra", commands.ChangeMerchant(name=HOSTILE, active=False, key_required=choose((True, False))))
    story.tell("zebra", commands.ChangeMerchant(active=True))
    for number in range(3):
        saved = _account(story, verified=False)
        account_id = saved.bank_account_id
        story.tell("acme", saved)
        begun = commands.StartVerification(bank_account_id=account_id, verification_id=story.mint(), amounts_minor=[7, 8])
        story.tell("acme", begun)
        for deposit in (1, 2):
            said = commands.RecordDeposit(
                bank_account_id=account_id,
                verification_id=begun.verification_id,
                number=deposit,
                provider=PROVIDER,
                outcome=Outcome.FAILED if number == 0 and deposit == 2 else Outcome.PAID,
                code=HOSTILE,
                provider_reference=choose((None, HOSTILE)),
            )
            story.tell("acme", said, actor="rails")
        story.tell(
            "acme", commands.ConfirmVerification(bank_account_id=account_id, amounts=["0.07", choose(("0.07", "0.08"))])
        )
    story.tell("acme", commands.ChangeBankAccount(bank_account_id=account_id, bank_name=None, account_type="savings"))
    story.tell("acme", commands.CloseBankAccount(bank_account_id=account_id))


def _step(story: EventStory, merchant_id: str) -> None:
    roll = story.random.random()
    if roll < 0.25:
        _request(story, merchant_id)
    elif roll < 0.40:
        _start(story, merchant_id)
    elif roll < 0.60:
        _answer(story, merchant_id)
    elif roll < 0.70:
        _time(story, merchant_id)
    elif roll < 0.80:
        _change(story, merchant_id)
    elif roll < 0.86:
        story.credit(merchant_id, story.random.randrange(500, 5_000), story.random.choice(("USD", "EUR")))
    else:
        _batch(story, merchant_id)


def _request(story: EventStory, merchant_id: str) -> None:
    choose = story.random.choice
    body = commands.RequestPayout(
        payout_id=story.mint(),
        form=story.form(story.random.randrange(1, 30_000), choose(("USD", "EUR")), choose(("salary", HOSTILE))),
        release_at=choose((None, story.now + 2_000, story.now + 100_000)),
        on_insufficient_funds=choose(tuple(OnInsufficientFunds)),
    )
    story.tell(merchant_id, body, key=f"key-{len(story.records) - len(story.records) % 2}")


def _payouts(story: EventStory, merchant_id: str, *statuses: PayoutStatus) -> list[str]:
    """Single payouts, in the order of their ids."""
    found = [
        payout.id
        for payout in story.book.payouts.values()
        if payout.merchant_id == merchant_id and payout.status in statuses and payout.batch_id is None
    ]
    return sorted(found)


def _start(story: EventStory, merchant_id: str) -> None:
    ids = _payouts(story, merchant_id, PayoutStatus.PENDING)[:3]
    story.tell(merchant_id, commands.StartAttempts(provider=PROVIDER, payout_ids=ids), actor="rails")


def _answer(story: EventStory, merchant_id: str) -> None:
    moving = _payouts(story, merchant_id, PayoutStatus.PROCESSING, PayoutStatus.REQUIRES_ACTION)
    ended = _payouts(story, merchant_id, PayoutStatus.COMPLETED, PayoutStatus.FAILED)
    for payout_id in [*moving[:2], *ended[:1]]:
        inquiry = story.book.payouts[payout_id].status is PayoutStatus.REQUIRES_ACTION
        body = commands.RecordAnswers(provider=PROVIDER, answers=[story.answer(payout_id, inquiry=inquiry)])
        story.tell(merchant_id, body, actor="rails")


def _time(story: EventStory, merchant_id: str) -> None:
    story.now += 100_000
    processing = _payouts(story, merchant_id, PayoutStatus.PROCESSING)
    due = [payout_id for payout_id in processing if story.book.payouts[payout_id].reason is Reason.RETRY]
    late = [payout_id for payout_id in processing if payout_id not in due]
    story.tell(merchant_id, commands.RetryDue(payout_ids=due), actor="timer")
    story.tell(merchant_id, commands.TimeOutAttempts(payout_ids=late[:2]), actor="timer")


def _change(story: EventStory, merchant_id: str) -> None:
    pending = _payouts(story, merchant_id, PayoutStatus.PENDING)
    if not pending:
        return
    payout_id = story.random.choice(pending)
    if story.random.random() < 0.4:
        story.tell(merchant_id, commands.CancelPayout(payout_id=payout_id, reason=HOSTILE))
    else:
        amount = story.random.randrange(1, 9_000)
        body = commands.EditPayout(
            payout_id=payout_id, amount_minor=amount, description=story.random.choice((None, HOSTILE))
        )
        story.tell(merchant_id, body)


def _batch(story: EventStory, merchant_id: str) -> None:
    rows = story.random.randrange(1, 20)
    submit = story.random.random() < 0.5
    choose = story.random.choice
    funding, on_row_failure = choose(tuple(Funding)), choose(tuple(OnRowFailure))
    amount = choose((100, 100, 4_000))
    batch_id = story.batch(
        merchant_id, rows, submit=submit, funding=funding, on_row_failure=on_row_failure, amount_minor=amount
    )
    roll = story.random.random()
    if roll < 0.2:
        story.tell(merchant_id, commands.CancelBatch(batch_id=batch_id, reason=HOSTILE))
        return
    declared = BatchDeclaration(count=rows if roll < 0.8 else rows + 1)
    seal = commands.SealBatch(batch_id=batch_id, declaration=declared)
    story.tell(merchant_id, seal, key=f"batch-{batch_id}" if submit else f"seal-{batch_id}")
    if roll < 0.8:
        _disturb(story, merchant_id, row_payout_id(batch_id, rows))
        story.pay_batch(merchant_id, batch_id, rows)
    if story.random.random() < 0.3:
        story.tell(merchant_id, commands.CancelBatch(batch_id=batch_id, reason=HOSTILE))


def _disturb(story: EventStory, merchant_id: str, payout_id: str) -> None:
    """The last row, which may wait for funds, is canceled or edited, perhaps."""
    roll = story.random.random()
    if roll < 0.2:
        story.tell(merchant_id, commands.CancelPayout(payout_id=payout_id))
    elif roll < 0.6:
        currency = story.random.choice(("USD", "EUR"))
        body = commands.EditPayout(payout_id=payout_id, amount_minor=story.random.randrange(1, 9_000), currency=currency)
        story.tell(merchant_id, body)
