"""An inbox record that is read again, however late, pays nothing twice; and what stands behind one that waits is decided once (INB-03)."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition

from domain.book import Book
from domain.decide import decide
from domain.evolve import evolve
from domain.policy import Policy
from runtime.clock import SystemClock
from runtime.dead_letters import DeadLettersFullError
from schemas.commands import Command, CommandRecord, CreditMerchant, OpenBatch, OpenMerchant
from schemas.currencies import enabled
from schemas.events import EventRecord
from schemas.ids import is_uuid
from schemas.words import RecordOutcome
from services.ingest.inbox.judging import Judged, Judging
from services.ingest.inbox.messages import Message
from services.ingest.inbox.reading import Reading, record_id
from services.ingest.waiting import DecisionsLostError

NOW = 1_767_225_600_000
HOUR_MS = 3_600_000
PLACE = TopicPartition("payouts.inbox.erp", 1)
PAYOUT = {"amount": "50", "currency": "USD", "recipient_details": {"msisdn": "+256772000123"}}


def record(**change: Any) -> Any:
    given = {
        "topic": PLACE.topic,
        "partition": 1,
        "offset": 7,
        "timestamp": NOW,
        "key": b"demo",
        "value": b"{}",
        "headers": (),
    }
    return SimpleNamespace(**{**given, **change})


def test_an_inbox_record_makes_the_same_id_each_time_it_is_read() -> None:
    first = record_id(record())
    assert first == record_id(record())
    assert is_uuid(first)
    assert first[14] == "7"
    changes: list[dict[str, Any]] = [{"offset": 8}, {"partition": 0}, {"value": b"[]"}, {"key": b"x"}]
    assert len({first, *(record_id(record(**change)) for change in changes)}) == 5
    assert first < record_id(record(timestamp=NOW + 1, offset=1)), "ids sort by the time of their records"


@pytest.mark.parametrize("timestamp", [-1, 2**62])
def test_a_record_without_a_time_sorts_last_not_first(timestamp: int) -> None:
    strange = record_id(record(timestamp=timestamp))
    assert is_uuid(strange)
    assert strange < record_id(record(timestamp=1))


class Law:
    """A merchant with 1,000.00 USD, and the decisions on what its inbox records ask for."""

    def __init__(self) -> None:
        self.book = Book()
        self.offset = 0
        self.judge(OpenMerchant(name="Demo", main_currency="USD"))
        self.judge(
            CreditMerchant(credit_id=record_id(record(offset=0)), amount_minor=100_000, currency="USD", reference="r")
        )

    def judge(self, body: Command, key: str | None = None, at: float = NOW) -> EventRecord:
        asked = CommandRecord(
            id=f"c{self.offset}",
            merchant_id="demo",
            at=int(at),
            body=body,
            actor="inbox:erp",
            key=key,
            content_hash="h" if key else None,
        )
        decision = decide(self.book, asked, self.offset, int(at), Policy())
        evolve(self.book, decision)
        self.offset += 1
        return decision

    def read(self, one: Any, hours: float, data: dict[str, object] = PAYOUT, kind: str = "request_payout") -> EventRecord:
        """One reading of a record, so many hours after it was written."""
        reading = Reading("demo", enabled({"USD"}), lambda: None)
        return self.judge(reading.body(Message(kind, data), record_id(one), None), "up-1", NOW + hours * HOUR_MS)

    @property
    def payouts(self) -> set[str]:
        return set(self.book.payouts)


def test_a_record_that_is_read_for_days_pays_once() -> None:
    law = Law()
    read = [law.read(record(), hours) for hours in (0, 1, 23.9, 24.1, 49)]
    assert [one.outcome for one in read] == [RecordOutcome.DECIDED, *[RecordOutcome.REPEAT] * 4]
    assert {one.subject for one in read} == law.payouts
    assert (len(law.payouts), law.book.balance("demo", "USD", "available")) == (1, 95_000)


def test_a_record_from_the_future_pays_once_too() -> None:
    law = Law()
    for hours in (0, 30, 60, 90, 120):
        law.read(record(timestamp=NOW + 72 * HOUR_MS), hours)
    assert len(law.payouts) == 1


def test_a_new_record_with_an_old_key_is_a_new_request_after_the_life_of_the_key__IDM_07() -> None:
    law = Law()
    assert law.read(record(), 0).outcome is RecordOutcome.DECIDED
    assert law.read(record(), 25).remember is None, "reading again gives the key no second life"
    assert law.read(record(offset=8), 26).outcome is RecordOutcome.DECIDED
    assert len(law.payouts) == 2
    assert law.read(record(offset=9), 27).outcome is RecordOutcome.REPEAT, "the key lives again"
    assert law.read(record(), 28).subject == record_id(record()), "the first record is still told of its own payout"
    assert law.read(record(offset=8), 52).subject == record_id(record(offset=8))
    assert len(law.payouts) == 2


def test_a_record_that_was_rejected_stays_refused() -> None:
    law = Law()
    dear = {**PAYOUT, "amount": "5000"}
    assert [law.read(record(), hours, dear).answer.status for hours in (0, 1, 25)] == [402, 402, 402]  # type: ignore[union-attr]
    assert law.read(record(), 25, dear).subject == record_id(record())


def test_an_opening_that_is_read_again_opens_no_second_batch() -> None:
    law = Law()
    read = [law.read(record(), hours, {}, "open_batch") for hours in (0, 1, 25)]
    assert [one.outcome for one in read] == [RecordOutcome.DECIDED, RecordOutcome.REPEAT, RecordOutcome.REPEAT]
    assert list(law.book.batches) == [record_id(record())]
    assert read[2].remember is None
    assert law.judge(OpenBatch(batch_id=record_id(record(offset=8)), source="inbox"), "up-1", NOW + 26 * HOUR_MS).remember


class Decisions:
    """Decides everything; what is in `dead` is unreadable, and what a merchant in `lost` asks for is not seen."""

    def __init__(self, dead: set[int] = frozenset(), lost: set[bytes] = frozenset()) -> None:  # type: ignore[assignment]
        self.dead, self.lost = set(dead), set(lost)
        self.decided: list[int] = []

    async def judge(self, records: Sequence[Any]) -> list[Judged]:
        if records[0].key in self.lost:
            raise DecisionsLostError
        self.decided += [one.offset for one in records]
        reply: Any = None
        return [Judged(one, reply, ("bad_json", "no") if one.offset in self.dead else None) for one in records]


class Letters:
    """Takes so many letters and no more."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.kept: list[int] = []

    async def keep(self, *, offset: int, **_: Any) -> None:
        if self.places <= len(self.kept):
            raise DeadLettersFullError("full")
        self.kept.append(offset)


