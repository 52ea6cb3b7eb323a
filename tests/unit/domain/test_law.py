"""The whole law against an independent model, over any order of commands (LIF-01, LIF-07, LIF-14, LED-02 to LED-06, OPS-05).

After every record Scene checks what must always hold; here states and balances are compared with `tests.support.payout_model`, and at
the end the log is folded again, record by record, and must give the same book.
"""

import inspect
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.book import Book
from domain.evolve import evolve
from schemas import commands, events
from schemas.codec import decode_event, encode
from schemas.commands import Command
from schemas.events import AnyEvent, EventRecord
from schemas.ids import row_payout_id
from schemas.words import Funding, OnInsufficientFunds, OnRowFailure, Outcome
from tests.support.given import Scene, answers, contents, form, is_quiet, loaded, places_of, queue_of, said, start, told
from tests.support.payout_model import Item, Model

MERCHANTS = ("acme", "zebra")
CURRENCIES = ("USD", "EUR")
AMOUNTS = st.integers(1, 60)
merchants = st.sampled_from(MERCHANTS)
currencies = st.sampled_from(CURRENCIES)


ANY = st.integers(0, 10**6)
"""Which of the payouts at hand: taken modulo their number."""
MOVING = ("processing", "in_progress", "unknown", "stuck", "retry")


