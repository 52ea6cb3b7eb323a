"""Which Host may name this address, and the security headers of our own answers (SEC-01, SEC-13).

Owns both for everything that is not passed on: what goes to the gateway is checked there, and its answers keep their own headers. Health is
free. Must not know files.
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from runtime.exposure import host_of, is_loopback
from services.console.headers import SECURITY

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
HEALTH = ("/livez", "/readyz")


def doorman(hosts: frozenset[str]) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
    """A middleware that refuses foreign Hosts with 400; `hosts` are allowed besides loopback ones."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if is_passed_on(request.path):
            return await handler(request)
        named = request.headers.getall("Host", [])
        host = host_of(named[0]) if len(named) == 1 else ""
        if request.path not in HEALTH and not is_loopback(host) and host not in hosts:
            return _refused(host)
        try:
            answer = await handler(request)
        except web.HTTPException as error:
            error.headers.update(SECURITY)
            raise
        answer.headers.update(SECURITY)
        return answer

    return guard


def is_passed_on(path: str) -> bool:
    """Whether the gateway answers."""
    return path in {"/api", "/readyz"} or path.startswith("/api/")


def _refused(host: str) -> web.Response:
    text = f"The host {host[:64]!r} is not served here: use localhost, or list it in ALLOWED_HOSTS.\n"
    return web.Response(text=text, status=400, headers={**SECURITY, "Cache-Control": "no-store"})
