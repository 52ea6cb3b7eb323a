"""What the modes do to the feed: a connection that lives long is refused, late, or cut (CON-18).

Owns both kinds of line, WebSocket and event stream. Frames pass below ASGI, so they are not slowed one by one. A line costs no task of its
own here: there are thousands. Must not know messages.
"""

import asyncio
import contextlib

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.http_problems import ProblemError, problem_response
from services.gateway.development.modes import Mode
from services.gateway.development.switch import Switch

FEED_THEME = "feed"
RESTARTS = 1012
WHY = "cut by the fault layer"


class OpenLine:
    """A session that runs, in this task; `is_cut` says who has ended it."""

    __slots__ = ("_task", "_timer", "accepted", "is_cut")

    def __init__(self) -> None:
        """Made inside the session's own task."""
        task = asyncio.current_task()
        assert task is not None, "a request is served by a task"
        self._task: asyncio.Task[object] = task
        self._timer: asyncio.TimerHandle | None = None
        self.accepted = self.is_cut = False

    def cut(self) -> None:
        """End the session; a repeat does nothing more."""
        if not self.is_cut:
            self.is_cut = True
            self._task.cancel()

    def cut_after(self, seconds: float | None) -> None:
        """End it then; None: not by time any more."""
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self.cut) if seconds is not None else None

    def over(self) -> None:
        """The session has ended, or is ending; if it was cut, its task goes on."""
        self.cut_after(None)
        if self.is_cut:
            self._task.uncancel()


class FeedFaults:
    """Runs the application over one line for as long as the mode lets it."""

    def __init__(self, app: ASGIApp, switch: Switch) -> None:
        """Wraps `app`."""
        self._app, self._switch = app, switch
        self._lines: set[OpenLine] = set()
        switch.listeners.append(self._changed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or run until it ends or is cut."""
        mode, numbers = self._switch.state.mode, self._switch.numbers
        if self._is_away() or (mode is Mode.INTERMITTENT and self._switch.draws(numbers.failing)):
            self._switch.spoilt += 1
            refused = ProblemError("view_unavailable", "The fault layer keeps the feed away.")
            await problem_response(HTTPConnection(scope), refused)(scope, receive, send)
            return
        if mode is Mode.LATENCY:
            await asyncio.sleep(self._switch.between(numbers.latency))
        await self._run(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        line = OpenLine()

        async def seen(message: Message) -> None:
            line.accepted = line.accepted or message["type"] == "websocket.accept"
            await send(message)

        self._lines.add(line)
        self._plan(line)
        try:
            await self._app(scope, receive, seen)
        except asyncio.CancelledError:
            if not line.is_cut:
                raise
        finally:
            self._lines.discard(line)
            line.over()
        if line.is_cut and line.accepted:
            with contextlib.suppress(RuntimeError, OSError):
                await send({"type": "websocket.close", "code": RESTARTS, "reason": WHY})

    def _changed(self) -> None:
        """Another mode is on: lines that are open go on by it."""
        for line in list(self._lines):
            self._plan(line)

    def _plan(self, line: OpenLine) -> None:
        away, intermittent = self._is_away(), self._switch.state.mode is Mode.INTERMITTENT
        line.cut_after(0.0 if away else self._switch.between(self._switch.numbers.feed_life) if intermittent else None)
        self._switch.spoilt += int(away)

    def _is_away(self) -> bool:
        state = self._switch.state
        partly = state.mode is Mode.PARTIAL_OUTAGE and FEED_THEME in state.themes
        return state.mode in {Mode.STALE, Mode.EVERYTHING} or partly
