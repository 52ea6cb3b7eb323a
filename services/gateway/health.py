"""Health addresses: no login, no log line (OBS-07)."""

from fastapi import APIRouter, Request, Response

from runtime import health
from runtime.http_problems import ProblemError
from services.gateway.described import health_described
from services.gateway.door import door_of, json_response

LAG_MAX_MS = 10_000

router = APIRouter()


@router.get("/health", summary="Is it there?", **health_described("is_there"))
@router.get("/healthz", include_in_schema=False)
async def is_there() -> Response:
    """200 while the process answers."""
    return json_response({"status": "ok"})


@router.get("/livez", summary="Is the process alive?", **health_described("is_alive"))
async def is_alive() -> Response:
    """200 while the process answers."""
    return json_response({"status": "ok"})


@router.get("/readyz", summary="Can it do its work?", **health_described("is_ready", 503))
async def is_ready(request: Request) -> Response:
    """200 when the views, ingest and the projection's lag are well, else 503; `?verbose` names each check.

    Webhooks and identity that are away degrade it only: payouts go on, and what happened meanwhile is told later.
    """
    door = door_of(request)

    async def views() -> str | None:
        try:
            await door.store.one("SELECT 1 AS one")
        except ProblemError as error:
            return error.detail
        return None

    async def ingest() -> str | None:
        return None if await door.proxy.is_ready() else "ingest is not ready"

    async def webhooks() -> str | None:
        there = door.webhooks is None or await door.webhooks.is_ready()
        return None if there else health.Degraded("webhooks are not ready")

    async def lag() -> str | None:
        age = int(str(door.progress.freshness()["max_age_ms"]))
        if not door.progress.fresh_at:
            return "not measured yet"
        return None if age < LAG_MAX_MS else f"the views are {age / 1000:.0f} s behind"

    async def identity() -> str | None:
        away = door.identity is not None and not await door.identity.is_ready()
        return health.Degraded("sign-in and changes of keys are away; keys that are known work") if away else None

    checks = {"views": views, "ingest": ingest, "webhooks": webhooks, "identity": identity, "lag": lag}
    readiness = await health.run(checks)
    verbose = "verbose" in request.query_params
    return json_response(readiness.payload(verbose=verbose), 200 if readiness.ready else 503)
