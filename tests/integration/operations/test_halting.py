"""Readers that meet what they do not know, or a log that was cut, halt loudly and never jump; other partitions go on (RUN-27, RUN-28)."""

import asyncio
import json
import signal
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from payflow import views_stand
from payflow.ledger_verify import verify
from payflow.rebuild import rebuild
from runtime.event_log import connection
from runtime.event_log.reader import COMMAND_HEADER, SOURCE_HEADER, EventReader, GapFoundError, history
from runtime.ids import mint
from schemas.topics import COMMANDS, EVENTS, partition_of
from tests.integration.operations.conftest import Services
from tests.integration.operations.test_dead_letters import payflow
from tests.integration.own_log import OwnLog
from tests.support.ingest_stack import ALLOWED, PARTITIONS, run, wait_for

pytestmark = pytest.mark.integration
PARTITION = partition_of("demo", PARTITIONS)
OTHER = next(f"other-{number}" for number in range(99) if partition_of(f"other-{number}", PARTITIONS) != PARTITION)
FETCH_SECONDS = 1.0
"""Longer than a fetch waits: one that is under way when a reader is frozen has ended, empty."""
CONSUMERS = ("projector", "processor", "rails")


def _other_goes_on(services: Services) -> None:
    answer = services.pay(OTHER, mint())
    assert answer.status_code == 201, answer.text
    partition, offset = map(int, answer.headers["payflow-position"].split(":"))
    wait_for("the other partition is projected", lambda: _position(services, partition) > offset, 30)


def _position(services: Services, partition: int) -> int:
    with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as link:
        row = link.execute("SELECT next_offset FROM projection_offsets WHERE partition = %s", [partition]).fetchone()
    return int(row[0]) if row else 0


