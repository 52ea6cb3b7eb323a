"""What a single request waits for at the database: round trips, counted at its door."""

from types import SimpleNamespace
from typing import Any

from domain.book import Book
from runtime.ids import mint
from schemas.commands import RequestPayout
from schemas.forms import PayoutForm
from services.processor.ports import Lacking
from services.processor.views import SqlProjection
from services.processor.wiring import pool
from services.projector.store import Store
from tests.integration.projector.views import PARTITION, Views, transactions
from tests.support.event_story import EventStory
from tests.support.turns import Turns

TIMES = 8
"""A statement is prepared at its sixth time."""
BEGIN_ROWS_COMMIT = 3


async def test_all_that_a_poll_lacks_is_asked_at_once_with_where_the_views_stand(views: Views) -> None:
    async with Turns(views.url).open() as turns:
        settings: Any = SimpleNamespace(projection_schema=views.schema, database_url=turns.url)
        async with pool(settings) as links:
            projection = SqlProjection(links)
            await projection.position(PARTITION)
            for _ in range(TIMES):
                pairs, before = {("m", mint())}, turns.count
                assert await projection.fill(Book(), Lacking({mint()}, set(), pairs, pairs, pairs), PARTITION) == 0
                assert turns.count - before == 1


async def test_a_single_payout_is_in_the_views_after_three_round_trips(views: Views) -> None:
    story = EventStory()
    story.open("acme", 10_000)
    form = PayoutForm(amount_minor=1, currency="USD", recipient={"type": "mobile_money", "msisdn": "+256772000001"})
    opened = len(story.records)
    for number in range(TIMES):
        story.tell("acme", RequestPayout(payout_id=story.mint(), form=form), key=f"key {number}")
    async with Turns(views.url).open() as turns:
        store = Store(turns.url, views.schema)
        try:
            for number, changes in enumerate(await transactions(store, story.records, 1)):
                before = turns.count
                await store.apply(changes)
                assert number < opened or turns.count - before == BEGIN_ROWS_COMMIT
        finally:
            await store.close()
    assert len(views.rows("SELECT id FROM payouts")) == TIMES
