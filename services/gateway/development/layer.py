"""The fault layer: ASGI middleware that spoils real requests while a mode is on (CON-18).

Owns what each mode does to a request. Health addresses and the development routes are never touched, so that it can be switched off. It is
refused outside the profile `development`. Must not know routes: a theme is the first word of a path.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.http_problems import ProblemError, problem_response
from runtime.settings import RefusedStartError
from services.gateway.development.feed_faults import FeedFaults
from services.gateway.development.kept_answers import BYTES_MAX, KeptAnswers, key_of
from services.gateway.development.modes import Mode
from services.gateway.development.switch import Switch
from services.gateway.paths import ROOT

PREFIX = "/api/v1/dev/"
FEED = "/api/v1/feed"
TICKETS = "/api/v1/feed/tickets"
V1 = "/api/v1/"
HEADER = b"payflow-fault"
CUT_BYTES = 4096
Act = Callable[[Scope, Receive, Send], Awaitable[None]]


def theme_of(path: str) -> str:
    """The first word of a canonical path below /api/v1/."""
    return path.removeprefix(V1).partition("/")[0]


class Faults:
    """Wraps an application. Raises RefusedStartError outside the profile `development`."""

    def __init__(self, app: ASGIApp, switch: Switch, profile: str) -> None:
        """Spoils by what `switch` says."""
        if profile != "development":
            raise RefusedStartError(f"the fault layer is for PAYFLOW_PROFILE=development only, not for {profile}")
        self._app, self._switch = app, switch
        self._kept = KeptAnswers(int(switch.numbers.stale * 1000))
        self._kept_in = switch.turns
        self._feed = FeedFaults(app, switch)
        self._acts: dict[Mode, Act] = {
            Mode.INTERMITTENT: self._sometimes,
            Mode.LATENCY: self._late,
            Mode.PARTIAL_OUTAGE: self._some_away,
            Mode.DEGRADED: self._slowly,
            Mode.STALE: self._as_it_was,
            Mode.EVERYTHING: self._never,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, late, in part or not at all."""
        if scope["type"] not in {"http", "websocket"} or scope["path"] in ROOT or scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        self._switch.touched += 1
        if scope["path"].startswith(FEED) and scope["path"] != TICKETS:
            await self._feed(scope, receive, send)
            return
        act = self._acts.get(self._switch.state.mode, self._app)
        await act(scope, receive, send)

    async def _sometimes(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._switch.draws(self._switch.numbers.failing):
            await self._app(scope, receive, send)
            return
        how = self._switch.random.choice((self._refuse, self._refuse_after, self._cut_after))
        await how(scope, receive, send)

    async def _late(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._switch.spoilt += 1
        await asyncio.sleep(self._switch.between(self._switch.numbers.latency))
        await self._app(scope, receive, self._marked(send))

    async def _some_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        away = theme_of(scope["path"]) in self._switch.state.themes
        await (self._refuse if away else self._app)(scope, receive, send)

    async def _slowly(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._switch.spoilt += 1
        numbers, clock, marked = self._switch.numbers, self._switch.clock, self._marked(send)
        begun = clock.monotonic()

        async def slowed(message: Message) -> None:
            if message["type"] == "http.response.start":
                took = clock.monotonic() - begun
                await asyncio.sleep(min(took * (numbers.times - 1), numbers.slowest))
            await marked(message)

        await self._app(scope, receive, slowed)

    async def _as_it_was(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        if self._kept_in != self._switch.turns:
            self._kept.clear()
            self._kept_in = self._switch.turns
        taken = _Taken(self._marked(send))
        await self._app(scope, receive, taken.take)
        if taken.start is not None:
            self._switch.spoilt += 1
            key, now = key_of(HTTPConnection(scope)), self._switch.clock.now_ms()
            start, body = self._kept.answer(key, taken.start, bytes(taken.body), now)
            await self._marked(send)(start)
            await send({"type": "http.response.body", "body": body})

    async def _never(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._refuse if self._switch.draws(0.5) else self._cut)(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        """503 before anything was done."""
        await self._answer(
            "view_unavailable" if scope["method"] in {"GET", "HEAD"} else "log_unavailable",
            "Refused by the fault layer before it reached anything: nothing was done.",
            scope,
            receive,
            send,
        )

    async def _refuse_after(self, scope: Scope, receive: Receive, send: Send) -> None:
        """503 after it was done: the client cannot know."""
        await self._app(scope, receive, _nowhere)
        detail = (
            "The fault layer lost the answer: nobody can tell here whether it was done. Send it again with the same key."
        )
        await self._answer("service_ending", detail, scope, receive, send)

    async def _cut_after(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, _nowhere)
        await self._cut(scope, receive, send)

    async def _cut(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """An answer that begins and never ends: the server closes the line when we return."""
        self._switch.spoilt += 1
        headers = [(b"content-type", b"application/json"), (b"content-length", str(CUT_BYTES).encode())]
        await self._marked(send)({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"', "more_body": True})

    async def _answer(self, code: str, detail: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._switch.spoilt += 1
        refused = ProblemError(code, detail)
        await problem_response(HTTPConnection(scope), refused)(scope, receive, self._marked(send))

    def _marked(self, send: Send) -> Send:
        """Sends on, with the mode in a header: whoever looks sees that this was no accident."""
        mode = self._switch.state.mode.value.encode()

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, mode)]}
            await send(message)

        return marked


class _Taken:
    """Holds back an answer that is 200 and JSON of a moderate size; everything else goes on as it comes."""

    def __init__(self, send: Send) -> None:
        self.start: Message | None = None
        self.body = bytearray()
        self._send = send

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_short_json(message):
            self.start = message
        elif self.start is not None:
            self.body += message.get("body", b"")
        else:
            await self._send(message)


def _is_short_json(start: Message) -> bool:
    headers = {name.lower(): value for name, value in start.get("headers", ())}
    length = headers.get(b"content-length", b"")
    is_json = headers.get(b"content-type", b"").startswith(b"application/json")
    return start["status"] == 200 and is_json and length.isdigit() and int(length) <= BYTES_MAX


async def _nowhere(_message: Message) -> None:
    """An answer that nobody hears."""
