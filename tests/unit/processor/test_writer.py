"""The writer of a partition between redeliveries, forgetting and logs that shrink; the log and the views are plain lists here."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from domain.book import Book
from domain.policy import Policy
from runtime import clock
from runtime.clock import SystemClock
from runtime.event_log.claim import FencedError
from runtime.event_log.fence import Decided
from runtime.event_log.reader import GapFoundError, LoggedEvent
from runtime.ids import mint
from schemas.codec import decode_event, encode
from schemas.commands import Command, CommandRecord, CreditMerchant, OpenMerchant, RequestPayout
from schemas.events import PayoutAccepted
from schemas.forms import PayoutForm
from services.processor import poll
from services.processor import writer as writers
from services.processor.checkpoint import Checkpoint
from services.processor.inbox import Inbox, Waiting
from services.processor.memory import Memory
from services.processor.ports import Lacking
from services.processor.writer import PartitionWriter, Tools

FORM = PayoutForm(amount_minor=100, currency="USD", recipient={"type": "mobile_money", "msisdn": "+256772000001"})


class World:
    """The events topic, and what the projection says."""

    def __init__(self) -> None:
        self.events: list[Decided] = []
        self.projected = 0
        self.reading_takes = 0.0
        self.reading = False
        self.commands_end: int | None = None
        """None: all commands are decided."""
        self.opened = 0
        self.lost = False
        """Whether somebody else has become the writer."""
        self.begun_while_reading: list[bool] = []
        """Whether anything had been looked up, each time a transaction was begun."""
        self.commands: dict[int, Waiting] = {}
        """What the log still has, for the reader that reads again."""

    async def open(self) -> None:
        self.opened += 1

    async def history(self, start: int) -> AsyncIterator[list[LoggedEvent]]:
        found = [LoggedEvent(0, o, e.source_offset, e.command_id, e.value) for o, e in enumerate(self.events) if o >= start]
        if found:
            yield found

    async def begin(self) -> None:
        self.begun_while_reading.append(self.reading)

    async def affirm(self) -> None:
        if self.lost:
            raise FencedError("another is the writer")

    async def write(self, records: Sequence[Decided]) -> list[int]:
        self.events += records
        return list(range(len(self.events) - len(records), len(self.events)))

    def drop(self) -> None:
        pass

    async def load(self, partition: int) -> Checkpoint:
        return Checkpoint(Book(), 0, 0)

    async def fill(self, book: Book, lacking: Lacking, partition: int) -> int:
        self.reading, stood = True, self.projected
        await asyncio.sleep(self.reading_takes)
        return stood

    async def position(self, partition: int) -> int:
        return self.projected

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        return []

    async def end(self, partition: int) -> int:
        return len(self.events) if self.commands_end is None else self.commands_end

    async def reread(self, _partition: int, start: int, end: int) -> list[Waiting]:
        if start not in self.commands:
            raise GapFoundError("the log was cut")
        return [self.commands[offset] for offset in range(start, min(end, start + 2))]

    async def is_member(self, partition: int, position: int) -> bool:
        return True

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[tuple[PartitionWriter, "asyncio.Task[None]"]]:
        tools = Tools(
            fence=lambda _: self, policy=Policy(), clock=SystemClock(), projection=self, commands=self, dead_letters=None,
            commands_end=self.end, is_member=self.is_member, reread=self.reread,
        )  # type: ignore[arg-type]  # fmt: skip
        writer = PartitionWriter(0, tools, Inbox(lambda: None, lambda: None))
        task = asyncio.create_task(writer.run())
        try:
            yield writer, task
        finally:
            task.cancel()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "TICK_SECONDS", 0.02)
    monkeypatch.setattr(writers, "COMPARE_SECONDS", 0.02)


def _command(offset: int, body: Command, key: str | None = None, merchant: str = "m") -> Waiting:
    record = CommandRecord(
        id=f"c-{offset}", merchant_id=merchant, at=0, body=body, key=key, content_hash="h" if key else None
    )
    return Waiting(offset, merchant.encode(), encode(record))


def _merchant(offset: int) -> Waiting:
    return _command(offset, OpenMerchant(name="x"), merchant=f"m{offset}")


async def _until(done: object) -> None:
    async with asyncio.timeout(5):
        while not done():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_idm_04_a_repeat_is_known_even_while_the_first_is_being_forgotten() -> None:
    world = World()
    async with world.writer() as (writer, _):
        writer.inbox.put(_command(0, OpenMerchant(name="x")))
        writer.inbox.put(_command(1, CreditMerchant(credit_id=mint(), amount_minor=10_000, currency="USD", reference="r")))
        writer.inbox.put(_command(2, RequestPayout(payout_id=mint(), form=FORM), key="K"))
        await _until(lambda: len(world.events) == 3)
        world.reading_takes, world.reading = 0.2, False
        writer.inbox.put(_command(3, RequestPayout(payout_id=mint(), form=FORM), key="K"))
        await _until(lambda: world.reading)
        world.projected = 3
        await _until(lambda: len(world.events) == 4)
    accepted = [e for record in world.events for e in decode_event(record.value).events if isinstance(e, PayoutAccepted)]
    assert len(accepted) == 1, "the key was in memory when the poll began: it must not leave before the decision"


@pytest.mark.parametrize("lost", [False, True])
async def test_a_decision_that_fails_halts_the_writer_unless_another_has_become_it(
    monkeypatch: pytest.MonkeyPatch, *, lost: bool
) -> None:
    monkeypatch.setattr(writers, "FENCED_SECONDS", 0.01)
    decide_all, failed = poll.decide_all, list[str]()

    def decide(
        memory: Memory, readables: list[poll.Readable], now: int, policy: Policy, partition: int
    ) -> list[poll.Ruling]:
        if not failed:
            failed.append("once")
            raise LookupError("what it names is not in memory")
        return decide_all(memory, readables, now, policy, partition)

    monkeypatch.setattr(poll, "decide_all", decide)
    world = World()
    async with world.writer() as (writer, task):
        world.lost = lost
        writer.inbox.put(_merchant(0))
        await _until(lambda: task.done() or world.events)
        assert (task.done(), len(world.events), world.opened) == ((False, 1, 2) if lost else (True, 0, 1))


async def test_the_claim_is_renewed_before_the_look_ups_so_that_the_broker_hears_of_it_meanwhile() -> None:
    world = World()
    async with world.writer() as (writer, _):
        writer.inbox.put(_command(0, RequestPayout(payout_id=mint(), form=FORM), key="K"))
        await _until(lambda: len(world.events) == 1)
    assert (world.begun_while_reading, world.reading) == ([False], True)


async def test_others_have_their_turn_between_the_decisions_of_one_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "TURN_SECONDS", 0.0)
    had: list[str] = []
    decide_all = poll.decide_all

    def decide(
        memory: Memory, readables: list[poll.Readable], now: int, policy: Policy, partition: int
    ) -> list[poll.Ruling]:
        had.append("decided")
        asyncio.get_running_loop().call_soon(had.append, "turn")
        return decide_all(memory, readables, now, policy, partition)

    monkeypatch.setattr(poll, "decide_all", decide)
    world = World()
    async with world.writer() as (writer, _):
        for offset in range(3):
            writer.inbox.put(_merchant(offset))
        await _until(lambda: len(world.events) == 3)
    assert had == ["decided", "turn"] * 3


async def _redelivered_while_opening(writer: PartitionWriter, _: World) -> int:
    for offset in [*range(50), *range(60)]:
        writer.inbox.put(_merchant(offset))
    return 60


async def _redelivered_live(writer: PartitionWriter, world: World) -> int:
    for offset in range(10):
        writer.inbox.put(_merchant(offset))
    await _until(lambda: len(world.events) == 10)
    for offset in [*range(10, 20), *range(5, 25), *range(25, 30)]:
        writer.inbox.put(_merchant(offset))
    return 30


async def _came_back_stale(writer: PartitionWriter, world: World) -> int:
    for offset in range(10):
        writer.inbox.put(_merchant(offset))
    await _until(lambda: len(world.events) == 10)
    for offset in range(10, 20):  # another owner decides these while we sleep
        record = decode_event(world.events[0].value)
        world.events.append(Decided(b"", encode(_renumbered(record, offset)), offset, f"c-{offset}"))
    for offset in range(20, 30):
        writer.inbox.put(_merchant(offset))
    return 30


def _renumbered(record: object, offset: int) -> object:
    import msgspec

    return msgspec.structs.replace(record, source_offset=offset, command_id=f"c-{offset}", events=[])  # type: ignore[type-var]


@pytest.mark.parametrize("story", [_redelivered_while_opening, _redelivered_live, _came_back_stale])
async def test_what_faust_delivers_again_is_decided_once_and_halts_nobody(story: object) -> None:
    world = World()
    async with world.writer() as (writer, task):
        wanted = await story(writer, world)  # type: ignore[operator]
        await _until(lambda: len(world.events) == wanted or task.done())
        assert not task.done()
    assert [record.source_offset for record in world.events] == list(range(wanted))


async def test_run_28_commands_that_were_cut_halt_the_writer() -> None:
    world = World()
    async with world.writer() as (writer, task):
        writer.inbox.put(_merchant(5))
        await _until(task.done)
    assert world.events == []


@pytest.mark.parametrize("decided", [0, 3])
async def test_commands_that_the_reader_passed_over_are_read_again(decided: int) -> None:
    """Right after a rebalance Faust may go on behind what it had fetched and dropped."""
    world = World()
    world.commands = {offset: _merchant(offset) for offset in range(8)}
    async with world.writer() as (writer, task):
        for offset in [*range(decided), 7, 8, 9]:
            writer.inbox.put(_merchant(offset))
        await _until(lambda: len(world.events) == 10 or task.done())
    assert [record.source_offset for record in world.events] == list(range(10))


async def test_the_last_commands_that_the_reader_passed_over_are_read_again_too() -> None:
    """Nothing comes behind them that would show the gap."""
    world = World()
    world.commands_end = 3
    world.commands = {offset: _merchant(offset) for offset in range(3)}
    async with world.writer():
        await _until(lambda: len(world.events) == 3)
    assert [record.source_offset for record in world.events] == [0, 1, 2]


async def test_run_28_commands_made_anew_under_a_living_writer_halt_it() -> None:
    world = World()
    async with world.writer() as (writer, task):
        writer.inbox.put(_merchant(0))
        await _until(lambda: len(world.events) == 1)
        world.commands_end = 0
        await _until(task.done)


async def test_a_database_put_back_makes_the_writer_read_again() -> None:
    world = World()
    async with world.writer() as (writer, _):
        writer.inbox.put(_command(0, OpenMerchant(name="x")))
        writer.inbox.put(_command(1, CreditMerchant(credit_id=mint(), amount_minor=10_000, currency="USD", reference="r")))
        writer.inbox.put(_command(2, RequestPayout(payout_id=mint(), form=FORM), key="K"))
        await _until(lambda: len(world.events) == 3)
        world.projected = 3
        await _until(lambda: not writer._memory.book.keys)  # type: ignore[union-attr]
        world.projected = 1
        writer.inbox.put(_command(3, RequestPayout(payout_id=mint(), form=FORM), key="K"))
        await _until(lambda: world.opened == 2)
        await _until(lambda: len(world.events) == 4)
    accepted = [e for record in world.events for e in decode_event(record.value).events if isinstance(e, PayoutAccepted)]
    assert len(accepted) == 1
