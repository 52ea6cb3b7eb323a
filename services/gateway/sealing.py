"""What a browser is told with every answer: nothing in it runs, nobody frames it, nobody guesses what it is, nobody keeps it (SEC-13).

Owns these headers; an answer that says otherwise itself (a page of the documentation, a file that may be kept) has its way. Which page of
another origin may read an answer is `cross_origin`. Must not know routes.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cache-control", b"no-store"),
)


class Sealing:
    """ASGI middleware that adds what an answer does not say itself."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def seal(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", [])
                said = {name.lower() for name, _ in given}
                message = {**message, "headers": [*given, *((name, value) for name, value in HEADERS if name not in said)]}
            await send(message)

        await self._app(scope, receive, seal)
