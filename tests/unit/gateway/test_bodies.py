"""The gateway's own JSON routes read a body by the law that all others do (ERR-04)."""

import httpx2
import pytest

from services.gateway import bodies
from tests.unit.gateway.front import PAYOUT_ID, Front

JSON = "application/json"
ROUTES = [
    ("POST", f"/api/v1/payouts/{PAYOUT_ID}/reveal/", b'{"reason": "the bank asks"}'),
    ("POST", "/api/v1/dead-letters/in:0:1/discard/", b'{"reason": "sent twice"}'),
    ("PUT", "/api/v1/dev/faults/", b'{"mode": "none"}'),
    ("PUT", "/api/v1/dev/simulator/", b'{"preset": "storm"}'),
    ("PUT", f"/api/v1/dev/payouts/{PAYOUT_ID}/outcome/", b'{"outcome": "paid"}'),
]
ROUTE = pytest.mark.parametrize(("method", "path", "good"), ROUTES, ids=[path.split("/")[-2] for _, path, _ in ROUTES])


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


async def ask(front: Front, method: str, path: str, body: bytes, *named: tuple[str, str]) -> httpx2.Response:
    transport = httpx2.ASGITransport(app=front.app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        return await client.request(method, path, headers=list(named), content=body)


@ROUTE
@pytest.mark.parametrize(
    "named",
    [
        (),
        (("Content-Type", "text/plain"),),
        (("Content-Type", "application/jsonp"),),
        (("Content-Type", "application/json; charset=utf-16"),),
        (("Content-Type", JSON), ("Content-Type", "text/plain")),
        (("Content-Type", JSON), ("Content-Encoding", "gzip")),
        (("Content-Type", JSON), ("Content-Encoding", "identity"), ("Content-Encoding", "gzip")),
    ],
)
async def test_err_04_another_content_type_or_coding_is_415(
    front: Front, method: str, path: str, good: bytes, named: tuple[tuple[str, str], ...]
) -> None:
    answer = await ask(front, method, path, good, *named)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.json()["errors"][0]["pointer"].startswith("header/Content-")


@ROUTE
@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 1}',
        _nested(33),
        b'{"a": ' + b"9" * 20 + b"}",
        b'{"a": ' + b"9" * 3000 + b"}",
        b'{"a": NaN}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b"\xef\xbb\xbf{}",
    ],
    ids=["empty", "half", "twice", "deep", "2^63", "huge number", "NaN", "no UTF-8", "surrogate", "BOM"],
)
async def test_err_04_what_is_no_json_is_400_by_the_one_law(
    front: Front, method: str, path: str, good: bytes, bad: bytes
) -> None:
    answer = await ask(front, method, path, bad, ("Content-Type", JSON))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body"), bad[:20]


@ROUTE
async def test_err_04_a_key_that_stands_twice_is_named(front: Front, method: str, path: str, good: bytes) -> None:
    member = good[1:-1]
    answer = await ask(front, method, path, b"{" + member + b", " + member + b"}", ("Content-Type", JSON))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    assert "stands twice" in answer.json()["detail"]


@ROUTE
async def test_sec_10_a_body_is_small(front: Front, method: str, path: str, good: bytes) -> None:
    answer = await ask(front, method, path, b" " * bodies.BODY_BYTES_MAX + good, ("Content-Type", JSON))
    assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")


async def test_a_share_reaches_the_simulator_as_a_number(front: Front) -> None:
    path, named = "/api/v1/dev/simulator/", ("Content-Type", "Application/JSON; charset=UTF-8")
    assert (await ask(front, "PUT", path, b'{"failure_rate": 0.25, "preset": "storm"}', named)).status_code == 200
    [(_, chosen)] = front.provider.chosen
    assert chosen == {"failure_rate": 0.25, "preset": "storm"}


@pytest.mark.parametrize("value", [b"[1.5]", b'{"a": 1.5}', b"1E400", b"-1E400"])
async def test_err_04_what_is_no_text_or_number_is_400(front: Front, value: bytes) -> None:
    for path, member in (("/api/v1/dev/simulator/", b"seed"), (ROUTES[-1][1], b"code")):
        answer = await ask(front, "PUT", path, b'{"' + member + b'": ' + value + b"}", ("Content-Type", JSON))
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{member.decode()}")
    assert front.provider.chosen == []