class Law(RuleBasedStateMachine):
    """Any order of commands, with repeats, mostly at payouts that they can move."""

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene()
        self.model = Model()
        self.keyed: list[tuple[str, Command, str, EventRecord]] = []
        self.open_batches: list[tuple[str, str]] = []
        self.sealed_batches: list[tuple[str, str]] = []

    @initialize(balance=st.sampled_from([0, 100, 500]))
    def open(self, balance: int) -> None:
        for merchant in MERCHANTS:
            self.scene.merchant(merchant)
            for currency in CURRENCIES if balance else ():
                self.credit(merchant, currency, balance)

    def tell(self, body: Command, merchant: str, *, keyed: bool = False) -> EventRecord:
        key = f"key {len(self.scene.records)}" if keyed else None
        record = self.scene.when(body, merchant, key=key)
        if key is not None and record.remember is not None:
            self.keyed.append((merchant, body, key, record))
        return record

    def pick(self, which: int, *states: str) -> Item | None:
        """A payout in one of these states, or any if there is none such."""
        found = [item for item in self.model.items.values() if item.state in states] or list(self.model.items.values())
        return found[which % len(found)] if found else None

    @rule(merchant=merchants, currency=currencies, amount=st.integers(1, 200))
    def credit(self, merchant: str, currency: str, amount: int) -> None:
        self.scene.credit(amount, currency, merchant)
        self.model.credit(merchant, currency, amount)

    @rule(
        merchant=merchants,
        currency=currencies,
        amount=AMOUNTS,
        waits=st.booleans(),
        delay=st.sampled_from([None, None, 0, 2_000, 50_000]),
    )
    def request(self, merchant: str, currency: str, amount: int, waits: bool, delay: int | None) -> None:
        now = self.scene.now
        release_at = None if delay is None else now + delay
        body = self.scene.request(
            amount,
            currency,
            release_at=release_at,
            on_insufficient_funds=OnInsufficientFunds.WAIT if waits else OnInsufficientFunds.REFUSE,
        )
        self.tell(body, merchant, keyed=True)
        self.model.request(Item(body.payout_id, merchant, currency, amount, now, "", release_at), waits=waits)

    @rule(which=ANY, state=st.sampled_from(["pending", "funds", "processing", "any"]), amount=AMOUNTS, currency=currencies)
    def edit(self, which: int, state: str, amount: int, currency: str) -> None:
        item = self.pick(which, state)
        if item is not None:
            version = self.scene.payout(item.id).version if which % 2 else None
            body = commands.EditPayout(payout_id=item.id, amount_minor=amount, currency=currency, match_version=version)
            self.tell(body, item.merchant)
            self.model.edit(item.id, amount, currency)

    @rule(which=ANY, state=st.sampled_from(["pending", "funds", "any"]), keyed=st.booleans())
    def cancel(self, which: int, state: str, keyed: bool) -> None:
        item = self.pick(which, state)
        if item is not None:
            self.tell(commands.CancelPayout(payout_id=item.id), item.merchant, keyed=keyed)
            self.model.cancel(item.id)

    @rule(which=ANY)
    def touch_as_another_merchant(self, which: int) -> None:
        item = self.pick(which, "pending")
        if item is not None:
            other = MERCHANTS[item.merchant == MERCHANTS[0]]
            assert told(self.tell(commands.CancelPayout(payout_id=item.id), other))["code"] == "not_found"
            assert is_quiet(self.tell(start(item.id, batch_id=item.batch), other))

    @rule(which=ANY, most=st.integers(1, 6))
    def start(self, which: int, most: int) -> None:
        first = self.pick(which, "pending")
        if first is not None:
            together = [
                item.id
                for item in self.model.items.values()
                if (item.merchant, item.batch) == (first.merchant, first.batch) and item.id >= first.id
            ][:most]
            self.tell(start(*together, batch_id=first.batch), first.merchant)
            for payout_id in together:
                self.model.start(payout_id, self.scene.now)

    @rule(
        which=ANY,
        states=st.sampled_from([MOVING, MOVING, ("completed", "failed", "retry"), ("any",)]),
        back=st.sampled_from([0, 0, 0, 1]),
        outcome=st.sampled_from(list(Outcome)),
        retryable=st.booleans(),
        times=st.integers(1, 2),
    )
    def answer(self, which: int, states: tuple[str, ...], back: int, outcome: Outcome, retryable: bool, times: int) -> None:
        item = self.pick(which, *states)
        if item is not None:
            attempt = item.tries - back
            word = said(item.id, outcome, attempt, retryable=retryable, inquiry=True, code="c")
            for _ in range(times):  # LIF-14: what comes twice has one effect
                self.tell(answers(word, batch_id=item.batch), item.merchant)
                self.model.answer(item.id, attempt, outcome, self.scene.now, retryable=retryable)

    @rule(wait=st.sampled_from([0, 9_000, 31_000, 110_000, 3_700_000]))
    def time_passes_and_the_sweep_looks_at_all(self, wait: int) -> None:
        """LIF-13: twice, as two sweepers would."""
        self.scene.now += wait
        for merchant, batch, named in 2 * self._grouped():
            due = {payout_id: self.scene.payout(payout_id).due_at for payout_id in named}
            self.tell(commands.RetryDue(payout_ids=named, batch_id=batch), merchant)
            for payout_id, due_at in due.items():
                self.model.retry(payout_id, self.scene.now, due_at)
            self.tell(commands.TimeOutAttempts(payout_ids=named, batch_id=batch), merchant)
            for payout_id in named:
                self.model.time_out(payout_id, self.scene.now)

    def _grouped(self) -> list[tuple[str, str | None, list[str]]]:
        groups: dict[tuple[str, str | None], list[str]] = {}
        for item in self.model.items.values():
            groups.setdefault((item.merchant, item.batch), []).append(item.id)
        return [(merchant, batch, named) for (merchant, batch), named in groups.items()]

    @rule(
        merchant=merchants,
        rows=st.lists(st.tuples(AMOUNTS, currencies), min_size=1, max_size=4),
        funding=st.sampled_from(Funding),
        on_row_failure=st.sampled_from(OnRowFailure),
    )
    def open_batch(self, merchant: str, rows: list[tuple[int, str]], funding: Funding, on_row_failure: OnRowFailure) -> None:
        batch_id = self.scene.batch(merchant=merchant, funding=funding, on_row_failure=on_row_failure)
        self.open_batches.append((batch_id, merchant))
        self.model.as_available |= {batch_id} if funding is Funding.AS_AVAILABLE else set()
        self.model.stops |= {batch_id} if on_row_failure is OnRowFailure.STOP else set()
        self.add_rows(-1, rows)

    @precondition(lambda self: self.open_batches)
    @rule(which=ANY, rows=st.lists(st.tuples(AMOUNTS, currencies), min_size=1, max_size=3))
    def add_rows(self, which: int, rows: list[tuple[int, str]]) -> None:
        batch_id, merchant = self.open_batches[which % len(self.open_batches)]
        first_row = self.scene.book.batches[batch_id].row_count + 1
        body = commands.AddRows(batch_id=batch_id, first_row=first_row, rows=[form(*row) for row in rows])
        self.tell(body, merchant)
        for row, (amount, currency) in enumerate(rows, first_row):
            payout_id = row_payout_id(batch_id, row)
            self.model.items[payout_id] = Item(
                payout_id, merchant, currency, amount, self.scene.now, "unsealed", batch=batch_id
            )
        assert is_quiet(self.tell(body, merchant))

    @precondition(lambda self: self.open_batches)
    @rule(which=ANY)
    def seal(self, which: int) -> None:
        batch_id, merchant = self.open_batches.pop(which % len(self.open_batches))
        self.tell(commands.SealBatch(batch_id=batch_id), merchant, keyed=True)
        self.model.seal(batch_id, merchant, self.scene.now)
        self.sealed_batches.append((batch_id, merchant))

    @precondition(lambda self: self.open_batches)
    @rule(which=ANY)
    def drop(self, which: int) -> None:
        batch_id, merchant = self.open_batches.pop(which % len(self.open_batches))
        self.tell(commands.CancelBatch(batch_id=batch_id), merchant)
        self.model.drop(batch_id)

    @precondition(lambda self: self.sealed_batches)
    @rule(which=ANY)
    def stop(self, which: int) -> None:
        """BAT-13: rows that were not sent, and no others."""
        batch_id, merchant = self.sealed_batches[which % len(self.sealed_batches)]
        self.tell(commands.CancelBatch(batch_id=batch_id), merchant, keyed=True)
        self.model.stop(batch_id, merchant)

    @precondition(lambda self: self.keyed)
    @rule(which=ANY)
    def repeat(self, which: int) -> None:
        """IDM-03, IDM-04: the same key again, at any later time in its day: the same bytes, and nothing else."""
        merchant, body, key, first = self.keyed[which % len(self.keyed)]
        if first.remember is None or self.scene.now >= first.remember.expires_at:
            return
        again = self.scene.when(body, merchant, key=key)
        assert is_quiet(again)
        assert first.answer is not None
        assert again.answer is not None
        assert again.answer.body == first.answer.body

    @invariant()
    def as_the_model_says(self) -> None:
        assert {payout.id: payout.status.value for payout in self.scene.book.payouts.values()} == self.model.statuses()
        for merchant in MERCHANTS:
            for currency in CURRENCIES:
                assert self.scene.available(currency, merchant) == self.model.available(merchant, currency)
                assert self.scene.held(currency, merchant) == self.model.held(merchant, currency)
                waiting = [item.id for item in self.model.queue(merchant, currency)]
                assert queue_of(self.scene.book, merchant, currency) == waiting

    @invariant()
    def tries_are_counted(self) -> None:
        """LIF-09, LIF-10."""
        for payout_id, item in self.model.items.items():
            assert self.scene.payout(payout_id).attempt_count == item.tries <= 3

    def teardown(self) -> None:
        """The book is a function of the log, and of nothing else (RELIABILITY I2, I13)."""
        folded = Book()
        for record in self.scene.records:
            evolve(folded, decode_event(encode(record)))
        assert contents(folded) == contents(self.scene.book)
        assert places_of(loaded(folded)) == places_of(folded)


