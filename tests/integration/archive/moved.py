"""Archiving, and where the rows are then."""

from typing import Any

import psycopg

from services.projector import archive as archiving
from services.projector.archive import Done
from services.projector.months import parse
from tests.integration.archive.months_story import MonthsStory
from tests.integration.projector.views import PARTITION, Views

PER_MONTH = 13
PLACES = ("payouts", "archived_payouts", "payout_changes", "archived_changes")


def archived(views: Views, before: str = "2026-04", **options: Any) -> list[Done]:
    path = f"-c search_path={views.schema}"
    with psycopg.connect(views.url, autocommit=True, options=path) as connection:
        return list(archiving.archive(connection, parse(before), **options))


def counts(views: Views) -> list[int]:
    """Rows of PLACES."""
    return [views.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"] for table in PLACES]


def whole(views: Views) -> list[list[str]]:
    """All payouts and changes, wherever they are."""
    return [
        [row["line"] for row in views.rows(f"SELECT t::text AS line FROM {view} t ORDER BY 1")]
        for view in ("all_payouts", "all_payout_changes")
    ]


async def go_on(views: Views, story: MonthsStory) -> None:
    """Project what the story has told since."""
    stands = views.rows("SELECT next_offset FROM projection_offsets WHERE partition = %s", PARTITION)[0]["next_offset"]
    await views.project([record for record in story.records if record[0] >= stands], 40)