def told(answerable: Any) -> tuple[list[int], int | None, str]:
    return [one.record.offset for one in answerable.judged], answerable.waits_at, type(answerable.why).__name__


async def test_what_stands_before_a_full_list_is_answered_and_nothing_is_decided_twice() -> None:
    decisions, letters = Decisions(dead={2, 4}), Letters(places=1)
    judging = Judging(decisions, letters, SystemClock())  # type: ignore[arg-type]
    records = [record(offset=offset) for offset in range(7)]
    assert told(await judging.answerable(PLACE, records)) == ([0, 1, 2, 3], 4, "DeadLettersFullError")
    for _ in range(3):
        assert told(await judging.answerable(PLACE, [*records[4:], record(offset=7)]))[:2] == ([], 4)
    letters.places = 2
    assert told(await judging.answerable(PLACE, [*records[4:], record(offset=7)])) == ([4, 5, 6, 7], None, "NoneType")
    assert sorted(decisions.decided) == list(range(8)), "each record was decided once"
    assert letters.kept == [2, 4]


async def test_a_merchant_whose_decisions_are_lost_holds_up_no_decision_of_others_twice() -> None:
    decisions = Decisions(lost={b"b"})
    judging = Judging(decisions, Letters(places=0), SystemClock())  # type: ignore[arg-type]
    records = [record(offset=offset, key=key) for offset, key in enumerate([b"a", b"b", b"a"])]
    assert told(await judging.answerable(PLACE, records)) == ([0], 1, "DecisionsLostError")
    assert told(await judging.answerable(PLACE, records[1:])) == ([], 1, "DecisionsLostError")
    decisions.lost.clear()
    assert told(await judging.answerable(PLACE, records[1:]))[:2] == ([1, 2], None)
    assert decisions.decided == [0, 2, 1]


async def test_a_partition_that_was_taken_away_is_judged_anew() -> None:
    """Somebody else may have answered in between; what was decided is recognised by the log."""
    decisions = Decisions(dead={0})
    judging = Judging(decisions, Letters(places=0), SystemClock())  # type: ignore[arg-type]
    records = [record(offset=0), record(offset=1)]
    await judging.answerable(PLACE, records)
    judging.forget(PLACE)
    await judging.answerable(PLACE, records)
    assert decisions.decided == [0, 1, 0, 1]
