"""Who is refused is counted too: by credential as soon as it is known, else by address (SEC-11)."""

import os

import httpx2
import pytest

from domain.access import keys
from domain.access.bucket import Limit
from services.gateway.access import directory
from services.gateway.access.credentials import Credential
from services.gateway.access.directory import Directory
from services.gateway.access.tally import network_of
from tests.unit.gateway.feed_server import RawClient, served
from tests.unit.gateway.front import PAYOUT_ID, Admin, Front

BURST = 3
LIST = "/api/v1/payouts/"


@pytest.fixture
def front(admin: Admin) -> Front:
    return Front(admin, Limit(1, BURST))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def made_up() -> dict[str, str]:
    return bearer(keys.written(os.urandom(32), live=True))


def cookie(admin: Admin) -> dict[str, str]:
    return {"Cookie": f"__Host-payflow_session={admin.session(('operator', ['demo']))[0]}"}


def is_told(answer: httpx2.Response, left: int) -> bool:
    return answer.headers["ratelimit"].startswith(f'"default";r={left};') and "ratelimit-policy" in answer.headers


@pytest.mark.parametrize(
    ("status", "method", "path", "headers"),
    [
        (403, "POST", LIST, {}),
        (403, "GET", LIST, {"X_Merchant_Id": "other"}),
        (404, "GET", "/api/v1/nothing/", {}),
        (404, "GET", "/internal/audit", {}),
        (405, "DELETE", LIST, {}),
        (400, "GET", LIST, {"X_Merchant_Id": "no merchant id"}),
    ],
)
async def test_sec_11_what_a_key_is_refused_is_counted_for_the_key(
    front: Front, admin: Admin, status: int, method: str, path: str, headers: dict[str, str]
) -> None:
    key, other = bearer(admin.key("payouts:read")), bearer(admin.key("payouts:read"))
    answers = [await front.ask(method, path, **key, **headers) for _ in range(BURST + 2)]
    assert [answer.status_code for answer in answers] == [status] * BURST + [429] * 2
    assert [is_told(answer, left) for answer, left in zip(answers, (2, 1, 0, 0, 0), strict=True)] == [True] * 5
    assert (answers[-1].json()["code"], answers[-1].headers["retry-after"]) == ("rate_limited", "1")
    assert (await front.get(LIST, **key)).status_code == 200, "its own merchant's requests are counted apart"
    assert (await front.ask(method, path, **other, **headers)).status_code == status
    front.clock.advance(1000)
    assert (await front.ask(method, path, **key, **headers)).status_code == status


async def test_sec_11_a_forged_page_is_counted_for_the_person(front: Front, admin: Admin) -> None:
    signed_in = cookie(admin)
    codes = [(await front.ask("POST", LIST, **signed_in)).status_code for _ in range(BURST + 1)]
    assert codes == [403] * BURST + [429]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (LIST, {}, 401),
        (LIST, {"Authorization": "Bearer nonsense"}, 401),
        (LIST, {"Cookie": "__Host-payflow_session=nobody"}, 401),
        ("/api/v1/feed/sse/?ticket=used", {}, 401),
        ("/api/v1/nothing/", {}, 401),
        (f"{LIST}?limit=1&limit=2", {}, 400),
        (LIST, {"X_Long": "x" * 17_000}, 431),
    ],
)
async def test_sec_11_who_is_nobody_is_counted_by_address(
    front: Front, admin: Admin, path: str, headers: dict[str, str], status: int
) -> None:
    good = bearer(admin.key("payouts:read"))
    assert (await front.get(LIST, **good)).status_code == 200
    answers = [await front.get(path, **headers) for _ in range(BURST + 1)]
    assert [answer.status_code for answer in answers] == [status] * BURST + [429]
    assert [is_told(answer, left) for answer, left in zip(answers, (2, 1, 0, 0), strict=True)] == [True] * 4
    assert answers[-1].headers["retry-after"] == "1"
    assert (await front.get(LIST, **good)).status_code == 200, "who is known is not held up by who shares the address"
    assert (await front.ask("POST", "/api/v1/sessions/")).status_code == 200, "nor who signs in"
    assert {(await front.get(path)).status_code for path in ("/health", "/healthz", "/livez", "/readyz")} <= {200, 503}
    front.address = "192.0.2.7"
    assert (await front.get(path, **headers)).status_code == status


