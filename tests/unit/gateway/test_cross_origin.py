"""CORS is closed unless an origin is listed, and then without cookies (SEC-13)."""

import httpx2
import pytest

from domain.access.bucket import Limit
from tests.unit.gateway.front import PAYOUT_ID, Admin, Front, payout_row

OURS, OTHER = "https://pay.example", "https://evil.example"
LIST = "/api/v1/payouts/"
FOREIGN = [OTHER, "null", "https://pay.example.evil.example", "http://pay.example", "https://pay.example:444", "", "*"]


@pytest.fixture
def front() -> Front:
    front = Front(ALLOWED_ORIGINS=f"{OURS}, HTTPS://Other.example/")
    front.store.payouts_held = [payout_row()]
    return front


def told(answer: httpx2.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-control-")}


def listed(text: str) -> set[str]:
    return {part.strip().lower() for part in text.split(",")}


async def preflight(front: Front, origin: str, path: str = LIST, method: str = "POST", headers: str = "") -> httpx2.Response:
    asked = {"Origin": origin, "Access_Control_Request_Method": method}
    return await front.ask("OPTIONS", path, **asked, **({"Access_Control_Request_Headers": headers} if headers else {}))


@pytest.mark.parametrize("origin", [OURS, "https://other.example"])
@pytest.mark.parametrize("path", [LIST, f"/api/payouts/{PAYOUT_ID}", "/api/v1/batches/upload/", "/api/v1/feed/sse/"])
async def test_sec_13_a_listed_page_may_ask(front: Front, origin: str, path: str) -> None:
    answer = await preflight(
        front, origin, path, headers="idempotency-key,x-merchant-id,if-match,authorization,content-type"
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == origin
    assert {"get", "post", "put", "patch", "delete"} <= listed(answer.headers["access-control-allow-methods"])
    wanted = {"idempotency-key", "x-merchant-id", "if-match", "authorization", "content-type", "prefer", "payflow-position"}
    assert wanted <= listed(answer.headers["access-control-allow-headers"])
    assert "x-csrf-token" not in listed(answer.headers["access-control-allow-headers"])
    assert "access-control-allow-credentials" not in answer.headers
    assert "origin" in listed(answer.headers["vary"])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert front.ingest.passed_on == []


async def test_sec_13_a_preflight_for_more_than_is_allowed_says_what_is(front: Front) -> None:
    answer = await preflight(front, OURS, method="TRACE", headers="x-csrf-token,cookie")
    assert answer.status_code == 204
    assert "trace" not in listed(answer.headers["access-control-allow-methods"])
    assert not {"x-csrf-token", "cookie"} & listed(answer.headers["access-control-allow-headers"])


@pytest.mark.parametrize("origin", FOREIGN)
async def test_sec_13_an_unlisted_page_is_told_nothing(front: Front, origin: str) -> None:
    for answer in (
        await preflight(front, origin),
        await front.get(LIST, Origin=origin),
        await front.ask("POST", LIST, Origin=origin),
        await front.get("/health", Origin=origin),
    ):
        assert told(answer) == {}
        assert "origin" in listed(answer.headers["vary"])
    assert (await preflight(front, origin)).status_code == 405


async def test_sec_13_who_is_no_page_is_told_nothing(front: Front) -> None:
    assert told(await front.get(LIST)) == {}


async def test_sec_13_two_origins_are_none(front: Front) -> None:
    transport = httpx2.ASGITransport(app=front.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        assert told(await client.get(LIST, headers=[("Origin", OURS), ("Origin", OTHER)])) == {}


async def test_sec_13_a_listed_page_reads_answers_and_refusals_and_their_headers(front: Front) -> None:
    for answer, status in (
        (await front.get(f"{LIST}{PAYOUT_ID}/", Origin=OURS), 200),
        (await front.ask("POST", LIST, Origin=OURS), 200),
        (await front.get("/api/v1/nothing/", Origin=OURS), 404),
        (await front.get(f"{LIST}?limit=x", Origin=OURS), 400),
    ):
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == OURS
        shown = listed(answer.headers["access-control-expose-headers"])
        assert {"etag", "location", "idempotency-replayed", "retry-after", "ratelimit", "ratelimit-policy"} <= shown
        assert "access-control-allow-credentials" not in answer.headers
        assert listed(answer.headers["vary"]) >= {"origin"}


async def test_sec_13_a_preflight_needs_no_credential_and_does_not_count_and_the_refusal_can_be_read(admin: Admin) -> None:
    front = Front(admin, Limit(1, 1), ALLOWED_ORIGINS=OURS)
    assert {(await preflight(front, OURS)).status_code for _ in range(5)} == {204}
    for status in (401, 429):
        answer = await front.get(LIST, Origin=OURS)
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, OURS)


async def test_sec_13_a_preflight_by_a_foreign_host_is_refused(front: Front) -> None:
    asked = {"Origin": OURS, "Access_Control_Request_Method": "POST"}
    answer = await front.ask("OPTIONS", LIST, host="evil.example", **asked)
    assert (answer.status_code, told(answer)) == (400, {})
