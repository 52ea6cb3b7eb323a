"""How many requests one process holds at a time, and how many bytes of their JSON bodies.

Owns the ASGI middleware that counts and, past the bound, answers 429: back-pressure ends at the client. Bodies of other types are files,
which pass through and are not held. Must not know routes beyond those that are free.
"""

from collections.abc import Collection

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.http_problems import ProblemError, problem_response

FULL = (
    "As many requests as can be held are being answered; nothing was acknowledged. Send it again later, with the same key."
)


class Room:
    """Bounds what the requests of one process hold."""

    def __init__(self, app: ASGIApp, requests_max: int, free: Collection[str] = (), bytes_max: int | None = None) -> None:
        """Wraps `app`. The paths in `free` are always answered: they say whether the process is well.

        `bytes_max` is for a process that keeps JSON bodies until they are answered; None for one that passes them on.
        """
        self._app, self._requests_max, self._free, self._bytes_max = app, requests_max, free, bytes_max
        self._requests = 0
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse."""
        if scope["type"] != "http" or scope["path"] in self._free:
            await self._app(scope, receive, send)
        elif self._requests >= self._requests_max:
            asked = HTTPConnection(scope)
            await problem_response(asked, ProblemError("backlog_full", FULL, headers=_same_key(asked)))(scope, receive, send)
        else:
            await self._hold(scope, receive, send)

    async def _hold(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(self, receive)
        self._requests += 1
        try:
            await self._app(scope, body.receive if self._keeps(scope) else receive, send)
        finally:
            self._requests -= 1
            self._bytes -= body.bytes

    def _keeps(self, scope: Scope) -> bool:
        return self._bytes_max is not None and "json" in HTTPConnection(scope).headers.get("content-type", "")

    def take(self, count: int) -> None:
        """Count bytes of a body in. Raises ProblemError `backlog_full` when there is no room for them."""
        if self._bytes_max is not None and self._bytes + count > self._bytes_max:
            raise ProblemError("backlog_full", FULL, headers={"Connection": "close"})
        self._bytes += count


class _Body:
    """The body of one request as it comes in."""

    def __init__(self, room: Room, receive: Receive) -> None:
        self.bytes = 0
        self._room, self._receive = room, receive

    async def receive(self) -> Message:
        message = await self._receive()
        count = len(message.get("body", b""))
        self._room.take(count)
        self.bytes += count
        return message


def _same_key(asked: HTTPConnection) -> dict[str, str]:
    key = asked.headers.get("idempotency-key")
    return {"Idempotency-Key": key} if key is not None and key.isascii() and key.isprintable() else {}
