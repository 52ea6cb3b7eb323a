"""Signing in by password and by OpenID Connect (SEC-03)."""

import asyncio
from collections import Counter
from typing import Any

import httpx2
import pytest

from domain.access.keys import stored
from domain.access.principal import Principal
from runtime.http_problems import ProblemError
from services.gateway.access.credentials import Credential
from services.gateway.access.directory import Directory
from services.gateway.store import Store
from services.identity.passwords import Passwords
from tests.integration.identity.conftest import Identity

PASSWORD = "a long pass phrase"
AMA = {
    "email": "ama@example.com",
    "name": "Ama",
    "password": PASSWORD,
    "grants": [{"role": "operator", "merchants": ["demo"]}],
}
SESSION, CSRF, STATE = "__Host-payflow_session", "__Host-payflow_csrf", "__Host-payflow_oidc"


@pytest.fixture
async def ama(identity: Identity) -> dict[str, Any]:
    return dict((await identity.ask("POST", "/users", AMA)).json())


async def sign_in(
    identity: Identity, password: str = PASSWORD, email: str = "ama@example.com", **headers: str
) -> httpx2.Response:
    return await identity.ask("POST", "/sessions", {"email": email, "password": password}, by=None, **headers)


def cookies(answer: httpx2.Response) -> dict[str, str]:
    """Set-Cookie lines by name."""
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


async def known(identity: Identity, token: str) -> Principal | None:
    """Who the gateway takes the cookie for, asked anew."""
    store = Store(identity.url, "admin")
    await store.open()
    found = await Directory(store, identity.clock).known(Credential("session", stored(token)))
    await store.close()
    return found.principal if found else None


async def test_sec_03_the_right_password_gives_two_cookies(identity: Identity, ama: dict[str, Any]) -> None:
    answer = await sign_in(identity)
    assert answer.status_code == 201
    found = cookies(answer)
    for name in (SESSION, CSRF):
        for word in ("Secure", "SameSite=lax", "Path=/", "Max-Age="):
            assert word in found[name], found[name]
        assert "Domain" not in found[name]
    assert "HttpOnly" in found[SESSION]
    assert "HttpOnly" not in found[CSRF]
    principal = await known(identity, answer.cookies[SESSION])
    assert principal is not None
    assert principal.actor == f"person:{ama['id']}"
    dumped = str([await identity.database.all(f"SELECT * FROM {table}") for table in ("sessions", "audit", "users")])
    assert answer.cookies[SESSION] not in dumped
    assert answer.cookies[CSRF] not in dumped
    assert PASSWORD not in dumped


async def test_sec_03_a_session_is_renewed_on_sign_in_and_ends_with_time_and_sign_out(
    identity: Identity, ama: dict[str, Any]
) -> None:
    first = (await sign_in(identity)).cookies[SESSION]
    second = (await sign_in(identity, Cookie=f"{SESSION}={first}")).cookies[SESSION]
    assert first != second
    assert await known(identity, first) is None
    principal = await known(identity, second)
    assert principal is not None
    out = await identity.ask("DELETE", "/sessions/current", by=principal)
    assert out.status_code == 204
    assert all("Max-Age=0" in line for line in cookies(out).values())
    assert await known(identity, second) is None
    third = (await sign_in(identity)).cookies[SESSION]
    identity.clock.advance(12 * 3_600_000)
    assert await known(identity, third) is None


async def test_sec_03_sign_ins_are_bounded_and_those_that_are_over_are_cleared_away(
    identity: Identity, ama: dict[str, Any]
) -> None:
    tokens = [(await sign_in(identity)).cookies[SESSION] for _ in range(22)]
    assert [await known(identity, token) is not None for token in tokens] == [False] * 2 + [True] * 20
    identity.clock.advance(12 * 3_600_000)
    last = (await sign_in(identity)).cookies[SESSION]
    assert await known(identity, last) is not None
    [left] = await identity.database.all("SELECT count(*) AS rows FROM sessions")
    assert left["rows"] == 1
    signed = [entry for entry in await identity.audit() if entry["action"] == "sign_in"]
    assert len(signed) == 23, "the trail keeps what was"