def _write(services: Services, topic: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
    async def write() -> None:
        producer = connection.producer(services.bootstrap)
        await producer.start()
        await producer.send_and_wait(topic, value, key=b"demo", partition=PARTITION, headers=headers)
        await producer.stop()

    run(_truly(write()))


async def _truly(work: Awaitable[None]) -> bool:
    await work
    return True


def _admin(services: Services, work: Callable[[AIOKafkaAdminClient], Awaitable[Any]]) -> None:
    async def at_it() -> bool:
        admin = AIOKafkaAdminClient(bootstrap_servers=services.bootstrap)
        await admin.start()
        await work(admin)
        await admin.close()
        return True

    run(at_it())


def _cut(services: Services, topic: str, partition: int, before: int) -> None:
    place = TopicPartition(topic, partition)
    _admin(services, lambda admin: admin.delete_records({place: RecordsToDelete(before_offset=before)}))


def _end(services: Services, topic: str, partition: int) -> int:
    async def ask() -> list[int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=services.bootstrap)
        await consumer.start()
        place = TopicPartition(topic, partition)
        end = (await consumer.end_offsets([place]))[place]
        await consumer.stop()
        return [end]

    return int(run(ask())[0])


def _last_event(services: Services) -> dict[str, Any]:
    [*_, record] = [one for one in services.records(EVENTS.name) if one.partition == PARTITION]
    found: dict[str, Any] = json.loads(record.value)
    return found


def _decided(services: Services) -> list[int]:
    """The source offsets of all that was ever decided; a writer's claim takes offsets and is no decision."""

    async def read() -> list[int]:
        return [event.source_offset async for events in history(services.bootstrap, PARTITION, 0) for event in events]

    return asyncio.run(read())


@pytest.mark.parametrize("unknown", ["version", "type"])
def test_an_unknown_money_bearing_event_stops_its_partition_everywhere(services: Services, unknown: str) -> None:
    """RUN-27. As if a newer processor had written it."""
    services.start("simulator", "rails")
    services.fund(OTHER, "1000.00")
    assert services.pay("demo", mint()).status_code == 201
    wait_for("all is paid", lambda: _last_event(services)["command_type"] != "request_payout", 30)
    services.end("processor", "rails")
    event = _last_event(services)
    source = event["source_offset"] + 1
    changed = {"v": 2} if unknown == "version" else {"events": [{"type": "money_burned", "amount_minor": 5}]}
    value = json.dumps({**event, **changed, "source_offset": source, "command_id": "x"}).encode()
    before = _position(services, PARTITION)
    _write(services, EVENTS.name, value, [(SOURCE_HEADER, str(source).encode()), (COMMAND_HEADER, b"x")])
    services.start("processor", "rails")
    for name in CONSUMERS:
        wait_for(f"{name} halts", lambda name=name: services.halted(name, PARTITION), 30)
        assert not services.halted(name, 1 - PARTITION)
    assert before <= _position(services, PARTITION) < _end(services, EVENTS.name, PARTITION) - 1
    _other_goes_on(services)
    events = _end(services, EVENTS.name, PARTITION)
    assert services.pay("demo", mint(), wait=1).status_code == 202, "accepted, and nobody decides"
    assert _end(services, EVENTS.name, PARTITION) == events
    assert rebuild(services.settings).same, "views before the record are still right"


def test_every_reader_halts_on_a_cut_log(services: Services) -> None:
    """RUN-28: what the readers need was deleted, while all were away."""
    services.start("simulator", "rails")
    services.fund(OTHER, "1000.00")
    services.end("rails", "projector")
    for _ in range(3):
        assert services.pay("demo", mint()).status_code == 201
    services.end("processor")
    at = _position(services, PARTITION)
    _cut(services, EVENTS.name, PARTITION, at + 2)
    services.start("projector", "processor", "rails")
    for name in CONSUMERS:
        wait_for(f"{name} halts", lambda name=name: services.halted(name, PARTITION), 30)
        assert not services.halted(name, 1 - PARTITION)
    assert _position(services, PARTITION) == at, "never jumped"
    _other_goes_on(services)
    verdict = verify(services.settings)
    assert "the log was cut" in verdict.differences[0]
    assert "OffsetOutOfRange" in str(rebuild(services.settings).halted)


def test_every_reader_halts_on_a_log_that_is_shorter_than_the_views(services: Services) -> None:
    """RUN-28: the events were made anew, the views were not."""
    services.start("simulator", "rails")
    services.fund(OTHER, "1000.00")
    services.end("processor", "rails", "projector")
    with psycopg.connect(services.stack.database_url, options=f"-c search_path={services.schema}") as link:
        link.execute("UPDATE projection_offsets SET next_offset = next_offset + 100 WHERE partition = %s", [PARTITION])
    before = _decided(services)
    services.start("projector", "processor", "rails", "gateway")
    for name in (*CONSUMERS, "gateway"):
        wait_for(f"{name} halts", lambda name=name: services.halted(name, PARTITION), 30)
        assert not services.halted(name, 1 - PARTITION)
    _other_goes_on(services)
    ready = httpx2.get(f"{services.gateway_url}/readyz?verbose", timeout=5)
    assert (ready.status_code, ready.json()["checks"]["lag"]) == (503, "not measured yet"), "views ahead are not fresh"
    assert services.pay("demo", mint(), wait=1).status_code == 202
    assert _decided(services) == before, "the processor wrote nothing behind views that are ahead"
    assert "cut or made anew" in verify(services.settings).differences[0]
    assert "cut or made anew" in str(rebuild(services.settings).halted), "and a rebuild does not wait for ever"


def test_commands_that_are_shorter_than_events_say_halt_the_processor(services: Services) -> None:
    """RUN-28."""
    services.fund(OTHER, "1000.00")
    services.end("processor", "projector")
    event = _last_event(services)
    for step in range(1, 4):
        source = event["source_offset"] + step
        value = json.dumps(
            {**event, "source_offset": source, "command_id": f"x{step}", "events": [], "answer": None}
        ).encode()
        _write(services, EVENTS.name, value, [(SOURCE_HEADER, str(source).encode()), (COMMAND_HEADER, b"x")])
    before = _decided(services)
    services.start("processor", "projector")
    wait_for("the processor halts", lambda: services.halted("processor", PARTITION), 30)
    assert services.pay("demo", mint(), wait=1).status_code == 202
    _other_goes_on(services)
    assert _decided(services) == before


def test_commands_that_were_cut_before_they_were_decided_halt_the_processor(services: Services) -> None:
    """RUN-28."""
    services.fund(OTHER, "1000.00")
    services.end("processor")
    for _ in range(3):
        assert services.pay("demo", mint(), wait=1).status_code == 202
    end = _end(services, COMMANDS.name, PARTITION)
    _cut(services, COMMANDS.name, PARTITION, end - 1)
    events = _decided(services)
    services.start("processor")
    wait_for("the processor halts", lambda: services.halted("processor", PARTITION), 30)
    _other_goes_on(services)
    assert _decided(services) == events


def test_ingest_loses_only_the_partition_whose_events_were_cut(services: Services) -> None:
    """RUN-28: its reader of decisions stands before what was deleted."""
    services.fund(OTHER, "1000.00")
    with services.paused("ingest"):
        time.sleep(FETCH_SECONDS)
        written, source = _end(services, EVENTS.name, PARTITION), _last_event(services)["source_offset"] + 1
        for number in range(3):
            headers = [(SOURCE_HEADER, str(source + number).encode()), (COMMAND_HEADER, b"x")]
            _write(services, EVENTS.name, b"{}", headers)
        _cut(services, EVENTS.name, PARTITION, written + 2)
    _lost_in_ingest(services, "OffsetOutOfRange")


def _lost_in_ingest(services: Services, why: str) -> None:
    """It says so once, takes nothing in for the partition's merchants, and serves all others."""
    wait_for("ingest loses the partition", lambda: services.halted("ingest", PARTITION), 30)
    assert not services.halted("ingest", 1 - PARTITION)
    asked = time.monotonic()
    refused = services.pay("demo", mint())
    assert (refused.status_code, refused.json()["code"]) == (503, "log_unavailable"), refused.text
    assert f"partition {PARTITION} are not followed" in refused.json()["detail"]
    assert time.monotonic() - asked < 5, "nobody waits for what will not be seen"
    _other_goes_on(services)
    ready = httpx2.get(f"{services.url}/readyz", timeout=5)
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded"), "it is there for the others"
    assert f"partition {PARTITION}" in ready.json()["checks"]["decisions"]
    assert services.stack.children["ingest"].process.poll() is None
    [told] = [line for line in services.log_text("ingest").splitlines() if "ingest.partition_lost" in line]
    assert (json.loads(told)["level"], json.loads(told)["partition"], why in told) == ("critical", PARTITION, True)


def test_a_record_that_no_writer_of_ours_wrote_stops_its_partition_and_no_other(services: Services) -> None:
    """Whoever may write to the broker can put anything there; what was appended before is pending, and accounted for."""
    services.fund(OTHER, "1000.00")
    with ThreadPoolExecutor(1) as pool, services.paused("processor"):
        before = services.command_count()
        paying = pool.submit(services.pay, "demo", mint())
        wait_for("it is on the log", lambda: services.command_count() > before, 10)
        _write(services, EVENTS.name, b"garbage not json", [])
        pending = paying.result(10)
    assert pending.status_code == 202, "as past its wait of 30 s, at once"
    in_flight = httpx2.get(f"{services.url}/internal/in-flight/{pending.json()['id']}", timeout=5)
    assert in_flight.status_code == 200
    _lost_in_ingest(services, "has no source offset")
    key = next(one for one in ALLOWED if partition_of(one, PARTITIONS) == PARTITION).encode()
    data = {"amount": "1.00", "currency": "USD", "recipient_details": {"account_number": "1234567890"}}
    message = {"type": "request_payout", "idempotency_key": "i", "data": data}
    services.produce(services.inbox, [(key, json.dumps(message).encode(), {})])
    wait_for("the inbox waits", lambda: services.halted("ingest", f"inbox-{services.log.upstream}-{PARTITION}"), 30)
    other = next(one for one in ALLOWED if partition_of(one, PARTITIONS) != PARTITION)
    services.produce(services.inbox, [(other.encode(), b"{rubbish", {})])
    wait_for("the other partition is answered", lambda: _answered(services) == 1, 30)
    for words in (("ledger", "verify"), ("rebuild",)):
        told = payflow(services, *words)
        assert (told.returncode, f"partition {PARTITION}: the views cannot get beyond this" in told.stdout) == (1, True), (
            told
        )


def test_verify_waits_for_a_projector_that_is_behind_and_names_one_that_stands(services: Services) -> None:
    with services.paused("projector"):
        time.sleep(FETCH_SECONDS)
        for _ in range(3):
            assert services.pay("demo", mint()).status_code == 201
        stuck, behind = views_stand.look(services.settings, 0.5)
        assert (len(stuck), behind) == (1, [])
        assert f"partition {PARTITION}: the views stand at" in stuck[0]
        with ThreadPoolExecutor(1) as pool:
            verifying = pool.submit(verify, services.settings)
            time.sleep(1)
            services.stack.children["projector"].process.send_signal(signal.SIGCONT)
            assert verifying.result(30).differences == []


def test_an_inbox_that_was_cut_before_it_was_read_halts_and_does_not_jump(services: Services) -> None:
    """RUN-28: seven days went by without ingest; what was lost must be asked for again by somebody who knows."""
    [name, *_] = [one for one in ALLOWED if partition_of(one, PARTITIONS) == PARTITION]
    key = name.encode()
    services.produce(services.inbox, [(key, b"{rubbish", {})])
    wait_for("the first is answered", lambda: _answered(services) == 1, 30)
    services.end("ingest")
    services.produce(services.inbox, [(key, b"{rubbish %d" % number, {}) for number in range(3)])
    _cut(services, services.inbox, PARTITION, 3)
    services.start("ingest")
    services.await_ready()
    wait_for("the inbox halts", lambda: services.halted("ingest", f"inbox-{services.log.upstream}-{PARTITION}"), 30)
    other = next(one for one in ALLOWED if partition_of(one, PARTITIONS) != PARTITION)
    services.produce(services.inbox, [(other.encode(), b"{rubbish", {})])
    wait_for("the other partition is answered", lambda: _answered(services) == 1, 30)
    assert services.pay("demo", mint()).status_code == 201


def _answered(services: Services) -> float:
    lines = [line for line in services.metrics("ingest").splitlines() if line.startswith("payflow_inbox_records_total{")]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


def test_history_says_that_the_log_was_cut(services: Services) -> None:
    async def read(start: int) -> None:
        async for _ in history(services.bootstrap, PARTITION, start):
            pass

    with pytest.raises(GapFoundError, match="cut or made anew"):
        asyncio.run(read(100_000))
    _cut(services, EVENTS.name, PARTITION, 2)
    with pytest.raises(GapFoundError, match="was cut"):
        asyncio.run(read(0))


def test_a_plain_record_is_told_from_markers_and_aborted_ones(log: OwnLog) -> None:
    """What the gateway reads where nothing moves, to know whether its views lack something."""

    async def look() -> list[set[int]]:
        plain = connection.producer(log.bootstrap)
        await plain.start()
        await plain.send_and_wait(EVENTS.name, b"garbage", partition=0)
        await plain.stop()
        aborting = connection.producer(log.bootstrap, transactional_id=f"t-{log.suffix}")
        await aborting.start()
        for end in (aborting.commit_transaction, aborting.abort_transaction):
            await aborting.begin_transaction()
            await aborting.send_and_wait(EVENTS.name, b"{}", partition=1)
            await end()
        await aborting.stop()
        reader = EventReader(log.bootstrap)
        await reader.start({})
        while (await reader.ends([1]))[1] < 4:
            await asyncio.sleep(0.05)
        found = [await reader.holding(spans) for spans in ({0: (0, 1), 1: (1, 2)}, {1: (1, 4)}, {1: (0, 2)})]
        await reader.stop()
        return found

    assert run(look()) == [{0}, set(), {1}]
