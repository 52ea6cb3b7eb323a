"""The one place where the clients of webhooks are built and joined.

Owns what is started before the first request and stopped after the last one. Must not hold rules.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import psycopg
from fastapi import FastAPI

from runtime import metrics
from runtime.clock import SystemClock
from runtime.health import Check, Degraded
from runtime.ids import mint
from runtime.logging import logger
from runtime.settings import RefusedStartError
from services.webhooks import schema
from services.webhooks.act_book import ActBook
from services.webhooks.database import BY_INDEX, Database
from services.webhooks.dispatcher import Dispatcher
from services.webhooks.door import Door
from services.webhooks.follower import Follower
from services.webhooks.guard import Guard
from services.webhooks.housekeeping import Housekeeping
from services.webhooks.membership import Membership
from services.webhooks.notebook import Notebook
from services.webhooks.queue import Queue
from services.webhooks.registry import Registry
from services.webhooks.results import Results
from services.webhooks.seal import Seal, SealedOtherwiseError
from services.webhooks.sealing import seal_all
from services.webhooks.sender import Sender
from services.webhooks.settings import WebhooksSettings
from services.webhooks.subjects import Subjects
from services.webhooks.trail_teller import TrailTeller

CONNECT_SECONDS = 5
DESK_SIZE = 4
"""Connections for people's questions, which may sort; what delivers has its own, so that neither keeps the other out."""

_log = logger(__name__)


def check_schemas(settings: WebhooksSettings) -> None:
    """Raise RefusedStartError unless the database answers, and webhooks and views are migrated."""
    options = f"-c search_path={settings.webhooks_schema}"
    try:
        with psycopg.connect(settings.database_url, connect_timeout=CONNECT_SECONDS, options=options) as link:
            current = schema.REVISIONS.is_current(link)
            link.rollback()
            views = link.execute("SELECT to_regclass(%s)", [f"{settings.projection_schema}.projection_offsets"]).fetchone()
    except psycopg.OperationalError as error:
        remedy = "start it (`payflow dev`) or set DATABASE_URL"
        raise RefusedStartError(f"no Postgres answers ({type(error).__name__}): {remedy}") from error
    if not current or views is None or views[0] is None:
        missing = settings.projection_schema if current else settings.webhooks_schema
        raise RefusedStartError(f"the schema {missing} is not migrated: run `payflow migrate`")


def check_secrets(settings: WebhooksSettings) -> None:
    """Bring secrets in clear, and those of open mode, under the seal. Raises RefusedStartError for those of another SECRET_KEY."""
    seal = Seal(settings.secret_key.get_secret_value())
    with psycopg.connect(settings.database_url, options=f"-c search_path={settings.webhooks_schema}") as link:
        try:
            count = seal_all(link, seal, [Seal("")])
        except SealedOtherwiseError:
            remedy = "give the old one to `payflow reseal`, or set it again"
            raise RefusedStartError(f"signing secrets of webhooks are sealed with another SECRET_KEY: {remedy}") from None
    if count:
        _log.info("webhooks.secrets_sealed", count=count)


def lifespan(settings: WebhooksSettings) -> Callable[[FastAPI], Any]:
    """Starts the clients with the app, and stops them with it."""

    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            await _start(app, settings, stack)
            yield

    return run


async def _start(app: FastAPI, settings: WebhooksSettings, stack: AsyncExitStack) -> None:
    metrics.serve(settings.metrics_port, settings.metrics_host)
    clock, seconds = SystemClock(), settings.timeout_seconds
    places = (settings.database_url, settings.webhooks_schema, settings.projection_schema)
    database, desk = Database(*places, plans=BY_INDEX), Database(*places, size=DESK_SIZE)
    for pool in (database, desk):
        await pool.open()
        stack.push_async_callback(pool.close)
    sender, tester = [
        Sender(Guard(loopback=settings.allow_loopback), clock, seconds=seconds, plain=settings.plain) for _ in range(2)
    ]  # addresses that people try out, however many, take no lookup from what is delivered
    for one in (sender, tester):
        await one.open()
        stack.push_async_callback(one.close)
    seal = Seal(settings.secret_key.get_secret_value())
    queue, registry = Queue(database, seal), Registry(desk, settings.endpoints_max, seal)
    results = Results(queue, clock)
    dispatcher = Dispatcher(
        queue, Subjects(database), sender, results, clock, per_endpoint=settings.per_endpoint, seconds=seconds
    )
    follower = Follower(settings.kafka_bootstrap_servers, Notebook(database), clock, dispatcher.wake)
    membership = Membership(database, mint(), settings.kafka_partitions, follower.follow)
    teller = TrailTeller(ActBook(desk), settings.identity_url, settings.inner_secret)
    keeper = Housekeeping(database, clock, settings.keep_days)
    for work in (results.run(), dispatcher.run(), membership.run(), keeper.run(), teller.run()):
        _beside(stack, work)
    app.state.door = Door(registry, tester, clock, settings.plain)
    app.state.checks = _checks(registry, follower)
    app.state.wake = dispatcher.wake


def _checks(registry: Registry, follower: Follower) -> dict[str, Check]:
    async def tables() -> str | None:
        await registry.ping()
        return None

    async def log() -> str | None:
        halted = ", ".join(map(str, sorted(follower.halted)))
        return Degraded(f"partition {halted} is not followed any more: see the runbook") if halted else None

    return {"tables": tables, "log": log}


def _beside(stack: AsyncExitStack, work: Coroutine[Any, Any, None]) -> None:
    """Run beside the app until it stops. Work that ends by itself ends the process: the supervisor starts it anew."""
    task = asyncio.create_task(work)
    task.add_done_callback(_ended)

    async def stop() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(stop)


def _ended(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("webhooks.died", error=type(error).__name__, exc_info=error)
        metrics.WRITER_HALTED.labels("webhooks", "all").set(1)
        os.kill(os.getpid(), signal.SIGTERM)
