"""The flow of starts outlives whatever goes wrong in it: nothing else would ever start a payout again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from domain.book import Book
from domain.payout.state import Payout
from runtime import metrics
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
    """Breaks once, or as often as it is told, in a way nobody foresaw."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.breaks = 1

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        self.asked += [record.body.payout_ids for record in records if isinstance(record.body, StartAttempts)]
        if len(self.asked) <= self.breaks:
            raise RuntimeError("nobody foresaw this")
        return []


def _calls() -> Any:
    line = SimpleNamespace(down=False, group_max=1, questions_max=4)
    return SimpleNamespace(line=line, provider=SimpleNamespace(name="simulator"))


async def test_starts_go_on_after_an_error_that_nobody_foresaw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    views: Any = Views()
    log: Any = Log()
    tools = Tools(views.history, SystemClock(), views, log, _calls(), lambda: 10)
    running = asyncio.create_task(PartitionRail(0, tools, Inbox(lambda: None, lambda: None)).run())
    async with asyncio.timeout(5):
        while len(log.asked) < 2:
            await asyncio.sleep(0.01)
    running.cancel()
    assert log.asked == [["p"], ["p"]]


async def test_starts_that_fail_for_long_are_told_and_untold_when_they_work_again(monkeypatch: pytest.MonkeyPatch) -> None:
    halted = metrics.WRITER_HALTED.labels("rails", 77)
    told: list[str] = []
    events = SimpleNamespace(
        error=lambda name, **_: told.append(name), warning=lambda *_, **__: None, info=lambda *_, **__: None
    )
    monkeypatch.setattr(module, "log", events)
    monkeypatch.setattr(module, "PAUSE_SECONDS", 0.01)
    views: Any = Views()
    log: Any = Log()
    log.breaks = module.POSTPONED_MAX - 1
    tools = Tools(views.history, SystemClock(), views, log, _calls(), lambda: 10)
    halted.set(0)
    running = asyncio.create_task(PartitionRail(77, tools, Inbox(lambda: None, lambda: None)).run())
    async with asyncio.timeout(5):
        while len(log.asked) < module.POSTPONED_MAX:
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.05)
    assert (halted._value.get(), told) == (0, []), "a few failures are nothing"
    running.cancel()

    lasting: Any = Log()
    lasting.breaks = 10**9
    tools = Tools(views.history, SystemClock(), views, lasting, _calls(), lambda: 10)
    running = asyncio.create_task(PartitionRail(77, tools, Inbox(lambda: None, lambda: None)).run())
    async with asyncio.timeout(5):
        while not halted._value.get():
            await asyncio.sleep(0.001)
        assert len(lasting.asked) == module.POSTPONED_MAX
        assert told[:1] == ["rails.starts_fail"]
        lasting.breaks = 0
        while halted._value.get():
            await asyncio.sleep(0.001)
    running.cancel()
