"""One bulk reply, many verdicts: read by reference, each by its own echo; what cannot be read is unknown, never failed (RAI-04, RAI-05)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
import pytest
from aiohttp import ClientTimeout, web

from domain.payout.state import Payout
from schemas.words import Outcome
from services.processor.rails import simulator_bulk as bulk
from services.processor.rails import simulator_provider as module
from services.processor.rails.provider import Request, Verdict
from services.processor.rails.simulator_provider import SimulatorProvider

U, P, F, I = Outcome.UNKNOWN, Outcome.PAID, Outcome.FAILED, Outcome.IN_PROGRESS  # noqa: E741


def _request(name: str, **more: Any) -> Request:
    payout = Payout(
        id=name,
        merchant_id="m",
        amount_minor=1050,
        currency="USD",
        created_at=0,
        updated_at=0,
        recipient={"msisdn": "1"},
        **more,
    )
    return Request(payout, name, None)


def _requests(names: str) -> list[Request]:
    return [_request(name) for name in names]


def _entry(name: str, **more: Any) -> dict[str, Any]:
    return {"reference": name, "amount": "10.50", "currency": "USD", "status": "paid", "provider_reference": "S", **more}


def _read(entries: list[Any], names: str = "abc") -> list[tuple[Outcome, bool]]:
    return [(v.outcome, v.retryable) for v in bulk.of_sends(200, {"results": entries}, _requests(names))]


@pytest.mark.parametrize(
    ("other", "outcome", "retryable"),
    [
        (_entry("b"), P, False),
        (_entry("b", status="in_progress"), I, False),
        (_entry("b", status="failed", code="payee_unknown"), F, False),
        (_entry("b", status="failed", code="provider_busy"), F, True),
        (_entry("b", status="failed", code="never_seen"), U, False),
        (_entry("b", status="refused", code="bad_request"), F, False),
        (_entry("b", status="refused", code="payee_unknown"), U, False),
        (_entry("b", status="refused", code="bad_request", amount="1"), U, False),
        (_entry("b", status="error", code="internal"), U, False),
        (_entry("b", status="maybe"), U, False),
        (_entry("b", status=None), U, False),
        (_entry("b", status="not_found"), U, False),
        (_entry("b", amount="10.51"), U, False),
        (_entry("b", amount=10.5), U, False),
        (_entry("b", currency="EUR"), U, False),
        (_entry("other"), U, False),
        (_entry("a", status="failed", code="payee_unknown", reference=None), U, False),
        ({}, U, False),
        ("<html>", U, False),
        (None, U, False),
    ],
)
def test_rai_04_one_entry_says_nothing_about_the_others(other: Any, outcome: Outcome, retryable: bool) -> None:
    assert _read([_entry("a"), other, _entry("c")]) == [(P, False), (outcome, retryable), (P, False)]


def test_entries_are_found_by_reference_in_any_order_and_strangers_are_nobodys() -> None:
    entries = [_entry("z"), _entry("c"), _entry("b", status="failed", code="payee_unknown"), _entry("a")]
    assert _read(entries) == [(P, False), (F, False), (P, False)]


def test_what_is_missing_or_named_twice_is_unknown() -> None:
    entries = [_entry("a"), _entry("c", status="failed", code="payee_unknown"), _entry("c")]
    assert _read(entries) == [(P, False), (U, False), (U, False)]


@pytest.mark.parametrize("status", [-1, 200, 201, 302, 400, 404, 409, 413, 500, 504])
@pytest.mark.parametrize(
    "answer", ["garbage", None, [], {}, {"results": None}, {"results": {"a": _entry("a")}}, {"code": "bad_request"}]
)
def test_a_reply_that_cannot_be_read_makes_all_unknown(status: int, answer: Any) -> None:
    for verdicts in (bulk.of_sends, bulk.of_questions):
        said = verdicts(status, answer, _requests("ab"))
        assert [(v.outcome, v.sent, v.found) for v in said] == [(U, True, True)] * 2


def test_a_list_under_another_status_than_200_is_no_answer() -> None:
    assert [v.outcome for v in bulk.of_sends(500, {"results": [_entry("a")]}, _requests("a"))] == [U]


@pytest.mark.parametrize("status", [0, 429])
def test_a_call_that_surely_never_left_left_for_none(status: int) -> None:
    assert [v.sent for v in bulk.of_sends(status, "refused", _requests("ab"))] == [False, False]


def test_only_an_inquiry_can_say_that_a_transfer_is_nowhere() -> None:
    entries = [_entry("a"), {"reference": "b", "status": "not_found"}]
    asked = bulk.of_questions(200, {"results": entries}, _requests("abc"))
    assert [(v.outcome, v.found) for v in asked] == [(P, True), (U, False), (U, True)]
    assert all(v.found for v in bulk.of_sends(200, {"results": entries}, _requests("abc")))


def test_a_question_that_is_refused_says_nothing_about_the_payment() -> None:
    [verdict] = bulk.of_questions(200, {"results": [_entry("a", status="refused", code="bad_request")]}, _requests("a"))
    assert verdict.outcome is U


def test_a_transfer_that_was_not_taken_in_for_now_may_be_sent_again() -> None:
    entries = [_entry("a", status="refused", code="too_many_requests"), _entry("b")]
    assert [v.sent for v in bulk.of_sends(200, {"results": entries}, _requests("ab"))] == [False, True]


def test_a_body_holds_what_fits_and_one_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BODY_BYTES_MAX", 3000)
    big = [_request(name, description="x" * 1000) for name in "abcd"]
    body, count = bulk.transfers(big)
    assert count == 2
    assert len(body) <= 3000
    assert [item["reference"] for item in orjson.loads(body)["transfers"]] == ["a", "b"]
    assert bulk.transfers([_request("a", description="x" * 9000)])[1] == 1


Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def _served(handle: Handle, work: Callable[[SimulatorProvider], Any]) -> Any:
    app = web.Application(client_max_size=2**23)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider = SimulatorProvider(f"http://127.0.0.1:{runner.addresses[0][1]}", 4)
    try:
        return await work(provider)
    finally:
        await provider.close()
        await runner.cleanup()


async def _verdicts(handle: Handle, names: str = "abc") -> list[Verdict]:
    found: list[Verdict] = await _served(handle, lambda provider: provider.send_many(_requests(names)))
    return found


async def test_many_are_sent_by_one_request() -> None:
    bodies = []

    async def pay(request: web.Request) -> web.Response:
        bodies.append((request.path, await request.json()))
        return web.json_response({"results": [_entry(name) for name in "abc"]})

    assert [v.outcome for v in await _verdicts(pay)] == [P, P, P]
    [(path, body)] = bodies
    assert path == "/batchtransactions"
    assert body["transfers"][1] == {
        "reference": "b", "amount": "10.50", "currency": "USD", "payee": {"msisdn": "1"}, "description": None,
    }  # fmt: skip


async def test_a_reference_held_with_other_content_is_asked_after_and_never_sent_anew() -> None:
    paths = []

    async def contradict(request: web.Request) -> web.Response:
        paths.append(request.path)
        if request.path == "/batchtransactions":
            held = {"status": "refused", "code": "duplicate_reference"}
            return web.json_response({"results": [_entry("a"), _entry("b", **held), _entry("c", **held)]})
        assert await request.json() == {"references": ["b", "c"]}
        return web.json_response({"results": [_entry("b"), {"reference": "c", "status": "not_found"}]})

    verdicts = await _verdicts(contradict)
    assert [(v.outcome, v.code, v.found) for v in verdicts] == [(P, None, True), (P, None, True), (U, "conflict", True)]
    assert paths == ["/batchtransactions", "/batchtransactions/inquiry"]


async def test_what_did_not_fit_into_the_call_was_surely_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BODY_BYTES_MAX", 200)

    async def pay(request: web.Request) -> web.Response:
        return web.json_response({"results": [_entry(item["reference"]) for item in (await request.json())["transfers"]]})

    verdicts = await _verdicts(pay)
    assert [(v.outcome, v.sent) for v in verdicts] == [(P, True), (U, False), (U, False)]


async def _cut_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "500"})
    await response.prepare(request)
    await response.write(orjson.dumps({"results": [_entry(name) for name in "abc"]})[:100])
    assert request.transport is not None
    request.transport.close()
    return response


async def _half(_: web.Request) -> web.Response:
    return web.Response(body=orjson.dumps({"results": [_entry(name) for name in "abc"]})[:-9])


async def _too_long(_: web.Request) -> web.Response:
    return web.Response(
        body=orjson.dumps({"results": [_entry(name) for name in "abc"], "more": "x" * module.REPLY_BYTES_MAX})
    )


async def _nothing(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize("handle", [_cut_off, _half, _too_long, _nothing])
async def test_rai_04_a_lost_cut_or_endless_reply_makes_all_unknown(handle: Handle) -> None:
    assert [(v.outcome, v.sent) for v in await _verdicts(handle)] == [(U, True)] * 3


async def test_the_bound_of_a_reply_grows_with_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REPLY_BYTES_MAX", 100)
    monkeypatch.setattr(module, "ENTRY_BYTES_MAX", 250)

    async def pay(request: web.Request) -> web.Response:
        return web.json_response({"results": [_entry(name, note="x" * 90) for name in "abc"]})

    assert [v.outcome for v in await _verdicts(pay)] == [P] * 3
    assert [v.outcome for v in await _verdicts(pay, "a")] == [U]


async def test_rai_05_a_provider_that_never_answers_is_unknown_in_bounded_time() -> None:
    async def sleep(_: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    async def impatient(provider: SimulatorProvider) -> list[Verdict]:
        assert provider._session.timeout.total == module.TOTAL_SECONDS == 30
        provider._session._timeout = ClientTimeout(total=0.1)
        return await provider.send_many(_requests("ab"))

    assert [(v.outcome, v.sent) for v in await _served(sleep, impatient)] == [(U, True)] * 2


async def test_nobody_at_the_door_is_not_sent() -> None:
    provider = SimulatorProvider("http://127.0.0.1:1", 4)
    try:
        assert [v.sent for v in await provider.send_many(_requests("ab"))] == [False, False]
        assert [v.sent for v in await provider.inquire_many(_requests("ab"))] == [False, False]
    finally:
        await provider.close()
