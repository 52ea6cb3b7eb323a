"""What the product relies on of its log. Kafka and the simulation's log in memory pass the same stories, or the simulation proves nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from runtime import failpoints
from runtime.event_log import claim, fence
from runtime.event_log.claim import FencedError
from runtime.event_log.fence import Decided
from runtime.event_log.reader import LoggedEvent
from schemas.commands import CommandRecord, OpenMerchant
from schemas.topics import DEAD_LETTERS
from tests.integration.log.conftest import Clients, Story
from tests.simulation import clients as memory

pytestmark = pytest.mark.integration

Tell = Callable[[Story], None]
MID_WRITE = "processor.mid_write"
LARGE = "x" * 600_000
"""Two of them do not fit one batch of Kafka's."""


def decided(source: int, text: str = "") -> Decided:
    return Decided(b"m", f"{source}{text}".encode(), source, f"command-{source}")


def command(number: int, merchant: str = "m") -> CommandRecord:
    return CommandRecord(id=f"c-{number}", merchant_id=merchant, at=number, body=OpenMerchant(name="M"))


async def all_of(fence: Any, start: int = 0, *, count: int = 0) -> list[LoggedEvent]:
    """What readers see, as soon as it is `count` events."""
    for _ in range(100):
        found = [event async for events in fence.history(start) for event in events]
        if len(found) >= count:
            break
        await asyncio.sleep(0.1)
    return found


async def opened(clients: Clients, partition: int = 0) -> Any:
    fence = clients.fence(partition)
    await fence.open()
    return fence


async def polled(reader: Any, count: int) -> list[LoggedEvent]:
    found: list[LoggedEvent] = []
    for _ in range(50):
        found += await reader.poll(100)
        if len(found) >= count:
            break
    return found


def at_the_point(act: Callable[[], Any]) -> None:
    """Do this once, when the first records of a write are on the log."""

    async def watch(name: str) -> None:
        if name == MID_WRITE:
            failpoints.on_reach(None)
            await act()

    failpoints.on_reach(watch)


async def _raise() -> None:
    raise ConnectionError("the line was cut")


