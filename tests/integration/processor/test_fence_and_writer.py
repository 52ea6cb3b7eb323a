"""The fence and the writer on a real broker (DESIGN section 1; LIF-14, LIF-15, RUN-28)."""

import asyncio
import contextlib
import subprocess
import time
from collections.abc import Callable

import pytest
from aiokafka.errors import NodeNotReadyError
from confluent_kafka import Consumer, Producer, TopicPartition

from domain.book import Book
from domain.evolve import evolve
from runtime.event_log import claim, connection
from runtime.event_log import fence as fence_module
from runtime.event_log.claim import FencedError, transactional_id
from runtime.event_log.fence import Decided, EpochFence
from runtime.event_log.producer import CommandLog
from runtime.event_log.reader import Contiguity, GapFoundError, LoggedEvent, history
from runtime.ids import mint
from schemas.codec import decode_event
from schemas.commands import CommandRecord, CreditMerchant, OpenMerchant, RequestPayout
from schemas.events import EventRecord
from schemas.forms import PayoutForm
from schemas.topics import COMMANDS, DEAD_LETTERS, partition_of
from tests.integration import own_log
from tests.integration.own_log import OwnLog
from tests.integration.processor.conftest import PARTITIONS

MERCHANT = "demo"
PARTITION = partition_of(MERCHANT, PARTITIONS)


def _decided(number: int) -> Decided:
    return Decided(b"demo", b"x%d" % number, number, f"c{number}")


async def _history(bootstrap: str, partition: int = PARTITION) -> list[LoggedEvent]:
    return [event async for events in history(bootstrap, partition, 0) for event in events]


def test_the_transactional_id_is_one_constant() -> None:
    assert transactional_id(7) == "processor-7"


def test_every_reader_of_events_reads_committed_and_never_jumps() -> None:
    async def settings() -> tuple[object, object]:
        reader = connection.reader("127.0.0.1:1")
        return reader._isolation_level, reader._auto_offset_reset

    assert asyncio.run(settings()) == ("read_committed", "none")


def test_a_second_owner_that_has_written_nothing_yet_refuses_the_first(log: OwnLog) -> None:
    async def story() -> list[bytes]:
        first, second = EpochFence(log.bootstrap, PARTITION), EpochFence(log.bootstrap, PARTITION)
        await first.open()
        await first.write([_decided(0), _decided(1)])
        await second.open()
        with pytest.raises(FencedError):
            await first.write([_decided(2)])
        await second.write([_decided(2)])
        with pytest.raises((FencedError, Exception)):
            await first.write([_decided(3)])
        first.drop()
        second.drop()
        return [event.value for event in await _history(log.bootstrap)]

    assert asyncio.run(story()) == [b"x0", b"x1", b"x2"]


def test_whoever_takes_over_in_the_middle_of_writes_knows_all_of_them(log: OwnLog) -> None:
    """A writer without pause, taken over again and again: what a new owner reads is all that the old one ever gets onto the log."""

    async def write_on(fence: EpochFence, source: int) -> None:
        with contextlib.suppress(Exception):
            while True:
                await fence.write([_decided(source), _decided(source + 1)])
                source += 2

    async def story() -> list[int]:
        owner = EpochFence(log.bootstrap, PARTITION)
        await owner.open()
        writing, taken = asyncio.create_task(write_on(owner, 0)), 0
        for _ in range(12):
            await asyncio.sleep(0.05)
            heir = EpochFence(log.bootstrap, PARTITION)
            await heir.open()
            known = [event.source_offset async for events in heir.history(0) for event in events]
            assert len(known) > taken
            taken, old = len(known), writing
            writing = asyncio.create_task(write_on(heir, len(known)))
            await old
            owner.drop()
            owner = heir
        writing.cancel()
        owner.drop()
        return [event.source_offset for event in await _history(log.bootstrap)]

    found = asyncio.run(story())
    assert found == list(range(len(found)))


