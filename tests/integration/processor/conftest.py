"""A migrated database, topics of one partition count, and the processor as a process of its own."""

import asyncio
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.local import processes
from deploy.local.kafka import LocalKafka
from payflow.topics import TopicSettings, apply_topics
from services.projector import schema

PARTITIONS = 2


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[LocalKafka]:
    """A broker of its own: these tests own all offsets of the topics."""
    with LocalKafka(tmp_path / "kafka") as running:
        settings = TopicSettings(kafka_bootstrap_servers=running.bootstrap, kafka_partitions=PARTITIONS)
        asyncio.run(apply_topics(settings))
        yield running


@pytest.fixture
def environ(broker: LocalKafka, database_url: str) -> dict[str, str]:
    """The environment of services on this broker and a fresh schema."""
    name = f"processor_{uuid.uuid4().hex[:8]}"
    schema.upgrade(database_url, name)
    return {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap,
        "KAFKA_PARTITIONS": str(PARTITIONS),
        "DATABASE_URL": database_url,
        "PROJECTION_SCHEMA": name,
        "PROCESSOR_METRICS_PORT": "0",
    }


@pytest.fixture
def launch(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts processors; all are gone afterwards."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "services.processor"]
        started.append(processes.start(command, log=tmp_path / "processor.log", env=environ))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        processes.stop(process)
