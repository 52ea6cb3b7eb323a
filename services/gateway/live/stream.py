"""The feed as server-sent events, for what cannot or will not open a WebSocket (LIV-01, LIV-06).

Owns what a stream is asked for by its address, and its course. The same conversation, the same bytes; what a client would say by messages
stands in the query: channels, and where they go on. Must not read the views itself.
"""

import asyncio
import contextlib
from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from runtime.http_problems import ProblemError
from services.gateway.access.entry import Entry, entry_of
from services.gateway.access.line_watch import CUT_SECONDS, ENDED, LOOK_SECONDS
from services.gateway.filters import known_only, read_merchant, refuse
from services.gateway.live import frames
from services.gateway.live.channels import ChannelError
from services.gateway.live.client import Client
from services.gateway.live.conversation import Conversation, Plan, Wish
from services.gateway.live.feed import SUBSCRIPTIONS_MAX, Feed
from services.gateway.live.line import LINE
from services.gateway.live.stream_line import BETWEEN, Pipe, StreamLine

QUERY = frozenset({"channel", "resume", "rows", "fold", "merchant_id", "ticket"})
RETRY_MS = 1000
HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
}
FULL = "As many lines as can be held are open: try another gateway, or later."

router = APIRouter()


@router.get("/feed/sse", include_in_schema=False)
async def stream(request: Request) -> Response:
    """Follow channels as server-sent events; see docs/feed.md.

    400, 403 or 404 where none of them can be followed: a browser then does not come again. Where one of several cannot, the stream says so.
    """
    shared: Feed = request.app.state.feed
    query = request.query_params
    known_only(query, QUERY)
    if shared.lines.is_full:
        raise ProblemError("backlog_full", FULL)
    wishes = read_wishes(request)
    entry = entry_of(request, read_merchant(query, request.headers.get("x-merchant-id")))
    pipe: Pipe | None = request.scope.get("extensions", {}).get(LINE)
    if pipe is None:  # HEAD: it would open
        return Response(headers=HEADERS)
    talking = Streaming(shared, entry, pipe, wishes)
    await talking.plan()
    return talking


def read_wishes(request: Request) -> list[Wish]:
    """What is to be followed, and from where. Raises ProblemError 400."""
    query = request.query_params
    names = query.getlist("channel")
    if not 1 <= len(names) <= SUBSCRIPTIONS_MAX or len(set(names)) < len(names):
        raise refuse("channel", f"must stand there once for each channel that is followed, 1 to {SUBSCRIPTIONS_MAX} of them")
    last = request.headers.get("last-event-id") or query.get("resume") or ""
    resumes = last.split(BETWEEN) if last else [""] * len(names)
    if len(resumes) != len(names):
        detail = "Last-Event-ID (or resume) must have one cursor for each channel, in the same order: subscribe without it."
        raise ProblemError("cursor_invalid", detail)
    flags = {name: _flag(query, name) for name in ("rows", "fold")}
    return [Wish(name, resume=resume or None, **flags) for name, resume in zip(names, resumes, strict=True)]


def _flag(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name, "true").lower()
    if text not in {"true", "false"}:
        raise refuse(name, "must be true or false")
    return text == "true"


class Streaming(Response):
    """The answer: it ends when the client goes, its right ends, it is too slow, or the process ends."""

    def __init__(self, shared: Feed, entry: Entry, pipe: Pipe, wishes: list[Wish]) -> None:
        """Nothing is sent yet."""
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._entry, self._wishes = entry, wishes
        self._line = StreamLine(pipe, [wish.channel for wish in wishes])
        self._over = asyncio.Event()
        self._client = Client(self._hang_up, self._line)
        self._talk = Conversation(shared, self._client, self._line, entry, self._over.set)
        self._plans: list[Plan | ChannelError] = []

    async def plan(self) -> None:
        """Judge what is asked for, before anything is sent. Raises ProblemError where nothing of it can be followed."""
        for wish in self._wishes:
            try:
                self._plans.append(await self._talk.plan(wish))
            except ChannelError as error:
                self._plans.append(error)
        refused = [plan for plan in self._plans if isinstance(plan, ChannelError)]
        if len(refused) == len(self._plans):
            raise ProblemError(refused[0].code, refused[0].detail)

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until the end."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": f"retry: {RETRY_MS}\n\n".encode(), "more_body": True})
        self._talk.begin()
        try:
            await self._until_the_end(receive)
        finally:
            self._talk.end()
            if self._client.overflowed:
                await self._client.dismiss()
            self._line.end()
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _until_the_end(self, receive: Receive) -> None:
        works = [asyncio.create_task(work) for work in (self._run(), _gone(receive), self._watch(), self._over.wait())]
        try:
            async with self._client.keeps_up():
                done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
                for work in done:
                    work.result()
        except TimeoutError:
            if not self._client.overflowed:
                raise
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)

    async def _run(self) -> None:
        for wish, plan in zip(self._wishes, self._plans, strict=True):
            try:
                if isinstance(plan, ChannelError):
                    raise plan
                await self._talk.follow(await self._talk.judged_again(plan))
            except ChannelError as error:
                self._talk.refuse(wish.channel, error)
        await asyncio.Event().wait()

    async def _watch(self) -> None:
        """Until the right of who holds the line has ended (SEC-12)."""
        while await self._entry.still():  # noqa: ASYNC110  it is another process that ends a credential
            await asyncio.sleep(LOOK_SECONDS)
        self._line.write(frames.message({"type": "bye", "code": ENDED, "reason": "credential_ended", "resume": {}}))
        asyncio.get_running_loop().call_later(CUT_SECONDS, self._line.cut)  # of one that reads nothing

    async def _hang_up(self, _code: int, _reason: str) -> None:
        self._over.set()


async def _gone(receive: Receive) -> None:
    """Until the client has closed its end."""
    with contextlib.suppress(RuntimeError):
        while (await receive())["type"] != "http.disconnect":
            pass
