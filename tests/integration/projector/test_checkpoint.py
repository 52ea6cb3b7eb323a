"""What a writer loads from the views is what it would have, had it folded the whole log: also who waits for funds, and where (BAT-10)."""

import pytest
from psycopg_pool import AsyncConnectionPool

from domain.book import Book
from domain.payout.queues import rows_in_queue
from domain.payout.state import UNFINISHED
from services.processor.checkpoint import Checkpoint, load
from tests.integration.projector.views import PARTITION, Views
from tests.support.event_story import everything
from tests.support.given import places_of


async def loaded(views: Views) -> Checkpoint:
    options = {"options": f"-c search_path={views.schema}"}
    async with AsyncConnectionPool(views.url, kwargs=options, min_size=1, max_size=1) as pool:
        return await load(pool, PARTITION)


def _states(book: Book) -> dict[str, tuple[object, ...]]:
    """Those that have not ended; their texts are stored without what SQL does not take."""
    payouts = [payout for payout in book.payouts.values() if payout.status in UNFINISHED]
    return {p.id: (p.version, p.status, p.reason, p.due_at, p.amount_minor, p.currency, p.updated_at) for p in payouts}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("per_transaction", [1, 7, 10_000])
async def test_a_checkpoint_is_the_book_of_the_log(seed: int, per_transaction: int, views: Views) -> None:
    story = everything(seed)
    await views.project(story.records, per_transaction)
    book = (await loaded(views)).book
    assert places_of(book) == places_of(story.book)
    assert _states(book) == _states(story.book)
    assert {batch.id: (batch.version, batch.refused_rows) for batch in book.batches.values()} == {
        batch_id: (story.book.batches[batch_id].version, story.book.batches[batch_id].refused_rows)
        for batch_id in book.batches
    }
    assert {at: amount for at, amount in book.balances.items() if amount} == {
        at: amount for at, amount in story.book.balances.items() if amount
    }
    told = {row["id"]: row["waiting_rows"] for row in views.rows("SELECT id::text, waiting_rows FROM batches")}
    assert told == {batch.id: rows_in_queue(story.book, batch) for batch in story.book.batches.values()}
