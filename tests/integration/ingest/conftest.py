"""One running ingest with its neighbours for all tests of this folder, on the session's stores; another one that outages are tried on."""

from collections.abc import Iterator

import pytest

from deploy.local.kafka import LocalKafka
from tests.integration.own_log import own_log
from tests.support.ingest_stack import PARTITIONS, IngestStack
from tests.support.stores import own_database


@pytest.fixture(scope="package")
def database(database_url: str) -> Iterator[str]:
    with own_database(database_url) as url:
        yield url


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory, kafka_bootstrap: str, database: str) -> Iterator[IngestStack]:
    folder = tmp_path_factory.mktemp("ingest")
    with own_log(kafka_bootstrap, PARTITIONS) as log, IngestStack(folder, log, database) as running:
        yield running


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    """A local broker of its own, never the session's: the tests that take it stop it."""
    with LocalKafka(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture(scope="module")
def stack_on_own_broker(
    tmp_path_factory: pytest.TempPathFactory, broker: LocalKafka, database: str
) -> Iterator[IngestStack]:
    """Ingest on the broker that a test stops."""
    folder = tmp_path_factory.mktemp("ingest_outage")
    with own_log(broker.bootstrap, PARTITIONS) as log, IngestStack(folder, log, database) as running:
        yield running
