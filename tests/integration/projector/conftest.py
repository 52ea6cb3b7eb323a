"""A database of the session's Postgres for all tests of this folder, a schema for each test, and a fresh log for those that need one."""

import uuid
from collections.abc import Iterator

import pytest

from deploy.local.postgres import LocalPostgres
from services.projector import schema
from tests.integration.own_log import OwnLog, own_log
from tests.integration.projector.views import PARTITIONS, Views
from tests.support.stores import own_database


@pytest.fixture(scope="package")
def database(database_url: str) -> Iterator[str]:
    """Of its own, because notifications and advisory locks reach through a whole database."""
    with own_database(database_url) as url:
        yield url


@pytest.fixture
def kafka(kafka_bootstrap: str) -> Iterator[OwnLog]:
    """A fresh log for each test: the projector takes all of it."""
    with own_log(kafka_bootstrap, PARTITIONS) as log:
        yield log


@pytest.fixture
def own_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    """A local server of its own, never the session's: the test that takes it stops it."""
    folder = tmp_path_factory.mktemp("own_postgres")
    folder.parent.chmod(0o755)
    with LocalPostgres(folder) as server:
        yield server


@pytest.fixture
def views(database: str) -> Views:
    """Empty, migrated views."""
    return migrated(database)


@pytest.fixture
def other_views(database: str) -> Views:
    """A second schema, to compare with."""
    return migrated(database)


def migrated(url: str) -> Views:
    """Views under a random name, because it also names the projector's group on the broker."""
    name = f"views_{uuid.uuid4().hex[:8]}"
    schema.REVISIONS.upgrade(url, name)
    return Views(url, name)
