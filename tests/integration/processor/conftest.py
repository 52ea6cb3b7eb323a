"""A migrated database, topics of one partition count, and the processor as a process of its own."""

import os
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import processes
from services.projector import schema
from tests.integration import own_log
from tests.integration.own_log import OwnLog
from tests.support.stores import own_database

PARTITIONS = 2


@pytest.fixture
def log(kafka_bootstrap: str) -> Iterator[OwnLog]:
    """A log of its own: these tests own all offsets of the topics."""
    with own_log.own_log(kafka_bootstrap, PARTITIONS) as fresh:
        yield fresh


@pytest.fixture(scope="package")
def database(database_url: str) -> Iterator[str]:
    with own_database(database_url) as url:
        yield url


@pytest.fixture
def environ(log: OwnLog, database: str) -> dict[str, str]:
    """The environment of services on this log and a fresh schema."""
    name = f"processor_{uuid.uuid4().hex[:8]}"
    schema.REVISIONS.upgrade(database, name)
    return {
        **os.environ,
        **log.environ,
        "DATABASE_URL": database,
        "PROJECTION_SCHEMA": name,
        "PROCESSOR_METRICS_PORT": "0",
    }


@pytest.fixture
def launch(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts processors; all are gone afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command, output = own_log.command("services.processor"), tmp_path / "processor.log"
        started.append(processes.start(command, log=output, env=environ, cwd=own_log.ROOT))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        processes.stop(process)
