"""Given, when, then for the law: a scene with a book, a clock and a log.

Owns the checks that must hold after every single record, whatever a test is about: the decision changes nothing, the record survives the
codec, money balances at every prefix, no account is negative, batch totals add up, versions follow and moves are legal. A test says only
what is special to it.
"""

import json
from collections import Counter
from typing import Any, TypeVar

from domain.book import Book
from domain.decide import decide
from domain.evolve import evolve
from domain.needs import needs
from domain.payout.queues import date_queues, enqueue, members
from domain.payout.state import TRANSITIONS, UNFINISHED, Payout
from domain.policy import Policy
from schemas import commands
from schemas.codec import decode_command, decode_event, encode
from schemas.commands import Command, CommandRecord, ProviderAnswer
from schemas.events import Event, EventRecord
from schemas.forms import BatchDeclaration, PayoutForm
from schemas.ids import row_payout_id
from schemas.words import AVAILABLE, HELD, BatchPhase, Outcome, PayoutStatus, Reason, RecordOutcome

START = 1_767_225_600_000
ACME = "acme"
PROVIDER = "bank"
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

AnyFact = TypeVar("AnyFact", bound=Event)


def contents(book: Book) -> dict[str, Any]:
    """All that a book holds, as values that can be compared."""
    held = {name: dict(getattr(book, name)) for name in Book.__slots__}
    held["waiting"] = places_of(book)
    return held


def places_of(book: Book) -> dict[tuple[str, str], list[tuple[int, str, int, int]]]:
    """The queues for funds: since when, who, how many rows, the first of them. The last one is a bound, not a fact."""
    return {
        key: [(waiter.since, waiter.id, waiter.rows, waiter.first_row) for waiter in queue]
        for key, queue in book.waiting.items()
    }


def loaded(book: Book) -> Book:
    """A book with the same unfinished payouts and batches, and queues put up from them as a checkpoint does."""
    again = Book()
    again.batches.update(book.batches)
    for payout in sorted(book.payouts.values(), key=lambda payout: payout.id):
        if payout.status in UNFINISHED:
            again.payouts[payout.id] = payout
            if payout.reason is Reason.FUNDS:
                enqueue(again, payout, payout.created_at if payout.batch_id is None else 0)
    date_queues(again)
    return again


def queue_of(book: Book, merchant: str, currency: str = "USD") -> list[str]:
    """The ids of those who wait for funds, in order."""
    queue = book.waiting.get((merchant, currency), [])
    return [payout.id for waiter in queue for payout in members(book, waiter, currency)]


def form(amount_minor: int = 1_000, currency: str = "USD", **more: Any) -> PayoutForm:
    """A payout form to a bank account."""
    payee = {"type": "bank_account", "account_number": "1234567890", "bank_name": "First"}
    return PayoutForm(amount_minor=amount_minor, currency=currency, **{"recipient": payee, **more})


