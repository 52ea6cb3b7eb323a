"""The follower with a log and a notebook in memory: nothing is skipped, nothing is ahead of the views (WHK-02, RUN-27, RUN-28)."""

import asyncio
import itertools
from collections.abc import Callable, Set
from typing import Any, ClassVar

import psycopg
import pytest
from aiokafka.errors import OffsetOutOfRangeError
from msgspec import structs

from domain.webhooks.tally import BatchMove
from domain.webhooks.telling import tell
from runtime.clock import ManualClock
from runtime.event_log.reader import GapFoundError, LoggedEvent
from schemas.codec import CodecError, decode_event, encode
from services.webhooks import follower
from services.webhooks.follower import Follower, read_all, stretches_of
from services.webhooks.notebook import DisplacedError, Position, Stretch
from tests.support.event_story import everything

STORY = everything(2, 30).records
EVENTS = [LoggedEvent(0, offset, record.source_offset, record.command_id, encode(record)) for offset, record in STORY]
END = EVENTS[-1].offset + 1


class MemoryLog:
    """What the follower asks of runtime.event_log.reader.EventReader. `at` is the offset that is read next, by partition."""

    events: ClassVar[dict[int, list[LoggedEvent]]] = {}
    error: ClassVar[BaseException | None] = None
    most: ClassVar[int] = 5

    def __init__(self, *_: object, **__: object) -> None:
        self.at: dict[int, int] = {}

    async def start(self, offsets: dict[int, int]) -> None:
        self.at = dict(offsets)

    def seek(self, partition: int, offset: int) -> None:
        self.at[partition] = offset

    def lag(self, partition: int) -> int:
        return 0

    async def poll(self, timeout_ms: int, max_records: int, *, only: list[int]) -> list[LoggedEvent]:
        await asyncio.sleep(0)
        [partition] = only
        if MemoryLog.error is not None and partition == 0:
            raise MemoryLog.error
        found = [event for event in self.events.get(partition, []) if event.offset >= self.at[partition]][
            : min(max_records, self.most)
        ]
        if not found:
            await asyncio.sleep(0.01)
            return []
        self.at[partition] = found[-1].offset + 1
        return found

    async def stop(self) -> None:
        return None


class MemoryNotebook:
    """What the follower asks of services.webhooks.notebook.Notebook, with its guard."""

    def __init__(self) -> None:
        self.stands: dict[int, Position] = {}
        self.told: list[Any] = []
        self.views = 1 << 40
        self.asked = 0
        self.faults: list[Exception] = []
        self.deaf = False
        self.written = 0
        self.ends: list[int] = []
        self.ahead = False

    async def position(self, partition: int) -> Position:
        return self.stands.get(partition, Position(0, 0))

    async def views_next(self, partition: int) -> int:
        self.asked += 1
        return self.views

    async def heard(self, merchants: Set[str]) -> set[str]:
        return set() if self.deaf else set(merchants)

    async def write(self, stretch: Stretch, now: int) -> int:
        if self.faults:
            raise self.faults.pop()
        if stretch.before != await self.position(stretch.partition):
            raise DisplacedError
        self.ahead = self.ahead or stretch.after.next_offset > self.views
        self.stands[stretch.partition] = stretch.after
        self.told += stretch.parts
        self.written += 1
        self.ends.append(stretch.after.next_offset)
        return len(stretch.parts)


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> MemoryNotebook:
    monkeypatch.setattr(follower, "EventReader", MemoryLog)
    monkeypatch.setattr(follower, "AWAY_SECONDS", 0.01)
    monkeypatch.setattr(MemoryLog, "events", {0: EVENTS})
    monkeypatch.setattr(MemoryLog, "error", None)
    return MemoryNotebook()


async def following(
    notebook: MemoryNotebook, holds: Callable[[Follower], bool], partitions: frozenset[int] = frozenset({0})
) -> int:
    woken = 0

    def wake() -> None:
        nonlocal woken
        woken += 1

    part: Any = notebook
    running = Follower("", part, ManualClock(), wake)
    await running.follow(partitions)
    try:
        async with asyncio.timeout(5):
            while not holds(running):
                await asyncio.sleep(0.005)
    finally:
        await running.follow(frozenset())
    return woken


def wholly_told(notebook: MemoryNotebook) -> bool:
    expected = [part for event in EVENTS for part in tell(event.offset, decode_event(event.value))]
    return notebook.told == expected


async def test_all_is_written_down_in_order_and_the_dispatcher_is_woken(notebook: MemoryNotebook) -> None:
    woken = await following(notebook, lambda _: notebook.stands.get(0, Position(0, 0)).next_offset == END)
    assert wholly_told(notebook)
    assert woken > 1


async def test_what_nobody_listens_to_is_written_down_in_fewer_transactions(
    notebook: MemoryNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "UNHEARD_SECONDS", 0.001)
    await following(notebook, lambda _: notebook.stands.get(0, Position(0, 0)).next_offset == END)
    often, notebook.stands, notebook.written, notebook.deaf = notebook.written, {}, 0, True
    await following(notebook, lambda _: notebook.stands.get(0, Position(0, 0)).next_offset == END)
    assert 0 < notebook.written <= often // 2 + 1