async def test_sec_03_five_wrong_tries_lock_for_15_minutes(identity: Identity, ama: dict[str, Any]) -> None:
    codes = [(await sign_in(identity, "wrong")).status_code for _ in range(5)]
    assert codes == [401] * 5
    assert await actions(identity) == {"sign_in": 5, "sign_in.locked": 1}, "the fifth one locks, not the next"
    identity.clock.advance(14 * 60_000)
    locked = await sign_in(identity)
    assert (locked.status_code, locked.json()["code"]) == (429, "sign_in_locked"), "also the right password"
    assert 50 <= int(locked.headers["retry-after"]) <= 60
    assert (await sign_in(identity, "wrong")).status_code == 429
    identity.clock.advance(60_000)
    assert (await sign_in(identity)).status_code == 201, "15 minutes from the fifth: a try does not make it longer"
    assert await actions(identity) == {"sign_in": 6, "sign_in.locked": 1}


async def test_sec_03_the_fifth_try_may_be_right(identity: Identity, ama: dict[str, Any]) -> None:
    for _ in range(2):
        assert [(await sign_in(identity, "wrong")).status_code for _ in range(4)] == [401] * 4
        assert (await sign_in(identity)).status_code == 201
    assert "sign_in.locked" not in await actions(identity)


async def actions(identity: Identity) -> Counter[str]:
    """How often what stands in the trail of signing in."""
    return Counter(entry["action"] for entry in await identity.audit() if entry["action"].startswith("sign_in"))


