"""What is said on one line of the feed, whichever way it came: subscriptions, their answers, heartbeats, goodbye (LIV-03 to LIV-09).

Owns which subscription is answered how, and that the right to each is looked up for each message. Must not know how messages come in, or
read the views itself.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from domain.access.channels import CHANNELS, may_follow
from domain.access.principal import Principal, Refused
from runtime import metrics
from runtime.http_problems import ProblemError
from services.gateway.access.entry import Entry
from services.gateway.lately_written import Place
from services.gateway.live import channels, frames
from services.gateway.live.channels import Channel, ChannelError
from services.gateway.live.client import Client
from services.gateway.live.cursor import Cursor, parse_resume
from services.gateway.live.feed import SUBSCRIPTIONS_MAX, Feed
from services.gateway.live.line import Line
from services.gateway.live.subscription import OVERVIEWS, Subscription

BOOKMARK_PLACES = 1000
"""So far may a quiet channel's cursor stay behind the log before the client is given a newer one."""
RESTART_MS, SPREAD_MS, SPREAD_STEP = 500, 4500, 2777
"""After a planned end clients come back somewhere in this time, not all at once."""
GOING_AWAY = 1012
SHOWN_SECONDS = 2.0
"""So long a channel that is not there yet waits for the views to show what its client was told to have written (read your writes)."""


class Wish(Struct, frozen=True):
    """A subscription that is asked for."""

    channel: str
    rows: bool = True
    resume: object = None
    fold: bool = True


class Plan(Struct, frozen=True):
    """A subscription that may begin: its channel, where it goes on, and whether that is behind a cursor, or a cursor was too old."""

    wish: Wish
    channel: Channel
    places: list[Cursor]
    resumed: bool
    reset: bool


