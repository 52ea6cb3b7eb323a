"""What the log tells is written down once, with the position, whatever is repeated (WHK-01, WHK-02)."""

import asyncio

import psycopg
import pytest

from domain.webhooks.notice import Notice
from services.webhooks import schema
from services.webhooks.follower import stretches_of
from services.webhooks.notebook import DisplacedError
from tests.integration.projector.views import PARTITION
from tests.integration.webhooks.ground import BEGAN, Ground, story, stretch


async def test_every_record_is_told_to_whom_it_concerns_in_order(here: Ground) -> None:
    told = story()
    everything, payouts = (
        await here.endpoint("acme"),
        await here.endpoint("acme", "http://127.0.0.1:9/p", "payout.processing.v1"),
    )
    await here.write_down(told.records)
    rows = await here.deliveries(everything)
    assert {row["kind"].partition(".")[0] for row in rows} == {"payout", "batch", "balance"}
    assert {row["merchant_id"] for row in rows} == {"acme"}
    assert {row["kind"] for row in await here.deliveries(payouts)} == {"payout.processing.v1"}
    by_lane: dict[str, list[int]] = {}
    for row in rows:
        by_lane.setdefault(row["subject"], []).append(row["version"])
    assert all(versions == sorted(versions) for versions in by_lane.values())


async def test_a_batch_tells_each_mark_once(here: Ground) -> None:
    told = story(3)
    endpoint = await here.endpoint("acme", "http://127.0.0.1:9/", "batch.progress.v1")
    await here.write_down(told.records, together=1)
    lanes: dict[str, list[int]] = {}
    for row in await here.deliveries(endpoint):
        import json

        lanes.setdefault(row["subject"], []).append(json.loads(row["own"])["percent"])
    assert lanes
    for marks in lanes.values():
        assert marks == sorted(set(marks))
        assert set(marks) <= {20, 40, 60, 80, 100}


@pytest.mark.parametrize("together", [1, 13, 1000])
async def test_the_same_log_makes_the_same_deliveries_however_it_is_cut(here: Ground, together: int) -> None:
    told = story(2)
    endpoint = await here.endpoint("acme", "http://127.0.0.1:9/", "payout.*", "batch.*")
    await here.write_down(told.records, together=together)
    rows = [(row["subject"], row["kind"], row["version"], row["ord"], row["own"]) for row in await here.deliveries(endpoint)]
    first = await here.endpoint("acme", "http://127.0.0.1:9/again", "payout.*", "batch.*")
    await here.rows("UPDATE positions SET next_offset = 0, next_source = 0")
    await here.rows("DELETE FROM batch_tallies")
    await here.write_down(told.records, together=5)
    again = [(row["subject"], row["kind"], row["version"], row["ord"], row["own"]) for row in await here.deliveries(first)]
    assert rows == again


async def test_a_repeat_or_a_zombie_writes_nothing(here: Ground) -> None:
    told = story().records[:10]
    endpoint = await here.endpoint("acme")
    stand = await here.notebook.position(PARTITION)
    await here.notebook.write(stretch(stand, told), here.now)
    before = await here.deliveries(endpoint)
    for part in (told, told[:3]):
        with pytest.raises(DisplacedError):
            await here.notebook.write(stretch(stand, part), here.now)
    assert await here.deliveries(endpoint) == before


async def test_an_endpoint_that_comes_after_the_telling_and_before_the_writing_is_told_all(here: Ground) -> None:
    told = story().records
    stand = await here.notebook.position(PARTITION)
    assert await here.notebook.heard({"acme", "zebra"}) == set()
    [deaf] = stretches_of(PARTITION, stand, told, set())
    endpoint = await here.endpoint("acme")
    with pytest.raises(DisplacedError):
        await here.notebook.write(deaf, here.now)
    assert await here.notebook.position(PARTITION) == stand
    [hears] = stretches_of(PARTITION, stand, told, await here.notebook.heard({"acme", "zebra"}))
    await here.notebook.write(hears, here.now)
    twin = {part.subject for part in stretch(stand, told).parts if isinstance(part, Notice) and part.merchant_id == "acme"}
    assert twin <= {row["subject"] for row in await here.deliveries(endpoint)}
    assert any(subject.startswith("payout:") for subject in twin)


async def test_of_two_at_once_one_writes(here: Ground) -> None:
    told = story().records[:10]
    await here.endpoint("acme")
    stand = await here.notebook.position(PARTITION)
    found = await asyncio.gather(
        *(here.notebook.write(stretch(stand, told), here.now) for _ in range(4)), return_exceptions=True
    )
    assert sorted(isinstance(one, DisplacedError) for one in found) == [False, True, True, True]


async def test_deliveries_and_position_stand_or_fall_together(here: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.webhooks import notebook

    async def fail(_name: str) -> None:
        raise RuntimeError

    told = story().records[:10]
    endpoint = await here.endpoint("acme")
    stand = await here.notebook.position(PARTITION)
    with monkeypatch.context() as patched:
        patched.setattr(notebook.failpoints, "reach", fail)
        with pytest.raises(RuntimeError):
            await here.notebook.write(stretch(stand, told), here.now)
    assert await here.deliveries(endpoint) == []
    assert await here.notebook.position(PARTITION) == stand


async def test_balances_that_wait_are_renewed_and_those_under_way_are_not(here: Ground) -> None:
    told = story().records
    endpoint = await here.endpoint("acme", "http://127.0.0.1:9/", "balance.*")
    await here.write_down(told[:40], together=1)
    waiting = {row["subject"]: row for row in await here.deliveries(endpoint)}
    assert len(waiting) == len(await here.deliveries(endpoint)), "one per currency"
    taken = await here.queue.take(endpoint, "claim", here.now, limit=9, lease_ms=1000)
    assert {letter.id for letter in taken.letters} == {row["id"] for row in waiting.values()}
    await here.write_down(told[40:], together=1)
    later = await here.deliveries(endpoint)
    assert {row["id"] for row in waiting.values()} < {row["id"] for row in later}
    assert [row["ord"] for row in later if row["id"] in {r["id"] for r in waiting.values()}] == sorted(
        r["ord"] for r in waiting.values()
    )


async def test_an_endpoint_is_told_nothing_from_before_it_was_there(here: Ground) -> None:
    told = story()
    half = told.records[len(told.records) // 2][1].at
    endpoint = await here.endpoint("acme", created_at=half)
    await here.write_down(told.records)
    rows = await here.deliveries(endpoint)
    assert rows
    assert min(row["at"] for row in rows) >= half
    assert half > BEGAN


def test_migrate_is_safe_to_repeat(database: str) -> None:
    schema.REVISIONS.upgrade(database, "twice_webhooks")
    schema.REVISIONS.upgrade(database, "twice_webhooks")
    with psycopg.connect(database, options="-c search_path=twice_webhooks") as link:
        assert schema.REVISIONS.is_current(link)
    with psycopg.connect(database, options="-c search_path=nothing_there") as link:
        assert not schema.REVISIONS.is_current(link)
