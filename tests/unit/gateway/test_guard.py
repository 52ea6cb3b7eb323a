"""The guard of the front door: credential, matrix, merchant, page, rate (SEC-01 to SEC-05, SEC-07, SEC-10 to SEC-12)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import orjson
import pytest
from fastapi import Request, Response
from starlette.requests import ClientDisconnect

from domain.access.bucket import Limit
from domain.access.matrix import PUBLIC, ROUTES, SOCKET
from domain.access.principal import OPEN, decode
from runtime import logging as runtime_logging
from runtime.inner_door import PRINCIPAL_HEADER, SECRET_HEADER
from services.gateway import rows
from services.gateway.access import asked, line_watch, upheld
from services.gateway.access.credentials import Credential
from services.gateway.proxy import Proxy
from tests.unit.gateway.feed_server import RawClient, served
from tests.unit.gateway.front import PAYOUT_ID, SENT, TRACE, Admin, Front, payout_row

READ, WRITE = "payouts:read", "payouts:write"
SESSION = "__Host-payflow_session"


@pytest.fixture
def own_logging() -> Iterator[None]:
    """What a test does to logging is undone."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def signed_in(admin: Admin, *grants: tuple[str, list[str]]) -> dict[str, str]:
    token, csrf = admin.session(*grants)
    return {"Cookie": f"{SESSION}={token}", "X_CSRF_Token": csrf}


async def test_sec_01_every_route_needs_a_credential_but_health_and_sign_in(closed: Front) -> None:
    for route in ROUTES:
        if route.method == SOCKET:
            continue
        answer = await closed.ask(route.method, route.path.replace("{", "").replace("}", ""))
        if route.access == PUBLIC:
            assert answer.status_code != 401, route
        else:
            assert answer.status_code == 401, route
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"
    assert [path for path in closed.ingest.passed_on if "sessions" not in path] == []


@pytest.mark.parametrize(
    "path",
    ["/api/v1/nothing", "/", "/internal/audit", "/metrics", "/openapi.json", "/API/v1/payouts"],
)
async def test_sec_01_what_has_no_row_is_closed_with_and_without_a_key(closed: Front, admin: Admin, path: str) -> None:
    assert (await closed.get(path)).status_code == 401
    answer = await closed.get(path, **bearer(admin.key(READ)))
    assert answer.status_code == 404
    assert closed.ingest.passed_on == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic dTpw"},
        {"Authorization": "Bearer pk_live_" + "a" * 43},
        {"Authorization": ""},
        {"Cookie": f"{SESSION}=nobody"},
        {"Cookie": f"{SESSION}="},
        {"Cookie": f"{SESSION}={'x' * 9000}"},
    ],
)
async def test_sec_01_a_bad_credential_is_401(closed: Front, headers: dict[str, str]) -> None:
    assert (await closed.get("/api/v1/payouts/", **headers)).status_code == 401


async def test_sec_02_a_key_opens_what_its_scopes_say(closed: Front, admin: Admin) -> None:
    key = bearer(admin.key(READ))
    assert (await closed.get("/api/v1/payouts/", **key)).status_code == 200
    refused = await closed.ask("POST", "/api/v1/payouts/", **key)
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert closed.ingest.passed_on == []


async def test_sec_02_an_expired_key_is_401(closed: Front, admin: Admin) -> None:
    key = bearer(admin.key(READ, expires_at=closed.clock.now_ms() + 1000))
    assert (await closed.get("/api/v1/payouts/", **key)).status_code == 200
    closed.clock.advance(1000)
    assert (await closed.get("/api/v1/payouts/", **key)).status_code == 401


async def test_sec_02_a_revoked_key_stops_within_5_seconds_though_it_is_not_asked_for_each_time(
    closed: Front, admin: Admin
) -> None:
    secret = admin.key(READ)
    for _ in range(20):
        assert (await closed.get("/api/v1/payouts/", **bearer(secret))).status_code == 200
    assert admin.asked == 1
    next(iter(admin.rows.values()))["ended_at"] = 1
    closed.clock.advance(4900)
    assert (await closed.get("/api/v1/payouts/", **bearer(secret))).status_code == 401


