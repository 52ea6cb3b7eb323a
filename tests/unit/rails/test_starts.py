"""The flow of starts outlives whatever goes wrong in it: nothing else would ever start a payout again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from domain.book import Book
from domain.payout.state import Payout
from runtime.clock import SystemClock
from runtime.event_log.reader import LoggedEvent
from schemas.commands import CommandRecord, StartAttempts
from services.processor.checkpoint import Checkpoint
from services.processor.inbox import Inbox
from services.processor.rails import partition as module
from services.processor.rails.partition import PartitionRail, Tools


class Views:
    """One released payout and an empty log behind it."""

    async def load(self, _partition: int) -> Checkpoint:
        payout = Payout(id="p", merchant_id="m", amount_minor=1050, currency="USD", created_at=0, updated_at=0)
        book = Book()
        book.payouts[payout.id] = payout
        return Checkpoint(book, 0, 0)

    async def history(self, _partition: int, _start: int) -> AsyncIterator[list[LoggedEvent]]:
        if False:
            yield []


class Log:
    """Breaks once, in a way nobody foresaw."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        self.asked += [record.body.payout_ids for record in records if isinstance(record.body, StartAttempts)]
        if len(self.asked) == 1:
            raise RuntimeError("nobody foresaw this")
        return []


async def test_starts_go_on_after_an_error_that_nobody_foresaw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    views: Any = Views()
    log: Any = Log()
    line = SimpleNamespace(down=False, group_max=1, questions_max=4)
    calls: Any = SimpleNamespace(line=line, provider=SimpleNamespace(name="simulator"))
    tools = Tools(views.history, SystemClock(), views, log, calls, lambda: 10)
    running = asyncio.create_task(PartitionRail(0, tools, Inbox(lambda: None, lambda: None)).run())
    async with asyncio.timeout(5):
        while len(log.asked) < 2:
            await asyncio.sleep(0.01)
    running.cancel()
    assert log.asked == [["p"], ["p"]]
