"""Whoever reads finds an archived payout as if it were hot: the gateway, ingest, the processor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from domain.book import Book
from schemas import commands
from services.gateway.filters import Conditions, Paging, payout_conditions
from services.gateway.store import Store
from services.ingest.store import Store as IngestStore
from services.processor import lookups
from services.processor.checkpoint import load
from services.processor.ports import Lacking
from services.projector import archive as archiving
from tests.integration.archive.months_story import MERCHANT, OTHER, MonthsStory
from tests.integration.archive.moved import PER_MONTH, archived, counts, go_on
from tests.integration.projector.views import PARTITION, Views

FILTERS: tuple[dict[str, str], ...] = (
    {},
    {"status": "failed"},
    {"currency": "USD"},
    {"created_before": "2026-01-01T00:30:00Z"},
)


@asynccontextmanager
async def gateway(views: Views) -> AsyncIterator[Store]:
    store = Store(views.url, views.schema)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def pool_of(views: Views) -> AsyncIterator[Any]:
    options = {"options": f"-c search_path={views.schema}", "autocommit": True}
    async with AsyncConnectionPool(views.url, min_size=1, max_size=2, kwargs=options) as pool:
        yield pool


async def _everything(store: Store, story: MonthsStory) -> dict[str, Any]:
    """All that the API reads of payouts, by every way to cut a list."""
    seen: dict[str, Any] = {}
    for payout in story.book.payouts.values():
        seen[f"payout {payout.id}"] = await store.payout(payout.id)
        seen[f"changes {payout.id}"] = await store.changes_of(payout.id)
        if payout.reference is not None:
            by_reference = payout_conditions({"reference": payout.reference})
            seen[f"reference {payout.id}"] = await store.payouts(by_reference, Paging(limit=5))
    for batch_id in story.book.batches:
        seen[f"rows {batch_id}"] = await _rows(store, batch_id)
    for query in FILTERS:
        conditions = payout_conditions(query)
        seen[f"count {query}"] = await store.count_payouts(conditions)
        seen[f"cursor {query}"] = await _by_cursor(store, conditions, 4)
        seen[f"pages {query}"] = [await store.payouts(conditions, Paging(limit=7, offset=at)) for at in range(0, 60, 7)]
    start, end = (PARTITION, 0, 0), story.records[-1][0] + 1
    seen["feed"] = await store.changes_between(start, end, {"payouts": [MERCHANT, OTHER]}, 10_000)
    seen["feed of a page"] = await store.changes_between((PARTITION, 30, 1), end, {"payouts": [MERCHANT]}, 20)
    return seen


async def _by_cursor(store: Store, conditions: Conditions, limit: int) -> list[str]:
    found: list[str] = []
    while page := await store.payouts(conditions, Paging(limit=limit, by_cursor=True, cursor=found[-1] if found else None)):
        found += [row["id"] for row in page[:limit]]
    return found


async def _rows(store: Store, batch_id: str) -> list[list[Any]]:
    first = await store.rows_of(batch_id, Conditions(), None, 2)
    return [first, await store.rows_of(batch_id, Conditions(), first[1]["id"], 100)]


async def test_the_api_reads_the_same_before_and_after(views: Views, story: MonthsStory) -> None:
    async with gateway(views) as store:
        before = await _everything(store, story)
        assert len(before["cursor {}"]) == 4 * PER_MONTH == before["count {}"]
        archived(views)
        assert counts(views)[1] == 3 * PER_MONTH
        after = await _everything(store, story)
    assert [name for name in before if before[name] != after[name]] == []


async def test_lists_are_in_order_where_hot_months_lie_between_archived_ones(views: Views, story: MonthsStory) -> None:
    """March is archived and February is not, so older payouts are hot than some that are archived."""
    story.begin("2026-02", later=1_000_000)
    story.request()
    await go_on(views, story)
    async with gateway(views) as store:
        before = await _everything(store, story)
        assert [done.moved for done in archived(views)] == [PER_MONTH, 0, PER_MONTH]
        after = await _everything(store, story)
    assert before["cursor {}"] == sorted(before["cursor {}"], reverse=True)
    assert [name for name in before if before[name] != after[name]] == []


async def test_what_goes_later_than_newer_payouts_is_found_as_well(views: Views, story: MonthsStory) -> None:
    """One of January was busy when February and March went: the marks must not go back when it follows."""
    async with gateway(views) as store:
        before = await _everything(store, story)
        with views.connect() as busy:
            busy.execute("SELECT 1 FROM payouts ORDER BY id LIMIT 1 FOR UPDATE")
            assert [done.moved for done in archived(views)] == [PER_MONTH - 1, PER_MONTH, PER_MONTH]
        assert [done.moved for done in archived(views)] == [1]
        after = await _everything(store, story)
    assert [name for name in before if before[name] != after[name]] == []


async def test_whoever_reads_while_rows_move_sees_each_of_them_once(
    views: Views, story: MonthsStory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archiving, "CHUNK", 1)
    start, end = (PARTITION, 0, 0), story.records[-1][0] + 1
    seen: list[tuple[int, int, int]] = []
    async with gateway(views) as store:
        everyone, first = await _by_cursor(store, Conditions(), 4), min(story.book.payouts)
        moving = asyncio.create_task(asyncio.to_thread(archived, views))
        while not moving.done():
            assert await _by_cursor(store, Conditions(), 4) == everyone
            assert await store.payout(first) is not None
            page = await store.payouts(Conditions(), Paging(limit=100))
            changes = await store.changes_between(start, end, {"payouts": [MERCHANT, OTHER]}, 10_000)
            seen.append((len(page), await store.count_payouts(Conditions()), len(changes)))
        await moving
    assert len(set(seen)) == 1
    assert len(seen) > 3


async def test_ingest_knows_whose_an_archived_payout_is_and_how_it_stands(views: Views, story: MonthsStory) -> None:
    first = min(story.book.payouts)
    async with pool_of(views) as pool:
        store = IngestStore(pool)
        before = await store.payout_view(first)
        archived(views)
        assert (await store.payout_view(first), await store.merchant_of_payout(first)) == (before, MERCHANT)
        assert before is not None
        assert await store.merchant_of_payout(story.mint()) is None


async def test_the_processor_fetches_archived_payouts_by_id_and_by_reference(views: Views, story: MonthsStory) -> None:
    """A late answer, a cancel, and a reference that is used again must meet the payout that there was; some references are free again."""
    story.begin("2026-02", later=1_000_000)
    dropped = story.batch(MERCHANT, 3)
    story.tell(MERCHANT, commands.CancelBatch(batch_id=dropped))
    await go_on(views, story)
    everyone = story.book.payouts.values()
    names = {(payout.merchant_id, payout.reference) for payout in everyone if payout.reference is not None}
    lacking = Lacking(set(story.book.payouts) | {story.mint()}, set(), set(), names, set())  # type: ignore[arg-type]
    async with pool_of(views) as pool:
        hot, cold = Book(), Book()
        await lookups.fill(pool, hot, lacking, PARTITION)
        archived(views)
        await lookups.fill(pool, cold, lacking, PARTITION)
        assert (await load(pool, PARTITION)).book.payouts == {}
    assert cold.payouts == hot.payouts == story.book.payouts
    assert cold.references == hot.references
    free = {payout.reference for payout in everyone if payout.status == "rejected" or payout.batch_id == dropped}
    assert len(free) == 8 + 3
    assert {reference for _, reference in cold.references} == {payout.reference for payout in everyone} - free
