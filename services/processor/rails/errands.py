"""The calls of one partition that are under way: which payouts go together, and that each still owes its call.

Owns the tasks of calls and how many groups there are at once. A single payout goes by a call of its own, so that it waits for nobody's rows
and is lost with nobody's reply; rows of batches go in groups, and pile up while all groups are away. Must not know what is owed when.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

from domain.book import Book
from domain.payout.state import Payout
from runtime.clock import Clock
from runtime.logging import logger
from services.processor.rails.calls import Calls
from services.processor.rails.line import GROUPS
from services.processor.rails.provider import Request
from services.processor.rails.worklist import Worklist

log = logger(__name__)


class Errands:
    """One life of a rail; `stop` ends it."""

    def __init__(self, partition: int, book: Book, work: Worklist, calls: Calls, clock: Clock) -> None:
        """Nothing is under way."""
        self.ask_first: set[str] = set()
        """Payouts whose attempt may have been sent before we came."""
        self._partition, self._book, self._work, self._calls, self._clock = partition, book, work, calls, clock
        self._tasks: set[asyncio.Task[None]] = set()
        self._groups = self._asking = 0

    def stop(self) -> None:
        """Cancel all."""
        for task in list(self._tasks):
            task.cancel()

    def send_open(self) -> None:
        """Send what is open on the log, as far as there is room for groups."""
        for payout in self._work.take_sends():
            self._spawn(self._pay([payout], ask_first=payout.id in self.ask_first))
        while self._groups < GROUPS and (rows := self._work.take_group(self._calls.line.group_max)):
            asked = [payout for payout in rows if payout.id in self.ask_first]
            fresh = [payout for payout in rows if payout.id not in self.ask_first] if asked else rows
            for group in filter(None, (asked, fresh)):
                self._groups += 1
                self._spawn(self._pay_group(group, ask_first=group is asked))

    async def _pay_group(self, rows: list[Payout], *, ask_first: bool) -> None:
        try:
            await self._pay(rows, ask_first=ask_first)
        finally:
            self._groups -= 1
        self.send_open()

    async def _pay(self, payouts: list[Payout], *, ask_first: bool) -> None:
        await self._calls.pay(self._requests(payouts), self._is_owed, ask_first=ask_first)
        self.ask_first.difference_update(payout.id for payout in payouts)

    def ask_due(self, now: int) -> None:
        """Ask about what is due, as far as there is room."""
        line = self._calls.line
        for group in _groups(self._work.due(now, line.questions_max - self._asking), line.group_max):
            self._asking += len(group)
            self._spawn(self._inquire(group))

    async def _inquire(self, payouts: Sequence[Payout]) -> None:
        try:
            await self._calls.inquire(self._requests(payouts), self._is_current)
        finally:
            self._asking -= len(payouts)
            now = self._clock.now_ms()
            for payout in filter(self._is_current, payouts):
                self._work.poll_again(payout, now)

    def _requests(self, payouts: Sequence[Payout]) -> list[Request]:
        accounts, reference = self._book.bank_accounts, self._work.take_reference
        return [Request(p, reference(p), accounts.get(p.bank_account_id or "")) for p in payouts]

    def _is_owed(self, payout: Payout) -> bool:
        """After an attempt's deadline it is asked after, not sent: a process that slept knows old news only."""
        return self._is_current(payout) and (payout.due_at is None or self._clock.now_ms() < payout.due_at)

    def _is_current(self, payout: Payout) -> bool:
        now = self._book.payouts.get(payout.id)
        return now is not None and now.version == payout.version

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("rails.call_failed", partition=self._partition, why=repr(error)[:300])


def _groups(payouts: list[Payout], most: int) -> Iterator[list[Payout]]:
    for start in range(0, len(payouts), most):
        yield payouts[start : start + most]
