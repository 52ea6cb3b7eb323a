"""The order of calls: asked before sent again, nothing for what has moved on, a question's failure is no failure of a payment (RAI-03, RAI-04)."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from domain.payout.state import Payout
from runtime.clock import SystemClock
from schemas.commands import ProviderAnswer
from schemas.words import Outcome, PayoutStatus, Reason
from services.processor.rails import calls as module
from services.processor.rails.calls import Calls
from services.processor.rails.provider import Request, Verdict, not_sent, unknown
from services.processor.rails.simulator_provider import SimulatorProvider

PAID = Verdict(outcome=Outcome.PAID)
NOT_FOUND = Verdict(outcome=Outcome.UNKNOWN, found=False)
IN_PROGRESS = Verdict(outcome=Outcome.IN_PROGRESS)


class Provider:
    """Answers from two lists and remembers what it was asked."""

    name = "p"
    bulk_max = 0

    def __init__(self, *, inquiries: tuple[Verdict, ...] = (), sends: tuple[Verdict, ...] = (PAID,)) -> None:
        self._answers = {"inquire": list(inquiries), "send": list(sends)}
        self.seen: list[str] = []

    async def send(self, *_: object) -> Verdict:
        return self._next("send")

    async def inquire(self, *_: object) -> Verdict:
        return self._next("inquire")

    def _next(self, call: str) -> Verdict:
        self.seen.append(call)
        return self._answers[call].pop(0)


class Answers:
    """Room for all."""

    def __init__(self) -> None:
        self.room = asyncio.Event()
        self.room.set()
        self.put_answers: list[ProviderAnswer] = []

    def put(self, _merchant: str, _batch: str | None, answer: ProviderAnswer) -> None:
        self.put_answers.append(answer)


def _payout(**more: Any) -> Payout:
    given: dict[str, Any] = {"status": PayoutStatus.PROCESSING, "attempt_count": 1, **more}
    return Payout(id="p", merchant_id="m", amount_minor=1050, currency="USD", created_at=0, updated_at=0, **given)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.01)


async def _pay(provider: Provider, *, ask_first: bool = False, owed: Callable[[], bool] = lambda: True) -> Answers:
    answers = Answers()
    calls = Calls(provider, answers, SystemClock(), 4)  # type: ignore[arg-type]
    await calls.pay([Request(_payout(), "r", None)], lambda _: owed(), ask_first=ask_first)
    return answers


async def _inquire(provider: Provider, **payout: Any) -> list[Outcome]:
    answers = Answers()
    calls = Calls(provider, answers, SystemClock(), 4)  # type: ignore[arg-type]
    await calls.inquire([Request(_payout(**payout), "r", None)], lambda _: True)
    return [answer.outcome for answer in answers.put_answers]


async def test_rai_05_a_question_that_did_not_get_through_is_asked_again_before_anything_is_sent() -> None:
    provider = Provider(inquiries=(not_sent("refused"), not_sent("refused"), PAID))
    answers = await _pay(provider, ask_first=True)
    assert provider.seen == ["inquire", "inquire", "inquire"]
    assert [answer.outcome for answer in answers.put_answers] == [Outcome.PAID]


async def test_what_the_provider_never_saw_is_sent_after_it_said_so() -> None:
    provider = Provider(inquiries=(NOT_FOUND,))
    await _pay(provider, ask_first=True)
    assert provider.seen == ["inquire", "send"]


async def test_what_surely_never_left_is_sent_again() -> None:
    provider = Provider(sends=(not_sent("refused"), not_sent("refused"), PAID))
    answers = await _pay(provider)
    assert provider.seen == ["send"] * 3
    assert len(answers.put_answers) == 1


async def test_a_payout_that_moved_on_while_it_waited_for_its_place_is_not_sent() -> None:
    provider, answers = Provider(), Answers()
    answers.room.clear()
    calls = Calls(provider, answers, SystemClock(), 1)  # type: ignore[arg-type]
    owed = [True]
    paying = asyncio.create_task(calls.pay([Request(_payout(), "r", None)], lambda _: owed[0], ask_first=False))
    await asyncio.sleep(0.01)
    owed[0] = False
    answers.room.set()
    await paying
    assert provider.seen == []
    assert answers.put_answers == []


async def test_lif_12_one_poll_that_failed_is_no_news_of_a_payout_in_progress() -> None:
    assert await _inquire(Provider(inquiries=(unknown("no_usable_answer", ""),)), reason=Reason.IN_PROGRESS) == []
    assert await _inquire(Provider(inquiries=(not_sent("refused"),)), reason=Reason.IN_PROGRESS) == []
    assert await _inquire(Provider(inquiries=(IN_PROGRESS,)), reason=Reason.IN_PROGRESS) == []


async def test_a_reference_that_vanished_at_the_provider_is_unknown_and_not_sent_again() -> None:
    provider = Provider(inquiries=(NOT_FOUND,))
    assert await _inquire(provider, reason=Reason.IN_PROGRESS) == [Outcome.UNKNOWN]
    assert provider.seen == ["inquire"]


async def test_an_unknown_outcome_that_never_arrived_is_sent_under_the_same_reference() -> None:
    provider = Provider(inquiries=(NOT_FOUND,))
    status = {"status": PayoutStatus.REQUIRES_ACTION, "reason": Reason.OUTCOME_UNKNOWN}
    assert await _inquire(provider, **status) == [Outcome.PAID]
    assert provider.seen == ["inquire", "send"]


async def _served(
    answer: Callable[[web.Request], Any], work: Callable[[SimulatorProvider], Any], host: str = "127.0.0.1"
) -> tuple[Any, int]:
    requests = 0

    async def handle(request: web.Request) -> web.StreamResponse:
        nonlocal requests
        requests += 1
        return await answer(request)  # type: ignore[no-any-return]

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    provider = SimulatorProvider(f"http://{host}:{runner.addresses[0][1]}", 4)
    try:
        return await work(provider), requests
    finally:
        await provider.close()
        await runner.cleanup()


@pytest.mark.parametrize("code", ["bad_request", "provider_busy"])
async def test_a_refused_question_says_nothing_about_the_payment(code: str) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.json_response({"code": code}, status=400)

    verdict, _ = await _served(refuse, lambda provider: provider.inquire(_payout(), "r"))
    assert (verdict.outcome, verdict.retryable) == (Outcome.UNKNOWN, False)


async def test_an_answer_in_two_pieces_is_one_answer() -> None:
    async def slowly(request: web.Request) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "identity"
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"reference":"r","amount":"10.50","currency":"USD",')
        await asyncio.sleep(0.05)
        await response.write(b'"status":"paid","provider_reference":"S"}')
        return response

    verdict, _ = await _served(slowly, lambda provider: provider.inquire(_payout(), "r"))
    assert verdict.outcome is Outcome.PAID


async def test_a_conflict_that_the_provider_does_not_show_is_unknown_and_no_storm() -> None:
    async def contradict(request: web.Request) -> web.Response:
        return web.json_response({}, status=409 if request.method == "POST" else 404)

    verdict, requests = await _served(contradict, lambda provider: provider.send(_payout(recipient={}), "r", None))
    assert (verdict.outcome, verdict.found, verdict.sent, requests) == (Outcome.UNKNOWN, True, True, 2)


async def test_a_redirect_is_not_followed() -> None:
    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:1/")

    verdict, requests = await _served(elsewhere, lambda provider: provider.inquire(_payout(), "r"))
    assert (verdict.outcome, requests) == (Outcome.UNKNOWN, 1)


async def test_an_answer_that_ends_too_early_is_unknown() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "200"})
        await response.prepare(request)
        await response.write(b'{"reference":"r","amount":"10.50","currency":"USD","status":"paid"}')
        assert request.transport is not None
        request.transport.close()
        return response

    verdict, _ = await _served(cut, lambda provider: provider.inquire(_payout(), "r"))
    assert (verdict.outcome, verdict.sent) == (Outcome.UNKNOWN, True)


async def test_a_call_carries_nothing_over_from_the_one_before() -> None:
    seen: list[dict[str, str]] = []

    async def mark(request: web.Request) -> web.Response:
        seen.append(dict(request.cookies))
        response = web.json_response({})
        response.set_cookie("node", "7")
        return response

    async def twice(provider: SimulatorProvider) -> None:
        await provider.inquire(_payout(), "r")
        await provider.inquire(_payout(), "r")

    await _served(mark, twice, host="localhost")
    assert seen == [{}, {}]
