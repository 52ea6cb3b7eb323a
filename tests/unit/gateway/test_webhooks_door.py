"""The front door passes all about webhooks to their own part, reads too, and payouts to ingest; one that is away degrades it only."""

from typing import Any

from services.gateway.door import Door
from tests.unit.gateway.front import Admin, Front, MemoryIngest


class MemoryWebhooks(MemoryIngest):
    """The webhooks part; `ready` says whether it is."""

    ready = True

    async def is_ready(self) -> bool:
        return self.ready


def front(admin: Admin | None = None) -> tuple[Front, MemoryWebhooks]:
    stand, webhooks = Front(admin), MemoryWebhooks()
    door: Door = stand.app.state.door
    part: Any = webhooks
    stand.app.state.door = Door(door.store, door.progress, door.proxy, webhooks=part)
    return stand, webhooks


async def test_reads_and_writes_of_webhooks_go_to_their_part() -> None:
    stand, webhooks = front()
    for method, path in (
        ("GET", "/api/v1/webhooks/"),
        ("POST", "/api/webhooks"),
        ("POST", "/api/v1/webhooks/test/"),
        ("PATCH", "/api/v1/webhooks/x/"),
        ("GET", "/api/v1/deliveries/x/attempts/"),
        ("POST", "/api/v1/deliveries/send-again/"),
    ):
        await stand.ask(method, path)
    assert webhooks.passed_on == [
        "/api/v1/webhooks",
        "/api/v1/webhooks",
        "/api/v1/webhooks/test",
        "/api/v1/webhooks/x",
        "/api/v1/deliveries/x/attempts",
        "/api/v1/deliveries/send-again",
    ]
    await stand.ask("POST", "/api/v1/payouts/")
    assert stand.ingest.passed_on == ["/api/v1/payouts"]


async def test_what_nobody_knows_is_passed_to_nobody() -> None:
    stand, webhooks = front()
    assert (await stand.ask("GET", "/api/v1/webhooks/x/secrets/")).status_code == 404
    assert (await stand.ask("PUT", "/api/v1/deliveries/")).status_code == 405
    assert webhooks.passed_on == []


async def test_webhooks_that_are_away_are_told_and_stop_nothing() -> None:
    stand, webhooks = front()
    webhooks.ready = False
    answer = await stand.get("/readyz?verbose")
    assert answer.json()["checks"]["webhooks"] == "webhooks are not ready"


async def test_sec_04_sec_05_the_guard_says_who_may_and_whose_they_are() -> None:
    admin = Admin()
    stand, webhooks = front(admin)
    reads, pays = ({"Authorization": f"Bearer {admin.key(scope)}"} for scope in ("webhooks:read", "payouts:write"))
    for headers, status in (({}, 401), (pays, 403), ({**reads, "X_Merchant_Id": "other"}, 403)):
        assert (await stand.get("/api/v1/webhooks/", **headers)).status_code == status
    assert (await stand.ask("POST", "/api/v1/webhooks/", **reads)).status_code == 403
    assert webhooks.passed_on == []
    assert (await stand.get("/api/v1/webhooks/", **reads)).status_code == 200
    assert (webhooks.passed_on, webhooks.headers["x-merchant-id"]) == (["/api/v1/webhooks"], "demo")


async def test_sec_05_keeping_a_draft_and_submitting_one_are_two_scopes() -> None:
    admin = Admin()
    stand, _ = front(admin)
    keeps = {"Authorization": f"Bearer {admin.key('drafts:write')}"}
    assert (await stand.ask("POST", "/api/v1/drafts/", **keeps)).status_code == 200
    assert (await stand.ask("POST", "/api/v1/drafts/x/submit/", **keeps)).status_code == 403
    assert stand.ingest.passed_on == ["/api/v1/drafts"]
