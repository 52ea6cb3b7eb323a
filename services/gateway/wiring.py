"""The one place where the gateway's clients are built and joined."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI

from runtime import http_problems, metrics
from runtime.clock import Clock, SystemClock
from runtime.event_log.one_record import RecordLookup
from runtime.http_ending import Ending
from runtime.http_room import Room
from runtime.http_trace import Traced
from runtime.http_watch import Watch
from services.gateway.access.counting import Counter
from services.gateway.access.credentials import STREAM
from services.gateway.access.directory import Directory, Rows
from services.gateway.access.guard import Checks, Guard
from services.gateway.access.redeeming import redeeming
from services.gateway.cross_origin import CrossOrigin
from services.gateway.development import routes as development_routes
from services.gateway.development.layer import Faults
from services.gateway.development.provider import Provider
from services.gateway.development.routes import Development
from services.gateway.development.switch import Switch
from services.gateway.door import Door
from services.gateway.figures.lately import Lately
from services.gateway.hosts import Hosts
from services.gateway.leaving import Leaving
from services.gateway.letters.desk import LetterDesk
from services.gateway.live.feed import Feed, Lines
from services.gateway.live.hub import Hub
from services.gateway.live.overview import Overview
from services.gateway.paths import ROOT, Normalise
from services.gateway.progress import Progress
from services.gateway.proxy import Proxy
from services.gateway.routes import root
from services.gateway.sealing import Sealing
from services.gateway.settings import GatewaySettings
from services.gateway.store import Store

REQUESTS_MAX = 2_000
"""Each takes a connection of its client, and one to ingest if it is a write."""
TELEMETRY: Any = {"logs": False, "operation_spans": False}
"""The framework's own logs and spans can carry what a request holds: recipients are personal data."""


def build_app(*, development: bool = False) -> FastAPI:
    """The application with its routes; `connect` gives it its collaborators. The development routes are in it only if that is asked for."""
    app = FastAPI(
        title="Payflow",
        version="1",
        description="Pays many people at once and never loses sight of a single payment.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=TELEMETRY,
    )
    if development:
        app.include_router(development_routes.router)
    app.include_router(root)
    http_problems.install(app)
    return app


def connect(settings: GatewaySettings) -> FastAPI:
    """The application that serves: connected when it starts, let go when it stops."""
    app, clock = build_app(development=settings.is_development), SystemClock()
    store = Store(settings.database_url, settings.projection_schema)
    progress = Progress(
        settings.database_url, settings.projection_schema, settings.kafka_bootstrap_servers, settings.kafka_partitions, clock
    )
    secret = settings.inner_secret
    proxy, hub = Proxy(settings.ingest_url, progress, secret), Hub(store)
    identity = Proxy(settings.identity_url, progress, secret, away="identity_unavailable", keeps_cookies=True)
    webhooks = Proxy(settings.webhooks_url, progress, secret, away="webhooks_unavailable")
    admin = Store(settings.database_url, settings.admin_schema)
    switch = Switch(clock) if settings.is_development else None
    lookup, provider = RecordLookup(settings.kafka_bootstrap_servers), Provider(settings.simulator_url)
    parts = (store, *(() if settings.is_open else (admin,)), proxy, identity, webhooks)
    ready = {"ingest": proxy.is_ready, "webhooks": webhooks.is_ready, "identity": identity.is_ready}
    app.state.door = Door(store, progress, proxy, identity, webhooks, ready, None if settings.is_open else admin)
    app.state.lately, app.state.log_lookup = Lately(progress, clock), lookup
    app.state.letters = letters = LetterDesk(settings.kafka_bootstrap_servers, settings.kafka_partitions)
    if switch is not None:
        app.state.development = Development(switch, provider)
        parts = (*parts, provider)
    app.state.feed = Feed(
        store,
        hub,
        progress,
        clock,
        settings.kafka_partitions,
        settings.heartbeat_seconds,
        Overview(store, progress, ready),
        settings.replay_places,
        Lines(settings.feed_lines_max),
    )

    @contextlib.asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        metrics.serve(settings.metrics_port, settings.metrics_host)
        for part in parts:
            await part.open()
        progress.listeners.append(hub.advanced)
        following = asyncio.create_task(progress.run())
        yield
        following.cancel()
        await lookup.close()
        await letters.close()
        for part in reversed(parts):
            await part.close()

    app.router.lifespan_context = life
    return fronted(app, settings, clock, checks_of(settings, admin, identity, clock), switch)


def checks_of(settings: GatewaySettings, rows: Rows, identity: Proxy, clock: Clock) -> Checks | None:
    """What the guard asks; None in open mode."""
    if settings.is_open:
        return None
    counter = Counter(settings.limit, clock) if settings.limit is not None else None
    return Checks(Directory(rows, clock), redeeming(identity), counter, settings.origins)


def fronted(
    app: FastAPI, settings: GatewaySettings, clock: Clock, checks: Checks | None = None, switch: Switch | None = None
) -> FastAPI:
    """The application behind what every request passes: path, count, host, guard, and what answers get on their way out.

    Faults are among it where there is a `switch`, which raises RefusedStartError outside the profile `development`.
    """
    app.add_middleware(Leaving)
    app.add_middleware(Guard, checks=checks, development=settings.is_development)
    app.add_middleware(Room, requests_max=REQUESTS_MAX, free=ROOT | {STREAM})
    if switch is not None:
        settings.check_development()
        app.add_middleware(Faults, switch=switch, profile=settings.profile)
    app.add_middleware(Ending)
    app.add_middleware(CrossOrigin, origins=settings.origins)
    app.add_middleware(Hosts, hosts=settings.hosts, origins=settings.origins)
    app.add_middleware(Watch, service="gateway", clock=clock)
    app.add_middleware(Sealing)
    app.add_middleware(Normalise)
    app.add_middleware(Traced)
    return app
