"""The routes without a network or a database: bad input, other merchants, secrets told once (WHK-04, WHK-05, SEC-06, ERR-04)."""

from typing import Any

import httpx2
import psycopg
import pytest

from domain.access.principal import Principal, encode
from domain.webhooks.signing import key_of
from runtime.clock import ManualClock
from runtime.inner_door import PRINCIPAL_HEADER, SECRET_HEADER
from services.webhooks.app import create_app
from services.webhooks.delivery_routes import filters
from services.webhooks.door import Door
from services.webhooks.guard import RefusedAddressError
from services.webhooks.registry import EndpointExistsError, TooManyError
from services.webhooks.sender import Outcome
from services.webhooks.settings import WebhooksSettings

ID = "019b0000-0000-7000-8000-000000000001"
NOW = 1_767_225_600_000
GOOD = {"url": "https://hooks.example/x"}


def row(**more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("description", "disabled_reason", "disabled_at", "failing_since", "last_success_at"))
    return {
        **empty,
        "id": ID,
        "merchant_id": "demo",
        "url": GOOD["url"],
        "types": [],
        "status": "enabled",
        "created_at": NOW,
        "updated_at": NOW,
        **more,
    }


class MemoryRegistry:
    """What the routes ask of services.webhooks.registry.Registry: one endpoint of `demo`."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked: list[tuple[Any, ...]] = []
        self.owner = "demo"
        self.actors: list[str] = []

    def by(self, actor: str) -> "MemoryRegistry":
        self.actors.append(actor)
        return self

    async def tested(self, merchant_id: str, endpoint_id: str | None, url: str, now: int) -> None:
        self._note("tested", merchant_id, endpoint_id)

    def _note(self, *what: Any) -> None:
        self.asked.append(what)
        if self.error is not None:
            raise self.error

    async def is_merchant(self, merchant_id: str) -> bool:
        return merchant_id == "demo"

    async def endpoints(self, merchant_id: str) -> list[dict[str, Any]]:
        self._note("endpoints", merchant_id)
        return [row()] if merchant_id == self.owner else []

    async def endpoint(self, merchant_id: str, endpoint_id: str) -> dict[str, Any] | None:
        return row() if (merchant_id, endpoint_id) == (self.owner, ID) else None

    async def create(self, merchant_id: str, endpoint_id: str, wanted: Any, secret: str, now: int) -> dict[str, Any]:
        self._note("create", merchant_id, secret)
        return row(id=endpoint_id)

    async def change(self, merchant_id: str, endpoint_id: str, wanted: Any, now: int) -> dict[str, Any] | None:
        self._note("change", merchant_id, wanted)
        return await self.endpoint(merchant_id, endpoint_id)

    async def delete(self, merchant_id: str, endpoint_id: str, now: int) -> bool:
        return (merchant_id, endpoint_id) == (self.owner, ID)

    async def rotate(self, merchant_id: str, endpoint_id: str, secret: str, now: int) -> int | None:
        self._note("rotate", secret)
        return NOW + 86_400_000 if (merchant_id, endpoint_id) == (self.owner, ID) else None

    async def secrets(self, endpoint_id: str, now: int) -> list[str]:
        return ["whsec_" + "A" * 44]

    async def deliveries(self, conditions: Any, arguments: Any, limit: int) -> list[dict[str, Any]]:
        self._note("deliveries", conditions, arguments)
        return []

    async def delivery(self, merchant_id: str, delivery_id: str) -> None:
        return None

    async def known(self, merchant_id: str, ids: Any) -> dict[str, str]:
        return {one: "disabled" for one in ids if merchant_id == self.owner and one == ID}

    async def send_again(self, merchant_id: str, chosen: Any, now: int) -> list[str]:
        self._note("send_again", chosen)
        return [ID]


class MemorySender:
    """What the routes ask of services.webhooks.sender.Sender."""

    def __init__(self) -> None:
        self.refused: str | None = None
        self.sent: list[tuple[str, bytes, dict[str, str]]] = []

    async def check(self, url: str) -> None:
        if self.refused is not None:
            raise RefusedAddressError(self.refused)

    async def send(self, url: str, body: bytes, headers: dict[str, str]) -> Outcome:
        self.sent.append((url, body, headers))
        return Outcome(at=NOW, duration_ms=3, code=204, answer="")


class Front:
    def __init__(self) -> None:
        registry: Any = MemoryRegistry()
        sender: Any = MemorySender()
        self.registry, self.sender = registry, sender
        self.app = create_app()
        self.app.state.door = Door(registry, sender, ManualClock(NOW), plain=True)
        self.app.state.wake = lambda: None

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=self.app, raise_app_exceptions=False)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
            content = {"content": body} if isinstance(body, bytes) else {"json": body} if body is not None else {}
            return await client.request(method, f"/api/v1{path}", headers=named, **content)


@pytest.fixture
def front() -> Front:
    return Front()


async def test_sec_01_only_the_gateway_comes_in(front: Front) -> None:
    app = create_app(secret="of the inner door")
    app.state.door, app.state.checks = front.app.state.door, {}
    front.app = app
    for headers in ({}, {SECRET_HEADER: "another"}):
        answer = await front.ask("GET", "/webhooks", **headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert front.registry.asked == []
    assert (await front.ask("GET", "/webhooks", **{SECRET_HEADER: "of the inner door"})).status_code == 200
    assert (await front.ask("GET", "/../../livez")).status_code == 200, "health is free"


async def test_a_secret_is_told_when_it_is_made_and_never_again(front: Front) -> None:
    made = await front.ask("POST", "/webhooks", GOOD)
    assert made.status_code == 201
    assert key_of(made.json()["secret"])
    assert made.headers["location"].startswith("/api/v1/webhooks/")
    assert made.headers["cache-control"] == "no-store"
    for path in ("/webhooks", f"/webhooks/{ID}"):
        assert "secret" not in (await front.ask("GET", path)).text


async def test_whk_05_rotation_tells_the_new_secret_and_how_long_the_old_one_lives(front: Front) -> None:
    rotated = await front.ask("POST", f"/webhooks/{ID}/rotate")
    assert rotated.json()["previous_valid_until"] == "2026-01-02T00:00:00.000Z"
    assert key_of(rotated.json()["secret"])


async def test_whk_05_an_address_is_tested_before_it_is_saved(front: Front) -> None:
    tested = await front.ask("POST", "/webhooks/test", GOOD)
    assert (tested.status_code, tested.json()["ok"], tested.json()["status_code"]) == (200, True, 204)
    [(url, body, headers)] = front.sender.sent
    from standardwebhooks import Webhook

    headers = {**headers, "webhook-timestamp": headers["webhook-timestamp"]}
    assert url == GOOD["url"]
    assert b'"type":"webhook.test.v1"' in body
    with pytest.raises(Exception, match="too old"):
        Webhook(tested.json()["secret"]).verify(body.decode(), headers)  # the test's clock stands in the past
    assert front.registry.asked == [("tested", "demo", None)], "that it was done, and nothing else, is kept"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "validation_error"),
        ({"url": 7}, 400, "validation_error"),
        ([], 400, "validation_error"),
        (b"{", 400, "malformed_body"),
        (b'{"url":"https://a.b/","url":"https://c.d/"}', 400, "malformed_body"),
        (b'{"url":"\\ud800"}', 400, "malformed_body"),
        (b"[" * 100_000, 400, "malformed_body"),
        (b'"' + b"x" * 300_000 + b'"', 413, "payload_too_large"),
        (b"\xff\xfe", 400, "malformed_body"),
        ({"url": "https://e.com/", "types": ["nope"]}, 400, "validation_error"),
        ({"url": "https://e.com/", "status": "enabled"}, 400, "validation_error"),
        ({"url": "https://e.com/", "description": "\u0000"}, 400, "validation_error"),
    ],
)
@pytest.mark.parametrize("path", ["/webhooks", "/webhooks/test"])
async def test_bad_bodies_are_refused_by_name(front: Front, path: str, body: Any, status: int, code: str) -> None:
    answer = await front.ask("POST", path, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert front.registry.asked == []


async def test_only_plain_json_is_taken(front: Front) -> None:
    assert (await front.ask("POST", "/webhooks", b"{}", content_type="text/plain")).status_code == 415
    zipped = await front.ask("POST", "/webhooks", b"{}", content_type="application/json", content_encoding="gzip")
    assert zipped.status_code == 415


async def test_sec_09_an_address_that_is_refused_is_422_and_says_why(front: Front) -> None:
    front.sender.refused = "the host's address is private, local or reserved"
    for method, path in (("POST", "/webhooks"), ("POST", "/webhooks/test"), ("PATCH", f"/webhooks/{ID}")):
        answer = await front.ask(method, path, GOOD)
        assert (answer.status_code, answer.json()["code"]) == (422, "webhook_address_refused")
        assert answer.json()["errors"][0]["pointer"] == "/url"


async def test_refusals_of_the_registry_have_codes_of_their_own(front: Front) -> None:
    for error, status, code in (
        (EndpointExistsError(ID), 409, "webhook_exists"),
        (TooManyError("a merchant has at most 20 endpoints"), 422, "limit_exceeded"),
        (psycopg.OperationalError("secret text"), 503, "webhooks_unavailable"),
    ):
        front.registry.error = error
        answer = await front.ask("POST", "/webhooks", GOOD)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert "secret text" not in answer.text


async def test_sec_06_what_is_anothers_or_malformed_is_the_same_404(front: Front) -> None:
    front.registry.owner = "other"
    bodies = set()
    for method, path in (
        ("GET", f"/webhooks/{ID}"),
        ("GET", "/webhooks/x"),
        ("PATCH", f"/webhooks/{ID}"),
        ("DELETE", f"/webhooks/{ID}"),
        ("POST", f"/webhooks/{ID}/rotate"),
        ("POST", f"/webhooks/{ID}/test"),
        ("POST", "/webhooks/..%2f/test"),
    ):
        answer = await front.ask(method, path, {"enabled": True} if method == "PATCH" else None)
        assert answer.status_code == 404, path
        bodies.add(answer.json()["code"])
    for path in (f"/deliveries/{ID}", f"/deliveries/{ID}/attempts", "/deliveries/nope"):
        assert (await front.ask("GET", path)).status_code == 404
    for body in ({"ids": [ID]},):
        assert (await front.ask("POST", "/deliveries/send-again", body)).status_code == 404
    assert (await front.ask("POST", f"/deliveries/{ID}/send-again")).status_code == 404
    assert bodies == {"not_found"}
    assert not any(asked[0] == "send_again" for asked in front.registry.asked)


async def test_the_merchant_is_that_of_the_header_and_demo_without_one(front: Front) -> None:
    await front.ask("GET", "/webhooks")
    await front.ask("GET", "/webhooks", X_Merchant_Id="acme")
    assert [asked[1] for asked in front.registry.asked] == ["demo", "acme"]
    assert (await front.ask("GET", "/webhooks", X_Merchant_Id="Not One")).status_code == 400
    unknown = await front.ask("POST", "/webhooks", GOOD, X_Merchant_Id="acme")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "unknown_merchant")


async def test_whk_04_nothing_goes_to_an_endpoint_that_is_not_enabled(front: Front) -> None:
    answer = await front.ask("POST", f"/deliveries/{ID}/send-again")
    assert (answer.status_code, answer.json()["code"]) == (409, "webhook_disabled")


async def test_whk_04_a_range_is_sent_again(front: Front) -> None:
    answer = await front.ask(
        "POST", "/deliveries/send-again", {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"}
    )
    assert (answer.status_code, answer.json()) == (202, {"count": 1, "ids": [ID]})


@pytest.mark.parametrize(
    "query",
    [
        "nope=1", "status=lost", "type=payout.paid", "payout_id='", "batch_id=1", "webhook_id=..", "created_after=2026", "limit=0", "limit=501",
        "limit=%D9%A3", "cursor=x", "created_before=%00",
    ],
)  # fmt: skip
async def test_bad_filters_are_400_and_name_the_parameter(front: Front, query: str) -> None:
    answer = await front.ask("GET", f"/deliveries?{query}")
    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert answer.json()["errors"][0]["pointer"] == f"query/{query.partition('=')[0]}"


def test_values_of_filters_never_enter_the_sql() -> None:
    conditions, arguments = filters(
        "acme", {"payout_id": ID, "status": "failed,pending", "cursor": ID, "created_after": "2026-01-01T00:00:00Z"}
    )
    assert not any(ID in condition or "acme" in condition for condition in conditions)
    assert arguments == ["acme", f"payout:{ID}", ["failed", "pending"], ID, NOW]


@pytest.mark.parametrize("profile", ["production", "test"])
def test_sec_09_outside_development_this_machine_and_plain_http_are_refused(profile: str) -> None:
    from runtime.settings import RefusedStartError

    assert WebhooksSettings().plain is True  # type: ignore[call-arg]
    settings = WebhooksSettings(PAYFLOW_PROFILE=profile, WEBHOOKS_ALLOW_LOOPBACK=True)  # type: ignore[call-arg]
    assert settings.plain is False
    with pytest.raises(RefusedStartError, match="WEBHOOKS_ALLOW_LOOPBACK"):
        settings.check()
    with pytest.raises(RefusedStartError, match="must differ"):
        WebhooksSettings(WEBHOOKS_SCHEMA="payflow").check()  # type: ignore[call-arg]


async def test_aud_01_every_change_is_made_in_the_name_of_who_asks(front: Front) -> None:
    asked = (
        ("POST", "/webhooks", GOOD),
        ("PATCH", f"/webhooks/{ID}", {"enabled": False}),
        ("POST", f"/webhooks/{ID}/rotate", None),
        ("POST", "/webhooks/test", GOOD),
        ("POST", f"/webhooks/{ID}/test", None),
        ("DELETE", f"/webhooks/{ID}", None),
    )
    by = encode(Principal(kind="key", id="k1"))
    for method, path, body in asked:
        answer = await front.ask(method, path, body, **{PRINCIPAL_HEADER: by})
        assert answer.status_code < 300, (path, answer.text)
    assert front.registry.actors == ["key:k1"] * len(asked)
    await front.ask("POST", "/webhooks", GOOD)
    assert front.registry.actors[-1] == "open:development", "open mode: nobody else comes in without a principal"
    broken = await front.ask("POST", "/webhooks", GOOD, **{PRINCIPAL_HEADER: "rubbish"})
    assert (broken.status_code, broken.json()["code"]) == (401, "unauthorized")
