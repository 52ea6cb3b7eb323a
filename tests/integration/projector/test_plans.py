"""What the deciding side asks of the views goes by an index, whatever is known of the tables' sizes."""

from types import SimpleNamespace
from typing import Any

from domain.book import Book
from runtime.ids import mint
from services.processor.ports import Lacking
from services.processor.views import SqlProjection
from services.processor.wiring import pool
from tests.integration.projector.views import PARTITION, Views

SCANS = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE schemaname = %s AND relname = ANY(%s)"
GROWING = ["payouts", "idempotency_answers", "credits", "archived_references", "batches", "bank_accounts", "merchants"]
TIMES = 8
"""A statement is prepared at its sixth time, and may be planned for good some times later."""
NAMES = 500
"""As many as a chunk of a file names."""


async def _scans(links: Any, views: Views) -> dict[str, int]:
    async with links.connection() as link:
        await link.execute("SELECT pg_stat_force_next_flush()")
    return {row["relname"]: row["seq_scan"] for row in views.rows(SCANS, views.schema, GROWING)}


async def test_bat_15_look_ups_planned_on_small_tables_never_read_whole_tables(views: Views) -> None:
    """They did: planned while the tables were small, each chunk's look-up of its references read all rows that had come in so far."""
    settings: Any = SimpleNamespace(projection_schema=views.schema, database_url=views.url)
    async with pool(settings) as links:
        projection = SqlProjection(links)
        before = await _scans(links, views)
        for _ in range(TIMES):
            pairs = {("m", mint()) for _ in range(NAMES)}
            ids = {mint() for _ in range(NAMES)}
            await projection.fill(Book(), Lacking(ids, ids, pairs, pairs, pairs), PARTITION)
        await projection.load(PARTITION)
        assert await _scans(links, views) == before
        assert before.keys() == set(GROWING)
