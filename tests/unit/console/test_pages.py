"""The console's files: security headers, caching, the fall-back to the page, and nothing from outside the folder (issue 7, CON-25)."""

from pathlib import Path

import pytest

from services.console import files
from services.console.headers import POLICY
from tests.unit.console.conftest import SCRIPT, Gateway, served

HASHED = "/assets/main-3f2a9c1d.js"


@pytest.mark.parametrize(
    "path", ["/", "/payouts", "/payouts/01a1fce3-eadb-73ce-b132-dc140c212c12", "/transactions?status=failed"]
)
async def test_every_address_of_the_console_gets_the_page_which_is_asked_after_each_time(dist: Path, path: str) -> None:
    async with served(dist, None) as client:
        answer = await client.get(path)
        assert (answer.status, answer.content_type, answer.headers["cache-control"]) == (200, "text/html", "no-cache")
        assert "<title>Payflow" in await answer.text()


async def test_hashed_files_are_kept_for_ever_and_others_for_a_while(dist: Path) -> None:
    async with served(dist, None) as client:
        hashed, mark = await client.get(HASHED), await client.get("/mark.svg")
        assert hashed.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert mark.headers["cache-control"] == "public, max-age=3600"
        assert (hashed.content_type, mark.content_type) == ("text/javascript", "image/svg+xml")


@pytest.mark.parametrize("path", ["/", HASHED, "/assets/gone-00000000.js", "/nothing.png"])
async def test_every_answer_of_ours_has_the_security_headers(dist: Path, path: str) -> None:
    async with served(dist, None) as client:
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "script-src 'self';" in headers["content-security-policy"], "no inline script, no eval, no other host"


def test_the_policy_lets_nothing_come_from_another_host() -> None:
    assert not [value for value in POLICY.values() if "http" in value or "*" in value]
    assert "unsafe" not in POLICY["script-src"] + POLICY["default-src"]


async def test_a_missing_file_is_404_and_never_the_page(dist: Path) -> None:
    async with served(dist, None) as client:
        for path in ("/assets/gone-00000000.js", "/assets/gone", "/nothing.png"):
            assert (await client.get(path)).status == 404, path


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/link.txt",
        "//secret.txt",
        "/..%5csecret.txt",
    ],
)
async def test_nothing_outside_the_folder_is_given(dist: Path, path: str) -> None:
    async with served(dist, None) as client:
        from yarl import URL

        answer = await client.get(URL(path, encoded=True) if not path.startswith("//") else "/" + path)
        assert "not to be given" not in await answer.text()


async def test_what_the_browser_has_is_not_sent_again_and_text_is_compressed(dist: Path) -> None:
    async with served(dist, None) as client:
        first = await client.get(HASHED, headers={"Accept-Encoding": "gzip"})
        assert first.headers["content-encoding"] == "gzip"
        assert int(first.headers["content-length"]) < len(SCRIPT) / 10
        assert await first.read() == SCRIPT
        again = await client.get(HASHED, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status, await again.read()) == (304, b"")
        plain = await client.get(HASHED, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers


async def test_only_get_and_head_are_known(dist: Path) -> None:
    async with served(dist, None) as client:
        assert (await client.post("/payouts")).status == 405
        head = await client.head("/")
        assert (head.status, await head.read()) == (200, b"")


async def test_a_console_that_is_not_built_says_how_to_build_it_and_is_served_once_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LOOK_SECONDS", 0.0)
    async with served(tmp_path / "later", Gateway()) as client:
        answer = await client.get("/payouts")
        assert answer.status == 503
        assert "cd console && npm ci && npm run build" in await answer.text()
        assert (await client.get("/api/v1/payouts")).status == 203, "the API is there all the same"
        (tmp_path / "later").mkdir()
        (tmp_path / "later" / "index.html").write_text("built")
        assert await (await client.get("/payouts")).text() == "built"


async def test_a_new_build_is_seen_without_a_restart(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LOOK_SECONDS", 0.0)
    async with served(dist, None) as client:
        old = (await client.get("/")).headers["etag"]
        (dist / "index.html").write_text("<!doctype html><title>Payflow</title>new")
        assert (await client.get("/", headers={"If-None-Match": old})).status == 200


@pytest.mark.parametrize("path", ["/", HASHED, "/nothing.png"])
async def test_sec_13_a_foreign_host_is_refused_and_a_listed_one_served(dist: Path, path: str) -> None:
    async with served(dist, None, frozenset({"pay.example"})) as client:
        for host in ("evil.example", "localhost.evil.example", ""):
            refused = await client.get(path, headers={"Host": host})
            assert (refused.status, "ALLOWED_HOSTS" in await refused.text()) == (400, True), host
            assert "frame-ancestors 'none'" in refused.headers["content-security-policy"]
            assert refused.headers["cache-control"] == "no-store"
        for host in ("pay.example:443", "localhost:3000", "[::1]:3000"):
            assert (await client.get(path, headers={"Host": host})).status != 400, host


async def test_sec_13_health_is_free_and_what_is_passed_on_is_the_gateways_to_refuse(dist: Path) -> None:
    gateway = Gateway()
    async with served(dist, gateway) as client:
        foreign = {"Host": "evil.example"}
        assert (await client.get("/livez", headers=foreign)).status == 200
        answer = await client.get("/api/v1/payouts/", headers=foreign)
        assert (answer.status, gateway.asked[0].headers["Host"]) == (203, "evil.example")
        assert "Content-Security-Policy" not in answer.headers, "byte for byte, with the gateway's own headers"


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("GET", "/livez"), ("GET", "/api/v1/x"), ("GET", "/readyz")])
async def test_sec_13_answers_of_ours_that_are_no_files_have_the_security_headers_too(
    dist: Path, method: str, path: str
) -> None:
    async with served(dist, None) as client:
        answer = await client.request(method, path)
        assert answer.status in {405, 200, 503}
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
