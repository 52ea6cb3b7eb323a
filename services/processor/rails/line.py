"""The line to one provider: how many calls at once, of which size, how long they take, and whether anybody is there.

Owns places and the choice between a plain call and a bulk call. Must not know what an answer leads to.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager

from runtime import metrics
from runtime.clock import Clock
from services.processor.rails.provider import Provider, Request, Verdict

DOWN_SECONDS = 1.0
QUESTIONS_SHARE = 4
"""One place in so many is for questions, beside the places of sends: a flood of questions never holds up payments."""
GROUPS = 16
"""Bulk sends at once, and beside them a part of that in questions."""


class Line:
    """Bounded calls to one provider."""

    def __init__(self, provider: Provider, clock: Clock, concurrency: int, bulk_max: int) -> None:
        """`bulk_max` is what we want; what the provider takes may be less."""
        questions = max(1, concurrency // QUESTIONS_SHARE)
        self._provider, self._clock = provider, clock
        self.group_max = max(1, min(bulk_max, provider.bulk_max))
        """Payouts in one call."""
        self.in_groups = self.group_max > 1
        self.questions_max = max(questions, self.group_max * GROUPS // QUESTIONS_SHARE) if self.in_groups else questions
        """Payouts that are asked about at once."""
        self._sends, self._questions = asyncio.Semaphore(concurrency), asyncio.Semaphore(questions)
        self._group_sends, self._group_questions = asyncio.Semaphore(GROUPS), asyncio.Semaphore(GROUPS // QUESTIONS_SHARE)
        self._down_until = 0.0

    @property
    def down(self) -> bool:
        """Whether the provider could not be reached a moment ago: then nothing new is started."""
        return self._clock.monotonic() < self._down_until

    def place_to_send(self, count: int) -> asyncio.Semaphore:
        """Hold it while sending so many."""
        return self._sends if count == 1 else self._group_sends

    def place_to_ask(self, count: int) -> asyncio.Semaphore:
        """Hold it while asking about so many."""
        return self._questions if count == 1 else self._group_questions

    async def send(self, requests: Sequence[Request]) -> list[tuple[Request, Verdict]]:
        """Send one, or all by one call."""
        if len(requests) == 1:
            with self._timed("send"):
                verdicts = [await self._provider.send(*requests[0])]
        else:
            with self._timed("send_many"):
                verdicts = await self._provider.send_many(requests)
        return self._heard("send", requests, verdicts)

    async def ask(self, requests: Sequence[Request]) -> list[tuple[Request, Verdict]]:
        """Ask about one, or about all by one call."""
        if len(requests) == 1:
            with self._timed("inquire"):
                verdicts = [await self._provider.inquire(requests[0].payout, requests[0].reference)]
        else:
            with self._timed("inquire_many"):
                verdicts = await self._provider.inquire_many(requests)
        return self._heard("inquire", requests, verdicts)

    def _timed(self, call: str) -> AbstractContextManager[object]:
        return metrics.PROVIDER_SECONDS.labels(self._provider.name, call).time()

    def _heard(self, call: str, requests: Sequence[Request], verdicts: list[Verdict]) -> list[tuple[Request, Verdict]]:
        left = any(verdict.sent for verdict in verdicts)
        self._down_until = 0.0 if left else self._clock.monotonic() + DOWN_SECONDS
        for outcome, count in Counter(verdict.outcome for verdict in verdicts).items():
            metrics.PROVIDER_CALLS.labels(self._provider.name, call, outcome).inc(count)
        return list(zip(requests, verdicts, strict=True))
