"""The law under worse clients, rails and sweepers than there are: the machine of `test_law`, with everything that must change nothing.

Answers that contradict each other in one record, answers of another provider, keys with other content and keys that have expired, stale
versions, chunks that leave a gap or differ, declarations that do not hold, references that are taken. The model is told only what counts.
"""

import inspect
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from schemas import commands
from schemas.commands import Command
from schemas.events import CommandRefused, EventRecord, PayoutsCompleted, PayoutsFailed
from schemas.ids import row_payout_id
from schemas.words import AVAILABLE, HELD, Outcome, RecordOutcome
from tests.support.given import answers, declared, facts, form, is_quiet, said, told
from tests.support.payout_model import Item, Word
from tests.unit.domain.test_law import AMOUNTS, ANY, MOVING, Law, _drawn, currencies, merchants

HOUR = 3_600_000
WORDS = st.tuples(ANY, st.sampled_from([0, 0, 0, 1]), st.sampled_from(list(Outcome)), st.booleans())


class Attacked(Law):
    """Any order of commands and attacks."""

    def __init__(self) -> None:
        super().__init__()
        self.references: dict[tuple[str, str], str] = {}

    def in_vain(self, body: Command, merchant: str, status: int, code: str, **more: Any) -> None:
        """The command is refused so, and nothing is decided."""
        record = self.scene.when(body, merchant, **more)
        problem = told(record)
        assert (problem["status"], problem["code"], facts(record)) == (status, code, ["CommandRefused"]), problem

    # ---- rails

    @rule(words=st.lists(WORDS, min_size=2, max_size=5), near=ANY)
    def answer_in_one_breath(self, words: list[tuple[int, int, Outcome, bool]], near: int) -> None:
        """LIF-14, LIF-21: several payouts, or several words for one, that need not agree."""
        first = self.pick(near, *MOVING)
        if first is None:
            return
        of_one = [i for i in self.model.items.values() if (i.merchant, i.batch) == (first.merchant, first.batch)]
        together = [item for item in of_one if item.state in MOVING] + of_one[:1]
        near_first = [first, first, *together]
        told_of = [(near_first[which % len(near_first)], back, outcome, again) for which, back, outcome, again in words]
        spoken = [Word(item.id, item.tries - back, outcome, again) for item, back, outcome, again in told_of]
        items = [
            said(w.payout, Outcome(w.outcome), w.attempt, retryable=w.retryable, inquiry=True, code="c") for w in spoken
        ]
        self.tell(answers(*items, batch_id=first.batch), first.merchant)
        self.model.answers(spoken, self.scene.now)

    @rule(which=ANY, outcome=st.sampled_from(list(Outcome)))
    def another_provider_speaks(self, which: int, outcome: Outcome) -> None:
        """RAI: it was never asked; at most it is kept as a contradiction."""
        item = self.pick(which, *MOVING, "completed")
        if item is not None:
            body = answers(said(item.id, outcome, item.tries), batch_id=item.batch, provider="somebody else")
            assert set(facts(self.tell(body, item.merchant))) <= {"AnswerContradicted"}

    # ---- clients

    @rule(which=ANY, amount=AMOUNTS, cancel=st.booleans(), by_header=st.booleans(), ahead=st.sampled_from([-1, 1]))
    def act_on_an_old_version(self, which: int, amount: int, cancel: bool, by_header: bool, ahead: int) -> None:
        """API-23."""
        item = self.pick(which, "pending", "funds")
        if item is None or (cancel and item.state == "canceled"):
            return
        version = {"match_version" if by_header else "expected_version": self.scene.payout(item.id).version + ahead}
        body: Command = commands.EditPayout(payout_id=item.id, amount_minor=amount, **version)
        if cancel:
            body = commands.CancelPayout(payout_id=item.id, **version)
        self.in_vain(body, item.merchant, *((412, "precondition_failed") if by_header else (409, "version_conflict")))

    @precondition(lambda self: self.keyed)
    @rule(which=ANY, amount=AMOUNTS)
    def take_a_key_for_something_else(self, which: int, amount: int) -> None:
        """IDM-05, and IDM-02: the other merchant has the same key for itself."""
        merchant, _, key, first = self.keyed[which % len(self.keyed)]
        assert first.remember is not None
        if self.scene.now < first.remember.expires_at:
            self.in_vain(self.scene.request(amount), merchant, 409, "idempotency_conflict", key=key, content="other")

    @rule(hours=st.sampled_from([1, 25]))
    def hours_pass(self, hours: int) -> None:
        """Keys expire; what is due stays due."""
        self.scene.now += hours * HOUR

    @precondition(lambda self: self.keyed)
    @rule(which=ANY)
    def repeat_under_an_expired_key(self, which: int) -> None:
        """IDM-07: judged anew, and what was asked for by id is still not made twice."""
        merchant, body, key, first = self.keyed[which % len(self.keyed)]
        assert first.remember is not None
        if self.scene.now < first.remember.expires_at:
            return
        record = self.tell_again(body, merchant, key)
        assert record.answer is None or not record.answer.replayed
        if isinstance(body, commands.CancelPayout):
            self.model.cancel(body.payout_id)
        elif isinstance(body, commands.RequestPayout):
            assert is_quiet(record)
        else:
            assert record.outcome is not RecordOutcome.DECIDED

    def tell_again(self, body: Command, merchant: str, key: str) -> EventRecord:
        """The key is remembered anew, from now on."""
        record = self.scene.when(body, merchant, key=key)
        self.keyed = [known for known in self.keyed if known[2] != key]
        if record.remember is not None:
            self.keyed.append((merchant, body, key, record))
        return record

    @rule(merchant=merchants, currency=currencies, amount=AMOUNTS, name=st.sampled_from("abc"))
    def request_with_a_reference(self, merchant: str, currency: str, amount: int, name: str) -> None:
        """IDM-08: one per reference for ever; a rejected request gives it back."""
        body = self.scene.request(amount, currency, reference=name)
        if (merchant, name) in self.references:
            self.in_vain(body, merchant, 409, "duplicate_reference")
            return
        self.tell(body, merchant)
        self.model.request(Item(body.payout_id, merchant, currency, amount, self.scene.now, ""), waits=False)
        if self.model.items[body.payout_id].state != "rejected":
            self.references[merchant, name] = body.payout_id

    # ---- batches

    @precondition(lambda self: self.open_batches)
    @rule(which=ANY, skip=st.integers(1, 3), amount=AMOUNTS)
    def send_a_chunk_that_does_not_fit(self, which: int, skip: int, amount: int) -> None:
        """BAT-02: a gap, and other rows at numbers that are taken."""
        batch_id, merchant = self.open_batches[which % len(self.open_batches)]
        rows = self.scene.book.batches[batch_id].row_count
        gap = commands.AddRows(batch_id=batch_id, first_row=rows + 1 + skip, rows=[form(amount)])
        self.in_vain(gap, merchant, 409, "row_gap")
        if rows:
            other = form(amount, description="not what was sent")
            self.in_vain(commands.AddRows(batch_id=batch_id, first_row=rows, rows=[other]), merchant, 409, "row_conflict")
            across = commands.AddRows(batch_id=batch_id, first_row=rows, rows=[other, other])
            self.in_vain(across, merchant, 409, "row_conflict")

    @precondition(lambda self: self.open_batches)
    @rule(which=ANY, act=st.sampled_from(["add", "seal", "drop"]), by_header=st.booleans(), ahead=st.sampled_from([-1, 1]))
    def act_on_an_old_batch(self, which: int, act: str, by_header: bool, ahead: int) -> None:
        """API-23, BAT-13."""
        batch_id, merchant = self.open_batches[which % len(self.open_batches)]
        batch = self.scene.book.batches[batch_id]
        version = {"match_version" if by_header or act == "add" else "expected_version": batch.version + ahead}
        body: Command = commands.CancelBatch(batch_id=batch_id, **version)
        if act == "seal":
            body = commands.SealBatch(batch_id=batch_id, **version)
        if act == "add":
            body = commands.AddRows(batch_id=batch_id, first_row=batch.row_count + 1, rows=[form(1)], **version)
        code = (412, "precondition_failed") if "match_version" in version else (409, "version_conflict")
        self.in_vain(body, merchant, *code)

    @precondition(lambda self: self.open_batches)
    @rule(which=ANY, count=st.integers(0, 3), true=st.booleans())
    def seal_as_declared(self, which: int, count: int, true: bool) -> None:
        """BAT-10: a declaration that does not hold refuses all of it."""
        batch_id, merchant = self.open_batches.pop(which % len(self.open_batches))
        batch = self.scene.book.batches[batch_id]
        wished = declared(batch.row_count, **batch.sums_minor) if true else declared(batch.row_count + 1 + count)
        self.tell(commands.SealBatch(batch_id=batch_id, declaration=wished), merchant, keyed=True)
        if true:
            self.model.seal(batch_id, merchant, self.scene.now)
        else:
            self.model.drop(batch_id)

    @precondition(lambda self: self.open_batches)
    @rule(which=ANY, cancel=st.booleans())
    def touch_a_row_before_the_seal(self, which: int, cancel: bool) -> None:
        batch_id, merchant = self.open_batches[which % len(self.open_batches)]
        row = row_payout_id(batch_id, 1)
        if row in self.scene.book.payouts:
            body: Command = (
                commands.CancelPayout(payout_id=row) if cancel else commands.EditPayout(payout_id=row, amount_minor=1)
            )
            self.in_vain(body, merchant, 409, "invalid_state_transition")

    # ---- what holds after every step, told from the log alone

    @invariant()
    def the_log_alone_adds_up(self) -> None:
        """I1, I2, I3 at this prefix: from postings, without the book."""
        balances: dict[tuple[str, str, str], int] = {}
        for record in self.scene.records:
            for leg in (leg for event in record.events for leg in getattr(event, "postings", ())):
                place = (record.merchant_id, leg.currency, leg.account)
                balances[place] = balances.get(place, 0) + leg.amount_minor
        assert {place: amount for place, amount in balances.items() if amount} == {
            place: amount for place, amount in self.scene.book.balances.items() if amount
        }
        assert sum(balances.values()) == 0
        assert all(amount >= 0 for (_, _, account), amount in balances.items() if account in {AVAILABLE, HELD})


