"""Counting requests by route and status.

Owns the ASGI middleware that measures. Labels are route templates, never paths (OBS-02).
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime import metrics
from runtime.clock import Clock


class Watch:
    """Measures every HTTP request of one service."""

    def __init__(self, app: ASGIApp, service: str, clock: Clock) -> None:
        """Wraps `app`."""
        self._app, self._service, self._clock = app, service, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on and count."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = self._clock.monotonic(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            metrics.HTTP_REQUESTS.labels(self._service, route, scope["method"], status).inc()
            metrics.HTTP_SECONDS.labels(self._service, route).observe(self._clock.monotonic() - started)
