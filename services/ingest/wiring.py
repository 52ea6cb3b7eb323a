"""The one place where ingest's clients are built and joined.

Owns what is started before the first request and stopped after the last one. Must not hold rules.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import psycopg
from fastapi import FastAPI
from psycopg_pool import PoolTimeout

from runtime import metrics
from runtime.clock import Clock, SystemClock
from runtime.dead_letter_watch import watch
from runtime.dead_letters import DeadLetters, Limit
from runtime.event_log.producer import CommandLog
from runtime.event_log.reader import EventReader
from runtime.logging import logger
from runtime.settings import RefusedStartError
from services.ingest import pools, schema
from services.ingest.drafts.store import DraftStore
from services.ingest.edge import Edge
from services.ingest.health import checks
from services.ingest.idempotency import Keys
from services.ingest.in_flight import InFlight
from services.ingest.inbox.audit import AuditTrail
from services.ingest.inbox.judge import InboxJudge
from services.ingest.inbox.worker import UpstreamInbox
from services.ingest.retention import Ages, Retention
from services.ingest.settings import IngestSettings
from services.ingest.staging.store import Staging
from services.ingest.store import Store
from services.ingest.submitting import Submitter
from services.ingest.waiting import DecisionReader, Waiting

CHECK_SECONDS = 10.0
EVENTS_WAIT_MS = 500

_log = logger(__name__)


def lifespan(settings: IngestSettings) -> Callable[[FastAPI], Any]:
    """Starts the clients with the app, and stops them with it."""

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _start(app, settings, stack)
            yield

    return run


async def _start(app: FastAPI, settings: IngestSettings, stack: AsyncExitStack) -> None:
    metrics.serve(settings.metrics_port, settings.metrics_host)
    clock, waiting, in_flight = SystemClock(), Waiting(settings.kafka_partitions), InFlight()
    pool = await stack.enter_async_context(pools.views(settings))
    log = CommandLog(settings.kafka_bootstrap_servers, settings.kafka_partitions)
    await log.start()
    stack.push_async_callback(log.stop)
    open_reader = partial(EventReader, settings.kafka_bootstrap_servers, wait_ms=EVENTS_WAIT_MS)
    decisions = DecisionReader(open_reader, settings.kafka_partitions, waiting)
    await decisions.start()
    stack.push_async_callback(decisions.stop)
    following = _beside(stack, decisions.run(), fatal=True)
    staging = Staging(await stack.enter_async_context(pools.staging(settings)), settings.temp_dir)
    store, submitter = Store(pool), Submitter(log, waiting, in_flight)
    edge = Edge(
        clock=clock,
        store=store,
        keys=Keys(store, clock),
        in_flight=in_flight,
        submitter=submitter,
        currencies=settings.currencies,
        dispatch_delay_ms=int(settings.dispatch_delay_seconds * 1000),
        staging=staging,
        temp_dir=settings.temp_dir,
        drafts=DraftStore(await stack.enter_async_context(pools.drafts(settings))),
    )
    await _start_retention(settings, clock, stack)
    app.state.edge = edge
    app.state.checks = checks(store, waiting, following, settings.kafka_bootstrap_servers)
    await _start_inboxes(settings, edge, stack)


async def _start_retention(settings: IngestSettings, clock: Clock, stack: AsyncExitStack) -> None:
    pool = await stack.enter_async_context(pools.retention(settings))
    ages = Ages(settings.files_keep_days, settings.fingerprints_keep_days, settings.drafts_keep_days)
    _beside(stack, Retention(pool, clock, ages).run(), fatal=False)


async def _start_inboxes(settings: IngestSettings, edge: Edge, stack: AsyncExitStack) -> None:
    if not settings.upstreams:
        return
    limit = Limit(settings.dead_letters_max)
    dead_letters = DeadLetters(settings.kafka_bootstrap_servers, limit)
    _beside(stack, watch(settings.kafka_bootstrap_servers, settings.kafka_partitions, limit), fatal=True)
    await dead_letters.start()
    stack.push_async_callback(dead_letters.stop)
    trail = AuditTrail(settings.identity_url, settings.inner_secret)
    await trail.open()
    stack.push_async_callback(trail.close)
    for upstream, merchants in settings.upstreams.items():
        judge = InboxJudge(edge, upstream, merchants, trail)
        inbox = UpstreamInbox(settings.kafka_bootstrap_servers, upstream, judge, dead_letters, edge.clock)
        _beside(stack, inbox.run(), fatal=False)


def _beside(stack: AsyncExitStack, work: Any, *, fatal: bool) -> "asyncio.Task[None]":
    """Run beside the app until it stops. A fatal task that ends by itself ends the process: the supervisor starts it anew."""
    task: asyncio.Task[None] = asyncio.create_task(work)
    if fatal:
        task.add_done_callback(_ended)

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)
    return task


def _ended(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("ingest.halted", error=f"{type(error).__name__}: {error}")
        metrics.WRITER_HALTED.labels("ingest", "all").set(1)
        os.kill(os.getpid(), signal.SIGTERM)


async def check_own_schema(settings: IngestSettings) -> None:
    """Raise RefusedStartError unless ingest's own schema has the newest revision, or a later one. The database answers."""
    async with pools.staging(settings) as pool, pool.connection(timeout=CHECK_SECONDS) as link:
        current = await schema.REVISIONS.stands(link)
    if not current:
        raise RefusedStartError(f"the schema {settings.ingest_schema} is not migrated: run `payflow migrate`")


async def check_projection(settings: IngestSettings) -> None:
    """Raise RefusedStartError unless the database answers and has been migrated."""
    try:
        async with pools.views(settings) as pool, pool.connection(timeout=CHECK_SECONDS) as link:
            found = await (await link.execute("SELECT to_regclass('idempotency_answers')")).fetchone()
    except (psycopg.Error, PoolTimeout, OSError) as error:
        remedy = "start it (`payflow dev`) or set DATABASE_URL"
        raise RefusedStartError(f"no Postgres answers ({type(error).__name__}): {remedy}") from error
    if found is None or found[0] is None:
        raise RefusedStartError(f"the schema {settings.projection_schema} is not migrated: run `payflow migrate`")