Law.TestCase.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestLaw = Law.TestCase

WALK = (
    (Law.request, 6),
    (Law.start, 6),
    (Law.answer, 8),
    (Law.credit, 3),
    (Law.edit, 4),
    (Law.cancel, 2),
    (Law.time_passes_and_the_sweep_looks_at_all, 3),
    (Law.open_batch, 2),
    (Law.add_rows, 1),
    (Law.seal, 2),
    (Law.drop, 1),
    (Law.stop, 1),
    (Law.repeat, 2),
)
"""What a busy day is made of, by weight."""

FACTS = {
    kind.__name__
    for kind in get_args(AnyEvent)
    if kind not in {events.MerchantOpened, events.MerchantCredited, events.BatchOpened}
    and kind not in {events.MerchantChanged, events.BankAccountAdded, events.BankAccountChanged}
}


def walk(seed: int, steps: int = 150) -> Law:
    """A day in the life of the law: like the machine above, but dense, so that long histories meet."""
    chance = random.Random(seed)
    law = Law()
    law.open(chance.choice((0, 100, 500)))
    rules, weights = zip(*WALK, strict=True)
    for chosen in chance.choices(rules, weights, k=steps):
        if (
            (chosen in {Law.add_rows, Law.seal, Law.drop} and not law.open_batches)
            or (chosen is Law.stop and not law.sealed_batches)
            or (chosen is Law.repeat and not law.keyed)
        ):
            continue
        chosen(law, **_drawn(chance, chosen))
        law.as_the_model_says()
        law.tries_are_counted()
    law.teardown()
    return law


