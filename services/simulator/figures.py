"""What the provider counts of itself: requests by route and status, on a port of its own (OBS-01).

Owns the exporter. Nothing of a transfer stands in it. Must not know what a request is about.
"""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Counter, ProcessCollector, start_http_server

LEFT = 499
"""The status of a request whose client did not wait."""

_REGISTRY = CollectorRegistry()
_REQUESTS = Counter(
    "payflow_simulator_requests_total", "Requests that the provider answered.", ["route", "status"], registry=_REGISTRY
)
ProcessCollector(registry=_REGISTRY)


def serve(app: web.Application, port: int, host: str) -> None:
    """Count what `app` answers, and show it at /metrics; port 0 means no exporter. Raises OSError for a port in use."""
    if port:
        app.middlewares.append(_counted)
        start_http_server(port, addr=host, registry=_REGISTRY)


@web.middleware
async def _counted(request: web.Request, handler: Handler) -> web.StreamResponse:
    status = 500
    try:
        answer = await handler(request)
    except asyncio.CancelledError:
        status = LEFT
        raise
    except web.HTTPException as refused:
        status = refused.status
        raise
    else:
        status = answer.status
        return answer
    finally:
        resource = request.match_info.route.resource
        _REQUESTS.labels(resource.canonical if resource is not None else "unmatched", str(status)).inc()
