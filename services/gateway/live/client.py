"""One connected client: its subscriptions and what is not sent to it yet, bounded (LIV-08).

Owns back-pressure. A client that does not read fast enough has its changes folded, then gets a gap, and is then closed and comes back with
its cursors; its line is cut if it does not even take the goodbye; it never makes another one wait. Must not know where messages come from.
"""

import asyncio
from collections.abc import Awaitable, Callable

from runtime import metrics
from services.gateway.live import frames
from services.gateway.live.backlog import Backlog, Owed, State
from services.gateway.live.cursor import told as cursor_text
from services.gateway.live.frames import Frame
from services.gateway.live.line import Line
from services.gateway.live.subscription import OVERVIEWS, Part, Subscription

DRAIN_SECONDS = 10.0
GOODBYE_SECONDS = 10.0
GAP_SECONDS = 60.0
"""A second gap so soon after the first, and the client is too slow."""
BEATS_MISSED = 4
TOO_SLOW = 4008
REASON_BYTES = 120

HangUp = Callable[[int, str], Awaitable[None]]


class Client:
    """A line and what it owes. put() never blocks: what the line does not take now is queued."""

    def __init__(self, hang_up: HangUp, line: Line) -> None:
        """No subscription yet. `hang_up` closes the connection with a code and a reason; of one that is closed already it is no error."""
        self._hang_up, self._line = hang_up, line
        self._backlog = Backlog()
        self._emptied: asyncio.Future[None] | None = None
        self._session: asyncio.Timeout | None = None
        self._gap_at = -GAP_SECONDS
        self._beats_missed = 0
        self.overflowed = False
        """Whether the client did not read fast enough: nothing is queued for it any more."""
        self.followed: dict[str, list[Subscription]] = {}
        """Subscriptions by the name of their channel; over all merchants one for each partition."""
        line.on_ready = self._send_queued

    def put(self, frame: Frame) -> bool:
        """Send or queue one frame; False if it is not taken: past the bounds the client gets 4008 and comes back by its cursors."""
        if self._is_clear():
            self._line.write(frame)
            return True
        return self._queue(Owed(frame))

    def put_changes(self, subscription: Subscription, part: Part) -> bool:
        """Send or queue changes of a subscription, whose cursor is behind them then; False if they are not taken."""
        if self._is_clear():
            self._line.write(part.frame)
        elif not self._queue(Owed(part.frame, subscription, part)):
            return False
        subscription.cursor = part.cursor
        return True

    def put_state(self, subscription: Subscription, frame: Frame, state: State) -> bool:
        """Send or queue how a subscription's subject stands."""
        if self._is_clear():
            self._line.write(frame)
            return True
        return self._queue(Owed(frame, subscription, state=state))

    @property
    def waits(self) -> bool:
        """Whether anything has not been sent yet."""
        return bool(self._backlog)

    def beat(self, frame: Frame) -> None:
        """A heartbeat is due; who has taken nothing since BEATS_MISSED of them is too slow: its line may be dead."""
        self._beats_missed = 0 if self._line.ready else self._beats_missed + 1
        if self._beats_missed >= BEATS_MISSED:
            self._overflow()
        else:
            self.put(frame)

    def forget(self, name: str) -> list[Subscription]:
        """Follow a channel no more; what of it waits is not told."""
        gone = self.followed.pop(name, [])
        for subscription in gone:
            self._backlog.forget(subscription)
        return gone

    def _is_clear(self) -> bool:
        """Whether a frame goes straight to the line: it takes more, and nothing waits before it."""
        if self.overflowed or not self._line.ready:
            return False
        if self._backlog:
            self._send_queued()
        return not self._backlog and self._line.ready

    def _queue(self, owed: Owed) -> bool:
        if self.overflowed:
            return False
        if not self._backlog.fits(len(owed.frame), self._line.unsent):
            self._shrink()
        if self.overflowed or not self._backlog.fits(len(owed.frame), self._line.unsent):
            self._overflow()
            return False
        self._backlog.add(owed)
        return True

    def _shrink(self) -> None:
        """Fold what waits; drop it where that is not enough; a client that had a gap a moment ago is too slow."""
        if not self._backlog.folds:
            return
        self._backlog.fold()
        if not self._backlog.is_half_full(self._line.unsent):
            return
        now = asyncio.get_running_loop().time()
        if self._backlog.has_gap or now - self._gap_at < GAP_SECONDS:
            self._overflow()
        else:
            self._gap_at = now
            self._backlog.drop()

    def _send_queued(self) -> None:
        """The line takes more."""
        while self._backlog and self._line.ready:
            self._line.write(self._backlog.next())
        self._tell_emptied()

    def _tell_emptied(self) -> None:
        if self._emptied and self.is_drained and not self._emptied.done():
            self._emptied.set_result(None)

    @property
    def is_drained(self) -> bool:
        """Whether nothing waits for it: it takes more, or is told nothing any more."""
        return self.overflowed or (not self._backlog and self._line.ready)

    async def drained(self) -> None:
        """Wait until the client has read nearly all that is unsent; one that takes DRAIN_SECONDS for it is too slow."""
        if self.is_drained:
            return
        self._emptied = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._emptied
        except TimeoutError:
            self._overflow()

    def keeps_up(self) -> asyncio.Timeout:
        """A scope that ends, by TimeoutError, when the client overflows."""
        self._session = asyncio.timeout(0 if self.overflowed else None)
        return self._session

    def _overflow(self) -> None:
        if not self.overflowed:
            self.overflowed = True
            metrics.FEED_DROPPED.inc(self._backlog.clear())
            metrics.FEED_TOO_SLOW.inc()
            self._tell_emptied()
            if self._session:
                self._session.reschedule(0)

    def resume(self) -> dict[str, str]:
        """By channel where this client goes on: behind the last that left here for its line. What is told as it stands has no place."""
        return {
            name: cursor_text(map(self._backlog.resume, found), found[0].owner)
            for name, found in self.followed.items()
            if found and found[0].kind not in OVERVIEWS
        }

    async def close(self, code: int, reason: str) -> None:
        """Close the connection; one that is closed already is no error."""
        await self._hang_up(code, reason)

    async def dismiss(self) -> None:
        """Tell a client that was too slow where to go on, and give it GOODBYE_SECONDS to take its 4008 and to go; then cut the line."""
        asyncio.get_running_loop().call_later(GOODBYE_SECONDS, self._line.cut)
        resume = self.resume()
        self._line.write(frames.message({"type": "bye", "code": TOO_SLOW, "reason": "too_slow", "resume": resume}))
        await self.close(TOO_SLOW, goodbye(resume))


def goodbye(resume: dict[str, str]) -> str:
    """The reason in a close frame, which has little room: the cursor where there is one channel."""
    whole = f"too slow: reconnect and resume with {next(iter(resume.values()))}" if len(resume) == 1 else ""
    return whole if 0 < len(whole) <= REASON_BYTES else "too slow: reconnect and resume with your last cursors"
