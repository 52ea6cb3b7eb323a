"""The FastAPI app of webhooks: routes, health, problems, documentation, and the counting of requests.

Owns how the app is put together. Its collaborators come with the lifespan, from `wiring`. Must not build a client.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response

from runtime import health, http_problems
from runtime.clock import SystemClock
from runtime.http_ending import Ending
from runtime.http_trace import Traced
from runtime.http_watch import Watch
from runtime.inner_door import InnerDoor
from services.webhooks import delivery_routes, documentation, endpoint_routes
from services.webhooks.door import json_response

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
TELEMETRY: Any = {"logs": False, "operation_spans": False}
"""The framework's own logs and spans can carry what a request holds."""

internal = APIRouter(include_in_schema=False)


@internal.get("/livez")
async def is_alive() -> Response:
    """200 while the process answers."""
    return json_response({"status": "ok"})


@internal.get("/readyz")
async def is_ready(request: Request) -> Response:
    """200 when the log is followed and the tables can be read, else 503; `?verbose` names each check."""
    readiness = await health.run(request.app.state.checks)
    return json_response(readiness.payload(verbose="verbose" in request.query_params), 200 if readiness.ready else 503)


def create_app(lifespan: Lifespan | None = None, secret: str | None = None) -> FastAPI:
    """The app. `lifespan` sets `app.state.door`, `checks` and `wake`; without one (for its document) it cannot serve.

    `secret` is what the gateway shows at the inner door; None leaves it open, on loopback (SEC-01).
    """
    app = FastAPI(
        title="Payflow webhooks",
        description="Tells merchants' own addresses what was decided, signed, in order, at least once.",
        version="1",
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=TELEMETRY,
    )
    api = APIRouter(prefix="/api/v1")
    api.include_router(endpoint_routes.router)
    api.include_router(delivery_routes.router)
    app.include_router(api)
    app.include_router(internal)
    app.add_middleware(InnerDoor, secret=secret)
    app.add_middleware(Ending)
    app.add_middleware(Watch, service="webhooks", clock=SystemClock())
    app.add_middleware(Traced)
    http_problems.install(app)
    documentation.install(app)
    return app
