"""What holds for the answer of every route: HEAD is GET without the body, and how far the views are behind a position is said.

Owns both, so that no route can forget them. Must not read a body.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BEHIND_HEADER = "Payflow-Behind"
BEHIND = "payflow_behind"


class Leaving:
    """ASGI middleware: HEAD is routed as GET, and `state.payflow_behind` becomes a header."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})

        async def leave(message: Message) -> None:
            if message["type"] == "http.response.start" and BEHIND in state:
                message = {
                    **message,
                    "headers": [*message["headers"], (BEHIND_HEADER.lower().encode(), str(state[BEHIND]).encode())],
                }
            await send(message)

        if scope["method"] == "HEAD":  # the server knows it as HEAD still, and sends no body
            scope["method"] = "GET"
        await self._app(scope, receive, leave)
