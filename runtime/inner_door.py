"""The inner door: how our own processes know that a request comes from the gateway, which has checked it (SEC-01).

Owns the headers that carry the secret (`settings.inner_secret`) and the checked principal, and the refusal of everybody else.
Health addresses are free. Without a secret (open mode, on loopback) the door stands open. Must not know who may do what.
"""

import hmac

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from runtime.http_problems import ProblemError, problem_response

PREFIX = "payflow-inner-"
SECRET_HEADER = f"{PREFIX}secret"
PRINCIPAL_HEADER = f"{PREFIX}principal"
FREE = frozenset({"/livez", "/readyz", "/health"})


def without_inner(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers of the outside world: what only our own processes may say is cut out."""
    return [(name, value) for name, value in headers if not name.lower().startswith(PREFIX.encode())]


class InnerDoor:
    """ASGI middleware: 401 for what does not show the secret."""

    def __init__(self, app: ASGIApp, secret: str | None) -> None:
        """`secret` None lets everybody in."""
        self._app, self._secret = app, secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse."""
        if scope["type"] not in {"http", "websocket"} or self._may_pass(scope):
            await self._app(scope, receive, send)
            return
        refused = ProblemError("unauthorized", "This door is for the gateway alone; send the request there.")
        await problem_response(HTTPConnection(scope), refused)(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        if self._secret is None or scope["path"] in FREE:
            return True
        shown = [value for name, value in scope["headers"] if name == SECRET_HEADER.encode()]
        return len(shown) == 1 and hmac.compare_digest(shown[0], self._secret.encode())
