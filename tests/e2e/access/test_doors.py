"""Ways around the gateway, revocation on REST and feed, and masking, on a running stack (SEC-01, SEC-02, SEC-04, SEC-07, SEC-12)."""

import asyncio
import re
import subprocess
import sys
import time
import uuid

import aiohttp
import httpx2

from payflow.openapi_export import document
from tests.e2e.access.conftest import Closed, payee


def test_sec_01_every_documented_route_is_401_without_a_credential(closed: Closed) -> None:
    asked = 0
    for path, item in document()["paths"].items():
        address = re.sub(r"\{[^}]+\}", str(uuid.uuid4()), path)
        for method, operation in item.items():
            status = closed.http.request(method.upper(), address).status_code
            assert (status == 401) == bool(operation["security"]) or "sessions" in address, (method, path, status)
            asked += 1
    assert asked > 30


def test_sec_01_the_other_services_answer_nobody_but_the_gateway(closed: Closed) -> None:
    environ = closed.stack.environ
    for port in (environ["INGEST_PORT"], environ["IDENTITY_PORT"]):
        for headers in ({}, {"X-Merchant-Id": "beta"}, {"payflow-inner-secret": "guess"}, closed.beta.headers):
            for method, path in (
                ("POST", "/api/v1/payouts"),
                ("GET", "/api/v1/keys"),
                ("GET", f"/internal/in-flight/{closed.beta.payouts[0]}"),
            ):
                answer = httpx2.request(method, f"http://127.0.0.1:{port}{path}", headers=headers)
                assert answer.status_code == 401, (port, path)


def test_sec_02_a_revoked_key_stops_within_5_seconds_on_rest_and_feed(closed: Closed) -> None:
    wish = {"name": "short", "scopes": ["payouts:read"], "merchants": ["alpha"]}
    made = closed.ask("POST", "/keys/", body=wish).json()

    async def story() -> tuple[float, float]:
        headers = {"Authorization": f"Bearer {made['key']}"}
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{closed.stack.url}/api/v1/feed/", headers=headers) as feed,
        ):
            await feed.send_json({"type": "subscribe", "channel": "payouts:alpha", "rows": False})
            while (await feed.receive_json(timeout=10))["type"] != "snapshot":
                pass
            url = f"{closed.stack.url}/api/v1/payouts/"
            async with session.get(url, headers=headers) as answer:
                assert answer.status == 200
            async with session.delete(
                f"{closed.stack.url}/api/v1/keys/{made['id']}/", headers={"Authorization": f"Bearer {closed.root}"}
            ) as gone:
                assert gone.status == 204
            ended = time.monotonic()
            while True:
                async with session.get(url, headers=headers) as answer:
                    if answer.status == 401:
                        break
                await asyncio.sleep(0.05)
            rest = time.monotonic() - ended
            while (message := await feed.receive(timeout=10)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert message.type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
            assert feed.close_code == 4401
            return rest, time.monotonic() - ended

    rest, feed = asyncio.run(story())
    sys.stdout.write(f"revoked: REST after {rest:.2f} s, feed after {feed:.2f} s\n")
    assert max(rest, feed) < 5


def test_sec_07_operators_see_masks_on_rest_and_feed_and_a_reveal_is_in_the_audit_trail(closed: Closed) -> None:
    person = {
        "email": "op@example.com",
        "name": "Op",
        "password": "a long pass phrase",
        "grants": [{"role": "operator", "merchants": ["alpha"]}],
    }
    assert closed.ask("POST", "/users/", body=person).status_code == 201
    sign_in = closed.http.post("/api/v1/sessions/", json={"email": "op@example.com", "password": "a long pass phrase"})
    assert sign_in.status_code == 201
    cookie = {
        "Cookie": f"__Host-payflow_session={sign_in.cookies['__Host-payflow_session']}",
        "X-CSRF-Token": sign_in.json()["csrf_token"],
    }
    listed = closed.http.get("/api/v1/payouts/", headers=cookie)
    assert listed.status_code == 200
    assert "1234567890" not in listed.text
    assert "XXXXXXXXXXXX7890" in listed.text
    payout = closed.alpha.payouts[0]
    assert "1234567890" in closed.ask("GET", f"/payouts/{payout}/", closed.alpha.key).text
    made = closed.http.post("/api/v1/payouts/", json=payee("Somebody Else"), headers=cookie)
    assert made.status_code == 201
    assert made.json()["merchant_id"] == "alpha"
    assert "1234567890" not in made.text
    events = closed.ask("GET", f"/payouts/{made.json()['id']}/events/", closed.alpha.key).json()["results"]
    assert events[0]["actor"].startswith("person:"), "the log says who"

    async def snapshot(headers: dict[str, str]) -> str:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{closed.stack.url}/api/v1/feed/", headers=headers) as feed,
        ):
            await feed.send_json({"type": "subscribe", "channel": f"payout:{payout}"})
            while True:
                message = await feed.receive(timeout=10)
                if '"snapshot"' in message.data:
                    return str(message.data)

    assert "1234567890" not in asyncio.run(snapshot({"Cookie": cookie["Cookie"]}))
    assert "1234567890" in asyncio.run(snapshot(closed.alpha.headers))
    revealed = closed.http.post(f"/api/v1/payouts/{payout}/reveal/", json={"reason": "the bank asks"}, headers=cookie)
    assert revealed.json()["recipient_details"]["account_number"] == "1234567890"
    place = f"/api/v1/uploads/{closed.alpha.uploads[0]}/refused-rows/"
    assert closed.http.get(place, headers=cookie).json()["errors"][0]["pointer"] == "header/Payflow-Reason"
    assert "1234567890" in closed.http.get(place, headers={**cookie, "Payflow-Reason": "to mend row 2"}).text
    assert "1234567890" in closed.http.get(place, headers=closed.alpha.headers).text, "its own key needs no reason"
    trail = closed.ask("GET", "/audit/").json()["results"]
    [taken] = [entry for entry in trail if entry["action"] == "file.revealed"]
    assert (taken["subject"], taken["reason"]) == (f"upload:{closed.alpha.uploads[0]}", "to mend row 2")
    [entry] = [entry for entry in trail if (entry["action"], entry["reason"]) == ("recipient.revealed", "the bank asks")]
    assert (entry["subject"], entry["reason"], entry["merchants"]) == (f"payout:{payout}", "the bank asks", ["alpha"])
    assert closed.http.delete("/api/v1/sessions/current/", headers=cookie).status_code == 204
    time.sleep(2.5)
    assert closed.http.get("/api/v1/payouts/", headers=cookie).status_code == 401