@pytest.mark.parametrize("last", [True, False])
async def test_sec_02_a_key_that_ends_while_a_body_comes_in_has_it_not_carried_out(
    closed: Front, admin: Admin, monkeypatch: pytest.MonkeyPatch, last: bool
) -> None:
    monkeypatch.setattr(upheld, "LOOK_SECONDS", 0.0)
    secret, taken = admin.key("batches:write"), []

    async def pass_on(request: Request) -> Response:
        try:
            taken.append(await request.body())
        except ClientDisconnect:
            return Response(status_code=503)
        return Response(b"{}")

    async def pieces() -> AsyncIterator[bytes]:
        yield b"amount,"
        next(iter(admin.rows.values()))["ended_at"] = 1
        closed.clock.advance(2100)
        yield b"currency"
        if not last:
            yield b",msisdn"

    closed.ingest.pass_on = pass_on
    transport = httpx2.ASGITransport(app=closed.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        whole = await client.post("/api/v1/batches/upload/", headers=bearer(secret), content=b"amount")
        answer = await client.post("/api/v1/batches/upload/", headers=bearer(secret), content=pieces())
    assert (whole.status_code, taken) == (200, [b"amount"])
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


async def test_sec_02_without_the_database_nobody_passes_on_old_knowledge(closed: Front, admin: Admin) -> None:
    key = bearer(admin.key(READ))
    assert (await closed.get("/api/v1/payouts/", **key)).status_code == 200
    admin.away = True
    closed.clock.advance(4900)
    assert (await closed.get("/api/v1/payouts/", **key)).status_code == 503
    admin.away = False
    assert (await closed.get("/api/v1/payouts/", **key)).status_code == 200


async def test_sec_04_the_merchant_comes_from_the_credential(closed: Front, admin: Admin) -> None:
    key = bearer(admin.key(READ, WRITE))
    await closed.get("/api/v1/payouts/", **key)
    assert closed.store.seen[-1].arguments == ["demo"]
    await closed.ask("POST", "/api/v1/payouts/", **key)
    assert closed.ingest.headers["x-merchant-id"] == "demo"


async def test_sec_04_another_merchant_is_403_whether_it_exists_or_not(closed: Front, admin: Admin) -> None:
    key = bearer(admin.key(READ, "balance:read"))
    for path in ("/api/v1/payouts/", "/api/v1/balance/"):
        answers = [await closed.get_traced(path, **key, X_Merchant_Id=merchant) for merchant in ("other", "never-was")]
        answers += [await closed.get_traced(f"{path}?merchant_id={merchant}", **key) for merchant in ("other", "never-was")]
        assert {answer.status_code for answer in answers} == {403}
        assert len({answer.content for answer in answers}) == 1


async def test_sec_06_another_merchants_payout_is_the_same_404_as_none(closed: Front, admin: Admin) -> None:
    key = bearer(admin.key(READ, "recipients:reveal"))
    assert (await closed.get(f"/api/v1/payouts/{PAYOUT_ID}/", **key)).status_code == 200
    theirs, none = PAYOUT_ID[:-1] + "3", PAYOUT_ID[:-1] + "4"
    for method, rest in (("GET", ""), ("GET", "events/"), ("POST", "reveal/")):
        answers = []
        for payout_id in (theirs, none):
            async with httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=closed.app), base_url="http://localhost"
            ) as client:
                body = b'{"reason": "a good reason"}' if method == "POST" else None
                named = {**key, "Content-Type": "application/json", "traceparent": TRACE}
                answer = await client.request(method, f"/api/v1/payouts/{payout_id}/{rest}", headers=named, content=body)
            assert answer.status_code == 404
            answers.append(answer.text.replace(payout_id, "ID"))
        assert answers[0] == answers[1]