async def test_what_nobody_listens_to_waits_no_longer_once_somebody_is_told_and_each_merchant_is_asked_about_once(
    notebook: MemoryNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, acme = list[str](), {"acme"}

    async def heard(merchants: Set[str]) -> set[str]:
        asked.extend(sorted(merchants))
        return merchants & acme

    names = ["other", "other", "third", "other", "acme", "other", "other"]
    records = [structs.replace(record, merchant_id=name) for (_, record), name in zip(STORY, names, strict=False)]
    logged = [LoggedEvent(0, n, record.source_offset, record.command_id, encode(record)) for n, record in enumerate(records)]
    monkeypatch.setattr(MemoryLog, "events", {0: logged})
    monkeypatch.setattr(MemoryLog, "most", 1)
    monkeypatch.setattr(follower, "UNHEARD_SECONDS", 0.001)
    monkeypatch.setattr(follower, "UNHEARD_LOOKS", 1000)
    monkeypatch.setattr(notebook, "heard", heard)
    await following(notebook, lambda _: notebook.stands.get(0, Position(0, 0)).next_offset >= 5)
    assert asked[:3] == ["other", "third", "acme"]
    assert notebook.ends[0] == 5, "all up to the one that is told are one transaction"


async def test_a_database_that_goes_away_or_another_owner_doubles_and_loses_nothing(notebook: MemoryNotebook) -> None:
    notebook.faults = [psycopg.OperationalError(), DisplacedError(), TimeoutError(), psycopg.errors.DeadlockDetected()]
    await following(notebook, lambda _: notebook.stands.get(0, Position(0, 0)).next_offset == END)
    assert wholly_told(notebook)


async def test_views_that_are_being_written_are_not_asked_at_once(
    notebook: MemoryNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "VIEWS_SECONDS", 60)
    notebook.views = 1
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await following(notebook, lambda _: bool(notebook.asked))
    assert not notebook.told


async def test_views_that_are_known_to_be_ahead_are_not_waited_for(
    notebook: MemoryNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, sleep = list[float](), asyncio.sleep

    async def counted(seconds: float) -> None:
        waits.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", counted)
    await following(notebook, lambda _: notebook.stands.get(0, Position(0, 0)).next_offset == END)
    assert waits.count(follower.VIEWS_SECONDS) == 1


async def test_nothing_is_told_before_the_views_have_it(notebook: MemoryNotebook) -> None:
    async def views_move() -> None:
        for event in EVENTS[4::5]:
            notebook.views = event.offset + 1
            await asyncio.sleep(0.01)
        notebook.views = END

    notebook.views = 0
    moving = asyncio.create_task(views_move())
    await following(notebook, lambda _: notebook.stands.get(0, Position(0, 0)).next_offset == END)
    await moving
    assert wholly_told(notebook)
    assert not notebook.ahead, "ahead of what REST answers"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda event: event._replace(value=b"{"),
        lambda event: event._replace(value=b""),
        lambda event: event._replace(source_offset=event.source_offset + 1),
    ],
)
async def test_what_cannot_be_read_halts_its_partition_and_no_other(notebook: MemoryNotebook, spoil: Any) -> None:
    MemoryLog.events[0] = [*EVENTS[:7], spoil(EVENTS[7]), *EVENTS[8:]]
    MemoryLog.events[1] = EVENTS
    await following(
        notebook,
        lambda running: 0 in running.halted and notebook.stands.get(1, Position(0, 0)).next_offset == END,
        frozenset({0, 1}),
    )
    assert notebook.stands[0].next_source == EVENTS[7].source_offset, "all before it is told"


@pytest.mark.parametrize("error", [OffsetOutOfRangeError({}), GapFoundError("no header"), psycopg.errors.NotNullViolation()])
async def test_a_cut_log_or_a_row_that_does_not_fit_halts(notebook: MemoryNotebook, error: BaseException) -> None:
    if isinstance(error, psycopg.Error):
        notebook.faults = [error]
    else:
        MemoryLog.error = error
    await following(notebook, lambda running: running.halted == {0: type(error).__name__})
    assert notebook.told == []


def test_a_gap_and_a_repeat_are_found_and_what_is_before_is_told() -> None:
    for events in ([EVENTS[0], EVENTS[2]], [EVENTS[0], EVENTS[0]], [EVENTS[0], EVENTS[1]._replace(value=b"null")]):
        read, fault = read_all(0, Position(0, 0), events)
        assert read == STORY[:1]
        assert isinstance(fault, (GapFoundError, CodecError))


def test_a_transaction_has_a_bound_and_nothing_falls_between_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "PARTS_MAX", 10)
    found = list(stretches_of(0, Position(0, 0), STORY, {record.merchant_id for _, record in STORY}))
    assert len(found) > 3
    assert all(one.after == two.before for one, two in itertools.pairwise(found))
    assert (found[0].before, found[-1].after.next_offset) == (Position(0, 0), END)
    whole = [part for event in EVENTS for part in tell(event.offset, decode_event(event.value))]
    assert [part for one in found for part in one.parts] == whole
    most = max(len(tell(event.offset, decode_event(event.value))) for event in EVENTS)
    assert max(len(one.parts) for one in found) < 10 + most


def test_whom_nobody_listens_to_is_told_without_payouts_and_all_else_is_the_same() -> None:
    whole = [part for offset, record in STORY for part in tell(offset, record)]
    told = list(stretches_of(0, Position(0, 0), STORY, {"acme"}))
    assert [part for one in told for part in one.parts] == [
        part
        for part in whole
        if part.merchant_id == "acme" or isinstance(part, BatchMove) or not part.subject.startswith("payout:")
    ]
    assert {name for one in told for name in one.unheard} == {record.merchant_id for _, record in STORY} - {"acme"}
