"""Every path under /api/ and /api/v1/, with and without a trailing slash, for every method, without a redirect (API-02).

Owns the one canonical spelling that routes are written in: /api/v1/..., no slash at the end; health stands at the root.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

ROOT = frozenset({"/health", "/healthz", "/livez", "/readyz"})
PREFIXES = ("/api/v1", "/api")


def canonical(path: str) -> str:
    """The spelling that routes know."""
    rest = path
    if path == "/":
        return path
    for prefix in PREFIXES:
        if path == prefix or path.startswith(prefix + "/"):
            rest = path[len(prefix) :]
            break
    rest = rest.rstrip("/") or "/"
    if rest in ROOT or rest == path.rstrip("/"):
        return rest
    return f"/api/v1{rest}" if rest != "/" else "/api/v1"


class Normalise:
    """ASGI middleware that rewrites the path of requests and sockets."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with the canonical path; `asked_path` keeps what the client wrote."""
        if scope["type"] in {"http", "websocket"}:
            path = canonical(scope["path"])
            scope = {**scope, "asked_path": scope["path"], "path": path, "raw_path": path.encode()}
        await self._app(scope, receive, send)
