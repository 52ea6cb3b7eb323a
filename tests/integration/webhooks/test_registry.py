"""Endpoints, rotation and sending again in SQL; partitions shared by leases (WHK-04, WHK-05)."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from domain.webhooks.requests import EndpointChange, EndpointRequest, Selection
from domain.webhooks.signing import ROTATION_MS, secret_of
from domain.webhooks.tally import BatchMove
from runtime.clock import ManualClock
from runtime.ids import mint, mint_key
from services.webhooks.housekeeping import Housekeeping
from services.webhooks.membership import Membership
from services.webhooks.notebook import Position, Stretch
from services.webhooks.registry import SECRETS_MAX, EndpointExistsError, TooManyError
from tests.integration.projector.views import PARTITION
from tests.integration.webhooks.ground import ENDPOINTS_MAX, Ground, story
from tests.integration.webhooks.test_queue import finish, take, written


async def test_an_address_is_there_once_and_a_merchant_has_a_limit(here: Ground) -> None:
    first = await here.endpoint("acme", "https://a.example/")
    with pytest.raises(EndpointExistsError, match=first):
        await here.endpoint("acme", "https://a.example/")
    await here.endpoint("zebra", "https://a.example/")
    found = await asyncio.gather(
        *(here.endpoint("acme", f"https://a.example/{n}") for n in range(6)), return_exceptions=True
    )
    assert sum(isinstance(one, TooManyError) for one in found) == 6 - (ENDPOINTS_MAX - 1)
    assert await here.registry.delete("acme", first, here.now)
    assert await here.endpoint("acme", "https://a.example/"), "the address is free again"


async def test_sec_06_nothing_of_anothers_is_found_or_changed(here: Ground) -> None:
    endpoint = await written(here)
    delivery = (await here.deliveries(endpoint))[0]["id"]
    assert await here.registry.endpoint("zebra", endpoint) is None
    assert await here.registry.change("zebra", endpoint, EndpointChange(enabled=False), here.now) is None
    assert not await here.registry.delete("zebra", endpoint, here.now)
    assert await here.registry.rotate("zebra", endpoint, secret_of(mint_key()), here.now) is None
    assert await here.registry.delivery("zebra", delivery) is None
    assert await here.registry.known("zebra", [delivery]) == {}
    assert (
        await here.registry.send_again(
            "zebra", Selection(start=0, end=here.now * 2, statuses=("pending", "delivered")), here.now
        )
        == []
    )
    assert (await here.registry.endpoint("acme", endpoint) or {})["status"] == "enabled"


async def test_whk_05_both_secrets_sign_for_24_hours(here: Ground) -> None:
    endpoint = await written(here)
    [old] = await here.registry.secrets(endpoint, here.now)
    new = secret_of(mint_key())
    until = await here.registry.rotate("acme", endpoint, new, here.now)
    assert until == here.now + ROTATION_MS
    assert list((await take(here, endpoint, 1)).secrets) == [new, old]
    assert list((await take(here, endpoint, 1, at=ROTATION_MS - 1)).secrets) == [new, old]
    assert list((await take(here, endpoint, 1, at=ROTATION_MS)).secrets) == [new]


async def test_rotation_has_a_bound_and_never_ends_a_secret_early(here: Ground) -> None:
    endpoint = await here.endpoint("acme")
    for n in range(1, SECRETS_MAX):
        await here.registry.rotate("acme", endpoint, secret_of(mint_key()), here.now + n)
    with pytest.raises(TooManyError):
        await here.registry.rotate("acme", endpoint, secret_of(mint_key()), here.now + 9)
    assert len(await here.registry.secrets(endpoint, here.now + 10)) == SECRETS_MAX


async def test_a_change_keeps_what_it_does_not_name(here: Ground) -> None:
    wanted = EndpointRequest(url="https://a.example/", types=("payout.*",), description="mine")
    made = await here.registry.create("acme", mint(), wanted, secret_of(mint_key()), here.now)
    off = await here.registry.change("acme", made["id"], EndpointChange(enabled=False), here.now + 1)
    assert off is not None
    assert (off["status"], off["disabled_reason"], off["url"], off["types"], off["description"]) == (
        "disabled", "switched_off", "https://a.example/", ["payout.*"], "mine",
    )  # fmt: skip
    on = await here.registry.change("acme", made["id"], EndpointChange(enabled=True, description="", types=()), here.now + 2)
    assert on is not None
    assert (on["status"], on["disabled_reason"], on["description"], on["types"]) == ("enabled", None, None, [])


async def test_whk_04_one_a_selection_and_a_range_are_sent_again_under_their_ids(here: Ground) -> None:
    endpoint = await written(here)
    while (taken := await take(here, endpoint)).letters:
        await finish(here, taken, endpoint)
    rows = await here.deliveries(endpoint)
    assert {row["status"] for row in rows} == {"delivered"}
    one = rows[0]["id"]
    assert await here.registry.send_again("acme", Selection(ids=(one,)), here.now) == [one]
    assert await here.registry.send_again("acme", Selection(ids=(one,)), here.now) == [], "it is on its way"
    again = await take(here, endpoint)
    assert [(letter.id, letter.tries) for letter in again.letters] == [(one, 0)]
    await finish(here, again, endpoint)
    assert [a["number"] for a in await here.registry.attempts(one)] == [1, 2]
    start, end = rows[10]["at"], rows[-1]["at"]
    chosen = Selection(start=start, end=end, webhook_id=endpoint, statuses=("delivered",))
    sent = await here.registry.send_again("acme", chosen, here.now)
    assert set(sent) == {row["id"] for row in rows if start <= row["at"] < end}


async def test_sec_07_a_delivery_that_is_shown_names_no_payee(here: Ground) -> None:
    endpoint = await here.endpoint("acme")
    told = story(1)
    await here.write_down(told.records)
    chosen = next(row for row in await here.deliveries(endpoint) if row["kind"] == "payout.canceled.v1")
    await here.rows("UPDATE deliveries SET own = %s WHERE id = %s", '{"failure_reason": "JANE DOE left"}', chosen["id"])
    unknown = await here.registry.delivery("acme", chosen["id"])
    assert unknown is not None
    assert unknown["own"] == {"failure_reason": None}, "before the views have it, nobody can say what the payee is called"
    await here.project(told.records)
    query = here.database.in_views("UPDATE {views}.payouts SET recipient = %s WHERE id::text = %s")
    await here.rows(query, '{"type": "bank_account", "name": "Jane Doe"}', chosen["subject"].removeprefix("payout:"))
    shown = await here.registry.delivery("acme", chosen["id"])
    assert shown is not None
    assert shown["own"] == {"failure_reason": "[removed] left"}


async def test_a_deleted_endpoint_cancels_what_it_had(here: Ground) -> None:
    endpoint = await written(here)
    await here.registry.delete("acme", endpoint, here.now)
    assert {row["status"] for row in await here.deliveries(endpoint)} == {"canceled"}
    assert (await take(here, endpoint)).url is None
    assert await here.registry.endpoints("acme") == []


async def test_old_deliveries_go_and_pending_ones_stay(here: Ground) -> None:
    endpoint = await written(here)
    taken = await take(here, endpoint, 5)
    await finish(here, taken, endpoint)
    keeper = Housekeeping(here.database, ManualClock(here.now + 30 * 86_400_000 + 1), 30)
    before = len(await here.deliveries(endpoint))
    await keeper.once()
    after = await here.deliveries(endpoint)
    assert len(after) == before - len(taken.letters)
    assert {row["status"] for row in after} == {"pending"}


async def test_what_waits_for_a_disabled_endpoint_raises_no_alert(here: Ground) -> None:
    endpoint = await written(here)
    keeper = Housekeeping(here.database, ManualClock(here.now), 30)
    await keeper.once()
    assert REGISTRY.get_sample_value("payflow_webhooks_pending") == len(await here.deliveries(endpoint)) > 0
    await here.registry.change("acme", endpoint, EndpointChange(enabled=False), here.now)
    await keeper.once()
    assert REGISTRY.get_sample_value("payflow_webhooks_pending") == 0


async def test_tallies_that_ended_go_and_those_of_running_batches_stay(here: Ground) -> None:
    told = story()
    endpoint = await here.endpoint("acme", "http://127.0.0.1:9/", "batch.*")
    await here.write_down(told.records)
    tallies = await here.rows("SELECT batch_id::text, ended_at FROM batch_tallies")
    running = {row["batch_id"] for row in tallies if row["ended_at"] is None}
    assert 0 < len(running) < len(tallies)
    last = max(row["ended_at"] for row in tallies if row["ended_at"] is not None)
    await Housekeeping(here.database, ManualClock(last + 30 * 86_400_000 + 1), 30).once()
    assert {row["batch_id"] for row in await here.rows("SELECT batch_id::text FROM batch_tallies")} == running
    before = await here.deliveries(endpoint)
    stand = await here.notebook.position(PARTITION)
    [gone, *_] = sorted({row["batch_id"] for row in tallies} - running)
    late = BatchMove(batch_id=gone, merchant_id="acme", order=1 << 60, at=last, done=-1)
    after = Position(stand.next_offset + 1, stand.next_source + 1)
    await here.notebook.write(Stretch(partition=PARTITION, before=stand, after=after, parts=[late]), here.now)
    assert {row["batch_id"] for row in await here.rows("SELECT batch_id::text FROM batch_tallies")} == running
    assert await here.deliveries(endpoint) == before


async def test_partitions_are_shared_evenly_and_move_when_one_leaves(here: Ground) -> None:
    def member(name: str) -> Membership:
        async def changed(_owned: frozenset[int]) -> None:
            return None

        return Membership(here.database, name, 8, changed)

    one, two = member("one"), member("two")
    first = asyncio.create_task(one.run())
    await until(lambda: one.owned == frozenset(range(8)))
    second = asyncio.create_task(two.run())
    await until(lambda: len(one.owned) == len(two.owned) == 4, 10)
    assert not one.owned & two.owned
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await until(lambda: two.owned == frozenset(range(8)), 5)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)


async def test_a_frozen_member_loses_its_partitions_by_time(here: Ground) -> None:
    async def changed(_owned: frozenset[int]) -> None:
        return None

    frozen, other = Membership(here.database, "frozen", 8, changed), Membership(here.database, "other", 8, changed)
    await frozen._beat()
    await here.rows("UPDATE leases SET until = clock_timestamp() - interval '1 second'")
    await here.rows("UPDATE members SET until = clock_timestamp() - interval '1 second' WHERE id = 'frozen'")
    await other._beat()
    assert other.owned == frozenset(range(8))
    await frozen._beat()
    assert frozen.owned == frozenset(), "it learns so when it wakes"


async def until(holds: object, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.05)
