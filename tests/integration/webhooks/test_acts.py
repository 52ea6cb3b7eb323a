"""Every change of an endpoint and its act are one transaction; each act reaches the trail once (AUD-01)."""

import pytest

from domain.webhooks.requests import EndpointChange, EndpointRequest, Selection
from domain.webhooks.signing import secret_of
from runtime.ids import mint, mint_key
from services.webhooks.act_book import ActBook
from services.webhooks.registry import EndpointExistsError
from tests.integration.webhooks.ground import Ground
from tests.integration.webhooks.test_queue import finish, take, written


async def acts(here: Ground) -> list[tuple[str, str, str]]:
    """Actor, action and subject of each, oldest first."""
    return [(act.actor, act.action, act.subject) for act in await ActBook(here.database).waiting(100)]


async def test_who_changed_an_endpoint_is_told_with_the_change(here: Ground) -> None:
    mine, url = here.registry.by("key:k1"), "https://a.example/token-1"
    made = (await mine.create("acme", mint(), EndpointRequest(url=url, types=()), secret_of(mint_key()), here.now))["id"]
    await mine.change("acme", made, EndpointChange(url="https://b.example/"), here.now + 1)
    await mine.change("acme", made, EndpointChange(url="https://b.example/"), here.now + 2)
    await here.registry.by("person:p1").rotate("acme", made, secret_of(mint_key()), here.now + 3)
    await mine.tested("acme", made, url, here.now + 4)
    await mine.delete("acme", made, here.now + 5)
    names = ("created", "changed", "secret_rotated", "tested", "deleted")
    told = [("person:p1" if name == "secret_rotated" else "key:k1", f"webhook.{name}", f"webhook:{made}") for name in names]
    assert await acts(here) == told, "the second, equal change is no act"
    whole = await ActBook(here.database).waiting(100)
    assert whole[1].detail == {
        "fields": ["url"],
        "before": {"host": "a.example"},
        "after": {"host": "b.example"},
    }
    assert "token-1" not in str(whole)
    assert "whsec_" not in str(whole)
    await ActBook(here.database).forget(whole[:2])
    assert await ActBook(here.database).count() == 3


async def test_what_does_not_happen_is_no_act(here: Ground) -> None:
    endpoint = await here.endpoint("acme", "https://a.example/")
    await here.endpoint("acme", "https://b.example/")
    before = await acts(here)
    with pytest.raises(EndpointExistsError):
        await here.endpoint("acme", "https://a.example/")
    with pytest.raises(EndpointExistsError):
        await here.registry.change("acme", endpoint, EndpointChange(url="https://b.example/"), here.now)
    assert await here.registry.change("zebra", endpoint, EndpointChange(enabled=False), here.now) is None
    assert not await here.registry.delete("zebra", endpoint, here.now)
    assert await here.registry.send_again("zebra", Selection(ids=(mint(),)), here.now) == []
    assert await acts(here) == before


async def test_an_endpoint_that_is_disabled_by_its_answers_is_an_act_of_the_service(here: Ground) -> None:
    endpoint = await written(here)
    taken = await take(here, endpoint, 1)
    await finish(here, taken, endpoint, 410)
    assert (await acts(here))[-1] == ("service:webhooks", "webhook.disabled", f"webhook:{endpoint}")


async def test_sending_again_is_told_with_how_many(here: Ground) -> None:
    endpoint = await written(here)
    taken = await take(here, endpoint, 5)
    await finish(here, taken, endpoint)
    chosen = Selection(start=0, end=here.now * 2, webhook_id=endpoint, statuses=("delivered",))
    sent = await here.registry.by("key:k1").send_again("acme", chosen, here.now)
    last = (await ActBook(here.database).waiting(100))[-1]
    assert (last.actor, last.action, last.detail["count"]) == ("key:k1", "deliveries.sent_again", len(sent))
