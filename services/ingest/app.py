"""The FastAPI app of ingest: routes, problems, documentation; and the counting of requests.

Owns how the app is put together. Its collaborators come with the lifespan, from `wiring`. Must not build a client.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI, Request, Response

from runtime import metrics
from runtime.clock import SystemClock
from services.ingest import documentation, internal, problems, routes

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
TELEMETRY: Any = {"logs": False, "operation_spans": False}
"""The framework's own logs and spans can carry what a request holds: recipients are personal data."""


def create_app(lifespan: Lifespan | None = None) -> FastAPI:
    """The app. `lifespan` sets `app.state.edge` and `app.state.checks`; without one (for its document) it cannot serve."""
    app = FastAPI(
        title="Payflow ingest",
        description="Takes payouts, batches and files, and answers with what was decided on the log.",
        version="1",
        lifespan=lifespan,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=TELEMETRY,
    )
    app.include_router(routes.api)
    app.include_router(internal.router)
    app.middleware("http")(_counted)
    problems.install(app)
    documentation.install(app)
    return app


async def _counted(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    clock = SystemClock()
    begun = clock.monotonic()
    response = await call_next(request)
    route = getattr(request.scope.get("route"), "path", "unknown")
    metrics.HTTP_SECONDS.labels("ingest", route).observe(clock.monotonic() - begun)
    metrics.HTTP_REQUESTS.labels("ingest", route, request.method, str(response.status_code)).inc()
    return response