async def test_sec_04_our_own_headers_are_cut_out_of_what_comes(closed: Front, admin: Admin) -> None:
    key = bearer(admin.key(WRITE))
    forged = {PRINCIPAL_HEADER: "forged", SECRET_HEADER: "forged", "PAYFLOW_INNER_x": "y"}
    await closed.ask("POST", "/api/v1/payouts/", **key, **forged)
    assert closed.ingest.passed_on
    assert not [name for name in closed.ingest.headers if name.startswith("payflow-inner")]
    opened = Front()
    await opened.ask("POST", "/api/v1/payouts/", **forged)
    assert not [name for name in opened.ingest.headers if name.startswith("payflow-inner")]


async def test_sec_03_a_cookie_changes_nothing_without_the_token_of_our_page(closed: Front, admin: Admin) -> None:
    headers = signed_in(admin, ("operator", ["demo"]))
    cookie = {"Cookie": headers["Cookie"]}
    assert (await closed.get("/api/v1/payouts/", **cookie)).status_code == 200
    for forged in ({}, {"X_CSRF_Token": "x"}, {**headers, "Origin": "http://evil.example"}, {**headers, "Origin": "null"}):
        answer = await closed.ask("POST", "/api/v1/payouts/", **{**cookie, **forged})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    for path in ("/api/v1/payouts/?ticket=x", f"/api/v1/payouts/{PAYOUT_ID}/cancel/?ticket=x"):
        answer = await closed.ask("POST", path, **cookie)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed"), "a ticket is for the feed alone"
    assert closed.ingest.passed_on == []
    for origin in ({}, {"Origin": "http://localhost:8000"}, {"Origin": "http://localhost:3000"}):
        assert (await closed.ask("POST", "/api/v1/payouts/", **headers, **origin)).status_code == 200


async def test_sec_03_a_foreign_page_signs_nobody_in(closed: Front) -> None:
    assert (await closed.ask("POST", "/api/v1/sessions/", Origin="http://evil.example")).json()["code"] == "csrf_failed"
    assert (await closed.ask("POST", "/api/v1/sessions/", Origin="http://localhost:8000")).status_code == 200


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        ("viewer", "GET", "/api/v1/payouts/", 200),
        ("viewer", "POST", "/api/v1/payouts/", 403),
        ("operator", "POST", "/api/v1/payouts/", 200),
        ("operator", "GET", "/api/v1/keys/", 403),
        ("developer", "GET", "/api/v1/keys/", 200),
        ("developer", "POST", "/api/v1/users/", 403),
        ("admin", "POST", "/api/v1/users/", 200),
        ("approver", "DELETE", "/api/v1/batches/x/", 403),
    ],
)
async def test_sec_05_roles(closed: Front, admin: Admin, role: str, method: str, path: str, status: int) -> None:
    assert (await closed.ask(method, path, **signed_in(admin, (role, ["demo"])))).status_code == status


async def test_sec_07_an_operator_sees_payees_masked_and_the_merchants_key_as_sent(closed: Front, admin: Admin) -> None:
    for path, at in (("/api/v1/payouts/", 0), (f"/api/v1/payouts/{PAYOUT_ID}/", None)):
        shown = []
        for headers in (
            bearer(admin.key(READ, WRITE)),
            signed_in(admin, ("operator", ["demo"])),
            bearer(admin.key(READ, WRITE, merchants=["*"])),
            bearer(admin.key(READ)),
        ):
            body = (await closed.get(path, **headers)).json()
            shown.append((body if at is None else body["results"][at])["recipient_details"])
        assert shown[0]["account_number"] == SENT["account_number"]
        for masked in shown[1:]:
            assert (masked["account_number"], masked["name"]) == ("XXXXXXXXXXXX3456", "A*** M***")


