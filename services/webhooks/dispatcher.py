"""Sending what is due: one lane per endpoint, each with a bound of its own, so that a slow or dead endpoint delays no other (WHK-05).

Owns who sends when. Nothing is queued here: a lane takes from the queue in SQL only what it can send now. An endpoint that fails time after
time is tried one delivery at a time until it answers again. Must not know SQL or HTTP.
"""

import asyncio
import functools

from domain.webhooks import payload, signing
from domain.webhooks.payload import Letter, State
from domain.webhooks.schedule import GONE, next_try_at
from runtime import failpoints, metrics
from runtime.clock import Clock
from runtime.ids import mint
from runtime.logging import logger
from services.webhooks.database import AWAY
from services.webhooks.queue import Endpoint, Queue, Result, Taken
from services.webhooks.results import Results
from services.webhooks.seal import SealedOtherwiseError
from services.webhooks.sender import SOCKETS_MAX, Outcome, Sender
from services.webhooks.subjects import States, Subjects

LOOK_SECONDS = 0.2
"""Between two looks at what is due; another process's deliveries are found by it."""
LEASE_MORE_MS = 10_000
"""How much longer than a try a taken delivery is ours: time to write down what came of it."""
FAILURES_MANY = 5
"""After so many in a row an endpoint is tried one at a time."""
CROWDED = SOCKETS_MAX // 2
CROWDED_AT_ONCE = 2
"""Tries per endpoint while so many are under way in all: endpoints that take their time, however many, leave room for the others."""
VIEWS_BEHIND_MS = 500
LAST_SECONDS = 5.0

_log = logger(__name__)


class Dispatcher:
    """Runs a lane for each endpoint that has something due."""

    def __init__(
        self,
        queue: Queue,
        subjects: Subjects,
        sender: Sender,
        results: Results,
        clock: Clock,
        *,
        per_endpoint: int,
        seconds: float,
    ) -> None:
        """`seconds` is the longest that one try takes."""
        self.queue, self.subjects, self.sender, self.results, self.clock = queue, subjects, sender, results, clock
        self.per_endpoint, self.lease_ms = per_endpoint, int(seconds * 1000) + LEASE_MORE_MS
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._woken = asyncio.Event()
        self.sending = 0
        """Tries under way, and room that lanes are about to fill."""
        self.stopping = False

    def wake(self) -> None:
        """There is something new to send."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled; what is under way then may end, within LAST_SECONDS. What does not is sent again by whoever comes next."""
        try:
            while True:
                self._woken.clear()
                await self._look()
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._woken.wait()
                except TimeoutError:
                    pass
        finally:
            self.stopping = True
            lanes = list(self._lanes.values())
            if lanes:
                await asyncio.wait(lanes, timeout=LAST_SECONDS)
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    def limit(self, endpoint: Endpoint) -> int:
        """How many tries may be under way to it."""
        ailing = FAILURES_MANY if endpoint.failing_since is not None else 0
        if self._failures.get(endpoint.id, ailing) >= FAILURES_MANY:
            return 1
        return self.per_endpoint if self.sending < CROWDED else min(self.per_endpoint, CROWDED_AT_ONCE)

    def note(self, endpoint: Endpoint, *, good: bool) -> None:
        """How a try ended."""
        self._failures[endpoint.id] = 0 if good else self._failures.get(endpoint.id, 0) + 1

    async def _look(self) -> None:
        try:
            due = await self.queue.endpoints_due(self.clock.now_ms())
        except AWAY as error:
            _log.warning("webhooks.dispatcher_away", error=type(error).__name__)
            await asyncio.sleep(1)
            return
        for endpoint in due:
            if endpoint.id not in self._lanes:
                lane = asyncio.create_task(Lane(self, endpoint).run())
                self._lanes[endpoint.id] = lane
                lane.add_done_callback(functools.partial(self._ended, endpoint.id))

    def _ended(self, endpoint_id: str, lane: "asyncio.Task[None]") -> None:
        self._lanes.pop(endpoint_id, None)
        if not lane.cancelled() and (error := lane.exception()) is not None:
            _log.error("webhooks.lane_died", webhook_id=endpoint_id, error=type(error).__name__, exc_info=error)


SEALED_SECONDS = 10.0
"""Between two looks at secrets that another SECRET_KEY has sealed: only a new start with it helps."""


