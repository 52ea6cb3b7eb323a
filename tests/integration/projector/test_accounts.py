"""Merchants and saved accounts in a real Postgres, and back into the law's memory (API-27, API-28, IDM-01)."""

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from domain.book import Book
from services.processor import checkpoint
from tests.integration.projector.views import PARTITION, Views
from tests.support.event_story import EventStory, everything


def _plain(book: Book) -> tuple[object, object, object]:
    """What of a book a checkpoint keeps of merchants; Postgres has no U+0000."""

    def stored(value: object) -> str:
        return repr(value).replace("\\x00", "\ufffd")

    accounts = {name: stored(account) for name, account in book.bank_accounts.items()}
    return {name: stored(one) for name, one in book.merchants.items()}, accounts, dict(book.primaries)


@pytest.mark.parametrize("seed", range(4))
async def test_a_checkpoint_knows_merchants_and_accounts_as_the_log_has_them(seed: int, views: Views) -> None:
    story = everything(seed)
    await views.project(story.records, (1, 5, 40, 1000)[seed])
    options = {"options": f"-c search_path={views.schema}", "autocommit": True}
    async with AsyncConnectionPool(views.url, kwargs=options, open=False) as pool:
        loaded = await checkpoint.load(pool, PARTITION)
    assert _plain(loaded.book) == _plain(story.book)
    assert any(account.verification is not None for account in loaded.book.bank_accounts.values())
    assert any(account.closed_at is not None for account in loaded.book.bank_accounts.values())


async def test_the_time_of_the_opening_stays_when_a_merchant_or_an_account_changes(views: Views) -> None:
    story: EventStory = everything(0)
    await views.project(story.records, 1)
    opened = next(record.at for _, record in story.records if record.command_type == "open_merchant")
    added = {
        event.bank_account_id: record.at
        for _, record in story.records
        for event in record.events
        if type(event).__name__ == "BankAccountAdded"
    }
    assert min(row["created_at"] for row in views.rows("SELECT created_at FROM merchants")) == opened
    assert {str(row["id"]): row["created_at"] for row in views.rows("SELECT id, created_at FROM bank_accounts")} == added


async def test_a_version_before_this_one_still_writes_what_it_knows(views: Views) -> None:
    """RUN-06: while versions stand side by side, rows without the new columns are merchants as before."""
    before = (
        "INSERT INTO merchants (id, name, main_currency, active, partition, created_at) VALUES ('m', 'M', 'USD', true, 0, 1)"
    )
    views.execute(before)
    [row] = views.rows("SELECT key_required FROM merchants")
    assert row["key_required"] is False
    with pytest.raises(psycopg.errors.NotNullViolation):
        views.execute("UPDATE merchants SET key_required = NULL")
