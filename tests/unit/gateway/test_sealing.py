"""No answer can run, be framed or be kept by a browser, whatever it answers; documentation runs its own scripts only (SEC-13)."""

import re

import pytest

from tests.unit.gateway.front import Front

PATHS = [
    "/api/v1/payouts/",
    "/api/v1/nothing/",
    "/api/v1/payouts/x/",
    "/health/",
    "/api/docs/",
    "/api/redoc/",
    "/api/schema/",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["localhost", "evil.example"])
async def test_sec_13_every_answer_is_sealed(front: Front, path: str, host: str) -> None:
    headers = (await front.ask("GET", path, host=host)).headers
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/api/docs/", "/api/redoc/"])
async def test_sec_13_the_documentation_runs_only_scripts_of_this_address(front: Front, path: str) -> None:
    answer = await front.ask("GET", path)
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", answer.text, re.DOTALL)
    assert scripts
    for attributes, text in scripts:
        assert not text.strip(), "a script in the page would not run"
        [source] = re.findall(r'src="([^"]+)"', attributes)
        kept = await front.ask("GET", source)
        assert (kept.status_code, kept.headers["content-type"].partition(";")[0]) == (200, "text/javascript")
        assert kept.headers["cache-control"] == "public, max-age=86400"
    assert "https://" not in answer.text


async def test_sec_13_cors_is_closed(front: Front) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    answer = await front.ask("OPTIONS", "/api/v1/payouts/", **asked)
    assert answer.status_code == 405
    assert not [name for name in answer.headers if name.startswith("access-control-")]
