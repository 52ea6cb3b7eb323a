"""Which Host a request may name and which pages may open the feed (SEC-01, SEC-12, SEC-13).

Owns the defence of an API without sign-in against pages of other sites: one that has its own name resolved to this machine still sends
that name as Host, and a page that opens the feed sends its Origin. Health addresses are free. Must not know routes.
"""

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from runtime.exposure import host_of, is_loopback
from runtime.http_problems import ProblemError, problem_response
from services.gateway.access.credentials import STREAM
from services.gateway.paths import ROOT


class Hosts:
    """ASGI middleware that refuses foreign Hosts with 400, and feeds opened by foreign pages with 403."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], origins: frozenset[str]) -> None:
        """`hosts` are allowed besides loopback ones; `origins` may open the feed besides the pages of this very address."""
        self._app, self._hosts, self._origins = app, hosts, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse."""
        fault = self._fault(HTTPConnection(scope)) if scope["type"] in {"http", "websocket"} else None
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await problem_response(HTTPConnection(scope), fault)(scope, receive, send)

    def _fault(self, asked: HTTPConnection) -> ProblemError | None:
        if asked.scope["path"] in ROOT:
            return None
        named = asked.headers.getlist("host")
        host = host_of(named[0]) if len(named) == 1 else ""
        if not is_loopback(host) and host not in self._hosts:
            return _refused_host(host)
        is_feed = asked.scope["type"] == "websocket" or asked.scope["path"] == STREAM
        if is_feed and not self._is_own(asked.headers.getlist("origin"), named[0]):
            return ProblemError("forbidden", "A page of another origin may not open the feed; list it in ALLOWED_ORIGINS.")
        return None

    def _is_own(self, origins: list[str], authority: str) -> bool:
        """Whether the origins, if any, are this very address or listed. `null` and what is not an origin are neither."""
        return all(
            origin.lower() in self._origins | {f"http://{authority.lower()}", f"https://{authority.lower()}"}
            for origin in origins
        )


def _refused_host(host: str) -> ProblemError:
    detail = f"The host {host[:64]!r} is not served here: use localhost, or list it in ALLOWED_HOSTS."
    return ProblemError(
        "validation_error", detail, errors=[{"pointer": "header/Host", "code": "validation_error", "detail": detail}]
    )
