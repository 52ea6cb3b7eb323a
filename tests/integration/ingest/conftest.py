"""One running ingest with its neighbours for all tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.support.ingest_stack import IngestStack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IngestStack]:
    folder = tmp_path_factory.mktemp("ingest")
    folder.parent.chmod(0o755)
    with IngestStack(folder) as running:
        yield running