def test_sec_12_a_ticket_opens_the_feed_once(closed: Closed) -> None:
    ticket = closed.ask("POST", "/feed/tickets/", closed.alpha.key).json()["ticket"]

    async def opened() -> int:
        async with aiohttp.ClientSession() as session:
            try:
                async with session.ws_connect(f"{closed.stack.url}/api/v1/feed/?ticket={ticket}") as feed:
                    await feed.send_json({"type": "subscribe", "channel": "payouts:beta"})
                    while (message := await feed.receive_json(timeout=10))["type"] != "error":
                        pass
                    assert message["code"] == "not_found"
                    return 101
            except aiohttp.WSServerHandshakeError as error:
                return error.status

    assert [asyncio.run(opened()), asyncio.run(opened())] == [101, 401]
    logs = "".join(path.read_text(errors="replace") for path in closed.stack.logs.glob("*.log"))
    assert ticket not in logs


def test_sec_19_a_service_does_not_start_outside_development_without_secrets(closed: Closed) -> None:
    for change, why in (
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set"),
        ({"SECRET_KEY": "changeme" * 8}, "SECRET_KEY is one that everybody knows"),
        ({"PAYFLOW_PROFILE": "production", "PAYFLOW_ACCESS": "open"}, "needs sign-in"),
        (
            {"PAYFLOW_PROFILE": "production", "DATABASE_URL": "postgresql://payflow:payflow@127.0.0.1/x"},
            "the password of the database",
        ),
    ):
        for module in ("services.gateway", "services.identity"):
            env = {**closed.stack.environ, **change}
            done = subprocess.run([sys.executable, "-m", module], env=env, capture_output=True, text=True, timeout=60)
            assert done.returncode == 2, (module, done.stderr)
            assert why in done.stderr
            assert closed.stack.environ["SECRET_KEY"] not in done.stderr
