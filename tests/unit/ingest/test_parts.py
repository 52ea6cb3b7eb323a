"""Small parts of ingest: chunks, settings, ids of inbox records, the reader of decisions."""

import asyncio
import tempfile
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError, OffsetOutOfRangeError

from runtime import health, metrics
from runtime.event_log import connection
from runtime.event_log.producer import CommandLog
from runtime.event_log.reader import GapFoundError, LoggedEvent, logged
from runtime.health import Degraded
from schemas.codec import encode
from schemas.commands import AddRows, CommandRecord, OpenBatch, SealBatch
from schemas.events import EventRecord
from schemas.forms import PayoutForm
from schemas.topics import partition_of
from schemas.words import RecordOutcome
from services.ingest.backlog import Backlog
from services.ingest.chunks import (
    PIECE_CHUNKS,
    ROWS_AT_ONCE,
    ROWS_BYTES_MAX,
    ChunkCutter,
    Part,
    Pieces,
    cut,
    in_parts,
    read_chunks,
    write_chunk,
)
from services.ingest.health import not_followed
from services.ingest.settings import parse_upstreams
from services.ingest.submitting import seen, within
from services.ingest.waiting import DecisionReader, DecisionsLostError, Waiting

NOW = 1_767_225_600_000


def form(number: int, text: str = "") -> PayoutForm:
    return PayoutForm(amount_minor=number, currency="USD", recipient={"msisdn": "+256772000001"}, description=text or None)


def test_chunks_have_few_rows_and_lose_none() -> None:
    forms = [form(number) for number in range(1, 1202)]
    chunks = list(cut(forms))
    assert [len(chunk) for chunk in chunks] == [*[ROWS_AT_ONCE] * 9, 1201 - 9 * ROWS_AT_ONCE]
    assert [row for chunk in chunks for row in chunk] == forms


def test_chunks_have_at_most_their_bytes() -> None:
    cutter = ChunkCutter(bytes_max=4000)
    chunks = [chunk for number in range(50) if (chunk := cutter.add(form(1, "é" * 300))) is not None]
    assert len(chunks) > 1
    assert max(map(len, chunks)) <= 4000


def test_the_longest_row_fits_a_chunk() -> None:
    recipient = {f"{key:02}" * 128: "\U0001f4b8" * 256 for key in range(20)}
    longest = PayoutForm(amount_minor=1, currency="USD", recipient=recipient, description="\U0001f4b8" * 1024)
    assert [len(chunk) for chunk in cut([longest] * 3)] == [3]


def test_a_spool_gives_back_what_was_written_and_a_torn_one_is_an_error() -> None:
    with tempfile.TemporaryFile() as spool:
        for number in (1, 2):
            cutter = ChunkCutter()
            cutter.add(form(number))
            write_chunk(spool, cutter.rest() or b"")
        assert [chunk[0].amount_minor for chunk in read_chunks(spool)] == [1, 2]
        spool.truncate(spool.seek(0, 2) - 1)
        with pytest.raises(EOFError):
            list(read_chunks(spool))


def test_upstreams_name_the_merchants_they_may_act_for__INB_02() -> None:
    assert parse_upstreams("erp:demo|other, shop:acme") == {
        "erp": frozenset({"demo", "other"}),
        "shop": frozenset({"acme"}),
    }
    assert parse_upstreams("") == {}


@pytest.mark.parametrize("text", ["erp", "erp:", "ERP:demo", "erp:De mo", "erp:demo,erp:other", ":demo"])
def test_a_wrong_list_of_upstreams_is_refused__INB_02(text: str) -> None:
    with pytest.raises(ValueError, match=r"upstream|merchants"):
        parse_upstreams(text)


def event(source: int, command_id: str, partition: int = 0) -> LoggedEvent:
    decided = EventRecord(
        source_offset=source,
        command_id=command_id,
        command_type="x",
        merchant_id="m",
        at=0,
        outcome=RecordOutcome.DECIDED,
        events=[],
    )
    return LoggedEvent(partition, source, source, command_id, encode(decided))