def test_commands_get_dense_offsets_in_the_order_of_one_caller(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        first = await clients.commands.append_many([command(1), command(2)])
        second = await clients.commands.append_many([command(3)])
        [(partition, start), *_] = first
        assert [*first, *second] == [(partition, start), (partition, start + 1), (partition, start + 2)]
        assert start == 0
        assert await clients.commands_end(partition) == 3
        assert await clients.commands_end(1 - partition) == 0
        assert await clients.commands.append_many([]) == []

    tell(story)


def test_commands_that_are_appended_whole_stand_side_by_side(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        single, whole, more = await asyncio.gather(
            clients.commands.append_many([command(1)]),
            clients.commands.append_whole([command(2), command(3), command(4)]),
            clients.commands.append_many([command(5)]),
        )
        [(partition, start), *others] = whole
        assert others == [(partition, start + 1), (partition, start + 2)]
        assert sorted([*single, *whole, *more]) == [(partition, offset) for offset in range(5)]
        with pytest.raises(ValueError, match="one"):
            await clients.commands.append_whole([command(6), command(7, "other")])
        assert await clients.commands_end(partition) == 5

    tell(story)


def test_events_are_read_as_they_were_written_where_the_writer_was_told(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        fence = await opened(clients)
        assert await all_of(fence) == []
        told = await fence.write([decided(0), decided(1), decided(2)]) + await fence.write([decided(3)])
        events = await all_of(fence, count=4)
        places = list(zip(told, range(4), strict=True))
        assert [(e.partition, e.offset, e.source_offset, e.command_id, e.value) for e in events] == [
            (0, at, source, f"command-{source}", str(source).encode()) for at, source in places
        ]
        assert [event.offset for event in await all_of(fence, told[2], count=2)] == told[2:]
        fence.drop()

    tell(story)


def test_a_new_writer_fences_the_old_one_for_good(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        old = await opened(clients)
        await old.write([decided(0)])
        new = await opened(clients)
        with pytest.raises(FencedError):
            await old.write([decided(1, " by the old one")])
        await new.write([decided(1)])
        assert [event.value for event in await all_of(new, count=2)] == [b"0", b"1"]
        old.drop()
        new.drop()

    tell(story)


def test_a_writer_can_ask_whether_it_is_the_writer_still(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        old = await opened(clients)
        await old.affirm()
        await old.write([decided(0)])
        await old.affirm()
        new = await opened(clients)
        with pytest.raises(FencedError):
            await old.affirm()
        await new.affirm()
        assert [event.source_offset for event in await all_of(new, count=1)] == [0]
        old.drop()
        new.drop()

    tell(story)


def test_what_is_begun_early_is_seen_when_it_is_written_and_a_repeat_begins_nothing(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        fence = await opened(clients)
        for source in (0, 1):
            await fence.begin()
            await fence.begin()
            await fence.write([decided(source)])
        assert [event.source_offset for event in await all_of(fence, count=2)] == [0, 1]
        fence.drop()

    tell(story)


def test_what_is_begun_and_never_written_hides_nothing_and_a_fenced_one_is_told_at_its_write(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        old = await opened(clients)
        await old.write([decided(0)])
        await old.begin()
        assert [event.source_offset for event in await all_of(old, count=1)] == [0]
        new = await opened(clients)
        await new.begin()
        with pytest.raises(FencedError):
            await old.write([decided(1, " by the old one")])
        await new.write([decided(1)])
        assert [event.value for event in await all_of(new, count=2)] == [b"0", b"1"]
        old.drop()
        new.drop()

    tell(story)


def test_one_that_begins_when_it_is_fenced_already_is_told_at_its_write(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        old = await opened(clients)
        await old.write([decided(0)])
        new = await opened(clients)
        await old.begin()
        await asyncio.sleep(0.5)  # the broker has answered by now
        with pytest.raises(FencedError):
            await old.write([decided(1, " by the old one")])
        await new.write([decided(1)])
        assert [event.value for event in await all_of(new, count=2)] == [b"0", b"1"]
        old.drop()
        new.drop()

    tell(story)


def test_writers_of_two_partitions_do_not_know_each_other(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        first, second = await opened(clients, 0), await opened(clients, 1)
        await first.write([decided(0)])
        await second.write([decided(0)])
        await first.write([decided(1)])
        assert [len(await all_of(fence, count=at_least)) for fence, at_least in ((first, 2), (second, 1))] == [2, 1]
        first.drop()
        second.drop()

    tell(story)


@pytest.fixture
def short_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write asks the coordinator."""
    monkeypatch.setattr(claim, "LEASE_SECONDS", -1.0)
    monkeypatch.setattr(fence, "RENEW_SECONDS", -1.0)
    monkeypatch.setattr(memory, "LEASE_SECONDS", -1.0)


@pytest.mark.usefixtures("short_lease")
def test_a_renewed_claim_is_seen_by_nobody_and_a_lost_one_is_not_renewed(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        old = await opened(clients)
        for source in range(5):
            if source % 2:
                await old.begin()
            await old.write([decided(source)])
        assert [event.source_offset for event in await all_of(old, count=5)] == [0, 1, 2, 3, 4]
        new = await opened(clients)
        with pytest.raises(FencedError):
            await old.write([decided(5, " by the old one")])
        await new.write([decided(5)])
        assert [event.value for event in await all_of(new, count=6)] == [b"0", b"1", b"2", b"3", b"4", b"5"]
        old.drop()
        new.drop()

    tell(story)


@pytest.mark.usefixtures("short_lease")
def test_a_writer_is_told_where_each_record_stands_also_if_a_renewal_ends_between_two(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        fence, told = await opened(clients), list[int]()
        for source in range(0, 24, 2):
            told += await fence.write([decided(source, LARGE), decided(source + 1, LARGE)])
        assert [event.offset for event in await all_of(fence, count=24)] == told
        fence.drop()

    tell(story)


def test_of_a_write_that_breaks_off_the_first_are_there_and_none_without_those_before(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        old = await opened(clients)
        await old.write([decided(0)])
        at_the_point(_raise)
        with pytest.raises(ConnectionError):
            await old.write([decided(1), decided(2), decided(3)])
        new = await opened(clients)
        found = [event.source_offset for event in await all_of(new)]
        assert found == [0, 1, 2, 3][: len(found)]
        assert len(found) > 1, "the first batch was confirmed"
        await new.write([decided(len(found))])
        assert [event.source_offset for event in await all_of(new, count=len(found) + 1)] == list(range(len(found) + 1))
        old.drop()
        new.drop()

    tell(story)


def test_a_claim_is_seen_by_nobody(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        reader = clients.reader()
        await reader.start({0: 0})
        fences = [await opened(clients) for _ in range(3)]
        assert await polled(reader, 1) == []
        await fences[-1].write([decided(0)])
        assert [event.source_offset for event in await polled(reader, 1)] == [0]
        await reader.stop()
        for one in fences:
            one.drop()

    tell(story)


def test_a_reader_from_the_end_sees_only_what_comes(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        fence, reader = await opened(clients), clients.reader()
        await fence.write([decided(0)])
        ends = await reader.start_at_end(2)
        assert (ends[0] > 0, ends[1]) == (True, 0)
        await fence.write([decided(1)])
        assert [event.source_offset for event in await polled(reader, 1)] == [1]
        await reader.stop()
        fence.drop()

    tell(story)


def test_a_reader_passes_claims_and_ends_of_transactions(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        reader = clients.reader()
        await reader.start({0: 0})
        old = await opened(clients)
        [base] = await old.write([decided(0)])
        assert [event.offset for event in await polled(reader, 1)] == [base]
        new = await opened(clients)
        for _ in range(20):
            if await reader.position(0) == (await reader.ends([0]))[0]:
                break
            await reader.poll(100)
        assert await reader.position(0) == (await reader.ends([0]))[0] > base + 1
        await reader.stop()
        old.drop()
        new.drop()

    tell(story)


def test_a_write_without_end_is_given_up_in_time_and_its_outcome_is_found_by_opening_anew(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        old = await opened(clients)
        at_the_point(lambda: asyncio.sleep(60))
        with pytest.raises(TimeoutError):
            await old.write([decided(0)])
        old.drop()
        new = await opened(clients)
        assert [event.value for event in await all_of(new)] == [b"0"]
        await new.write([decided(1)])
        assert [event.value for event in await all_of(new, count=2)] == [b"0", b"1"]
        new.drop()

    tell(story)


POISON: list[tuple[bytes | None, bytes | None]] = [
    (b"m", b"{"),
    (b"m", None),
    (None, b"{"),
    (b"", b""),
    (b"", None),
    (None, None),
]


def test_a_client_refuses_a_record_of_nothing(tell: Tell) -> None:
    async def story(clients: Clients) -> None:
        with pytest.raises(AssertionError, match="Need at least one: key or value"):
            await clients.producer().send_and_wait(DEAD_LETTERS.name, None, key=None, headers=[("h", b"1")])
        assert await clients.kept() == []

    tell(story)


def test_whatever_cannot_be_read_is_kept_as_it_was(tell: Tell) -> None:
    """A record of nothing too: a header says that its empty key stands for none."""

    async def story(clients: Clients) -> None:
        for offset, (key, value) in enumerate(POISON):
            place = {"topic": "payouts.commands", "partition": 1, "offset": offset}
            await clients.dead_letters.keep(**place, key=key, value=value, code="unreadable", reason="why", at=7)
        kept = {dict(headers)["offset"]: (key, value, dict(headers)) for key, value, headers in await clients.kept()}
        assert len(kept) == len(POISON)
        for offset, (key, value) in enumerate(POISON):
            found_key, found_value, headers = kept[str(offset).encode()]
            assert (None if "original-null-key" in headers else found_key, found_value) == (key, value)
            assert (headers["topic"], headers["partition"], headers["code"]) == (b"payouts.commands", b"1", b"unreadable")

    tell(story)
