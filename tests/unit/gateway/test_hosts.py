"""Which Host a request may name (SEC-01, SEC-13, RUN-04), and which pages may open the feed (SEC-12)."""

import pytest
from starlette.requests import HTTPConnection

from runtime.exposure import host_of
from runtime.settings import RefusedStartError
from services.gateway.hosts import Hosts
from services.gateway.settings import GatewaySettings
from tests.unit.gateway.front import Front


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000", "app.localhost", "localhost."]
)
async def test_sec_01_loopback_hosts_are_served(front: Front, host: str) -> None:
    assert (await front.ask("GET", "/api/v1/payouts/", host=host)).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "10.0.0.1",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "[::2]",
        "",
        "x@localhost",
    ],
)
async def test_sec_01_a_foreign_host_is_400_and_says_the_remedy(front: Front, host: str) -> None:
    for method, path in (("GET", "/api/v1/payouts/"), ("POST", "/api/v1/payouts/")):
        answer = await front.ask(method, path, host=host)
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert "ALLOWED_HOSTS" in answer.json()["detail"]
    assert front.ingest.passed_on == []


async def test_run_04_allowed_hosts_are_served() -> None:
    front = Front(allowed_hosts="pay.example, Other.Example")
    assert [(await front.ask("GET", "/api/v1/payouts/", host=host)).status_code for host in ("pay.example:443", "other.example", "x.example")] == [200, 200, 400]  # fmt: skip


async def test_obs_07_health_answers_under_every_host(front: Front) -> None:
    for path in ("/health", "/api/v1/health/", "/livez"):
        assert (await front.ask("GET", path, host="10.1.2.3:8000")).status_code == 200


@pytest.mark.parametrize("setting", ["allowed_hosts", "allowed_origins"])
def test_sec_01_a_star_refuses_the_start(setting: str) -> None:
    with pytest.raises(RefusedStartError, match="ALLOWED_HOSTS"):
        GatewaySettings(**{setting: "*"}).check_open_mode()


def test_host_of() -> None:
    assert [host_of(text) for text in ("A:1", "[::1]:1", "[::1]", "a.", "")] == ["a", "::1", "::1", "a", ""]


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "localhost:8000", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("https://localhost:8000", "LocalHost:8000", True),
        ("http://localhost:3000", "localhost:8000", True),
        ("http://evil.example", "localhost:8000", False),
        ("http://evil.example:8000", "localhost:8000", False),
        ("http://localhost:9999", "localhost:8000", False),
        ("http://localhost:8000.evil.example", "localhost:8000", False),
        ("null", "localhost:8000", False),
        ("", "localhost:8000", False),
    ],
)
def test_sec_12_only_pages_of_this_address_or_listed_ones_open_the_feed(
    origin: str | None, host: str, allowed: bool
) -> None:
    async def app(scope: object, receive: object, send: object) -> None: ...

    settings = GatewaySettings()
    headers = [(b"host", host.encode())] + ([(b"origin", origin.encode())] if origin is not None else [])
    asked = HTTPConnection({"type": "websocket", "path": "/api/v1/feed", "headers": headers})
    fault = Hosts(app, settings.hosts, settings.origins)._fault(asked)  # type: ignore[arg-type]
    assert (fault is None) == allowed