async def test_sec_03_tries_at_once_are_no_way_around_the_lock(identity: Identity, ama: dict[str, Any]) -> None:
    answers = await asyncio.gather(*(sign_in(identity, f"wrong {n}") for n in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_sec_03_a_right_password_forgives_and_nobody_else_is_locked(identity: Identity, ama: dict[str, Any]) -> None:
    await identity.ask("POST", "/users", {**AMA, "email": "bob@example.com"})
    for _ in range(3):
        for _ in range(4):
            await sign_in(identity, "wrong")
        assert (await sign_in(identity)).status_code == 201
    for _ in range(6):
        await sign_in(identity, "wrong")
    assert (await sign_in(identity, email="bob@example.com")).status_code == 201


async def test_sec_03_an_address_that_nobody_has_is_answered_alike(identity: Identity, ama: dict[str, Any]) -> None:
    here = [await sign_in(identity, "wrong") for _ in range(6)]
    there = [await sign_in(identity, "wrong", email="nobody@example.com") for _ in range(6)]
    assert [answer.status_code for answer in here] == [answer.status_code for answer in there]
    assert [{**answer.json(), "trace_id": ""} for answer in here] == [{**answer.json(), "trace_id": ""} for answer in there]


async def test_a_person_who_is_closed_or_loses_rights_is_signed_out(identity: Identity, ama: dict[str, Any]) -> None:
    for change in (
        {"grants": [{"role": "viewer", "merchants": ["demo"]}]},
        {"password": "another long pass phrase"},
        {"active": False},
    ):
        token = (await sign_in(identity)).cookies.get(SESSION) or (
            await sign_in(identity, "another long pass phrase")
        ).cookies[SESSION]
        assert await known(identity, token) is not None
        assert (await identity.ask("PATCH", f"/users/{ama['id']}", change)).status_code == 200
        assert await known(identity, token) is None
    assert (await sign_in(identity, "another long pass phrase")).status_code == 401


async def test_a_password_is_changed_against_the_old_one_and_ends_the_other_sign_ins(
    identity: Identity, ama: dict[str, Any]
) -> None:
    other, mine = (await sign_in(identity)).cookies[SESSION], (await sign_in(identity)).cookies[SESSION]
    by = await known(identity, mine)
    body = {"old_password": "wrong", "new_password": "another long pass phrase"}
    assert (await identity.ask("POST", "/sessions/current/password", body, by=by)).status_code == 403
    assert (
        await identity.ask("POST", "/sessions/current/password", {**body, "new_password": "x"}, by=by)
    ).status_code == 400
    assert (
        await identity.ask("POST", "/sessions/current/password", {**body, "old_password": PASSWORD}, by=by)
    ).status_code == 204
    assert await known(identity, other) is None
    assert await known(identity, mine) is not None
    assert (await sign_in(identity)).status_code == 401
    assert (await sign_in(identity, "another long pass phrase")).status_code == 201


async def test_sec_03_a_wrong_old_password_is_a_wrong_try(identity: Identity, ama: dict[str, Any]) -> None:
    by = await known(identity, (await sign_in(identity)).cookies[SESSION])

    async def changed(old: str) -> httpx2.Response:
        body = {"old_password": old, "new_password": "another long pass phrase"}
        return await identity.ask("POST", "/sessions/current/password", body, by=by)

    assert (await sign_in(identity, "wrong")).status_code == 401, "one of the five, wherever it is made"
    assert [(await changed("wrong")).status_code for _ in range(4)] == [403] * 4
    locked = await changed(PASSWORD)
    assert (locked.status_code, locked.json()["code"]) == (429, "sign_in_locked")
    assert 890 <= int(locked.headers["retry-after"]) <= 900
    assert (await sign_in(identity)).status_code == 429
    [told] = [entry for entry in await identity.audit() if entry["action"] == "sign_in.locked"]
    assert told["actor"] == f"person:{ama['id']}"
    identity.clock.advance(15 * 60_000 + 1)
    assert [(await changed("wrong")).status_code for _ in range(4)] == [403] * 4
    assert (await changed(PASSWORD)).status_code == 204
    assert (await sign_in(identity, "wrong")).status_code == 401, "the right one forgave those before it"


@pytest.mark.parametrize(
    "body", [None, [], {}, {"email": 5, "password": "x"}, {"email": "a@b.c"}, {"email": "a", "password": "b", "x": "y"}]
)
async def test_a_bad_sign_in_is_400(identity: Identity, body: object) -> None:
    assert (await identity.ask("POST", "/sessions", body, by=None)).status_code == 400


async def test_sec_10_a_body_is_bounded(identity: Identity) -> None:
    for body, status in (
        (b'{"email": "' + b"x" * 70_000 + b'"}', 413),
        (b"[" * 5000, 400),
        (b'{"a": 1, "a": 2}', 400),
        (b"\xff", 400),
    ):
        headers = {"payflow-inner-secret": identity.secret, "content-type": "application/json"}
        assert (await identity.client.post("/api/v1/sessions", content=body, headers=headers)).status_code == status
    headers |= {"content-encoding": "gzip"}
    assert (await identity.client.post("/api/v1/sessions", content=b"x", headers=headers)).status_code == 415


async def by_provider(identity: Identity, return_to: str = "/console/") -> httpx2.Response:
    """The browser's way: to the provider and back. Cookies are sent by hand, as the gateway passes them on."""
    start = await identity.ask("GET", f"/sessions/oidc?return_to={return_to}", by=None)
    assert start.status_code == 303, start.text
    assert all(word in cookies(start)[STATE] for word in ("HttpOnly", "Secure", "SameSite=lax"))
    async with httpx2.AsyncClient() as browser:
        back = (await browser.get(start.headers["location"])).headers["location"]
    path = back.removeprefix("https://localhost/api/v1")
    state = start.cookies[STATE]
    identity.client.cookies.clear()
    return await identity.ask("GET", path, by=None, Cookie=f"{STATE}={state}")


async def test_sec_03_a_person_signs_in_by_the_provider(identity: Identity, ama: dict[str, Any]) -> None:
    answer = await by_provider(identity)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
    principal = await known(identity, answer.cookies[SESSION])
    assert principal is not None
    assert principal.actor == f"person:{ama['id']}"
    identity.provider.lies = {"email": "changed@example.com"}
    again = await by_provider(identity)
    assert again.status_code == 303, "linked by the provider's own id from the first time on"
    identity.provider.lies = {"sub": "subject-2"}
    assert (await by_provider(identity)).status_code == 401, "another account there with the same address takes nobody over"


@pytest.mark.parametrize(
    ("sign", "lies"),
    [
        ("stranger", {}),
        ("none", {}),
        ("shared", {}),
        ("honest", {"nonce": "another"}),
        ("honest", {"nonce": None}),
        ("honest", {"aud": "another"}),
        ("honest", {"aud": ["payflow-console", "another"]}),
        ("honest", {"aud": ["payflow-console", "another"], "azp": "another"}),
        ("honest", {"iss": "https://evil.example"}),
        ("honest", {"exp": 1}),
        ("honest", {"exp": None}),
        ("honest", {"iat": None}),
        ("honest", {"iat": 99_999_999_999}),
        ("honest", {"nbf": 99_999_999_999}),
        ("honest", {"sub": None}),
        ("honest", {"email_verified": False}),
        ("honest", {"email_verified": "true"}),
        ("honest", {"email_verified": None}),
        ("honest", {"email": "nobody@example.com"}),
    ],
)
async def test_sec_03_what_the_provider_does_not_prove_signs_nobody_in(
    identity: Identity, ama: dict[str, Any], sign: str, lies: dict[str, Any]
) -> None:
    identity.provider.sign, identity.provider.lies = sign, lies
    answer = await by_provider(identity)
    assert (answer.status_code, answer.json()["code"]) == (401, "sign_in_failed")
    assert SESSION not in cookies(answer)
    assert await identity.database.all("SELECT 1 FROM sessions") == []


async def test_sec_03_a_state_is_good_once_and_in_one_browser(identity: Identity, ama: dict[str, Any]) -> None:
    start = await identity.ask("GET", "/sessions/oidc", by=None)
    state = start.cookies[STATE]
    identity.client.cookies.clear()
    async with httpx2.AsyncClient() as browser:
        back = (await browser.get(start.headers["location"])).headers["location"].removeprefix("https://localhost/api/v1")
    assert (await identity.ask("GET", back, by=None)).status_code == 401, "a page that was given somebody else's address"
    assert (await identity.ask("GET", back, by=None, Cookie=f"{STATE}={state}")).status_code == 401, "it was used up"
    for query in ("", "?code=x", "?state=x&code=y", f"?state={state}"):
        assert (
            await identity.ask("GET", f"/sessions/oidc/callback{query}", by=None, Cookie=f"{STATE}={state}")
        ).status_code == 401


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/%5Cevil.example", "javascript:x", "", "/%0d%0ax"]
)
async def test_sec_03_the_way_back_stays_here(identity: Identity, ama: dict[str, Any], path: str) -> None:
    assert (await by_provider(identity, path)).headers["location"] == "/"


async def test_the_provider_may_change_its_keys(identity: Identity, ama: dict[str, Any]) -> None:
    from joserfc.jwk import RSAKey

    assert (await by_provider(identity)).status_code == 303
    identity.provider.key = RSAKey.generate_key(2048, {"kid": "two", "use": "sig", "alg": "RS256"})
    identity.clock.advance(11_000)
    assert (await by_provider(identity)).status_code == 303
    assert identity.provider.key_reads == 2
    identity.provider.sign = "stranger"
    for _ in range(5):
        assert (await by_provider(identity)).status_code == 401
    assert identity.provider.key_reads <= 3, "strangers do not make us ask the provider each time"


async def test_sec_03_a_try_that_nobody_came_to_look_at_does_not_count(
    identity: Identity, ama: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def too_many(*_: object) -> bool:
        raise ProblemError("rate_limited", "Too many sign-ins at once.")

    with monkeypatch.context() as busy:
        busy.setattr(Passwords, "is_right", too_many)
        assert [(await sign_in(identity)).status_code for _ in range(6)] == [429] * 6
    assert (await sign_in(identity)).status_code == 201


@pytest.mark.parametrize("work", ["is_right", "hashed"])
async def test_sec_03_a_change_of_password_that_nobody_came_to_look_at_locks_nobody_out(
    identity: Identity, ama: dict[str, Any], monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    async def too_many(*_: object) -> bool:
        raise ProblemError("rate_limited", "Too many sign-ins at once.")

    by = await known(identity, (await sign_in(identity)).cookies[SESSION])
    body = {"old_password": PASSWORD, "new_password": "another long pass phrase"}
    with monkeypatch.context() as busy:
        busy.setattr(Passwords, work, too_many)
        told = [(await identity.ask("POST", "/sessions/current/password", body, by=by)).json()["code"] for _ in range(6)]
    assert told == ["rate_limited"] * 6
    assert (await sign_in(identity)).status_code == 201
    assert (await identity.ask("POST", "/sessions/current/password", body, by=by)).status_code == 204