class Conversation:
    """One line from hello to goodbye."""

    def __init__(
        self, shared: Feed, client: Client, line: Line, entry: Entry, on_goodbye: Callable[[], None] | None = None
    ) -> None:
        """Nothing is said yet. `on_goodbye` is called when this process has said that it is about to end."""
        self._shared, self.client, self._line, self.entry = shared, client, line, entry
        self._on_goodbye = on_goodbye
        self._channels: dict[str, Channel] = {}
        self._heartbeat: asyncio.TimerHandle | None = None
        self._awaited: list[Place] = []

    def begin(self) -> None:
        """Say hello, and from now on that we live."""
        self._number = self._shared.lines.came()
        self._line.on_leave = self._say_goodbye
        self.entry.on_change = self._rights_changed
        self.send(self._shared.hello(signed_in=self.entry.is_signed_in))
        self._beat_later()

    def end(self) -> None:
        """Everything of this line is let go."""
        self._shared.lines.went()
        self._line.on_leave = self.entry.on_change = None
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        for found in self.client.followed.values():
            self._leave(found)

    @property
    def follows(self) -> bool:
        """Whether anything is followed."""
        return bool(self.client.followed)

    async def plan(self, wish: Wish) -> Plan:
        """Judge a subscription: is there such a channel, who asks, and does the cursor fit. Raises ChannelError."""
        try:
            return await self._plan(wish)
        except ProblemError as problem:
            raise channels.refused(problem) from None

    async def _plan(self, wish: Wish) -> Plan:
        if wish.channel in self.client.followed:
            raise ChannelError("already_subscribed", "This channel is followed already; unsubscribe first.")
        if len(self.client.followed) >= SUBSCRIPTIONS_MAX:
            raise ChannelError("limit_exceeded", f"at most {SUBSCRIPTIONS_MAX} subscriptions")
        principal = await self.entry.principal()
        store, partitions = self._shared.store, self._shared.partitions
        channel = await self._found(wish.channel)
        _check_right(principal, channel)
        now = await channels.start(store, channel, partitions)
        if wish.resume is None:
            return Plan(wish, channel, now, resumed=False, reset=False)
        resume = parse_resume(wish.resume)
        if resume is None:
            raise ChannelError("cursor_invalid", "resume must be a cursor that we gave")
        places = channels.check_resume(resume, channel, now)
        if channels.is_too_old(places, now, self._shared.replay_places):
            return Plan(wish, channel, now, resumed=False, reset=True)
        return Plan(wish, channel, places, resumed=True, reset=False)

    async def _found(self, name: str) -> Channel:
        """The channel, also of what its client has just written and the views do not show yet. A line waits once for the same writes."""
        store, merchant, progress = self._shared.store, self.entry.merchant, self._shared.progress
        try:
            return await channels.resolve(store, name, merchant)
        except ChannelError as error:
            written = progress.written.places(merchant)
            if error.code != "not_found" or written == self._awaited:
                raise
            self._awaited = written
        await progress.passed_written(merchant, SHOWN_SECONDS)
        return await channels.resolve(store, name, merchant)

    async def judged_again(self, plan: Plan) -> Plan:
        """A plan that had to wait while channels before it were caught up: its right may have ended. Raises ChannelError."""
        try:
            _check_right(await self.entry.principal(), plan.channel)
        except ProblemError as problem:
            raise channels.refused(problem) from None
        return plan

    async def follow(self, plan: Plan) -> None:
        """Answer a subscription, and begin it. Raises ChannelError."""
        name, channel = plan.wish.channel, plan.channel
        self._channels[name] = channel
        places = plan.places if channel.kind not in OVERVIEWS else plan.places[:1]
        self.client.followed[name] = found = [_subscription(channel, place, folds=plan.wish.fold) for place in places]
        if len(found) > 1:
            for subscription in found:
                subscription.siblings = found
        try:
            await self._tell_from(plan)
        except BaseException as error:  # what began half is not followed, and can be asked for again
            self._leave(self.client.forget(name))
            if isinstance(error, ProblemError):
                raise channels.refused(error) from None
            raise

    async def _tell_from(self, plan: Plan) -> None:
        channel, cursor = plan.channel, channels.text(plan.channel, plan.places)
        self.send({"type": "subscribed", "channel": channel.name, "cursor": cursor, "resumed": plan.resumed})
        if plan.reset:
            metrics.FEED_RESETS.inc()
            detail = "Too much has happened since this cursor: the state as it stands follows."
            told = {"code": "cursor_too_old", "status": 410, "detail": detail, "cursor": cursor}
            self.send({"type": "reset", "channel": channel.name, **told})
        if not plan.resumed:
            state = await channels.snapshot(self._shared.store, channel, with_rows=plan.wish.rows)
            self.send({"type": "snapshot", "channel": channel.name, "cursor": cursor, **state})
        found = self.client.followed.get(channel.name, [])
        for subscription in found:
            if self.client.followed.get(channel.name) is not found:  # the right to it ended meanwhile
                return
            await (self._shared.overview if channel.kind in OVERVIEWS else self._shared.hub).join(self.client, subscription)

    def unsubscribe(self, name: str) -> None:
        """Follow a channel no more; one that is not followed is no error."""
        self._leave(self.client.forget(name))
        self.send({"type": "unsubscribed", "channel": name})

    def refuse(self, name: str | None, error: ChannelError) -> None:
        """Say why something is not done."""
        self.send({"type": "error", "channel": name, "code": error.code, "status": error.status, "detail": error.detail})

    def send(self, message: dict[str, Any]) -> None:
        """One message to this line alone."""
        self.client.put(frames.message(message))

    def _leave(self, found: list[Subscription]) -> None:
        for subscription in found:
            self._channels.pop(subscription.name, None)
            if subscription.kind in OVERVIEWS:
                self._shared.overview.leave(subscription)
            else:
                self._shared.hub.leave(subscription)

    def _rights_changed(self, principal: Principal) -> None:
        """What may be followed no more ends now."""
        for name, channel in list(self._channels.items()):
            try:
                _check_right(principal, channel)
            except ChannelError as error:
                self._leave(self.client.forget(name))
                self.refuse(name, error)

    def _beat_later(self) -> None:
        self._heartbeat = asyncio.get_running_loop().call_later(self._shared.heartbeat_seconds, self._beat)

    def _beat(self) -> None:
        self.client.beat(self._shared.heartbeat())
        for found in self.client.followed.values():
            for subscription in found:
                self._mark(subscription)
        self._beat_later()

    def _mark(self, subscription: Subscription) -> None:
        """Give a quiet channel a newer cursor, so that it can be resumed cheaply."""
        if subscription.kind in OVERVIEWS or self.client.waits:
            return
        told = self._shared.hub.told(subscription)
        if told is not None and told.offset - subscription.cursor.offset >= BOOKMARK_PLACES:
            subscription.cursor = told
            self.send({"type": "bookmark", "channel": subscription.name, "cursor": subscription.text(told)})

    def _say_goodbye(self) -> None:
        """The process ends by plan; where to go on, and when to come back, so that not all come at once."""
        wait = RESTART_MS + self._number * SPREAD_STEP % SPREAD_MS
        told = {"reason": "restart", "code": GOING_AWAY, "retry_after_ms": wait, "resume": self.client.resume()}
        self._line.write(frames.message({"type": "bye", **told}))
        if self._on_goodbye:
            self._on_goodbye()


def _subscription(channel: Channel, place: Cursor, *, folds: bool) -> Subscription:
    named = (channel.name, channel.kind, channel.subject, channel.owner)
    return Subscription(*named, place, selection=channel.selection, folds=folds)


def _check_right(principal: Principal, channel: Channel) -> None:
    """Raise ChannelError unless this principal may follow this channel."""
    found = may_follow(principal, channel.kind, channel.merchant)
    if isinstance(found, Refused):
        scope = CHANNELS[channel.kind].access
        raise ChannelError(found.code, f"{found.detail} It needs {scope}.")