class Lane:
    """Sends to one endpoint until nothing is due any more."""

    def __init__(self, dispatcher: Dispatcher, endpoint: Endpoint) -> None:
        """Nothing happens before run()."""
        self._all, self._endpoint = dispatcher, endpoint
        self._under_way: set[asyncio.Task[None]] = set()
        self._idle = True

    async def run(self) -> None:
        """Take and send. Ends also when the database goes away: the dispatcher starts another one later."""
        try:
            while await self._round():
                pass
        except AWAY as error:
            _log.warning("webhooks.lane_away", webhook_id=self._endpoint.id, error=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)
        except SealedOtherwiseError:
            remedy = "start webhooks with the SECRET_KEY that its secrets are sealed with (payflow reseal)"
            _log.error("webhooks.sealed_otherwise", webhook_id=self._endpoint.id, remedy=remedy)
            await asyncio.sleep(SEALED_SECONDS)
        finally:
            await self._finish()

    async def _round(self) -> bool:
        """One look at the queue; False when this lane has nothing to do any more."""
        if self._all.stopping:
            return False
        limit = self._all.limit(self._endpoint)
        room = limit - len(self._under_way)
        looked_at = await self._take(room) if self._pays(room, limit) else 0
        if not self._under_way:
            return looked_at > 0
        ended, _ = await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED, timeout=LOOK_SECONDS)
        self._idle = not ended
        return True

    def _pays(self, room: int, limit: int) -> bool:
        """Whether a look at the queue, which costs the same for one as for many, is worth it: half the room is free, or nothing ends."""
        return room > 0 and (2 * room >= limit or self._idle)

    async def _take(self, room: int) -> int:
        self._all.sending += room
        started = 0
        try:
            taken, states = await self._look(room)
            for letter in taken.letters:
                if (state := states[letter.id]) is not None:
                    task = asyncio.create_task(self._send(taken, letter, state))
                    self._under_way.add(task)
                    task.add_done_callback(self._done)
                    started += 1
            return taken.looked_at
        finally:
            self._all.sending -= room - started

    async def _look(self, room: int) -> tuple[Taken, States]:
        """What is ours now, with the state of each; what the views do not have yet is given back."""
        queue, now = self._all.queue, self._all.clock.now_ms()
        taken = await queue.take(self._endpoint.id, mint(), now, limit=room, lease_ms=self._all.lease_ms)
        states = await self._all.subjects.states(taken.letters)
        early = [letter.id for letter in taken.letters if states[letter.id] is None]
        if early:
            await queue.put_off(early, taken.claim, now + VIEWS_BEHIND_MS)
        return taken, states

    async def _send(self, taken: Taken, letter: Letter, state: State) -> None:
        assert taken.url is not None
        now = self._all.clock.now_ms()
        body = payload.body(letter, state)
        headers = signing.headers(taken.secrets, letter.id, now // 1000, body)
        outcome = await self._all.sender.send(taken.url, body, headers)
        await failpoints.reach("webhooks.sent")
        self._all.note(self._endpoint, good=outcome.good)
        result = result_of(letter, self._endpoint.id, taken.claim, outcome, self._all.clock.now_ms())
        metrics.WEBHOOK_TRIES.labels("delivered" if outcome.good else "gone" if result.gone else result.status).inc()
        metrics.WEBHOOK_SECONDS.observe(outcome.duration_ms / 1000)
        await self._all.results.keep(result)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        self._all.sending -= 1
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("webhooks.try_died", webhook_id=self._endpoint.id, error=type(error).__name__, exc_info=error)

    async def _finish(self) -> None:
        """Let tries under way end where the lane ends by itself; a cancelled lane cancels them."""
        under_way = list(self._under_way)
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            for task in under_way:
                task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)


def result_of(letter: Letter, endpoint_id: str, claim: str, outcome: Outcome, now: int) -> Result:
    """What follows from a try (WHK-02): delivered, tried again later, or failed for good."""
    gone = outcome.code == GONE
    again = None if outcome.good or gone else next_try_at(letter.id, letter.tries + 1, now, outcome.retry_after_ms)
    status = "delivered" if outcome.good else "failed" if again is None else "pending"
    return Result(
        delivery_id=letter.id,
        endpoint_id=endpoint_id,
        claim=claim,
        status=status,
        due_at=now if again is None else again,
        finished_at=now if again is None else None,
        at=outcome.at,
        duration_ms=outcome.duration_ms,
        good=outcome.good,
        gone=gone,
        code=outcome.code,
        error=outcome.error,
        answer=outcome.answer,
    )
