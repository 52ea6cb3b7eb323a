"""A database of the session's Postgres for all tests of this folder, and views of a story of four months in schemas of their own."""

from collections.abc import Iterator

import pytest

from tests.integration.archive.months_story import MonthsStory
from tests.integration.projector.conftest import migrated
from tests.integration.projector.views import Views
from tests.support.stores import own_database


@pytest.fixture(scope="package")
def database(database_url: str) -> Iterator[str]:
    with own_database(database_url) as url:
        yield url


@pytest.fixture
def story() -> MonthsStory:
    """January to April, all finished but what the test adds."""
    story = MonthsStory()
    for month in ("2026-01", "2026-02", "2026-03", "2026-04"):
        story.live_through(month)
    return story


@pytest.fixture
async def views(database: str, story: MonthsStory) -> Views:
    views = migrated(database)
    await views.project(story.records, 40)
    return views


@pytest.fixture
async def never_archived(database: str, story: MonthsStory) -> Views:
    """The same story in a schema that no test archives: what a rebuild gives."""
    views = migrated(database)
    await views.project(story.records, 7)
    return views
