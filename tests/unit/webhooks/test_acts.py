"""What the audit trail is told of webhooks, and how it gets there while it is away (AUD-01, SEC-08)."""

from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
from aiohttp import web

from domain.webhooks.acts import Act, changed, host_of, told
from runtime import metrics
from runtime.ids import mint
from runtime.inner_door import SECRET_HEADER
from services.identity.asking import BODY_BYTES_MAX
from services.identity.internal_routes import Acts
from services.webhooks.trail_teller import AT_ONCE, NotTakenError, TrailTeller

ROW = {
    "id": mint(),
    "merchant_id": "demo",
    "url": "https://hooks.example/secret-path?token=1234567",
    "description": "Canaria Quartzbird",
    "types": ["payout.*"],
    "status": "enabled",
    "disabled_reason": None,
}


def test_of_an_address_only_the_host_is_told_and_of_a_description_nothing() -> None:
    after = {**ROW, "url": "https://evil.example:8443/x", "description": "+256772990113", "types": []}
    found = changed(ROW, after)
    assert found == {
        "fields": ["url", "description", "types"],
        "before": {"host": "hooks.example", "types": ["payout.*"]},
        "after": {"host": "evil.example", "types": []},
    }
    assert changed(ROW, dict(ROW)) is None, "what changes nothing is no act"
    assert told(ROW) == {"host": "hooks.example", "types": ["payout.*"], "status": "enabled", "disabled_reason": None}
    assert host_of("https://256772990113.example/") == "[removed].example"


def act(**more: Any) -> Act:
    detail = changed(ROW, {**ROW, "status": "disabled"}) or {}
    found = Act(
        id=mint(), at=1, actor="key:k", action="webhook.changed", subject="webhook:x", merchant_id="demo", detail=detail
    )
    return msgspec.structs.replace(found, **more)


class MemoryBook:
    """What the teller asks of services.webhooks.act_book.ActBook."""

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)

    async def waiting(self, limit: int) -> list[Act]:
        return self.acts[:limit]

    async def forget(self, acts: list[Act]) -> None:
        self.acts = [one for one in self.acts if one not in acts]

    async def count(self) -> int:
        return len(self.acts)


class Identity:
    """Takes acts, or answers as it is told to."""

    def __init__(self, statuses: Iterator[int]) -> None:
        self.statuses, self.got, self.headers, self.sizes = statuses, list[Any](), list[Any](), list[int]()

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        status = next(self.statuses)
        self.headers.append(request.headers.get(SECRET_HEADER))
        self.sizes.append(len(body))
        if status == 204:
            self.got += msgspec.json.decode(body, type=Acts).acts
        return web.Response(status=status)


@asynccontextmanager
async def served(*statuses: int) -> Any:
    identity = Identity(iter(statuses))
    app = web.Application()
    app.router.add_post("/internal/acts", identity.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield identity, f"http://127.0.0.1:{port}/"
    finally:
        await runner.cleanup()


async def once(book: Any, url: str) -> int:
    teller = TrailTeller(book, url, "inner")
    async with aiohttp.ClientSession(headers=teller._headers) as session:
        return await teller.once(session)


async def test_acts_are_kept_until_the_trail_has_them() -> None:
    book: Any = MemoryBook(act(), act())
    async with served(503, 401, 204, 204) as (identity, url):
        for status in (503, 401):
            with pytest.raises(NotTakenError, match=str(status)):
                await once(book, url)
        assert (len(book.acts), metrics.ACTS_WAITING._value.get()) == (2, 2)
        assert await once(book, url) == 2
        assert await once(book, url) == 0
        assert (book.acts, metrics.ACTS_WAITING._value.get()) == ([], 0)
        assert (len(identity.got), set(identity.headers)) == (2, {"inner"})


async def test_an_identity_that_is_away_is_no_end() -> None:
    book: Any = MemoryBook(act())
    with pytest.raises(aiohttp.ClientError):
        await once(book, "http://127.0.0.1:9")
    assert len(book.acts) == 1


async def test_as_many_as_go_at_once_fit_into_what_identity_takes() -> None:
    """The longest list of types that an endpoint can have, before and after."""
    from domain.webhooks.kinds import KINDS

    long = sorted({*KINDS, *(f"{kind.split('.')[0]}.*" for kind in KINDS)})
    detail = changed({**ROW, "types": long}, {**ROW, "types": long[1:], "url": "https://" + "a" * 250 + ".x/"}) or {}
    book: Any = MemoryBook(*(act(detail=detail) for _ in range(AT_ONCE + 1)))
    async with served(204, 204) as (identity, url):
        assert await once(book, url) == AT_ONCE
        assert await once(book, url) == 1
        assert max(identity.sizes) < BODY_BYTES_MAX


@pytest.mark.parametrize(
    "bad", [{"actor": "key: k"}, {"actor": "nobody"}, {"action": "x"}, {"merchant_id": "A b"}, {"id": "1"}, {"at": -1}]
)
def test_identity_takes_no_act_of_another_form(bad: dict[str, Any]) -> None:
    whole = msgspec.to_builtins(act())
    assert msgspec.convert({"acts": [whole]}, Acts).acts[0].actor == "key:k"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"acts": [{**whole, **bad}]}, Acts)