async def test_sec_11_health_is_never_counted(front: Front) -> None:
    for path in ("/health", "/healthz", "/livez"):
        assert [(await front.get(path)).status_code for _ in range(BURST * 3)] == [200] * BURST * 3


async def test_sec_11_made_up_keys_are_counted_and_good_ones_do_not_wait_for_them(front: Front, admin: Admin) -> None:
    codes = [(await front.get(LIST, **made_up())).status_code for _ in range(40)]
    assert codes == [401] * BURST + [429] * 37
    for _ in range(BURST * 2):  # new here, from the same address: everybody behind one console has that
        assert (await front.get(LIST, **bearer(admin.key("payouts:read")))).status_code == 200


async def test_sec_11_made_up_tickets_are_counted(front: Front) -> None:
    codes = [(await front.get(f"/api/v1/feed/sse/?ticket={number}")).status_code for number in range(40)]
    assert codes == [401] * BURST + [429] * 37


async def test_sec_11_good_keys_that_are_new_here_count_for_nobody_else(front: Front, admin: Admin) -> None:
    for _ in range(BURST * 5):
        assert (await front.get(LIST, **bearer(admin.key("payouts:read")))).status_code == 200
    assert (await front.get(LIST, **made_up())).status_code == 401


async def test_sec_11_a_credential_that_has_ended_is_counted(front: Front, admin: Admin) -> None:
    key = bearer(admin.key("payouts:read"))
    assert (await front.get(LIST, **key)).status_code == 200
    next(iter(admin.rows.values()))["ended_at"] = 1
    front.clock.advance(2100)
    codes = [(await front.get(LIST, **key)).status_code for _ in range(BURST + 1)]
    assert (codes, admin.asked) == ([401] * BURST + [429], 2)


async def test_sec_11_while_the_database_is_away_nobody_is_counted_as_refused(front: Front, admin: Admin) -> None:
    admin.away = True
    assert {(await front.get(LIST, **made_up())).status_code for _ in range(BURST * 3)} == {503}


async def test_sec_11_made_up_keys_push_out_no_good_one(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory, "KEPT_MAX", 10)
    monkeypatch.setattr(directory, "MISSED_MAX", 4)
    front = Front(admin)
    known = Directory(admin, front.clock)
    good = [Credential("key", keys.stored(admin.key("payouts:read"))) for _ in range(10)]
    assert all([await known.known(credential) for credential in good])
    for _ in range(100):
        assert await known.known(Credential("key", os.urandom(32))) is None
    asked = admin.asked
    assert all([await known.known(credential) for credential in good])
    assert admin.asked == asked
    assert (len(known._kept), len(known._missed)) == (10, 4)


async def test_sec_11_a_handshake_and_a_sign_in_on_an_open_line_are_counted_by_address(admin: Admin) -> None:
    front = Front(admin, Limit(0.001, 2))
    async with served(front) as port:
        handshakes = [await (await RawClient.connect(port, **made_up())).handshake() for _ in range(3)]
        assert handshakes == [401, 401, 429]
        line = await RawClient.connect(port)
        assert await line.handshake() == 101
        line.send({"type": "sign_in", "key": made_up()["Authorization"].removeprefix("Bearer ")})
        while (told := await line.told())["type"] != "error":
            pass
        assert told["code"] == "rate_limited"
        assert (await line.closed())[0] == 4401


async def test_sec_11_a_refused_sign_in_for_another_merchant_is_counted_for_the_key(admin: Admin) -> None:
    front, key = Front(admin, Limit(1, BURST)), bearer(admin.key("payouts:read"))
    path = f"/api/v1/payouts/{PAYOUT_ID}/"
    codes = [(await front.get(path, **key, X_Merchant_Id="other")).status_code for _ in range(BURST + 1)]
    assert codes == [403] * BURST + [429]


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_addresses_of_one_subscriber_count_together(host: str, network: str) -> None:
    assert network_of(host) == network