Attacked.TestCase.settings = settings(
    max_examples=50, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestAttacked = Attacked.TestCase


DAY = (
    (Attacked.request, 9),
    (Attacked.credit, 4),
    (Attacked.start, 8),
    (Attacked.answer, 3),
    (Attacked.answer_in_one_breath, 9),
    (Attacked.time_passes_and_the_sweep_looks_at_all, 4),
    (Attacked.edit, 2),
    (Attacked.cancel, 3),
    (Attacked.open_batch, 3),
    (Attacked.seal, 2),
    (Attacked.seal_as_declared, 2),
    (Attacked.another_provider_speaks, 2),
    (Attacked.act_on_an_old_version, 2),
    (Attacked.take_a_key_for_something_else, 2),
    (Attacked.hours_pass, 1),
    (Attacked.repeat_under_an_expired_key, 3),
    (Attacked.request_with_a_reference, 3),
    (Attacked.send_a_chunk_that_does_not_fit, 2),
    (Attacked.touch_a_row_before_the_seal, 2),
)
"""A bad day, by weight."""

NEEDS_A_BATCH = {
    Attacked.seal,
    Attacked.seal_as_declared,
    Attacked.send_a_chunk_that_does_not_fit,
    Attacked.touch_a_row_before_the_seal,
}
NEEDS_A_KEY = {Attacked.take_a_key_for_something_else, Attacked.repeat_under_an_expired_key}


def bad_day(seed: int, steps: int = 120) -> Attacked:
    """The machine above, but dense, so that long histories meet. The same seed gives the same day."""
    chance = random.Random(seed)
    law = Attacked()
    law.open(chance.choice((0, 0, 100, 500)))
    rules, weights = zip(*DAY, strict=True)
    for chosen in chance.choices(rules, weights, k=steps):
        if (chosen in NEEDS_A_BATCH and not law.open_batches) or (chosen in NEEDS_A_KEY and not law.keyed):
            continue
        chosen(law, **_drawn_too(chance, chosen))
        law.as_the_model_says()
    law.the_log_alone_adds_up()
    law.teardown()
    return law


def _drawn_too(chance: random.Random, chosen: Callable[..., None]) -> dict[str, Any]:
    more: dict[str, Any] = {
        "words": [
            (chance.randrange(100), chance.choice((0, 0, 0, 0, 1)), chance.choice(list(Outcome)), chance.random() < 0.5)
            for _ in range(chance.randint(2, 12))
        ],
        "near": chance.randrange(10**6),
        "cancel": chance.random() < 0.5,
        "by_header": chance.random() < 0.5,
        "ahead": chance.choice((-1, 1)),
        "hours": chance.choice((1, 25)),
        "name": chance.choice("abc"),
        "skip": chance.randint(1, 3),
        "count": chance.randint(0, 3),
        "true": chance.random() < 0.6,
    }
    wanted = inspect.signature(chosen).parameters
    return {**_drawn(chance, chosen), **{name: more[name] for name in wanted if name in more}}


@pytest.mark.parametrize("seed", range(30))
def test_bad_days_follow_the_model_too(seed: int) -> None:
    bad_day(seed)


def test_the_bad_days_hold_what_they_are_there_for() -> None:
    """Refusals of each kind, contradictions, and records that settle several payouts at once."""
    records = [record for seed in range(100, 108) for record in bad_day(seed).scene.records]
    codes = Counter(event.code for record in records for event in record.events if isinstance(event, CommandRefused))
    wanted = {
        "idempotency_conflict",
        "precondition_failed",
        "version_conflict",
        "duplicate_reference",
        "row_gap",
        "row_conflict",
    }
    assert {code for code in wanted if codes[code] < 3} == set()
    kinds = Counter(name for record in records for name in facts(record))
    assert min(kinds["AnswerContradicted"], kinds["BatchRefused"], kinds["PayoutsFunded"]) >= 5
    settled = [event for record in records for event in record.events if isinstance(event, PayoutsFailed | PayoutsCompleted)]
    assert sum(len(event.payouts) > 1 for event in settled) >= 3
