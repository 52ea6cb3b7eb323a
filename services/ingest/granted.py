"""The wait that a client asked for by `Prefer` and was granted is said in `Preference-Applied` (RFC 7240, API-14).

Owns the header, so that no route can forget it. Must not read `Prefer`: `Ask` notes what it granted.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_STATE = "payflow_granted_wait"


def grant(request: Request, seconds: float) -> None:
    """Note that this request waits so long because it asked to."""
    setattr(request.state, _STATE, seconds)


class Granted:
    """ASGI middleware that puts the header on the answer."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and _STATE in state:
                applied = (b"preference-applied", f"wait={state[_STATE]:g}".encode())
                message = {**message, "headers": [*message["headers"], applied]}
            await send(message)

        await self._app(scope, receive, answer)