def _drawn(chance: random.Random, chosen: Callable[..., None]) -> dict[str, Any]:
    rows = [(chance.randint(1, 60), chance.choice(CURRENCIES)) for _ in range(chance.randint(1, 4))]
    drawn = {
        "which": chance.randrange(10**6),
        "merchant": chance.choice(MERCHANTS),
        "currency": chance.choice(CURRENCIES),
        "amount": chance.randint(1, 60),
        "waits": chance.random() < 0.5,
        "delay": chance.choice((None, None, 0, 2_000)),
        "state": chance.choice(("pending", "funds", "any")),
        "keyed": chance.random() < 0.5,
        "most": chance.randint(1, 6),
        "states": chance.choice((MOVING, MOVING, MOVING, ("completed", "failed", "retry"))),
        "back": chance.choice((0, 0, 0, 1)),
        "outcome": chance.choice((*Outcome, Outcome.FAILED)),
        "retryable": chance.random() < 0.6,
        "times": chance.randint(1, 2),
        "wait": chance.choice((0, 9_000, 31_000, 110_000)),
        "rows": rows,
        "funding": chance.choice(list(Funding)),
        "on_row_failure": chance.choice(list(OnRowFailure)),
    }
    return {name: drawn[name] for name in inspect.signature(chosen).parameters if name in drawn}


@pytest.mark.parametrize("seed", range(30))
def test_long_histories_follow_the_model_too(seed: int) -> None:
    """The seed is the name of the test; the same seed gives the same day."""
    walk(seed)


def test_the_days_walked_hold_every_kind_of_fact() -> None:
    """A model that was never asked proves nothing."""
    seen: Counter[str] = Counter()
    for seed in range(100, 106):
        for record in walk(seed).scene.records:
            seen.update(type(event).__name__ for event in record.events)
    assert FACTS - {name for name, count in seen.items() if count >= 5} == set()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 300), st.lists(st.integers(1, 100), min_size=10, max_size=10))
def test_of_ten_at_once_exactly_those_succeed_that_the_balance_covers(balance: int, amounts: list[int]) -> None:
    """LIF-07: for every amount and order, one after another."""
    scene = Scene().merchant()
    if balance:
        scene.credit(balance)
    left = balance
    for amount in amounts:
        status = told(scene.when(scene.request(amount)))["status"]
        assert status == ("pending" if amount <= left else 402)
        left -= amount if amount <= left else 0
    assert (scene.available(), scene.held()) == (left, balance - left)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=1, max_size=12), st.lists(st.integers(1, 100), max_size=12))
def test_who_waits_is_funded_in_order_whatever_the_amounts(asked: list[int], paid_in: list[int]) -> None:
    """OPS-05: after any credits, those funded are a prefix of those that came, and one more would not fit."""
    scene = Scene().merchant()
    ids = [scene.pending(amount, on_insufficient_funds=OnInsufficientFunds.WAIT) for amount in asked]
    for amount in paid_in:
        scene.credit(amount)
    funded = [scene.payout(payout_id).reason is None for payout_id in ids]
    count = sum(funded)
    assert funded == [True] * count + [False] * (len(ids) - count)
    left = sum(paid_in) - sum(asked[:count])
    assert scene.available() == left >= 0
    assert count == len(ids) or asked[count] > left
