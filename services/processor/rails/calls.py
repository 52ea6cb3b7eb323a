"""Calls to the provider, for one payout or for a group by one call: send, or ask and perhaps send.

Owns the order of calls that can never pay twice under two references: an attempt that may have been sent before is asked after first, and
only an answer to that question leads to a send; what surely never left is sent again under the same reference; nothing is sent for a payout
that has moved on, which is looked at directly before each request. Each payout of a group goes by its own verdict. Must not schedule.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from domain.payout.state import Payout
from runtime import failpoints
from runtime.clock import Clock
from schemas.commands import ProviderAnswer
from schemas.words import Outcome, Reason
from services.processor.rails.line import Line
from services.processor.rails.provider import Provider, Request, Verdict, unknown

AGAIN_SECONDS = 1.0

Owed = Callable[[Payout], bool]
"""Whether the payout still owes this very request."""
Verdicts = list[tuple[Request, Verdict]]


class Heard(Protocol):
    """Where answers go. `room` is set while new calls may be made."""

    room: asyncio.Event

    def put(self, merchant_id: str, batch_id: str | None, answer: ProviderAnswer) -> None:
        """Take one answer."""


VANISHED = unknown("reference_vanished", "The provider has had it in progress and no longer knows it.")


class Calls:
    """Bounded calls of one process."""

    def __init__(self, provider: Provider, answers: Heard, clock: Clock, concurrency: int, bulk_max: int = 0) -> None:
        """At most `concurrency` sends at once, and a part of that in questions; at most `bulk_max` payouts by one call."""
        self.provider = provider
        self.line = Line(provider, clock, concurrency, bulk_max)
        self._answers, self._clock = answers, clock

    def beside(self, answers: Heard, concurrency: int) -> "Calls":
        """Calls of the same order to the same provider, with places of their own, whose answers go elsewhere."""
        return Calls(self.provider, answers, self._clock, concurrency)

    async def pay(self, requests: Sequence[Request], owed: Owed, *, ask_first: bool) -> None:
        """Send attempts and put their answers."""
        if ask_first:
            requests = await self._ask_until_heard(requests, owed)
        while requests:
            requests = self._put_sent(await self._send(requests, owed))
            if requests:
                await asyncio.sleep(AGAIN_SECONDS)

    async def inquire(self, requests: Sequence[Request], owed: Owed) -> None:
        """Ask how references stand; those that never arrived are sent again as they were. Puts the answers that are news."""
        lost: list[Request] = []
        for request, verdict in await self._ask(requests):
            if not verdict.sent or not owed(request.payout):
                continue
            if not verdict.found and not _was_there(request):
                lost.append(request)
            elif not verdict.found:
                self._put(request, VANISHED, inquiry=True)
            elif not _was_there(request) or verdict.outcome not in {Outcome.IN_PROGRESS, Outcome.UNKNOWN}:
                self._put(request, verdict, inquiry=True)  # else no news: the deadline ends the wait, not a poll that failed
        for request, verdict in await self._send(lost, owed) if lost else ():
            self._put(request, verdict, inquiry=True)

    async def _ask_until_heard(self, requests: Sequence[Request], owed: Owed) -> list[Request]:
        """Those that never arrived; the others' answers are put."""
        lost: list[Request] = []
        while requests := [request for request in requests if owed(request.payout)]:
            heard = await self._ask(requests)
            lost += [request for request, verdict in heard if not verdict.found]
            requests = self._put_sent([pair for pair in heard if pair[1].found])
            if requests:
                await asyncio.sleep(AGAIN_SECONDS)
        return lost

    def _put_sent(self, heard: Verdicts) -> list[Request]:
        """Put the answers of what left; gives back what surely did not."""
        for request, verdict in heard:
            if verdict.sent:
                self._put(request, verdict, inquiry=False)
        return [request for request, verdict in heard if not verdict.sent]

    async def _send(self, requests: Sequence[Request], owed: Owed) -> Verdicts:
        """Those that are no longer owed are left out."""
        async with self.line.place_to_send(len(requests)):
            await self._answers.room.wait()
            left = [request for request in requests if owed(request.payout)]
            if not left:
                return []
            await failpoints.reach("rails.before_send")
            return await self.line.send(left)

    async def _ask(self, requests: Sequence[Request]) -> Verdicts:
        async with self.line.place_to_ask(len(requests)):
            await self._answers.room.wait()
            heard = await self.line.ask(requests)
        await failpoints.reach("rails.inquired")
        return heard

    def _put(self, request: Request, verdict: Verdict, *, inquiry: bool) -> None:
        payout = request.payout
        answer = ProviderAnswer(
            payout_id=payout.id,
            attempt=payout.attempt_count,
            outcome=verdict.outcome,
            retryable=verdict.retryable,
            code=verdict.code,
            reason=verdict.reason,
            provider_reference=verdict.provider_reference,
            inquiry=inquiry,
        )
        self._answers.put(payout.merchant_id, payout.batch_id, answer)


def _was_there(request: Request) -> bool:
    return request.payout.reason is Reason.IN_PROGRESS
