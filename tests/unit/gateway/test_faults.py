"""The fault layer: each mode acts on real requests, is switched at run time, and exists in development only (CON-18)."""

import asyncio
from typing import Any

import pytest

from runtime.clock import ManualClock
from runtime.settings import RefusedStartError
from services.gateway.development.layer import Faults
from services.gateway.development.modes import Mode, Numbers
from services.gateway.development.switch import Switch
from services.gateway.settings import GatewaySettings
from services.gateway.wiring import build_app, fronted
from tests.unit.gateway.front import Admin, Front, payout_row

FAULTS = "/api/v1/dev/faults/"
PAYOUTS = "/api/v1/payouts/"
SHORT = Numbers(latency=(0.02, 0.03), feed_life=(0.01, 0.02), stale=120.0)
SECRET = "0123456789abcdef0123456789abcdef"


class App:
    """An application that answers with what it is told to, and counts what reached it."""

    def __init__(self, body: bytes = b'{"freshness":{"timestamp":"x","source":"projection","max_age_ms":3},"a":1}') -> None:
        self.body, self.reached, self.seconds = body, 0, 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached += 1
        await asyncio.sleep(self.seconds)
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(self.body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class Bench:
    """The layer over an application, and what came out of it."""

    def __init__(self, mode: Mode, seed: int = 1, themes: frozenset[str] = frozenset({"balance"})) -> None:
        self.app, self.clock = App(), ManualClock()
        self.switch = Switch(self.clock, SHORT, seed)
        self.layer = Faults(self.app, self.switch, "development")
        self.switch.set(mode, seconds=900, themes=themes)

    async def ask(self, path: str = "/api/v1/payouts", method: str = "GET", kind: str = "http") -> list[Any]:
        sent: list[Any] = []
        scope = {"type": kind, "path": path, "method": method, "headers": [], "query_string": b""}

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append(message)

        await self.layer(scope, receive, send)
        return sent


def is_cut(sent: list[Any]) -> bool:
    """The answer begins and does not end: the server closes the line."""
    return bool(sent[-1].get("more_body"))


def marked(sent: list[Any]) -> bytes | None:
    return dict(sent[0]["headers"]).get(b"payflow-fault")


async def test_nothing_on_means_nothing_touched() -> None:
    bench = Bench(Mode.NONE)
    sent = await bench.ask()
    assert (sent[0]["status"], sent[1]["body"], marked(sent)) == (200, bench.app.body, None)


async def test_intermittent_fails_30_of_a_hundred_in_three_ways_and_lets_the_others_be() -> None:
    bench = Bench(Mode.INTERMITTENT)
    answers = [await bench.ask(method="POST") for _ in range(1000)]
    failed = [sent for sent in answers if sent[0]["status"] == 503 or is_cut(sent)]
    assert 260 <= len(failed) <= 340
    refused = [sent for sent in failed if b"log_unavailable" in sent[-1]["body"]]
    lost = [sent for sent in failed if b"service_ending" in sent[-1]["body"]]
    cut = [sent for sent in failed if is_cut(sent)]
    assert min(len(refused), len(lost), len(cut)) > 60
    assert bench.app.reached == 1000 - len(refused), "what was refused had no effect; what was lost or cut had"
    assert {marked(sent) for sent in failed} == {b"intermittent"}
    assert bench.switch.spoilt == len(failed)


async def test_latency_waits_before_anything_is_reached() -> None:
    bench = Bench(Mode.LATENCY)
    task = asyncio.create_task(bench.ask())
    await asyncio.sleep(0.005)
    assert bench.app.reached == 0
    assert (await task)[0]["status"] == 200


async def test_a_partial_outage_takes_some_themes_away_and_no_others() -> None:
    bench = Bench(Mode.PARTIAL_OUTAGE)
    assert (await bench.ask("/api/v1/balance"))[0]["status"] == 503
    assert (await bench.ask("/api/v1/payouts"))[0]["status"] == 200


async def test_degraded_takes_ten_times_as_long() -> None:
    bench = Bench(Mode.DEGRADED)
    bench.switch.clock = Ticking()
    bench.app.seconds = 0.01
    begun = asyncio.get_running_loop().time()
    sent = await bench.ask()
    assert asyncio.get_running_loop().time() - begun >= 0.09
    assert (sent[0]["status"], marked(sent)) == (200, b"degraded")


class Ticking(ManualClock):
    """The loop's own time, for what is slowed by what it took."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


async def test_stale_reads_are_given_again_for_120_s_and_say_that_they_are_old() -> None:
    bench = Bench(Mode.STALE)
    first = await bench.ask()
    bench.app.body = bench.app.body.replace(b'"a":1', b'"a":2')
    bench.clock.advance(60_000)
    second = await bench.ask()
    assert b'"a":1' in second[1]["body"]
    assert b'"max_age_ms":180000' in second[1]["body"]
    assert b'"max_age_ms":120000' in first[1]["body"]
    assert dict(second[0]["headers"])[b"age"] == b"180"
    assert bench.app.reached == 2, "who asks is checked each time"
    bench.clock.advance(61_000)
    assert b'"a":2' in (await bench.ask())[1]["body"]


async def test_stale_writes_pass_and_another_merchants_answer_is_never_given() -> None:
    bench = Bench(Mode.STALE)
    await bench.ask()
    bench.app.body = b'{"freshness":{},"a":3}'
    assert (await bench.ask(method="POST"))[1]["body"] == bench.app.body
    scope_of_other = await bench.ask("/api/v1/payouts/other")
    assert b'"a":3' in scope_of_other[1]["body"]


async def test_everything_broken_reaches_nothing() -> None:
    bench = Bench(Mode.EVERYTHING)
    answers = [await bench.ask() for _ in range(50)]
    assert bench.app.reached == 0
    assert {sent[0]["status"] for sent in answers} == {200, 503}
    assert all(is_cut(sent) for sent in answers if sent[0]["status"] == 200)


@pytest.mark.parametrize("path", ["/readyz", "/health", "/api/v1/dev/faults", "/api/v1/dev/simulator"])
async def test_health_and_the_switch_itself_are_never_touched(path: str) -> None:
    bench = Bench(Mode.EVERYTHING)
    assert (await bench.ask(path))[0]["status"] == 200
    assert bench.switch.touched == 0


async def test_a_mode_ends_by_itself() -> None:
    bench = Bench(Mode.EVERYTHING)
    bench.clock.advance(901_000)
    assert (await bench.ask())[0]["status"] == 200
    assert bench.switch.view()["mode"] == "none"


@pytest.mark.parametrize("mode", [Mode.STALE, Mode.EVERYTHING])
async def test_a_feed_that_is_open_is_cut_when_such_a_mode_begins_and_no_other_is_let_in(mode: Mode) -> None:
    bench = Bench(Mode.NONE)
    entered, ended = asyncio.Event(), asyncio.Event()

    async def session(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    bench.layer = Faults(session, bench.switch, "development")
    line = asyncio.create_task(bench.ask("/api/v1/feed", kind="websocket"))
    await entered.wait()
    bench.switch.set(mode, seconds=900, themes=frozenset())
    sent = await line
    assert ended.is_set()
    assert (sent[-1]["type"], sent[-1]["code"]) == ("websocket.close", 1012)
    refused = await bench.ask("/api/v1/feed", kind="websocket")
    assert not any(message["type"] == "websocket.accept" for message in refused)


async def test_an_intermittent_line_does_not_live_long() -> None:
    bench = Bench(Mode.INTERMITTENT, seed=3)

    async def session(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        await asyncio.Event().wait()

    bench.layer = Faults(session, bench.switch, "development")
    lines = [await bench.ask("/api/v1/feed", kind="websocket") for _ in range(20)]
    assert any(sent[0]["type"] == "websocket.accept" and sent[-1]["type"] == "websocket.close" for sent in lines)


async def test_it_is_switched_at_run_time_and_acts_on_real_requests(front: Front) -> None:
    front.store.payouts_held = [payout_row()]
    assert (await front.get(PAYOUTS)).status_code == 200
    switched = await front.ask("PUT", FAULTS, body={"mode": "partial_outage", "seconds": 60, "themes": ["payouts"]})
    assert (switched.status_code, switched.json()["mode"]) == (200, "partial_outage")
    broken = await front.get(PAYOUTS)
    assert (broken.status_code, broken.json()["code"], broken.headers["payflow-fault"]) == (
        503,
        "view_unavailable",
        "partial_outage",
    )
    assert (await front.get("/api/v1/merchants/")).status_code == 200
    assert (await front.get(FAULTS)).json()["spoilt"] == 1
    await front.ask("PUT", FAULTS, body={"mode": "none"})
    assert (await front.get(PAYOUTS)).status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"mode": "worse"}, "/mode"),
        ({}, "/mode"),
        ({"mode": []}, "/mode"),
        ({"mode": "stale", "seconds": 0}, "/seconds"),
        ({"mode": "stale", "seconds": True}, "/seconds"),
        ({"mode": "stale", "seconds": 3601}, "/seconds"),
        ({"mode": "stale", "themes": ["moon"]}, "/themes"),
        ({"mode": "stale", "themes": "payouts"}, "/themes"),
        ({"mode": "stale", "forever": True}, "/forever"),
    ],
)
async def test_a_bad_switch_is_400_names_the_member_and_changes_nothing(front: Front, body: Any, pointer: str) -> None:
    answer = await front.ask("PUT", FAULTS, body=body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
    assert (await front.get(FAULTS)).json()["mode"] == "none"


@pytest.mark.parametrize("profile", ["production", "test"])
def test_outside_development_the_layer_refuses_to_exist(profile: str) -> None:
    with pytest.raises(RefusedStartError, match="development only"):
        Faults(App(), Switch(ManualClock()), profile)
    settings = GatewaySettings(profile=profile, secret_key=SECRET)  # type: ignore[arg-type, call-arg]
    with pytest.raises(RefusedStartError, match="development only"):
        fronted(build_app(), settings, ManualClock(), None, Switch(ManualClock()))


@pytest.mark.parametrize("profile", ["production", "test"])
@pytest.mark.parametrize("path", [FAULTS, "/api/v1/dev/simulator/", "/api/dev/faults"])
async def test_outside_development_there_is_neither_route_nor_middleware(profile: str, path: str) -> None:
    admin = Admin()
    front = Front(admin, profile=profile, secret_key=SECRET)
    assert front.switch is None
    assert not any(layer.cls is Faults for layer in front.app.user_middleware)
    held = admin.key("development:use", merchants=["*"])
    for method in ("GET", "PUT", "POST"):
        answer = await front.ask(method, path, body={"mode": "everything"}, Authorization=f"Bearer {held}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), method
    assert front.ingest.passed_on == [], "nothing of it is handed on either"


async def test_in_development_behind_a_guard_it_needs_its_scope() -> None:
    admin = Admin()
    front = Front(admin, access="required", secret_key=SECRET)
    without, held = admin.key("payouts:read"), admin.key("development:use")
    assert (await front.get(FAULTS)).status_code == 401
    assert (await front.get(FAULTS, Authorization=f"Bearer {without}")).status_code == 403
    assert (await front.get(FAULTS, Authorization=f"Bearer {held}")).status_code == 200


async def test_a_line_that_ends_by_itself_is_left_alone_and_a_server_that_ends_is_not_held_up() -> None:
    bench = Bench(Mode.NONE)
    assert (await bench.ask("/api/v1/feed"))[0]["status"] == 200
    waiting = asyncio.Event()

    async def session(_scope: Any, _receive: Any, _send: Any) -> None:
        waiting.set()
        await asyncio.Event().wait()

    bench.layer = Faults(session, bench.switch, "development")
    line = asyncio.create_task(bench.ask("/api/v1/feed", kind="websocket"))
    await waiting.wait()
    line.cancel()
    with pytest.raises(asyncio.CancelledError):
        await line


async def test_a_task_whose_line_was_cut_goes_on_and_can_wait_again() -> None:
    """The server may serve the next request of a connection in what called us."""
    bench = Bench(Mode.NONE)

    async def session(_scope: Any, _receive: Any, _send: Any) -> None:
        bench.switch.set(Mode.EVERYTHING, seconds=900, themes=frozenset())
        await asyncio.Event().wait()

    bench.layer = Faults(session, bench.switch, "development")

    async def server() -> str:
        await bench.ask("/api/v1/feed", kind="websocket")
        async with asyncio.timeout(1):
            await asyncio.sleep(0)
        return "goes on"

    assert await server() == "goes on"