class Scene:
    """Commands in, event records out, one after another. `now` is the clock and may be moved by hand."""

    def __init__(self, policy: Policy | None = None) -> None:
        """An empty book at START."""
        self.book = Book()
        self.policy = policy or Policy()
        self.now = START
        self.records: list[EventRecord] = []
        self.totals: Counter[tuple[str, str, str, str]] = Counter()
        self._minted = 0

    # ------------------------------------------------------------------ given

    def mint(self) -> str:
        """The next id, in UUIDv7 form; later ids sort behind earlier ones, and a batch's rows behind the batch."""
        self._minted += 1
        return f"019b{self._minted >> 16:04x}-{self._minted & 0xFFFF:04x}-7000-8000-000000000000"

    def given(self, body: Command, merchant: str = ACME, **more: Any) -> EventRecord:
        """A command that must be decided; what is tested comes after it."""
        record = self.when(body, merchant, **more)
        assert record.outcome is RecordOutcome.DECIDED, record
        return record

    def merchant(self, merchant: str = ACME, **balances: int) -> "Scene":
        """A merchant with money per currency, in minor units."""
        self.given(commands.OpenMerchant(name=merchant.title()), merchant)
        for currency, amount_minor in balances.items():
            self.credit(amount_minor, currency, merchant)
        return self

    def credit(self, amount_minor: int, currency: str = "USD", merchant: str = ACME) -> EventRecord:
        """Money comes in."""
        credit_id = self.mint()
        body = commands.CreditMerchant(
            credit_id=credit_id, amount_minor=amount_minor, currency=currency, reference=f"credit {credit_id}"
        )
        return self.given(body, merchant)

    def account(self, merchant: str = ACME, *, verified: bool = True) -> str:
        """A saved bank account; returns its id."""
        account_id = self.mint()
        body = commands.AddBankAccount(
            bank_account_id=account_id, holder="A", account_number="1234567890123456", ifsc="HDFC0001234", verified=verified
        )
        self.given(body, merchant)
        return account_id

    def verifying(self, *amounts_minor: int, currency: str = "USD", paid: int = 2, merchant: str = ACME) -> str:
        """A saved account to which two deposits are sent, so many of which are paid; returns its id."""
        account_id, verification_id = self.account(merchant, verified=False), self.mint()
        sent = list(amounts_minor or (32, 45))
        body = commands.StartVerification(
            bank_account_id=account_id, verification_id=verification_id, amounts_minor=sent, currency=currency
        )
        self.given(body, merchant)
        for number in range(1, paid + 1):
            self.given(self.deposited(account_id, number), merchant)
        return account_id

    def deposited(
        self, account_id: str, number: int, outcome: Outcome = Outcome.PAID, **more: Any
    ) -> commands.RecordDeposit:
        """What the provider says of a deposit of the account's newest verification."""
        known = self.book.bank_accounts[account_id].verification
        assert known is not None
        named = {"verification_id": known.id, "provider": PROVIDER, **more}
        return commands.RecordDeposit(bank_account_id=account_id, number=number, outcome=outcome, **named)

    def request(self, amount_minor: int = 1_000, currency: str = "USD", **more: Any) -> commands.RequestPayout:
        """A request for one payout, with an id of its own."""
        asked = {name: more.pop(name) for name in ("payout_id", "release_at", "on_insufficient_funds") if name in more}
        wanted = more.pop("form", None) or form(amount_minor, currency, **more)
        return commands.RequestPayout(payout_id=asked.pop("payout_id", None) or self.mint(), form=wanted, **asked)

    def pending(self, amount_minor: int = 1_000, currency: str = "USD", merchant: str = ACME, **more: Any) -> str:
        """A single payout that was accepted; returns its id."""
        body = self.request(amount_minor, currency, **more)
        self.given(body, merchant)
        return body.payout_id

    def processing(self, amount_minor: int = 1_000, currency: str = "USD", **more: Any) -> str:
        """A single payout whose first attempt is open."""
        payout_id = self.pending(amount_minor, currency, **more)
        self.given(start(payout_id))
        return payout_id

    def batch(self, *rows: PayoutForm, merchant: str = ACME, key: str | None = None, **more: Any) -> str:
        """An open batch with rows; returns its id."""
        batch_id = self.mint()
        self.given(commands.OpenBatch(batch_id=batch_id, **more), merchant, key=key)
        if rows:
            self.given(commands.AddRows(batch_id=batch_id, first_row=1, rows=list(rows)), merchant)
        return batch_id

    def released(self, *rows: PayoutForm, **more: Any) -> tuple[str, list[str]]:
        """A released batch; returns its id and its payouts' ids."""
        batch_id = self.batch(*rows, **more)
        self.given(commands.SealBatch(batch_id=batch_id))
        return batch_id, [row_payout_id(batch_id, row) for row in range(1, len(rows) + 1)]

    # ------------------------------------------------------------------- when

    def when(
        self,
        body: Command,
        merchant: str = ACME,
        *,
        key: str | None = None,
        content: str | None = None,
        key_made: bool = False,
        instance: str | None = "/api/v1/payouts",
    ) -> EventRecord:
        """Decide one command, check what must always hold, and let the book follow."""
        command = CommandRecord(
            id=f"command {len(self.records)}",
            merchant_id=merchant,
            at=self.now,
            body=body,
            key=key,
            content_hash=content if key is None or content is not None else f"content of {key}",
            key_made=key_made,
            trace=TRACE,
            instance=instance,
        )
        assert decode_command(encode(command)) == command
        needs(command)
        before = contents(self.book)
        record = decide(self.book, command, len(self.records), self.now, self.policy)
        assert contents(self.book) == before, "a decision changed the book"
        again = decide(self.book, command, len(self.records), self.now, self.policy)
        assert (again, record.command_id) == (record, command.id), "the same command decided twice gave two records"
        assert decode_event(encode(record)) == record
        self._follow(record, before["payouts"])
        return record

    def _follow(self, record: EventRecord, before: dict[str, Payout]) -> None:
        assert (record.source_offset, record.at) == (len(self.records), self.now)
        self._check_money(record)
        touched = evolve(self.book, record)
        self.records.append(record)
        self._check_moves(before, touched)
        self._check_totals(record)
        self._check_holds()

    # ----------------------------------------------------------- always holds

    def _check_money(self, record: EventRecord) -> None:
        """LED-02, LED-03, LED-05: zero per event and currency, no leg is zero, nothing negative at any prefix."""
        running = dict(self.book.balances)
        for event in record.events:
            per_currency: Counter[str] = Counter()
            for leg in getattr(event, "postings", ()):
                assert leg.amount_minor, f"a leg of zero in {event}"
                per_currency[leg.currency] += leg.amount_minor
                account = (record.merchant_id, leg.currency, leg.account)
                running[account] = running.get(account, 0) + leg.amount_minor
            assert not any(per_currency.values()), f"postings of {event} do not balance"
            for (_, _, name), balance in running.items():
                assert balance >= 0 or name not in {AVAILABLE, HELD}, f"{name} at {balance} after {event}"

    def _check_moves(self, before: dict[str, Payout], touched: list[str]) -> None:
        """LIF-01: every move is a line of the table, every change one version more, and nothing else moves."""
        changes = Counter(touched)
        for payout_id, payout in self.book.payouts.items():
            earlier = before.get(payout_id)
            if earlier is None:
                assert payout.version == 1
                assert payout.status in {PayoutStatus.PENDING, PayoutStatus.REJECTED}
            elif payout_id not in changes:
                assert payout == earlier, "a payout moved that no event names"
            else:
                assert payout.version == earlier.version + changes[payout_id]
                assert payout.status is earlier.status or payout.status in TRANSITIONS[earlier.status]

    def _check_totals(self, record: EventRecord) -> None:
        """LIF-16: the totals that events carry add up to the rows, per batch, state and currency."""
        for event in record.events:
            for delta in getattr(event, "totals", ()):
                assert delta.count or delta.amount_minor, f"{event} changes a total by nothing"
                batch_id: str = event.batch_id  # type: ignore[union-attr, assignment]
                self.totals[batch_id, delta.status.value, delta.currency, "count"] += delta.count
                self.totals[batch_id, delta.status.value, delta.currency, "sum"] += delta.amount_minor
        real: Counter[tuple[str, str, str, str]] = Counter()
        for payout in self.book.payouts.values():
            if payout.batch_id is not None:
                real[payout.batch_id, payout.status.value, payout.currency, "count"] += 1
                real[payout.batch_id, payout.status.value, payout.currency, "sum"] += payout.amount_minor
        assert +self.totals == real
        assert not -self.totals

    def _check_holds(self) -> None:
        """LED-06: what is held is exactly what unfinished, funded payouts need."""
        owed: Counter[tuple[str, str]] = Counter()
        for payout in self.book.payouts.values():
            if payout.status in UNFINISHED and payout.reason is not Reason.FUNDS and not self._is_unsealed(payout):
                owed[payout.merchant_id, payout.currency] += payout.amount_minor + payout.fee_minor
        held = {key[:2]: balance for key, balance in self.book.balances.items() if key[2] == HELD and balance}
        assert held == dict(owed)

    def _is_unsealed(self, payout: Payout) -> bool:
        return payout.batch_id is not None and self.book.batches[payout.batch_id].phase is BatchPhase.OPEN

    # ------------------------------------------------------------------- then

    def payout(self, payout_id: str) -> Payout:
        """The payout as it stands."""
        return self.book.payouts[payout_id]

    def status(self, payout_id: str) -> str:
        """Its state."""
        return self.book.payouts[payout_id].status.value

    def available(self, currency: str = "USD", merchant: str = ACME) -> int:
        """Minor units."""
        return self.book.balance(merchant, currency, AVAILABLE)

    def held(self, currency: str = "USD", merchant: str = ACME) -> int:
        """Minor units."""
        return self.book.balance(merchant, currency, HELD)