async def test_sec_07_a_reveal_is_written_down_before_it_is_shown(closed: Front, admin: Admin) -> None:
    headers = signed_in(admin, ("operator", ["demo"]))
    path = f"/api/v1/payouts/{PAYOUT_ID}/reveal/"
    transport = httpx2.ASGITransport(app=closed.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        named = {name.replace("_", "-"): value for name, value in headers.items()} | {"Content-Type": "application/json"}
        for body in (
            b"",
            b"{}",
            b'{"reason": ""}',
            b'{"reason": 5}',
            b"[]",
            b'{"reason": "good enough", "x": 1}',
            b"x" * 5000,
        ):
            answer = await client.post(path, headers=named, content=body)
            assert answer.status_code in {400, 413}, body
        assert closed.ingest.told == []
        answer = await client.post(path, headers=named, content=b'{"reason": "the bank asks for it"}')
        assert answer.json()["recipient_details"]["account_number"] == SENT["account_number"]
        [(asked, told)] = closed.ingest.told
        assert (asked, told["subject"], told["reason"]) == ("/internal/audit", f"payout:{PAYOUT_ID}", "the bank asks for it")
        assert decode(told["principal"]).actor == "person:u1"
        await client.post(path, headers=named, content=b'{"reason": "is it ama mensah of 1234567890123456?"}')
        assert closed.ingest.told[-1][1]["reason"] == "is it [removed] of [removed]?"
        closed.ingest.answers = 503
        refused = await client.post(path, headers=named, content=b'{"reason": "the bank asks for it"}')
        assert refused.status_code == 503
        assert SENT["account_number"] not in refused.text
    assert (await closed.ask("POST", path, **signed_in(admin, ("viewer", ["demo"])))).status_code == 403


async def test_sec_07_what_ingest_answers_an_operator_is_masked_too(closed: Front, admin: Admin) -> None:
    body = orjson.dumps({"id": PAYOUT_ID, "recipient_details": SENT, "amount": "1.00"})

    async def pass_on(request: Any) -> Any:
        from fastapi import Response

        from services.gateway.access.sight import shown_body

        return Response(shown_body(body))

    closed.ingest.pass_on = pass_on
    operator = await closed.ask("PATCH", f"/api/v1/payouts/{PAYOUT_ID}/", **signed_in(admin, ("operator", ["demo"])))
    assert operator.json()["recipient_details"]["account_number"] == "XXXXXXXXXXXX3456"
    merchant = await closed.ask("PATCH", f"/api/v1/payouts/{PAYOUT_ID}/", **bearer(admin.key(WRITE)))
    assert merchant.content == body, "byte for byte"


async def test_sec_11_a_key_is_limited_for_each_merchant_and_told_when_to_come_back(admin: Admin) -> None:
    front = Front(admin, Limit(50, 100))
    one, two = admin.key(READ, merchants=["demo", "other"]), admin.key(READ)
    codes = [(await front.get("/api/v1/payouts/", **bearer(one), X_Merchant_Id="demo")).status_code for _ in range(101)]
    assert codes == [200] * 100 + [429]
    refused = await front.get("/api/v1/payouts/", **bearer(one), X_Merchant_Id="demo")
    assert (refused.headers["retry-after"], refused.headers["ratelimit"]) == ("1", '"default";r=0;t=2')
    assert refused.headers["ratelimit-policy"] == '"default";q=100;w=2'
    assert refused.json()["code"] == "rate_limited"
    other = await front.get("/api/v1/payouts/", **bearer(one), X_Merchant_Id="other")
    assert (other.status_code, other.headers["ratelimit"]) == (200, '"default";r=99;t=1')
    assert (await front.get("/api/v1/payouts/", **bearer(two))).status_code == 200
    front.clock.advance(1000)
    codes = [(await front.get("/api/v1/payouts/", **bearer(one), X_Merchant_Id="demo")).status_code for _ in range(51)]
    assert codes == [200] * 50 + [429]


async def test_sec_11_sign_in_is_limited_by_where_it_comes_from(admin: Admin) -> None:
    front = Front(admin, Limit(1, 3))
    assert [(await front.ask("POST", "/api/v1/sessions/")).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert (await front.get("/health")).status_code == 200


async def test_sec_10_headers_past_16_kib_are_431(closed: Front, admin: Admin) -> None:
    answer = await closed.get("/api/v1/payouts/", **bearer(admin.key(READ)), X_Long="x" * 17_000)
    assert (answer.status_code, answer.json()["code"]) == (431, "headers_too_large")


@pytest.mark.parametrize(
    "query",
    ["status=pending&status=failed", "limit=5&limit=6", "reference=a&status=pending&reference=a", "%6cimit=1&limit=1"],
)
async def test_api_19_a_parameter_that_says_two_things_is_400(front: Front, closed: Front, admin: Admin, query: str) -> None:
    key = bearer(admin.key(READ, "drafts:read"))
    for path in ("payouts", "drafts"):
        for answer in (await front.get(f"/api/v1/{path}/?{query}"), await closed.get(f"/api/v1/{path}/?{query}", **key)):
            assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
            assert answer.json()["errors"][0]["pointer"] in {"query/status", "query/limit", "query/reference"}
    assert front.ingest.passed_on == closed.ingest.passed_on == []


async def test_open_mode_asks_for_nothing_and_shows_payees_as_sent(front: Front) -> None:
    front.store.payouts_held = [payout_row(recipient=orjson.dumps(SENT))]
    [shown] = (await front.get("/api/v1/payouts/")).json()["results"]
    assert shown["recipient_details"]["account_number"] == SENT["account_number"]


async def _subscribed(client: RawClient, channel: str) -> str:
    assert await client.handshake() == 101
    client.send({"type": "subscribe", "channel": channel})
    while (message := await client.told())["type"] not in {"snapshot", "error"}:
        pass
    return str(message.get("code", "snapshot"))


async def test_sec_12_a_wrong_credential_does_not_open_the_feed(closed: Front, admin: Admin) -> None:
    key = admin.key(READ)
    async with served(closed) as port:
        for path, headers in (
            ("/api/v1/feed/?ticket=unknown", {}),
            ("/api/v1/feed/", {"Authorization": "Bearer pk_live_" + "a" * 43}),
        ):
            assert await (await RawClient.connect(port, path, **headers)).handshake() == 401
        client = await RawClient.connect(port, Authorization=f"Bearer {admin.key('balance:read')}")
        assert await client.handshake() == 403
        foreign = await RawClient.connect(port, **bearer(key), X_Merchant_Id="other")
        assert await foreign.handshake() == 403
        assert await _subscribed(await RawClient.connect(port, **bearer(key)), "payouts:demo") == "snapshot"
        assert await _subscribed(await RawClient.connect(port, **bearer(key)), "payouts:other") == "not_found"


async def test_sec_12_a_ticket_opens_one_connection_for_its_merchant(
    closed: Front, admin: Admin, capsys: pytest.CaptureFixture[str], own_logging: None
) -> None:
    runtime_logging.set_up("gateway", debug=True)
    admin.key(READ, merchants=["demo", "other"])
    admin.tickets["one-use-only"] = (Credential("key_id", "key-0"), "demo")
    async with served(closed) as port:
        path = "/api/v1/feed/?ticket=one-use-only"
        assert await _subscribed(await RawClient.connect(port, path), "payouts:other") == "not_found"
        assert await (await RawClient.connect(port, path)).handshake() == 401
    logging.getLogger("tests").debug("heard at debug")
    told = capsys.readouterr().out
    assert "heard at debug" in told
    assert "one-use-only" not in told


@pytest.mark.parametrize("reads", [True, False])
async def test_sec_12_an_open_feed_is_closed_when_its_credential_ends(
    closed: Front, admin: Admin, monkeypatch: pytest.MonkeyPatch, reads: bool
) -> None:
    monkeypatch.setattr(line_watch, "LOOK_SECONDS", 0.05)
    secret = admin.key(READ)
    async with served(closed) as port:
        client = await RawClient.connect(port, **bearer(secret))
        assert await _subscribed(client, "payouts:demo") == "snapshot"
        next(iter(admin.rows.values()))["ended_at"] = 1
        closed.clock.advance(2001)
        if reads:
            assert (await client.closed())[0] == 4401
        else:
            await asyncio.sleep(1.3)
            rest = await asyncio.wait_for(client.reader.read(100_000), 2)
            assert b"\x88" in rest or rest == b""
        assert await (await RawClient.connect(port, **bearer(secret))).handshake() == 401


async def test_sec_12_an_open_feed_is_closed_when_a_role_is_taken_away(
    closed: Front, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_watch, "LOOK_SECONDS", 0.05)
    token, _ = admin.session(("viewer", ["demo"]), ("viewer", ["other"]))
    async with served(closed) as port:
        client = await RawClient.connect(port, Cookie=f"{SESSION}={token}", X_Merchant_Id="demo")
        assert await _subscribed(client, "payouts:demo") == "snapshot"
        next(iter(admin.rows.values()))["grants"].pop(0)
        closed.clock.advance(2001)
        assert (await client.closed())[0] == 4401


async def test_the_proxy_shows_our_secret_and_not_the_clients_credential(closed: Front) -> None:
    seen: dict[str, Any] = {}

    async def upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        seen.update(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(upstream, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for keeps in (False, True):
        proxy = Proxy(url, closed.progress, "our-secret", keeps_cookies=keeps)
        await proxy.open()
        from starlette.requests import Request

        headers = [(b"authorization", b"Bearer x"), (b"cookie", b"c=1"), (b"x-csrf-token", b"t"), (b"accept", b"*/*")]
        scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": headers, "state": {}}
        seen.clear()
        answer = await proxy.pass_on(Request(scope))
        await proxy.close()
        assert [value for name, value in answer.raw_headers if name == b"set-cookie"] == [b"a=1", b"b=2"]
        assert seen[SECRET_HEADER] == "our-secret"
        assert ("cookie" in seen) == keeps
        assert "authorization" not in seen
        assert "x-csrf-token" not in seen
    proxy = Proxy(url, closed.progress, "our-secret")
    await proxy.open()
    scope["state"] = {asked.PRINCIPAL: OPEN}
    seen.clear()
    assert await proxy.read("/x", {"limit": "1"}, Request(scope), "demo") == (201, b"{}")
    await proxy.close()
    assert (seen[SECRET_HEADER], seen["x-merchant-id"], PRINCIPAL_HEADER.lower() in seen) == ("our-secret", "demo", True)
    assert "cookie" not in seen
    server.close()


async def test_every_denial_is_logged_once_without_path_or_credential(
    closed: Front, admin: Admin, capsys: pytest.CaptureFixture[str], own_logging: None
) -> None:
    runtime_logging.set_up("gateway")
    secret = admin.key(READ)
    await closed.get("/api/v1/payouts/+256772990113/", Authorization="Bearer pk_live_" + "b" * 43)
    await closed.ask("POST", "/api/v1/payouts/", **bearer(secret))
    await closed.get("/api/v1/+256772990113/", **bearer(secret))
    lines = [orjson.loads(line) for line in capsys.readouterr().out.splitlines() if "access.denied" in line]
    assert [(line["code"], line["route"], line["actor"]) for line in lines] == [
        ("unauthorized", "/api/v1/payouts/{payout_id}", None),
        ("forbidden", "/api/v1/payouts", "key:key-0"),
        ("not_found", "unmatched", "key:key-0"),
    ]
    assert "256772990113" not in str(lines)
    assert secret not in str(lines)


def test_sec_07_a_list_that_knows_nothing_of_masking_masks() -> None:
    form = rows.payout(payout_row(recipient=orjson.dumps(SENT)))
    assert form["recipient_details"]["account_number"] == "XXXXXXXXXXXX3456"
