"""What the feed, the operation's routes and timelines read of real views (LIV-03, LIF-18, TML-01)."""

from collections import Counter
from typing import Any

import pytest

from services.gateway.store import ALL, Store
from services.gateway.timelines import batch as batch_story
from services.gateway.timelines import payout as payout_story
from services.gateway.timelines import reads as module
from services.gateway.timelines.reads import Reads
from tests.integration.projector.views import PARTITION, Views
from tests.support.event_story import EventStory, everything
from tests.unit.projector.test_batch_moves import facts_of

SEED = 3


@pytest.fixture
async def story(views: Views) -> EventStory:
    """Every fact of the language, projected."""
    told = everything(SEED)
    await views.project(told.records, 7)
    return told


@pytest.fixture
async def store(views: Views) -> Any:
    """The gateway's store over the same schema."""
    found = Store(views.url, views.schema)
    await found.open()
    yield found
    await found.close()


async def test_liv_03_all_merchants_changes_of_a_partition_are_read_in_the_order_of_the_log(
    story: EventStory, store: Store, views: Views
) -> None:
    stands = await store.position(PARTITION)
    assert await store.positions() == {PARTITION: stands}
    found = await store.changes_between((PARTITION, 0, 0), stands, {"payouts": [ALL]}, 100_000)
    places = [(row["offset"], row["idx"]) for row in found]
    assert places == sorted(set(places))
    assert len(found) == views.rows("SELECT count(*) AS n FROM payout_changes")[0]["n"]
    assert {"provider", "created_at", "amount_minor"} <= found[0].keys()
    one = found[0]["merchant_id"]
    of_one = await store.changes_between((PARTITION, 0, 0), stands, {"payouts": [one]}, 100_000)
    assert of_one == [row for row in found if row["merchant_id"] == one]


async def test_the_operation_adds_up_to_the_rows(story: EventStory, store: Store, views: Views) -> None:
    unfinished = "('pending', 'processing', 'requires_action')"
    rows = views.rows(f"SELECT provider, status, reason, currency, amount_minor FROM payouts WHERE status IN {unfinished}")
    counted = Counter((row["provider"], row["status"], row["reason"], row["currency"]) for row in rows)
    found = await store.unfinished()
    assert {(row["provider"], row["status"], row["reason"], row["currency"]): row["count"] for row in found} == counted
    assert sum(int(row["amount_minor"]) for row in found) == sum(row["amount_minor"] for row in rows)
    held = views.rows("SELECT account, currency, balance_minor FROM balances WHERE account LIKE 'clearing:%%'")
    assert sum(int(row["amount_minor"]) for row in await store.cleared()) == sum(row["balance_minor"] for row in held)


async def test_lif_18_a_batchs_moves_are_those_of_the_log(story: EventStory, store: Store) -> None:
    wanted: dict[str, list[int]] = {}
    for offset, record in story.records:
        for fact in facts_of(record):
            wanted.setdefault(fact.batch_id, []).append(offset)
    reads = Reads(store, None)
    assert wanted
    for batch_id, offsets in wanted.items():
        moves = await reads.moves_of(batch_id)
        assert [row["offset"] for row in moves] == offsets
        assert next(iter(batch_story.history(moves)))["to"] == "open"
        milestones = await reads.milestones(batch_id)
        told = batch_story.entries(
            moves, milestones, sum(row["row_count"] or 0 for row in moves if row["first_row"] and row["phase"] == "open")
        )
        assert told[0]["title"] == "Opened"


async def test_lif_18_of_very_many_moves_the_first_and_the_newest_are_there(
    story: EventStory, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a batch of a million rows would not say that it was released, nor one that was funded in many parts that it was stopped."""
    batch_ids = {fact.batch_id for _, record in story.records for fact in facts_of(record)}
    whole = [await Reads(store, None).moves_of(batch_id) for batch_id in sorted(batch_ids)]
    monkeypatch.setattr(module, "MOVES_MAX", 2)
    monkeypatch.setattr(module, "NEWEST_MOVES", 1)
    cut = [await Reads(store, None).moves_of(batch_id) for batch_id in sorted(batch_ids)]
    assert cut == [[*moves[:2], *moves[max(2, len(moves) - 1) :]] for moves in whole]
    assert max(map(len, whole)) > 3


async def test_tml_01_every_payouts_story_is_whole(story: EventStory, store: Store, views: Views) -> None:
    reads = Reads(store, None)
    kinds: Counter[str] = Counter()
    for found in views.rows("SELECT id::text, merchant_id FROM payouts"):
        row, changes = await store.payout(found["id"]), await store.changes_of(found["id"])
        assert row is not None
        assert payout_story.without_gap(row["version"], changes)
        legs = await reads.entries(PARTITION, [change["offset"] for change in changes], row["merchant_id"])
        told = payout_story.entries(row, changes, legs, [], [])
        assert told[0]["kind"] == "request"
        kinds.update(entry["kind"] for entry in told)
    assert {"request", "state", "provider_call", "provider_answer", "posting"} <= kinds.keys()
    assert await reads.acts("payout:none") is None