def start(*payout_ids: str, batch_id: str | None = None, provider: str = PROVIDER) -> commands.StartAttempts:
    """First attempts."""
    return commands.StartAttempts(provider=provider, payout_ids=list(payout_ids), batch_id=batch_id)


def said(payout_id: str, outcome: Outcome, attempt: int = 1, **more: Any) -> ProviderAnswer:
    """One answer of the provider."""
    return ProviderAnswer(payout_id=payout_id, attempt=attempt, outcome=outcome, **more)


def answers(*items: ProviderAnswer, batch_id: str | None = None, provider: str = PROVIDER) -> commands.RecordAnswers:
    """Answers of the provider in one record."""
    return commands.RecordAnswers(provider=provider, answers=list(items), batch_id=batch_id)


def declared(count: int | None = None, **sums_minor: int) -> BatchDeclaration:
    """What the uploader says."""
    return BatchDeclaration(count=count, sums_minor=sums_minor or None)


def told(record: EventRecord) -> dict[str, Any]:
    """The JSON body of the answer."""
    assert record.answer is not None
    return json.loads(record.answer.body)  # type: ignore[no-any-return]


def fact(record: EventRecord, kind: type[AnyFact]) -> AnyFact:
    """The one event of this kind in the record."""
    found = [event for event in record.events if isinstance(event, kind)]
    assert len(found) == 1, record.events
    return found[0]


def facts(record: EventRecord) -> list[str]:
    """The names of the record's events, in order."""
    return [type(event).__name__ for event in record.events]


def is_refusal(record: EventRecord, status: int, code: str, detail: str = "", *, batch: bool = False) -> bool:
    """The record refuses with this status and code and says so in words; nothing changes, or the whole `batch` is refused."""
    assert record.outcome is RecordOutcome.REFUSED, record
    assert record.answer is not None
    body = told(record)
    assert (record.answer.status, body["status"], body["code"], body["error"]) == (status, status, code, code), body
    assert detail in body["detail"], body["detail"]
    assert facts(record) == ["BatchRefused" if batch else "CommandRefused"]
    return True


def is_quiet(record: EventRecord) -> bool:
    """The record is a repeat: nothing happened."""
    assert record.outcome is RecordOutcome.REPEAT, record
    assert record.events == []
    return True


def postings_of(event: Any) -> list[tuple[str, int, str, str]]:
    """(account, minor units, currency, entry type) of each leg."""
    return [(leg.account, leg.amount_minor, leg.currency, leg.entry_type.value) for leg in event.postings]
