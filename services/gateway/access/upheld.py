"""A request whose credential ends while its body still comes in is not carried out (SEC-02).

Owns the look at the credential between the pieces of a body, and the 401 in the place of any other answer. Must not know what is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Send

LOOK_SECONDS = 2.0


class Upheld:
    """Stands between a request and its application; whose credential has ended has left, to the application."""

    def __init__(self, receive: Receive, send: Send, still: Callable[[], Awaitable[bool]]) -> None:
        """`still` is asked at most every LOOK_SECONDS, and only when a piece has come."""
        self._receive, self._send, self._still = receive, send, still
        self._looked = asyncio.get_running_loop().time()
        self._is_over = self._has_begun = False

    @property
    def owes_refusal(self) -> bool:
        """Whether the credential has ended and nothing was answered yet."""
        return self._is_over and not self._has_begun

    async def receive(self) -> Message:
        """The next piece, or that the client has left."""
        message = await self._receive()
        now = asyncio.get_running_loop().time()
        if not self._is_over and message["type"] == "http.request" and now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._is_over = not await self._still()
        return {"type": "http.disconnect"} if self._is_over else message

    async def send(self, message: Message) -> None:
        """Pass an answer on, but for one that begins after the end."""
        if not self.owes_refusal:
            self._has_begun = True
            await self._send(message)
