"""Requests that a service could not finish before it had to end: they get an answer of their own, not a bare 500.

Owns the ASGI middleware that answers for a request whose task was canceled. Must not know routes.
"""

import asyncio

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.http_problems import ProblemError, problem_response, same_key

TEXT = "The service is ending, and nobody knows yet whether this was taken. Send the same request again, with the same Idempotency-Key."


class Ending:
    """Turns the server's cancelling at the end of its grace into 503 `service_ending`, if no answer has begun."""

    def __init__(self, app: ASGIApp) -> None:
        """Wraps `app`."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; answer for a request that was canceled."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except asyncio.CancelledError:
            if begun:
                raise
            asked = HTTPConnection(scope)
            await problem_response(asked, ProblemError("service_ending", TEXT, headers=same_key(asked)))(
                scope, receive, send
            )
