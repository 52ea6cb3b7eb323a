"""The one place where the processor's clients are built and joined.

Owns what is started before Faust and stopped after it. Must not hold rules.
"""

import asyncio
import logging
import os
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from psycopg_pool import AsyncConnectionPool

from runtime import ending, metrics
from runtime.clock import SystemClock
from runtime.dead_letter_watch import watch
from runtime.dead_letters import DeadLetters, Limit
from runtime.event_log import connection
from runtime.event_log.fence import EpochFence
from runtime.event_log.producer import CommandLog
from runtime.logging import logger
from runtime.settings import RefusedStartError, ServiceSettings
from schemas.topics import COMMANDS
from services.processor.agents import build_writers
from services.processor.app import build
from services.processor.hint import EXIT_CODE, Hint
from services.processor.reread import commands_between
from services.processor.settings import ProcessorSettings
from services.processor.views import SqlProjection
from services.processor.writer import PartitionWriter, Tools

GROUP = "payflow-processor"
ASK_SECONDS = 10.0
POOL_MAX = 12
PLANS = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off"
"""All that is asked is names against an index. A plan from when a table was small is kept until somebody analyzes it, and it reads the
whole table: for each chunk of a file all rows before it."""

log = logger(__name__)


@dataclass
class Processor:
    """The Faust app and what belongs to it."""

    settings: ProcessorSettings
    app: faust.App = field(init=False)

    def __post_init__(self) -> None:
        """Build everything; nothing connects before the app starts."""
        settings, clock = self.settings, SystemClock()
        self.app = build(GROUP, settings.kafka_bootstrap_servers)
        self._pool = pool(settings)
        self._commands = CommandLog(settings.kafka_bootstrap_servers, settings.kafka_partitions)
        self._limit = Limit(settings.dead_letters_max)
        self._dead_letters = DeadLetters(settings.kafka_bootstrap_servers, self._limit)
        self._ends: AIOKafkaConsumer | None = None
        self._writers = build_writers(self.app, self._writer)
        self._hint = Hint(self.app, COMMANDS.name, clock, lambda: {p: w.next_source for p, w in self._writers.open.items()})
        self._tools = Tools(
            fence=partial(EpochFence, settings.kafka_bootstrap_servers),
            policy=settings.policy,
            clock=clock,
            projection=SqlProjection(self._pool),
            commands=self._commands,
            dead_letters=self._dead_letters,
            commands_end=self._commands_end,
            is_member=self._hint.is_member,
            reread=partial(commands_between, settings.kafka_bootstrap_servers),
        )
        run_beside(self.app, self._start, self._beside, self._stop)

    def _writer(self, partition: int, inbox: Any) -> PartitionWriter:
        return PartitionWriter(partition, self._tools, inbox)

    async def _start(self) -> None:
        metrics.serve(self.settings.processor_metrics_port, self.settings.metrics_host)
        await self._pool.open(wait=True, timeout=ASK_SECONDS)
        await self._commands.start()
        await self._dead_letters.start()
        self._ends = connection.reader(self.settings.kafka_bootstrap_servers, isolation_level="read_uncommitted")
        await self._ends.start()

    async def _beside(self) -> None:
        bootstrap, partitions = self.settings.kafka_bootstrap_servers, self.settings.kafka_partitions
        await asyncio.gather(self._hint.run(), watch(bootstrap, partitions, self._limit))

    async def _commands_end(self, partition: int) -> int:
        assert self._ends is not None
        return await end_of(self._ends, partition)

    async def _stop(self) -> None:
        await self._writers.stop()
        stops = [self._commands.stop, self._dead_letters.stop, self._pool.close]
        for stop in [*stops, self._ends.stop] if self._ends is not None else stops:
            await asyncio.gather(stop(), return_exceptions=True)


def run_beside(app: faust.App, start: Any, beside: Any, stop: Any) -> None:
    """Start our clients before the app takes partitions, run a task beside it, and stop them when it stops."""
    tasks: list[asyncio.Task[None]] = []
    started_start, started_stop = app.on_start, app.on_stop

    async def on_start() -> None:
        await start()
        task = asyncio.create_task(beside())
        task.add_done_callback(_end_with)
        tasks.append(task)
        await started_start()

    async def on_stop() -> None:
        ending.within()
        for task in tasks:
            task.cancel()
        await stop()
        await started_stop()

    app.on_start = on_start
    app.on_stop = on_stop


def _end_with(task: "asyncio.Task[None]") -> None:
    """What runs beside the app never ends by itself: without it answers or hints would stop in silence. The supervisor starts anew."""
    if not task.cancelled():
        log.critical("beside.ended", why=repr(task.exception())[:300])
        logging.shutdown()
        os._exit(EXIT_CODE)


def pool(settings: ServiceSettings) -> Any:
    """Connections to the projection, reading its schema; opened by the caller."""
    options = f"-c search_path={settings.projection_schema} {PLANS}"
    return AsyncConnectionPool(
        settings.database_url, min_size=1, max_size=POOL_MAX, open=False, kwargs={"options": options, "autocommit": True}
    )


async def check_projection(settings: ServiceSettings) -> None:
    """Raise RefusedStartError unless the database answers and has been migrated."""
    try:
        async with pool(settings) as checked, checked.connection(timeout=ASK_SECONDS) as link:
            found = await (await link.execute("SELECT to_regclass('projection_offsets')")).fetchone()
    except Exception as error:
        remedy = "start it (`payflow dev`) or set DATABASE_URL"
        raise RefusedStartError(f"no Postgres answers ({type(error).__name__}): {remedy}") from error
    if found is None or found[0] is None:
        raise RefusedStartError(f"the schema {settings.projection_schema} is not migrated: run `payflow migrate`")


async def end_of(reader: AIOKafkaConsumer, partition: int) -> int:
    """The end of one partition of the commands."""
    place = TopicPartition(COMMANDS.name, partition)
    async with asyncio.timeout(ASK_SECONDS):
        ends = await reader.end_offsets([place])
    return int(ends[place])
