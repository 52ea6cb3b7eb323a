"""The one place where the identity service's clients are built and joined."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import psycopg
from fastapi import FastAPI

from runtime import http_problems, metrics
from runtime.clock import Clock, SystemClock
from runtime.http_ending import Ending
from runtime.http_trace import Traced
from runtime.http_watch import Watch
from runtime.inner_door import InnerDoor
from runtime.settings import RefusedStartError
from services.identity import account_routes, internal_routes, schema, session_routes
from services.identity.asking import Desk
from services.identity.database import Database
from services.identity.oidc import Provider
from services.identity.passwords import Passwords
from services.identity.settings import IdentitySettings

TELEMETRY: Any = {"logs": False, "operation_spans": False}
"""The framework's own logs and spans can carry what a request holds: passwords."""


def build_app() -> FastAPI:
    """The application with its routes; `connect` gives it its collaborators."""
    app = FastAPI(
        title="Payflow identity",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=TELEMETRY,
    )
    for part in (session_routes, account_routes, internal_routes):
        app.include_router(part.router)
    http_problems.install(app)
    return app


def connect(settings: IdentitySettings) -> FastAPI:
    """The application that serves: connected when it starts, let go when it stops."""
    app, clock = build_app(), SystemClock()
    database = Database(settings.database_url, settings.admin_schema)
    app.state.desk = desk(settings, database, Passwords(), clock)

    @contextlib.asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        metrics.serve(settings.metrics_port, settings.metrics_host)
        await database.open()
        yield
        await database.close()

    app.router.lifespan_context = life
    return guarded(app, settings, clock)


def desk(settings: IdentitySettings, database: Database, passwords: Passwords, clock: Clock) -> Desk:
    """The collaborators of the routes."""
    provider = None
    if settings.oidc_issuer:
        secret = settings.oidc_client_secret.get_secret_value()
        provider = Provider(settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_redirect_url, clock)
    return Desk(database, passwords, clock, int(settings.session_hours * 3_600_000), settings.is_open, provider)


def guarded(app: FastAPI, settings: IdentitySettings, clock: Clock) -> FastAPI:
    """The application behind its inner door."""
    app.add_middleware(InnerDoor, secret=settings.inner_secret)
    app.add_middleware(Ending)
    app.add_middleware(Watch, service="identity", clock=clock)
    app.add_middleware(Traced)
    return app


def check(settings: IdentitySettings) -> None:
    """Raise RefusedStartError unless the database answers and has been migrated."""
    settings.check_oidc()
    try:
        options = f"-c search_path={settings.admin_schema}"
        with psycopg.connect(settings.database_url, connect_timeout=10, options=options) as connection:
            current = schema.REVISIONS.is_current(connection)
    except (psycopg.Error, OSError) as error:
        remedy = "start it (`payflow dev`) or set DATABASE_URL"
        raise RefusedStartError(f"no Postgres answers ({type(error).__name__}): {remedy}") from error
    if not current:
        raise RefusedStartError(f"the schema {settings.admin_schema} is not migrated: run `payflow migrate`")
