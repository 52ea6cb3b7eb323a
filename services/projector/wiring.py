"""The one place where the projector's clients are built and joined.

Owns what a start checks and what is closed at the end. Must not hold rules.
"""

import asyncio
import signal

import psycopg
from aiokafka import AIOKafkaConsumer

from runtime import ending, metrics
from runtime.clock import SystemClock
from runtime.dead_letter_watch import watch
from runtime.dead_letters import Limit
from runtime.event_log import connection
from runtime.event_log.guard import check_topics
from runtime.settings import RefusedStartError, ServiceSettings
from schemas.topics import EVENTS
from services.projector import schema
from services.projector.consumer import Projector
from services.projector.limits import Limits
from services.projector.partition_worker import PartitionWorker, Source
from services.projector.reading_ahead import ReadingAhead
from services.projector.settings import ProjectorSettings
from services.projector.store import Store

CONNECT_SECONDS = 5
SESSION_MS, HEARTBEAT_MS, REBALANCE_MS = 6_000, 1_500, 10_000
DAY_MS = 24 * 3600 * 1000
PARTITION_FETCH_BYTES, FETCH_BYTES = 1024 * 1024, 8 * 1024 * 1024


async def serve(settings: ProjectorSettings) -> None:
    """Check, project until SIGTERM or SIGINT, and close. Raises RefusedStartError."""
    check_schema(settings)
    await check_topics(settings, [EVENTS.name])
    metrics.serve(settings.projector_metrics_port, settings.metrics_host)
    store = Store(settings.database_url, settings.projection_schema, connections=settings.connections)
    counting = watch(settings.kafka_bootstrap_servers, settings.kafka_partitions, Limit(settings.dead_letters_max))
    watching = asyncio.create_task(counting)
    try:
        await build(settings, store).run(_stop_event())
    finally:
        watching.cancel()
        await store.close()


def build(settings: ProjectorSettings, store: Store) -> Projector:
    """The group member that writes into `store`."""
    clock = SystemClock()

    def make_worker(partition: int, source: Source) -> PartitionWorker:
        limits = Limits(settings.records_max, settings.changes_max)
        return PartitionWorker(partition, source, store, clock, limits)

    consumer = _consumer(settings)
    return Projector(consumer, ReadingAhead(consumer), make_worker)


def check_schema(settings: ServiceSettings) -> None:
    """Raise RefusedStartError unless the database answers and its schema is migrated."""
    options = f"-c search_path={settings.projection_schema}"
    try:
        with psycopg.connect(settings.database_url, connect_timeout=CONNECT_SECONDS, options=options) as link:
            current = schema.REVISIONS.is_current(link)
    except psycopg.OperationalError as error:
        remedy = "start it (`payflow dev`) or set DATABASE_URL"
        raise RefusedStartError(f"no Postgres answers ({type(error).__name__}): {remedy}") from error
    if not current:
        raise RefusedStartError(f"the schema {settings.projection_schema} is not migrated: run `payflow migrate`")


def _consumer(settings: ProjectorSettings) -> AIOKafkaConsumer:
    return connection.reader(
        settings.kafka_bootstrap_servers,
        group_id=settings.group,
        session_timeout_ms=SESSION_MS,
        heartbeat_interval_ms=HEARTBEAT_MS,
        rebalance_timeout_ms=REBALANCE_MS,
        max_poll_interval_ms=DAY_MS,  # workers that wait for the database are no reason to leave the group
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        fetch_max_bytes=FETCH_BYTES,
    )


def _stop_event() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        ending.within()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    return stop