def test_where_another_producer_id_wrote_lately_whoever_claims_outlives_its_holder(
    log: OwnLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the second to claim under the new id, while the first may still be waiting; not after a long rest."""
    waited: list[float] = []

    async def outlive(self: claim.Claim) -> None:
        waited.append(claim.OUTLIVED_SECONDS)

    monkeypatch.setattr(claim.Claim, "_outlive", outlive)

    async def take(name: str) -> None:
        monkeypatch.setattr(claim, "transactional_id", lambda partition: f"{name}-{partition}-{log.suffix}")
        fence = EpochFence(log.bootstrap, PARTITION)
        await fence.open()
        fence.drop()

    async def story() -> list[int]:
        counts = [await take(name) or len(waited) for name in ("first", "first", "forgotten", "forgotten")]
        monkeypatch.setattr(claim, "LATELY_MS", 0)
        return [*counts, await take("forgotten") or len(waited)]

    assert asyncio.run(story()) == [0, 0, 1, 2, 2]


def test_what_is_dropped_is_not_sent_again(log: OwnLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that was given up must not come onto the log while others count it out."""
    monkeypatch.setattr(fence_module, "WRITE_SECONDS", 0.3)
    tries: list[object] = []

    async def away(*request: object, **_: object) -> None:
        tries.append(request)
        raise NodeNotReadyError

    async def story() -> tuple[int, int]:
        fence = EpochFence(log.bootstrap, PARTITION)
        await fence.open()
        assert fence._producer is not None
        fence._producer.client.send = away
        with pytest.raises(TimeoutError):
            await fence.write([_decided(0)])
        fence.drop()
        await asyncio.sleep(0.2)
        told = len(tries)
        await asyncio.sleep(1.0)
        return told, len(tries)

    before, after = asyncio.run(story())
    assert before == after > 0


def test_a_gap_a_repeat_and_a_foreign_record_halt_a_reader() -> None:
    for wrong in (1, 3):
        check = Contiguity(0, 2)
        with pytest.raises(GapFoundError):
            check.check(LoggedEvent(0, 9, wrong, "c", b""))
    check = Contiguity(0, 2)
    check.check(LoggedEvent(0, 9, 2, "c", b""))
    assert check.expected == 3


async def _append(bootstrap: str, records: list[CommandRecord]) -> None:
    commands = CommandLog(bootstrap, PARTITIONS)
    await commands.start()
    for start in range(0, len(records), 20):
        await commands.append_many(records[start : start + 20])
        await asyncio.sleep(0.02)
    await commands.stop()


def _commands(payouts: int) -> list[CommandRecord]:
    bodies = [
        OpenMerchant(name="Demo"),
        CreditMerchant(credit_id=mint(), amount_minor=1_000 * 50, currency="USD", reference="r"),
    ]
    bodies += [
        RequestPayout(
            payout_id=mint(), form=PayoutForm(amount_minor=100, currency="USD", recipient={"type": "mobile_money"})
        )
        for _ in range(payouts)
    ]
    return [CommandRecord(id=mint(), merchant_id=MERCHANT, at=0, body=body) for body in bodies]


def _await_events(bootstrap: str, count: int, seconds: float = 60) -> list[EventRecord]:
    deadline = time.monotonic() + seconds
    while True:
        found = asyncio.run(_history(bootstrap))
        if len(found) >= count or time.monotonic() > deadline:
            return [decode_event(event.value) for event in found]
        time.sleep(0.5)


def test_every_command_has_one_event_in_order_over_kill_9(
    log: OwnLog, launch: Callable[[], subprocess.Popen[bytes]]
) -> None:
    commands = _commands(800)
    first = launch()
    _append_and_kill(log.bootstrap, commands, first)
    launch()
    events = _await_events(log.bootstrap, len(commands))
    assert [event.command_id for event in events] == [command.id for command in commands]
    assert [event.source_offset for event in events] == list(range(len(commands)))
    book = Book()
    for event in events:
        evolve(book, event)
    assert book.balance(MERCHANT, "USD", "available") == 0
    assert book.balance(MERCHANT, "USD", "held") == 50_000
    assert sum(event.events[0].__class__.__name__ == "PayoutAccepted" for event in events) == 500


def _append_and_kill(bootstrap: str, commands: list[CommandRecord], process: subprocess.Popen[bytes]) -> None:
    """Kill the processor while it is deciding."""

    async def story() -> None:
        appending = asyncio.create_task(_append(bootstrap, commands))
        while len(await _history(bootstrap)) < 50:
            await asyncio.sleep(0.05)
        process.kill()
        await appending

    asyncio.run(asyncio.wait_for(story(), 60))


def test_an_unreadable_command_goes_to_dead_letters_and_the_partition_moves_on(
    log: OwnLog, launch: Callable[[], subprocess.Popen[bytes]]
) -> None:
    async def poison() -> None:
        producer = connection.producer(log.bootstrap)
        await producer.start()
        for value in (b"{not json", None, b'{"id":"x"}', b"\xff\xfe"):
            await producer.send_and_wait(COMMANDS.name, value, key=MERCHANT.encode(), partition=PARTITION)
        await producer.stop()

    asyncio.run(poison())
    other = Producer({"bootstrap.servers": log.bootstrap})
    other.produce(
        COMMANDS.name, None, None, partition=PARTITION
    )  # neither key nor value: our own client cannot even send it
    assert other.flush(10) == 0
    asyncio.run(_append(log.bootstrap, _commands(1)))
    launch()
    events = _await_events(log.bootstrap, 8)
    assert [event.command_type for event in events] == ["unreadable"] * 5 + [
        "open_merchant",
        "credit_merchant",
        "request_payout",
    ]
    letters = _dead_letters(log.bootstrap)
    assert sorted(int(letter["offset"]) for letter in letters) == [0, 1, 2, 3, 4]
    assert {letter["topic"] for letter in letters} == {COMMANDS.name}


def _dead_letters(bootstrap: str) -> list[dict[str, str]]:
    """Read by another client, as an operator's tool would."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "test", "enable.auto.commit": False})
    consumer.assign([TopicPartition(DEAD_LETTERS.name, partition, 0) for partition in range(PARTITIONS)])
    found: list[dict[str, str]] = []
    deadline = time.monotonic() + 20
    while len(found) < 5 and time.monotonic() < deadline:
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            found.append({name: value.decode() for name, value in message.headers() or []})
    consumer.close()
    return found


def test_a_refused_start_says_what_to_do_in_one_line(environ: dict[str, str]) -> None:
    for change, words in (
        ({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, "no Kafka broker answers"),
        ({"KAFKA_PARTITIONS": "3"}, "the count never changes"),
        ({"PROJECTION_SCHEMA": "nowhere"}, "payflow migrate"),
        ({"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}, "no Postgres answers"),
    ):
        done = subprocess.run(
            own_log.command("services.processor"),
            cwd=own_log.ROOT,
            env={**environ, **change},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 2
        assert words in done.stderr.strip().splitlines()[-1], done.stderr
