"""The FastAPI app of ingest: routes, problems, documentation, and the counting of requests.

Owns how the app is put together. Its collaborators come with the lifespan, from `wiring`. Must not build a client.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI

from runtime import http_problems
from runtime.clock import SystemClock
from runtime.http_ending import Ending
from runtime.http_room import Bytes, Room
from runtime.http_trace import Traced
from runtime.http_watch import Watch
from runtime.inner_door import InnerDoor
from services.ingest import bodies, documentation, internal, routes
from services.ingest.granted import Granted

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]
REQUESTS_MAX = 4_000
JSON_BYTES_MAX = 32 * 1024 * 1024
"""Of all requests together. A parsed body takes about ten times its bytes, until its request is answered."""
FILE_BYTES_MAX = 2 * 1024 * 1024 * 1024
"""The same of uploads, on disk. A checked file takes about four times its bytes there, until its request is answered."""
HEALTH = frozenset({"/livez", "/readyz"})
TELEMETRY: Any = {"logs": False, "operation_spans": False}
"""The framework's own logs and spans can carry what a request holds: recipients are personal data."""


def create_app(lifespan: Lifespan | None = None, secret: str | None = None) -> FastAPI:
    """The app. `lifespan` sets `app.state.edge` and `app.state.checks`; without one (for its document) it cannot serve.

    `secret` is what the gateway shows at the inner door; None leaves it open, on loopback (SEC-01).
    """
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
    app.add_middleware(Granted)
    json, files = Bytes(JSON_BYTES_MAX, bodies.JSON_BYTES_MAX), Bytes(FILE_BYTES_MAX, bodies.UPLOAD_BYTES_MAX)
    app.add_middleware(Room, requests_max=REQUESTS_MAX, free=HEALTH, json=json, files=files)
    app.add_middleware(InnerDoor, secret=secret)
    app.add_middleware(Ending)
    app.add_middleware(Watch, service="ingest", clock=SystemClock())
    app.add_middleware(Traced)
    http_problems.install(app)
    documentation.install(app)
    return app
