"""What pages of other origins may read: nothing, unless their origin is listed in ALLOWED_ORIGINS (SEC-13).

Owns which methods and headers such a page may send and which headers it may read. No cookie goes along: a page elsewhere works with a key.
Must not know routes.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
TAKEN = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Payflow-Position",
    "Payflow-Reason",
    "Prefer",
    "traceparent",
    "X-Merchant-Id",
]
SHOWN = [
    "Allow",
    "Content-Disposition",
    "ETag",
    "Idempotency-Key",
    "Idempotency-Replayed",
    "Link",
    "Location",
    "Payflow-Equal-Rows",
    "Payflow-Position",
    "Payflow-Refused-Rows",
    "Preference-Applied",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "WWW-Authenticate",
]
NO_CONTENT = 204


class CrossOrigin:
    """ASGI middleware: Starlette's, for requests of listed origins; others pass as if there were no such thing."""

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        """`origins` as browsers send them."""
        self._app, self._origins, self._told = app, origins, _Told(app, origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._is_listed(Headers(scope=scope)):
            await self._told(scope, receive, send)
        else:
            await self._app(scope, receive, _varying(send))

    def _is_listed(self, headers: Headers) -> bool:
        named = headers.getlist("origin")
        return len(named) == 1 and named[0] in self._origins


class _Told(CORSMiddleware):
    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        super().__init__(app, allow_origins=origins, allow_methods=METHODS, allow_headers=TAKEN, expose_headers=SHOWN)

    def preflight_response(self, request_headers: Headers) -> Response:
        """What is allowed, whatever was asked for: the browser compares."""
        told = super().preflight_response(request_headers)
        named = {name: value for name, value in told.headers.items() if not name.startswith("content-")}
        return Response(status_code=NO_CONTENT, headers=named)


def _varying(send: Send) -> Send:
    """No cache gives this answer to a page of a listed origin."""

    async def varying(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": list(message.get("headers", []))}
            MutableHeaders(scope=message).add_vary_header("Origin")
        await send(message)

    return varying
