"""A group by one call: every rule of a single call holds for each payout of it (RAI-03, RAI-04)."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from domain.book import Book
from domain.payout.state import Payout
from runtime.clock import SystemClock
from schemas.commands import ProviderAnswer
from schemas.words import Outcome, PayoutStatus, Reason
from services.processor.rails import calls as module
from services.processor.rails import line
from services.processor.rails.calls import Calls
from services.processor.rails.errands import Errands
from services.processor.rails.provider import Request, Verdict, not_sent, unknown
from services.processor.rails.worklist import Worklist

PAID = Verdict(outcome=Outcome.PAID)
NOT_FOUND = Verdict(outcome=Outcome.UNKNOWN, found=False)
IN_PROGRESS = Verdict(outcome=Outcome.IN_PROGRESS)
GONE = not_sent("refused")
Say = Callable[[str, str, int], Verdict]
"""(call, payout, how often it was in such a call before) to what is said of it."""


class Provider:
    """Says what it is told to say, and remembers each call with the payouts in it."""

    name = "p"

    def __init__(self, say: Say = lambda *_: PAID, bulk_max: int = 500) -> None:
        self.bulk_max, self._say = bulk_max, say
        self.seen: list[tuple[str, list[str]]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, payout: Payout, reference: str, account: object) -> Verdict:
        return (await self._call("send", [Request(payout, reference, None)]))[0]

    async def inquire(self, payout: Payout, reference: str) -> Verdict:
        return (await self._call("inquire", [Request(payout, reference, None)]))[0]

    async def send_many(self, requests: Sequence[Request]) -> list[Verdict]:
        return await self._call("send_many", requests)

    async def inquire_many(self, requests: Sequence[Request]) -> list[Verdict]:
        return await self._call("inquire_many", requests)

    async def _call(self, call: str, requests: Sequence[Request]) -> list[Verdict]:
        kind = call.removesuffix("_many")
        before = [i for seen, ids in self.seen if seen.removesuffix("_many") == kind for i in ids]
        self.seen.append((call, [request.payout.id for request in requests]))
        await self.gate.wait()
        return [self._say(kind, request.payout.id, before.count(request.payout.id)) for request in requests]


class Answers:
    """Room for all."""

    def __init__(self) -> None:
        self.room = asyncio.Event()
        self.room.set()
        self.given: list[ProviderAnswer] = []

    def put(self, _merchant: str, _batch: str | None, answer: ProviderAnswer) -> None:
        self.given.append(answer)

    @property
    def told(self) -> dict[str, Outcome]:
        assert len(self.given) == len({answer.payout_id for answer in self.given})
        return {answer.payout_id: answer.outcome for answer in self.given}


def _row(name: str, **more: Any) -> Payout:
    given: dict[str, Any] = {"status": PayoutStatus.PROCESSING, "attempt_count": 1, "batch_id": "b", **more}
    return Payout(id=name, merchant_id="m", amount_minor=1050, currency="USD", created_at=0, updated_at=0, **given)


def _requests(names: str, **more: Any) -> list[Request]:
    return [Request(_row(name, **more), f"ref-{name}", None) for name in names]


def _made(provider: Provider, bulk_max: int = 500) -> tuple[Calls, Answers]:
    answers = Answers()
    return Calls(provider, answers, SystemClock(), 4, bulk_max), answers  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(line, "DOWN_SECONDS", 0.01)


async def test_a_group_is_one_call_and_one_answer_each() -> None:
    provider = Provider()
    calls, answers = _made(provider)
    await calls.pay(_requests("abc"), lambda _: True, ask_first=False)
    assert provider.seen == [("send_many", ["a", "b", "c"])]
    assert answers.told == dict.fromkeys("abc", Outcome.PAID)


async def test_rai_04_what_the_reply_is_silent_about_is_unknown_and_nothing_else_is() -> None:
    provider = Provider(lambda _, payout, __: unknown("not_named", "") if payout == "b" else PAID)
    calls, answers = _made(provider)
    await calls.pay(_requests("abc"), lambda _: True, ask_first=False)
    assert answers.told == {"a": Outcome.PAID, "b": Outcome.UNKNOWN, "c": Outcome.PAID}
    assert len(provider.seen) == 1, "an unknown outcome is never sent again at once"


async def test_only_what_surely_never_left_is_sent_again_and_the_others_do_not_wait_for_it() -> None:
    provider = Provider(lambda _, payout, before: GONE if payout in "bc" and before < 1 else PAID)
    calls, answers = _made(provider)
    await calls.pay(_requests("abc"), lambda _: True, ask_first=False)
    assert provider.seen == [("send_many", ["a", "b", "c"]), ("send_many", ["b", "c"])]
    assert [answer.payout_id for answer in answers.given] == ["a", "b", "c"]


async def test_rai_03_what_may_have_been_sent_is_asked_after_and_only_what_never_arrived_is_sent() -> None:
    provider = Provider(lambda call, payout, _: NOT_FOUND if call == "inquire" and payout in "ac" else PAID)
    calls, answers = _made(provider)
    await calls.pay(_requests("abc"), lambda _: True, ask_first=True)
    assert provider.seen == [("inquire_many", ["a", "b", "c"]), ("send_many", ["a", "c"])]
    assert answers.told == dict.fromkeys("abc", Outcome.PAID)


async def test_rai_05_nothing_is_sent_while_a_question_did_not_get_through() -> None:
    provider = Provider(lambda call, _, before: (GONE if before < 2 else NOT_FOUND) if call == "inquire" else PAID)
    calls, answers = _made(provider)
    await calls.pay(_requests("ab"), lambda _: True, ask_first=True)
    assert [call for call, _ in provider.seen] == ["inquire_many"] * 3 + ["send_many"]
    assert answers.told == dict.fromkeys("ab", Outcome.PAID)


async def test_an_answer_to_the_question_that_nobody_can_use_leads_to_no_send() -> None:
    provider = Provider(lambda *_: unknown("no_usable_answer", ""))
    calls, answers = _made(provider)
    await calls.pay(_requests("ab"), lambda _: True, ask_first=True)
    assert [call for call, _ in provider.seen] == ["inquire_many"]
    assert answers.told == dict.fromkeys("ab", Outcome.UNKNOWN)


async def test_a_payout_that_moved_on_while_the_group_waited_for_its_place_is_left_out() -> None:
    provider = Provider()
    calls, answers = _made(provider)
    answers.room.clear()
    owed = set("abc")
    paying = asyncio.create_task(calls.pay(_requests("abc"), lambda p: p.id in owed, ask_first=False))
    await asyncio.sleep(0.01)
    owed.discard("b")
    answers.room.set()
    await paying
    assert provider.seen == [("send_many", ["a", "c"])]
    assert set(answers.told) == {"a", "c"}


async def test_a_group_of_which_only_one_is_owed_goes_by_a_plain_call_and_none_by_none() -> None:
    provider = Provider()
    calls, _ = _made(provider)
    await calls.pay(_requests("abc"), lambda p: p.id == "c", ask_first=False)
    await calls.pay(_requests("abc"), lambda _: False, ask_first=False)
    assert provider.seen == [("send", ["c"])]


async def test_lif_12_questions_asked_together_are_answered_each_by_its_own() -> None:
    def say(call: str, payout: str, _: int) -> Verdict:
        said = {"a": PAID, "b": NOT_FOUND, "c": unknown("not_named", ""), "d": GONE}
        return said[payout] if call == "inquire" else PAID

    provider = Provider(say)
    calls, answers = _made(provider)
    status = {"status": PayoutStatus.REQUIRES_ACTION, "reason": Reason.OUTCOME_UNKNOWN}
    await calls.inquire(_requests("abcd", **status), lambda _: True)
    assert provider.seen == [("inquire_many", ["a", "b", "c", "d"]), ("send", ["b"])]
    assert answers.told == {"a": Outcome.PAID, "b": Outcome.PAID, "c": Outcome.UNKNOWN}


async def test_polls_without_news_and_vanished_references_in_a_group() -> None:
    said = {"a": IN_PROGRESS, "b": NOT_FOUND, "c": unknown("not_named", ""), "d": PAID}
    provider = Provider(lambda _, payout, __: said[payout])
    calls, answers = _made(provider)
    await calls.inquire(_requests("abcd", reason=Reason.IN_PROGRESS), lambda _: True)
    assert [call for call, _ in provider.seen] == ["inquire_many"], "what vanished is not sent again"
    assert answers.told == {"b": Outcome.UNKNOWN, "d": Outcome.PAID}


async def test_what_moved_on_while_it_was_asked_after_is_neither_answered_nor_sent() -> None:
    provider = Provider(lambda call, _, __: NOT_FOUND if call == "inquire" else PAID)
    calls, answers = _made(provider)
    owed = iter([True, False, False])
    await calls.inquire(_requests("ab"), lambda _: next(owed))
    assert [call for call, _ in provider.seen] == ["inquire_many"]
    assert answers.given == []


async def test_the_provider_is_down_only_if_nothing_left() -> None:
    provider = Provider(lambda _, payout, before: GONE if before < 1 and payout == "a" else PAID)
    calls, _ = _made(provider)
    await calls.pay(_requests("ab"), lambda _: True, ask_first=False)
    assert not calls.line.down
    await calls.line.send(_requests("x"))
    assert not calls.line.down
    await Calls(Provider(lambda *_: GONE), Answers(), SystemClock(), 4, 500).line.send(_requests("ab"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "offered", "group"), [(500, 500, 500), (500, 100, 100), (0, 500, 1), (500, 0, 1), (1, 9, 1)]
)
def test_the_size_of_a_group_is_what_both_sides_take(wanted: int, offered: int, group: int) -> None:
    calls, _ = _made(Provider(bulk_max=offered), wanted)
    assert calls.line.group_max == group


class Rail:
    """A worklist of rows that are open on the log, and the errands on it."""

    def __init__(self, provider: Provider, names: Sequence[str], bulk_max: int) -> None:
        self.provider, self.book = provider, Book()
        self.calls, self.answers = _made(provider, bulk_max)
        self.work = Worklist(self.book, self.calls.line.group_max)
        self.errands = Errands(0, self.book, self.work, self.calls, SystemClock())
        self.open(names)

    def open(self, names: Sequence[str], **more: Any) -> None:
        self.book.payouts.update({name: _row(name, **more) for name in names})
        self.work.look(names)

    async def quiet(self) -> None:
        while self.errands._tasks:
            await asyncio.sleep(0.001)


async def test_the_open_rows_of_a_pass_go_in_groups_and_a_single_payout_alone() -> None:
    rail = Rail(Provider(), "abcde", 2)
    rail.open("s", batch_id=None)
    rail.errands.send_open()
    await rail.quiet()
    assert sorted(rail.provider.seen) == [
        ("send", ["e"]),
        ("send", ["s"]),
        ("send_many", ["a", "b"]),
        ("send_many", ["c", "d"]),
    ]


async def test_while_all_groups_are_away_rows_pile_up_and_go_together() -> None:
    names = [f"{n:02d}" for n in range(line.GROUPS * 2)]
    rail = Rail(Provider(), names, 500)
    rail.provider.gate.clear()
    for pair in range(line.GROUPS):
        rail.work.look(names)  # all again: a payout is in the pile once
        rail.work.rows_to_send = dict.fromkeys(names[pair * 2 : pair * 2 + 2])
        rail.errands.send_open()
    late = [f"late{n}" for n in range(7)]
    for name in late:
        rail.open([name])
        rail.errands.send_open()
    await asyncio.sleep(0.01)
    assert len(rail.provider.seen) == line.GROUPS
    rail.provider.gate.set()
    await rail.quiet()
    assert rail.provider.seen[line.GROUPS :] == [("send_many", late)]


async def test_rows_that_may_have_been_sent_are_asked_after_and_do_not_hold_up_fresh_ones() -> None:
    rail = Rail(Provider(lambda call, *_: GONE if call == "inquire" else PAID), "abcd", 500)
    rail.errands.ask_first = set("ab")
    rail.errands.send_open()
    await asyncio.sleep(0.005)
    assert rail.answers.told == dict.fromkeys("cd", Outcome.PAID)
    rail.errands.stop()
    await rail.quiet()
    assert all(set(ids).isdisjoint("ab") for call, ids in rail.provider.seen if call.startswith("send"))


async def test_after_its_deadline_a_row_of_a_group_is_not_sent() -> None:
    rail = Rail(Provider(), "ab", 500)
    rail.open("c", due_at=1)
    rail.errands.send_open()
    await rail.quiet()
    assert rail.provider.seen == [("send_many", ["a", "b"])]


async def test_nothing_starts_after_the_end_of_a_rail() -> None:
    names = [str(n) for n in range(line.GROUPS * 2 + 5)]
    rail = Rail(Provider(), names, 2)
    rail.provider.gate.clear()
    rail.errands.send_open()
    await asyncio.sleep(0.005)
    rail.errands.stop()
    rail.provider.gate.set()
    await rail.quiet()
    assert len(rail.provider.seen) == line.GROUPS
    assert rail.answers.given == []


async def test_questions_that_are_due_together_are_asked_together_and_again_later() -> None:
    rail = Rail(Provider(lambda *_: IN_PROGRESS), (), 3)
    rail.open("abcde", reason=Reason.IN_PROGRESS)
    rail.errands.ask_due(10_000)
    await rail.quiet()
    assert rail.provider.seen == [("inquire_many", ["a", "b", "c"]), ("inquire_many", ["d", "e"])]
    assert rail.work.due(10**15, 10) != []
