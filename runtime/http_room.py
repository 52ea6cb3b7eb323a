"""How many requests one process holds at a time, and how many bytes of their bodies: JSON in memory, anything else (files) on disk.

Owns the ASGI middleware that counts and, past a bound, answers 429: back-pressure ends at the client. Must not know routes beyond those
that are free.
"""

from collections.abc import Collection

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.http_problems import ProblemError, problem_response, same_key

FULL = (
    "As many requests as can be held are being answered; nothing was acknowledged. Send it again later, with the same key."
)


class Bytes:
    """Bytes that are held until their requests are answered."""

    def __init__(self, most: int, of_one: int) -> None:
        """None yet. Of one body no more than `of_one` is held: what is beyond is read and dropped, to be told that it is too large."""
        self._held, self._most, self.of_one = 0, most, of_one

    def take(self, count: int) -> None:
        """Count these in. Raises ProblemError `backlog_full` when there is no room for them."""
        if self._held + count > self._most:
            raise ProblemError("backlog_full", FULL)
        self._held += count

    def give_back(self, count: int) -> None:
        """These are held no longer."""
        self._held -= count


class Room:
    """Bounds what the requests of one process hold."""

    def __init__(
        self,
        app: ASGIApp,
        requests_max: int,
        free: Collection[str] = (),
        json: Bytes | None = None,
        files: Bytes | None = None,
    ) -> None:
        """Wraps `app`. The paths in `free` are always answered: they say whether the process is well.

        `json` and `files` are for a process that keeps bodies until they are answered; None for one that passes them on.
        """
        self._app, self._requests_max, self._free = app, requests_max, free
        self._json, self._files = json, files
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on or refuse."""
        if scope["type"] != "http" or scope["path"] in self._free:
            await self._app(scope, receive, send)
        elif self._requests >= self._requests_max:
            asked = HTTPConnection(scope)
            await problem_response(asked, ProblemError("backlog_full", FULL, headers=same_key(asked)))(scope, receive, send)
        else:
            await self._hold(scope, receive, send)

    async def _hold(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._requests += 1
        try:
            await self._hold_body(scope, receive, send)
        finally:
            self._requests -= 1

    async def _hold_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        held = self._json if "json" in HTTPConnection(scope).headers.get("content-type", "") else self._files
        if held is None:
            await self._app(scope, receive, send)
            return
        body = _Body(held, receive)
        try:
            await self._app(scope, body.receive, send)
        finally:
            held.give_back(body.bytes)


class _Body:
    """The body of one request as it comes in."""

    def __init__(self, held: Bytes, receive: Receive) -> None:
        self.bytes = 0
        self._held, self._receive = held, receive

    async def receive(self) -> Message:
        message = await self._receive()
        count = min(len(message.get("body", b"")), self._held.of_one - self.bytes)
        self._held.take(count)
        self.bytes += count
        return message
