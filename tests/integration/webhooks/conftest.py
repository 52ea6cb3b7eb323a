"""A database of the session's Postgres, fresh schemas for each test, and a fresh log for those that need one."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.integration.own_log import OwnLog, own_log
from tests.integration.projector.views import PARTITIONS
from tests.integration.webhooks.ground import Ground, ground
from tests.support.stores import own_database


@pytest.fixture(scope="package")
def database(database_url: str) -> Iterator[str]:
    with own_database(database_url) as url:
        yield url


@pytest.fixture
def kafka(kafka_bootstrap: str) -> Iterator[OwnLog]:
    with own_log(kafka_bootstrap, PARTITIONS) as log:
        yield log


@pytest.fixture
async def here(database: str) -> AsyncIterator[Ground]:
    async with ground(database) as stand:
        yield stand
