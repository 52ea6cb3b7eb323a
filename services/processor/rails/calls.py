"""Calls to the provider for one payout: send, or ask and perhaps send.

Owns the order of calls that can never pay twice under two references: an attempt that may have been sent before is asked after first; what
surely never left is sent again under the same reference; nothing is sent for a payout that has moved on. Must not schedule.
"""

import asyncio
from collections.abc import Callable

from domain.book import BankAccount
from domain.payout.state import Payout
from runtime import failpoints, metrics
from runtime.clock import Clock
from schemas.commands import ProviderAnswer
from schemas.words import Outcome
from services.processor.rails.answers import Answers
from services.processor.rails.provider import Provider, Verdict

RESEND_SECONDS = 1.0


class Calls:
    """Bounded calls of one process. `down` is set while the provider cannot be reached."""

    def __init__(self, provider: Provider, answers: Answers, clock: Clock, concurrency: int) -> None:
        """At most `concurrency` calls at once."""
        self.provider = provider
        self._answers, self._clock = answers, clock
        self._places = asyncio.Semaphore(concurrency)
        self.down = False

    async def pay(
        self,
        payout: Payout,
        reference: str,
        account: BankAccount | None,
        *,
        ask_first: bool,
        current: Callable[[], bool],
    ) -> None:
        """Send one attempt and put its answer; `current` says whether the payout still owes this very send."""
        verdict = await self._ask(payout, reference) if ask_first else None
        while verdict is None or not verdict.found or not verdict.sent:
            if not current():
                return
            verdict = await self._send(payout, reference, account)
            self.down = not verdict.sent
            if not verdict.sent:
                await asyncio.sleep(RESEND_SECONDS)
        self._put(payout, verdict, inquiry=False)

    async def inquire(self, payout: Payout, reference: str, account: BankAccount | None) -> Verdict:
        """Ask how the reference stands; one that never arrived is sent again as it was. Puts the answer if it is news."""
        verdict = await self._ask(payout, reference)
        if not verdict.found:
            verdict = await self._send(payout, reference, account)
        if verdict.outcome is not Outcome.IN_PROGRESS or payout.reason != "in_progress":
            self._put(payout, verdict, inquiry=True)
        return verdict

    async def _send(self, payout: Payout, reference: str, account: BankAccount | None) -> Verdict:
        async with self._places:
            await self._answers.room.wait()
            await failpoints.reach("rails.before_send")
            with metrics.PROVIDER_SECONDS.labels(self.provider.name, "send").time():
                verdict = await self.provider.send(payout, reference, account)
        metrics.PROVIDER_CALLS.labels(self.provider.name, "send", verdict.outcome).inc()
        return verdict

    async def _ask(self, payout: Payout, reference: str) -> Verdict:
        async with self._places:
            await self._answers.room.wait()
            with metrics.PROVIDER_SECONDS.labels(self.provider.name, "inquire").time():
                verdict = await self.provider.inquire(payout, reference)
        await failpoints.reach("rails.inquired")
        metrics.PROVIDER_CALLS.labels(self.provider.name, "inquire", verdict.outcome).inc()
        return verdict

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
