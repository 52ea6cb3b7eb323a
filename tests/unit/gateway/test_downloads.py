"""Files of ingest through the front door: streamed, with their headers, on a server of the test's own."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import httpx2
import pytest
from aiohttp import web

from domain.access.matrix import Role
from domain.access.principal import Grant, Principal
from runtime.inner_door import SECRET_HEADER
from services.gateway.access.asked import PRINCIPAL
from services.gateway.access.sight import WHOLE
from services.gateway.door import Door
from services.gateway.proxy import Proxy
from services.gateway.wiring import build_app

PLACE = "/api/v1/batches/01a1feb6-0d48-720f-a76b-4391abbbb32c/result"
SIZE = 3_000_000


async def _result(request: web.Request) -> web.StreamResponse:
    assert request.headers.get(SECRET_HEADER) == "our-secret"
    assert "Authorization" not in request.headers, "the client's credential stays here"
    if request.query.get("form") == "json":
        return web.json_response({"results": [{"recipient_details": {"account_number": "1234567890123456"}}]})
    if request.headers.get("X-Merchant-Id") != "demo":
        return web.json_response({"code": "not_found"}, status=404)
    headers = {
        "Content-Type": "text/csv; charset=utf-8",
        "Payflow-Form": request.query.get("form", "raw"),
        "Content-Length": str(SIZE),
    }
    answer = web.StreamResponse(headers=headers)
    await answer.prepare(request)
    for _ in range(SIZE // 1000):
        await answer.write(b"x" * 1000)
    return answer


@pytest.fixture(autouse=True)
def whole() -> Iterator[None]:
    """Who asks sees payees as they were sent, unless a test says otherwise."""
    seen = WHOLE.set(True)
    yield
    WHOLE.reset(seen)


@pytest.fixture
async def front() -> AsyncIterator[httpx2.AsyncClient]:
    ingest = web.Application()
    ingest.router.add_get(PLACE, _result)
    runner = web.AppRunner(ingest)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    app = build_app()
    nothing: Any = None
    proxy = Proxy(f"http://127.0.0.1:{runner.addresses[0][1]}", nothing, "our-secret")
    await proxy.open()
    app.state.door = Door(nothing, nothing, proxy)
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://front") as client:
        yield client
    await proxy.close()
    await runner.cleanup()


async def test_a_result_comes_through_whole_with_its_headers__BAT_14(front: httpx2.AsyncClient) -> None:
    answer = await front.get(f"{PLACE}?form=spreadsheet", headers={"X-Merchant-Id": "demo", "Authorization": "Bearer x"})
    assert (answer.status_code, len(answer.content)) == (200, SIZE)
    assert (answer.headers["payflow-form"], answer.headers["content-type"]) == ("spreadsheet", "text/csv; charset=utf-8")


@pytest.mark.parametrize(("whole", "shown"), [(False, "XXXXXXXXXXXX3456"), (True, "1234567890123456")])
async def test_sec_07_an_answer_that_is_json_is_masked_at_every_depth(
    front: httpx2.AsyncClient, trail: "Trail", whole: bool, shown: str
) -> None:
    seen = WHOLE.set(whole)
    answer = await front.get(f"{PLACE}?form=json", headers={"X-Merchant-Id": "demo", "Payflow-Reason": "a question"})
    WHOLE.reset(seen)
    assert answer.json()["results"][0]["recipient_details"]["account_number"] == shown


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_sec_06_a_read_that_brings_a_body_leaves_the_line_as_it_was(front: httpx2.AsyncClient, method: str) -> None:
    """A length that goes on without its bytes would take them from the next request on the same line, whosever that is."""
    for _ in range(3):
        await front.request(method, f"{PLACE}?form=json", content=b"{}", headers={"X-Merchant-Id": "demo"})
        answer = await front.get(f"{PLACE}?form=json", headers={"X-Merchant-Id": "demo"})
        assert (answer.status_code, answer.json()["results"][0].keys()) == (200, {"recipient_details"})


async def test_a_head_has_the_headers_and_no_body(front: httpx2.AsyncClient) -> None:
    answer = await front.head(PLACE, headers={"X-Merchant-Id": "demo"})
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, str(SIZE), b"")


async def test_a_refusal_comes_through(front: httpx2.AsyncClient) -> None:
    assert (await front.get(PLACE, headers={"X-Merchant-Id": "other"})).status_code == 404


async def test_without_ingest_it_is_503(front: httpx2.AsyncClient) -> None:
    transport: Any = front._transport
    transport.app.state.door.proxy._url = "http://127.0.0.1:1"
    answer = await front.get(PLACE)
    assert (answer.status_code, answer.json()["code"]) == (503, "staging_unavailable")


class Trail:
    """Stands where identity is asked to write down."""

    def __init__(self) -> None:
        self.told: list[dict[str, str]] = []
        self.status = 204

    async def post(self, path: str, body: dict[str, str]) -> tuple[int, bytes]:
        assert path == "/internal/audit"
        self.told.append(body)
        return self.status, b""


class As:
    """Stands where the guard says who asks."""

    def __init__(self, app: Any, by: Principal) -> None:
        self._app, self._by = app, by

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        scope.setdefault("state", {})[PRINCIPAL] = self._by
        await self._app(scope, receive, send)


OPERATOR = Principal(kind="person", id="p1", grants=(Grant(role=Role.OPERATOR, merchants=frozenset({"demo"})),))


@pytest.fixture
def trail(front: httpx2.AsyncClient) -> Trail:
    """Who asks is a person; what is written down."""
    transport: Any = front._transport
    app, trail = transport.app, Trail()
    door = app.state.door
    app.state.door = Door(door.store, door.progress, door.proxy, cast("Any", trail))
    transport.app = As(app, OPERATOR)
    return trail


@pytest.fixture
def masked() -> Iterator[None]:
    seen = WHOLE.set(False)
    yield
    WHOLE.reset(seen)


@pytest.mark.usefixtures("masked")
async def test_sec_07_who_sees_payees_masked_says_why_and_it_is_written_down_first(
    front: httpx2.AsyncClient, trail: Trail
) -> None:
    demo = {"X-Merchant-Id": "demo"}
    for headers in ({}, {"Payflow-Reason": "no"}, {"Payflow-Reason": "x" * 201}):
        answer = await front.get(PLACE, headers={**demo, **headers})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "header/Payflow-Reason")
    why = {"Payflow-Reason": "the bank asks"}
    assert (await front.get(PLACE, headers=why)).json()["code"] == "merchant_required"
    assert trail.told == []
    answer = await front.get(PLACE, headers={**demo, **why})
    assert (answer.status_code, len(answer.content)) == (200, SIZE)
    [told] = trail.told
    assert (told["action"], told["merchant"], told["reason"]) == ("file.revealed", "demo", "the bank asks")
    assert told["subject"] == f"batch:{PLACE.split('/')[4]}"
    await front.get(PLACE, headers=[*demo.items(), ("Payflow-Reason", "pour contrôler: проверка".encode())])
    assert trail.told[-1]["reason"] == "pour contrôler: проверка", "as a browser sends it"
    trail.status = 503
    refused = await front.get(PLACE, headers={**demo, **why})
    assert (refused.status_code, refused.json()["code"]) == (503, "identity_unavailable"), "never shown unwritten"


async def test_sec_07_who_sees_payees_anyway_needs_no_reason(front: httpx2.AsyncClient, trail: Trail) -> None:
    seen = WHOLE.set(True)
    answer = await front.get(PLACE, headers={"X-Merchant-Id": "demo"})
    WHOLE.reset(seen)
    assert (answer.status_code, trail.told) == (200, [])