class FakeReader:
    """A reader that gives lists of events, raises what is not one, and then waits for ever."""

    def __init__(self, polls: list[Any]) -> None:
        self.polls = polls
        self.started: list[dict[int, int]] = []

    async def start_at_end(self, partitions: int) -> dict[int, int]:
        return dict.fromkeys(range(partitions), 0)

    async def start(self, offsets: dict[int, int]) -> None:
        self.started.append(dict(offsets))

    async def poll(self) -> list[LoggedEvent]:
        if not self.polls:
            await asyncio.Event().wait()
        found = self.polls.pop(0)
        if isinstance(found, Exception):
            raise found
        return list(found)

    async def stop(self) -> None:
        return None


async def test_a_decision_completes_the_future_of_its_command_only() -> None:
    waiting = Waiting()
    reader: Any = FakeReader([[event(0, "other"), event(1, "mine")]])
    decisions = DecisionReader(lambda: reader, 1, waiting)
    await decisions.start()
    mine, later = waiting.expect("mine", "m", Backlog()), waiting.expect("later", "m", Backlog())
    following = asyncio.create_task(decisions.run())
    assert (await mine).offset == 1
    assert not later.done()
    following.cancel()


def foreign(partition: int) -> GapFoundError:
    """What a reader raises for a record that no writer of ours has written."""
    record: Any = SimpleNamespace(partition=partition, offset=7, headers=[("src", None)], value=b"garbage")
    with pytest.raises(GapFoundError) as raised:
        logged(record)
    return raised.value


PLACE = TopicPartition("payouts.events", 0)


@pytest.mark.parametrize(
    "trouble",
    [
        [event(0, "a"), event(2, "c")],
        [event(0, "a"), LoggedEvent(0, 1, 1, "mine", b"garbage")],
        foreign(0),
        OffsetOutOfRangeError({PLACE: 7}),
    ],
    ids=["gap", "unreadable", "foreign", "cut"],
)
async def test_a_record_that_cannot_be_followed_loses_its_partition_and_no_other(trouble: Any) -> None:
    """B5: the others are read on from where they stood, with a new reader."""
    metrics.WRITER_HALTED.clear()
    waiting = Waiting(2)
    lost, kept = (next(f"m{n}" for n in range(99) if partition_of(f"m{n}", 2) == partition) for partition in (0, 1))
    reader: Any = FakeReader([[event(0, "b", 1)], trouble, [event(1, "other", 1)]])
    decisions = DecisionReader(lambda: reader, 2, waiting, reconnect_seconds=30)
    await decisions.start()
    mine, other = waiting.expect("mine", lost, Backlog()), waiting.expect("other", kept, Backlog())
    following = asyncio.create_task(decisions.run())
    assert (await asyncio.wait_for(other, 5)).offset == 1
    assert reader.started == [{1: 1}]
    assert await within(mine, 30) is None, "as past the wait, at once"
    with pytest.raises(DecisionsLostError):
        await seen(mine)
    with pytest.raises(DecisionsLostError, match="partition 0"):
        waiting.expect("more", lost, Backlog())
    assert not following.done()
    assert metrics.WRITER_HALTED.labels("ingest", 0)._value.get() == 1
    assert ("ingest", "1") not in metrics.WRITER_HALTED._metrics
    told = not_followed(waiting)
    assert isinstance(told, Degraded)
    assert "partition 0" in told
    waiting.lose(1)
    assert not isinstance(not_followed(waiting), Degraded), "nothing can be done here any more"
    following.cancel()


async def test_a_process_that_lost_a_part_is_ready_and_says_which() -> None:
    waiting = Waiting(2)

    async def decisions() -> str | None:
        return not_followed(waiting)

    assert (await health.run({"decisions": decisions})).payload(verbose=False) == {"status": "ok"}
    waiting.lose(1)
    found = await health.run({"decisions": decisions})
    told = "decisions are not followed on partition 1: see the runbook"
    body = msgspec.json.decode(msgspec.json.encode(found.payload(verbose=False)))
    assert (found.ready, body) == (True, {"status": "degraded", "checks": {"decisions": told}})


