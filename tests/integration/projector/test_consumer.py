"""The projector as a process on a real broker: killed, frozen, without its database; and the rebuild that proves the result."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psycopg
import pytest

from deploy.local.postgres import LocalPostgres
from payflow.rebuild import lines, rebuild
from runtime.event_log.fence import Decided, EpochFence
from runtime.event_log.reader import history
from runtime.settings import ServiceSettings
from schemas.codec import decode_event, encode
from schemas.events import EventRecord
from tests.integration import own_log
from tests.integration.own_log import OwnLog
from tests.integration.projector.conftest import migrated
from tests.integration.projector.views import PARTITION, Views
from tests.support.event_story import everything

SECONDS = 60.0
ROOT = Path(__file__).parents[3]


@contextmanager
def projector(kafka: OwnLog, views: Views, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A projector process that is killed at the end if it still runs."""
    env = {
        **os.environ,
        **kafka.environ,
        "DATABASE_URL": views.url,
        "PROJECTION_SCHEMA": views.schema,
        "PROJECTOR_METRICS_PORT": "0",
        "PROJECTOR_RECORDS_PER_TRANSACTION": "5",
    }
    with log.open("ab") as output:
        command = own_log.command("services.projector")
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@asynccontextmanager
async def log_writer(kafka: OwnLog) -> AsyncIterator[Callable[[Sequence[tuple[int, EventRecord]]], object]]:
    """Writes records to the log as the processor does."""
    fence = EpochFence(kafka.bootstrap, PARTITION)
    await fence.open()

    async def write(records: Sequence[tuple[int, EventRecord]]) -> None:
        decided = [
            Decided(record.merchant_id.encode(), encode(record), record.source_offset, record.command_id)
            for _, record in records
        ]
        for start in range(0, len(decided), 4):
            await fence.write(decided[start : start + 4])

    try:
        yield write
    finally:
        fence.drop()
        await asyncio.sleep(0)


async def caught_up(views: Views, next_source: int) -> None:
    """Until the views have everything before a source offset."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                rows = views.rows("SELECT next_source FROM projection_offsets WHERE partition = %s", PARTITION)
            except psycopg.OperationalError:
                rows = []
            if rows and rows[0]["next_source"] >= next_source:
                return
            await asyncio.sleep(0.05)


async def expected(kafka: OwnLog, other_views: Views) -> dict[str, list[str]]:
    """What the views must be, projected straight from the log in one transaction."""
    records = []
    async for events in history(kafka.bootstrap, PARTITION, 0):
        records += [(event.offset, decode_event(event.value)) for event in events]
    await other_views.project(records, 100_000)
    return payload(other_views)


def payload(views: Views) -> dict[str, list[str]]:
    """All tables; of the offsets only the partition that has records."""
    dump = views.dump()
    dump["projection_offsets"] = [line for line in dump["projection_offsets"] if line.startswith(f"({PARTITION},")]
    return dump


async def test_a_projector_that_is_killed_again_and_again_loses_and_doubles_nothing(
    kafka: OwnLog, views: Views, other_views: Views, tmp_path: Path
) -> None:
    """RUN-17, RUN-25: kill -9 at any moment, then the rebuilt views are the same byte for byte."""
    story = everything(5)
    parts = [story.records[start : start + 80] for start in range(0, len(story.records), 80)]
    async with log_writer(kafka) as write:
        for part in parts:
            with projector(kafka, views, tmp_path / "projector.log") as process:
                await write(part)
                if part is parts[-1]:
                    await caught_up(views, len(story.records))
                else:
                    await caught_up(views, part[10][1].source_offset)
                process.kill()
    assert payload(views) == await expected(kafka, other_views)

    settings = ServiceSettings(
        DATABASE_URL=views.url, PROJECTION_SCHEMA=views.schema, KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap
    )
    good = await asyncio.to_thread(rebuild, settings)
    assert good.same, "\n".join(lines(good))
    views.execute("UPDATE payouts SET updated_at = updated_at + 1 WHERE status = 'completed'")
    bad = await asyncio.to_thread(rebuild, settings)
    assert [table.table for table in bad.tables if not table.same] == ["payouts"]
    schemas = views.rows("SELECT nspname FROM pg_namespace WHERE nspname LIKE '%%_rebuild'")
    assert schemas == [], "the rebuilt schema goes away unless it is kept"


async def test_a_frozen_projector_that_wakes_up_changes_nothing(
    kafka: OwnLog, views: Views, other_views: Views, tmp_path: Path
) -> None:
    """RUN-20: another one takes over within 15 s; the first one's transactions match no row."""
    story = everything(4)
    half = len(story.records) // 2
    log = tmp_path / "projector.log"
    async with log_writer(kafka) as write:
        with projector(kafka, views, log) as frozen:
            await write(story.records[:half])
            await caught_up(views, half // 2)
            frozen.send_signal(signal.SIGSTOP)
            with projector(kafka, views, log):
                await write(story.records[half:])
                async with asyncio.timeout(15):
                    await caught_up(views, len(story.records))
                frozen.send_signal(signal.SIGCONT)
                story.credit("acme", 1)
                await write(story.records[-1:])
                await caught_up(views, len(story.records))
    assert payload(views) == await expected(kafka, other_views)


async def test_a_database_that_goes_away_is_waited_for(
    kafka: OwnLog, own_postgres: LocalPostgres, other_views: Views, tmp_path: Path
) -> None:
    """RUN-19: work waits, and nothing is lost when it is back."""
    story = everything(3)
    half = len(story.records) // 2
    views = migrated(own_postgres.url)
    async with log_writer(kafka) as write:
        with projector(kafka, views, tmp_path / "projector.log") as process:
            await write(story.records[:half])
            await caught_up(views, half // 2)
            await asyncio.to_thread(own_postgres.stop)
            await write(story.records[half:])
            await asyncio.to_thread(own_postgres.start)
            await caught_up(views, len(story.records))
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 10) == 0, "SIGTERM ends it within 10 s"
    assert payload(views) == await expected(kafka, other_views)


async def test_views_that_are_ahead_of_the_log_halt_loudly_and_never_jump(
    kafka: OwnLog, views: Views, tmp_path: Path
) -> None:
    """RUN-28: the log was cut or made anew."""
    views.execute("INSERT INTO projection_offsets VALUES (%s, 1000, 900, 0)", PARTITION)
    log = tmp_path / "projector.log"
    async with log_writer(kafka) as write:
        with projector(kafka, views, log) as process:
            await write(everything(0, steps=1).records)
            async with asyncio.timeout(SECONDS):
                while "projection.halted" not in log.read_text():
                    await asyncio.sleep(0.05)
            assert process.poll() is None, "its other partitions go on"
    [position] = views.rows("SELECT * FROM projection_offsets WHERE partition = %s", PARTITION)
    assert position["next_offset"] == 1000
    assert "OffsetOutOfRange" in log.read_text()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"PROJECTION_SCHEMA": "never_made"}, "run `payflow migrate`"),
        ({"DATABASE_URL": "postgresql://payflow@127.0.0.1:1/payflow"}, "no Postgres answers"),
        ({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, "no Kafka broker answers"),
        ({"PROJECTOR_CONNECTIONS": "none"}, "PROJECTOR_CONNECTIONS is not usable"),
    ],
)
def test_a_refused_start_says_in_one_line_what_to_do(changed: dict[str, str], said: str, views: Views) -> None:
    env = {**os.environ, "DATABASE_URL": views.url, "PROJECTION_SCHEMA": views.schema, **changed}
    command = [sys.executable, "-m", "services.projector"]
    done = subprocess.run(command, check=False, env=env, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert said in done.stderr
