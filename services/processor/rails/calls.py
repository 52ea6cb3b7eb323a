"""Calls to the provider for one payout: send, or ask and perhaps send.

Owns the order of calls that can never pay twice under two references: an attempt that may have been sent before is asked after first, and
only an answer to that question leads to a send; what surely never left is sent again under the same reference; nothing is sent for a payout
that has moved on, which is looked at directly before each request. Must not schedule.
"""

import asyncio
from collections.abc import Callable

from domain.payout.state import Payout
from runtime import failpoints, metrics
from runtime.clock import Clock
from schemas.commands import ProviderAnswer
from schemas.words import Outcome, Reason
from services.processor.rails.answers import Answers
from services.processor.rails.provider import Account, Provider, Verdict, unknown

AGAIN_SECONDS = 1.0
QUESTIONS_SHARE = 4
"""One place in so many is for questions, beside the places of sends: a flood of questions never holds up payments."""

Owed = Callable[[], bool]
"""Whether the payout still owes this very request."""


class Calls:
    """Bounded calls of one process."""

    def __init__(self, provider: Provider, answers: Answers, clock: Clock, concurrency: int) -> None:
        """At most `concurrency` sends at once, and a part of that in questions."""
        self.provider = provider
        self.question_places = max(1, concurrency // QUESTIONS_SHARE)
        self._answers, self._clock = answers, clock
        self._sends = asyncio.Semaphore(concurrency)
        self._questions = asyncio.Semaphore(self.question_places)
        self._down_until = 0.0

    @property
    def down(self) -> bool:
        """Whether the provider could not be reached a moment ago: then nothing new is started."""
        return self._clock.monotonic() < self._down_until

    async def pay(self, payout: Payout, reference: str, account: Account, *, ask_first: bool, owed: Owed) -> None:
        """Send one attempt and put its answer."""
        verdict = await self._ask_until_heard(payout, reference, owed) if ask_first else None
        if verdict is None or not verdict.found:
            verdict = await self._send_until_left(payout, reference, account, owed)
        if verdict is not None:
            self._put(payout, verdict, inquiry=False)

    async def inquire(self, payout: Payout, reference: str, account: Account, owed: Owed) -> None:
        """Ask how the reference stands; one that never arrived is sent again as it was. Puts the answer if it is news."""
        verdict = await self._ask(payout, reference)
        if not verdict.sent or not owed():
            return
        was_there = payout.reason is Reason.IN_PROGRESS
        if not verdict.found and was_there:
            verdict = unknown("reference_vanished", "The provider has had it in progress and no longer knows it.")
        elif not verdict.found:
            sent = await self._send(payout, reference, account, owed)
            if sent is None:
                return
            verdict = sent
        elif was_there and verdict.outcome in {Outcome.IN_PROGRESS, Outcome.UNKNOWN}:
            return  # no news: the deadline on the log will end the wait, not one poll that failed
        self._put(payout, verdict, inquiry=True)

    async def _ask_until_heard(self, payout: Payout, reference: str, owed: Owed) -> Verdict | None:
        while owed():
            verdict = await self._ask(payout, reference)
            if verdict.sent:
                return verdict
            await asyncio.sleep(AGAIN_SECONDS)
        return None

    async def _send_until_left(self, payout: Payout, reference: str, account: Account, owed: Owed) -> Verdict | None:
        verdict = await self._send(payout, reference, account, owed)
        while verdict is not None and not verdict.sent:
            await asyncio.sleep(AGAIN_SECONDS)
            verdict = await self._send(payout, reference, account, owed)
        return verdict

    async def _send(self, payout: Payout, reference: str, account: Account, owed: Owed) -> Verdict | None:
        """None if it is no longer owed."""
        async with self._sends:
            await self._answers.room.wait()
            if not owed():
                return None
            await failpoints.reach("rails.before_send")
            with metrics.PROVIDER_SECONDS.labels(self.provider.name, "send").time():
                verdict = await self.provider.send(payout, reference, account)
        self._heard("send", verdict)
        return verdict

    async def _ask(self, payout: Payout, reference: str) -> Verdict:
        async with self._questions:
            await self._answers.room.wait()
            with metrics.PROVIDER_SECONDS.labels(self.provider.name, "inquire").time():
                verdict = await self.provider.inquire(payout, reference)
        await failpoints.reach("rails.inquired")
        self._heard("inquire", verdict)
        return verdict

    def _heard(self, call: str, verdict: Verdict) -> None:
        self._down_until = 0.0 if verdict.sent else self._clock.monotonic() + AGAIN_SECONDS
        metrics.PROVIDER_CALLS.labels(self.provider.name, call, verdict.outcome).inc()

    def _put(self, payout: Payout, verdict: Verdict, *, inquiry: bool) -> None:
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
