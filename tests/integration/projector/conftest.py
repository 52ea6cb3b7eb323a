"""One Postgres for all tests of this folder, and a schema of its own for each test."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.postgres import LocalPostgres
from services.projector import schema
from tests.integration.projector.views import Views

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalPostgres]:
    folder: Path = tmp_path_factory.mktemp("postgres")
    folder.parent.chmod(0o755)
    with LocalPostgres(folder) as server:
        yield server


@pytest.fixture
def views(postgres: LocalPostgres) -> Views:
    """Empty, migrated views."""
    name = f"views_{next(_numbers)}"
    schema.upgrade(postgres.url, name)
    return Views(postgres.url, name)


@pytest.fixture
def other_views(postgres: LocalPostgres) -> Views:
    """A second schema, to compare with."""
    name = f"views_{next(_numbers)}"
    schema.upgrade(postgres.url, name)
    return Views(postgres.url, name)