async def test_a_lost_broker_is_waited_for_and_read_on_from_the_same_place() -> None:
    waiting = Waiting()
    reader: Any = FakeReader([[event(0, "a")], KafkaConnectionError(), [event(1, "b")]])
    decisions = DecisionReader(lambda: reader, 1, waiting, reconnect_seconds=0)
    await decisions.start()
    second = waiting.expect("b", "m", Backlog())
    following = asyncio.create_task(decisions.run())
    assert (await second).offset == 1
    assert reader.started == [{0: 1}]
    following.cancel()


def test_parts_know_their_first_row_and_the_last_of_them_and_one_chunk_is_read_ahead() -> None:
    form, read = PayoutForm(amount_minor=1, currency="USD"), list[int]()

    def chunks() -> Any:
        for size in (3, 2, 1):
            read.append(size)
            yield [form] * size

    parts = in_parts(chunks())
    assert (next(parts)[::2], read) == ((1, False), [3, 2])
    assert [(part.first_row, len(part.rows), part.is_last) for part in parts] == [(4, 2, False), (6, 1, True)]
    assert [tuple(part) for part in in_parts([])] == [(1, [], True)]


@pytest.mark.parametrize(("wide", "together"), [(10, PIECE_CHUNKS), (1_500, 2), (4_000, 1)])
def test_what_goes_together_is_no_larger_than_a_chunk_may_be(wide: int, together: int) -> None:
    """Kafka's pieces have a size, too; what does not go with a piece goes with the next one, and nothing is lost."""
    forms = [PayoutForm(amount_minor=row, currency="USD", description="x" * wide) for row in range(1, 2202)]
    pieces, taken = Pieces(in_parts(cut(forms))), list[list[Part]]()
    while not taken or not taken[-1][-1].is_last:
        taken.append(pieces.take())
    assert {len(piece) for piece in taken[:-1]} == {together}
    assert all(sum(len(msgspec.json.encode(part.rows)) for part in piece) <= ROWS_BYTES_MAX for piece in taken)
    parts = [part for piece in taken for part in piece]
    assert [row for part in parts for row in part.rows] == forms
    assert [part.first_row for part in parts] == [1 + ROWS_AT_ONCE * number for number in range(len(parts))] or wide > 1_500


def test_a_piece_has_no_more_parts_than_are_asked_for() -> None:
    pieces = Pieces(in_parts([[PayoutForm(amount_minor=1, currency="USD")]] * 7))
    assert [[part.first_row for part in pieces.take(most)] for most in (1, 2, 3, 4)] == [[1], [2, 3], [4, 5, 6], [7]]


async def test_the_largest_piece_of_a_batch_fits_one_of_kafkas() -> None:
    wide = PayoutForm(amount_minor=1, currency="USD", description="x" * 1000)
    chunk = next(cut([wide] * 1000, 1000))
    assert len(msgspec.json.encode(chunk)) > ROWS_BYTES_MAX - 2000
    producer, log = connection.producer("127.0.0.1:1"), CommandLog("127.0.0.1:1", 8)
    opening = OpenBatch(batch_id="b", name="x" * 256, reference="x" * 256, submit=True)
    bodies = [opening, AddRows(batch_id="b", first_row=1, rows=chunk), SealBatch(batch_id="b")]
    records = [CommandRecord(id="i", merchant_id="m", at=1, body=body, key="k" * 255) for body in bodies]
    batch = log._batch(producer, records)
    assert (batch.record_count(), batch.closed()) == (3, True)
    with pytest.raises(ValueError, match="5 commands do not fit"):
        log._batch(producer, [*records, records[1], records[1]])
    with pytest.raises(ValueError, match="cannot be one"):
        log._batch(producer, [records[0], msgspec.structs.replace(records[2], merchant_id="n")])
    await producer.stop()
