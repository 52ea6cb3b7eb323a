"""Answers reach the log in order per merchant, and one merchant's broken partition holds up nobody else's."""

import asyncio
from collections.abc import Sequence

import pytest

from runtime.clock import SystemClock
from runtime.event_log.producer import LogUnavailableError
from schemas.commands import CommandRecord, ProviderAnswer, RecordAnswers
from schemas.words import Outcome
from services.processor.rails import answers as module
from services.processor.rails.answers import Answers


class Log:
    """Takes commands of all merchants but those that are `away`."""

    def __init__(self) -> None:
        self.away: set[str] = set()
        self.taken: list[tuple[str, list[str]]] = []

    async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
        if {record.merchant_id for record in records} & self.away:
            await asyncio.sleep(0.01)
            raise LogUnavailableError("away")
        for record in records:
            assert isinstance(record.body, RecordAnswers)
            self.taken.append((record.merchant_id, [answer.payout_id for answer in record.body.answers]))
        return []


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)
    monkeypatch.setattr(module, "COLLECT_SECONDS", 0.0)
    monkeypatch.setattr(module, "KEPT_MAX", 3)


def _answer(payout_id: str) -> ProviderAnswer:
    return ProviderAnswer(payout_id=payout_id, attempt=1, outcome=Outcome.PAID)


async def test_a_partition_that_is_away_keeps_its_own_answers_only() -> None:
    log = Log()
    log.away = {"bad"}
    answers = Answers(log, SystemClock(), "simulator")
    running = asyncio.create_task(answers.run())
    answers.put("bad", None, _answer("b1"))
    await asyncio.sleep(0.05)
    answers.put("bad", None, _answer("b2"))
    answers.put("good", None, _answer("g1"))
    await asyncio.sleep(0.1)
    assert log.taken == [("good", ["g1"])]
    log.away.clear()
    await asyncio.sleep(0.1)
    assert log.taken == [("good", ["g1"]), ("bad", ["b1"]), ("bad", ["b2"])]
    running.cancel()


async def test_no_new_call_while_too_many_answers_wait() -> None:
    log = Log()
    log.away = {"m"}
    answers = Answers(log, SystemClock(), "simulator")
    running = asyncio.create_task(answers.run())
    for number in range(3):
        answers.put("m", "batch", _answer(f"p{number}"))
    await asyncio.sleep(0.05)
    assert not answers.room.is_set()
    log.away.clear()
    async with asyncio.timeout(2):
        await answers.room.wait()
    assert log.taken == [("m", ["p0", "p1", "p2"])]
    running.cancel()


async def test_what_is_under_way_at_the_end_is_flushed() -> None:
    log = Log()
    log.away = {"m"}
    answers = Answers(log, SystemClock(), "simulator")
    running = asyncio.create_task(answers.run())
    answers.put("m", None, _answer("p"))
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    log.away.clear()
    async with asyncio.timeout(2):
        await answers.flush()
    assert log.taken == [("m", ["p"])]


async def test_answers_that_come_as_an_append_ends_are_appended_too_although_no_more_can_come() -> None:
    """They fill the house, so that no call is made any more: nobody else would bring them to the log."""
    log, loop = Log(), asyncio.get_running_loop()
    answers = Answers(log, SystemClock(), "simulator")

    class Busy(Log):
        async def append_many(self, records: Sequence[CommandRecord]) -> list[tuple[int, int]]:
            if not log.taken:
                loop.call_soon(_collect_more, answers)
            return await log.append_many(records)

    answers._commands = Busy()
    answers.put("m", None, _answer("a"))
    answers._start()
    async with asyncio.timeout(5):
        await answers.room.wait()
        while len(log.taken) < 4:
            await asyncio.sleep(0.001)
    assert log.taken == [("m", ["a"]), ("m", ["b"]), ("m", ["c"]), ("m", ["d"])]
    assert answers.room.is_set()


def _collect_more(answers: Answers) -> None:
    """Runs right behind the step in which the append ended, and before anybody is told of its end."""
    for name in "bcd":
        answers.put("m", None, _answer(name))
    assert not answers.room.is_set()
    answers._start()
