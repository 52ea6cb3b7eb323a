"""A real Kafka and a real Postgres for tests: from the environment, from containers where Docker can pull, else local ones.

Owns where they come from and a database of a test's own. Others may use the same stores: see own_database and tests.integration.own_log.
"""

import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest

from deploy.local.kafka import LocalKafka
from deploy.local.postgres import LocalPostgres

KAFKA_IMAGE = "apache/kafka:4.1.0"
POSTGRES_IMAGE = "postgres:18"


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Postgres; tests take a database or a schema of their own in it."""
    given = os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if given:
        yield given
    elif docker_can_pull(POSTGRES_IMAGE):
        from testcontainers.community.postgres import PostgresContainer

        with PostgresContainer(POSTGRES_IMAGE, driver=None) as container:
            yield container.get_connection_url()
    else:
        folder = tmp_path_factory.mktemp("postgres")
        folder.parent.chmod(0o755)
        with LocalPostgres(folder) as server:
            yield server.url


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a broker; tests take topics or groups of their own."""
    given = os.environ.get("TEST_KAFKA_BOOTSTRAP_SERVERS") or os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        yield given
    elif docker_can_pull(KAFKA_IMAGE):
        from testcontainers.community.kafka import KafkaContainer

        with KafkaContainer(KAFKA_IMAGE) as container:
            yield container.get_bootstrap_server()
    else:
        with LocalKafka(tmp_path_factory.mktemp("kafka")) as broker:
            yield broker.bootstrap


@contextmanager
def own_database(url: str) -> Iterator[str]:
    """An empty database under a random name beside the one at `url`, whose user may make databases; dropped afterwards."""
    name = f"payflow_{uuid.uuid4().hex[:8]}"
    _administer(url, f"CREATE DATABASE {name}")
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        _administer(url, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def docker_can_pull(image: str) -> bool:
    """Whether a Docker engine answers here and gets the image."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        engine = subprocess.run([docker, "info"], capture_output=True, check=False, timeout=10)
        if engine.returncode:
            return False
        return subprocess.run([docker, "pull", "-q", image], capture_output=True, check=False, timeout=180).returncode == 0
    except subprocess.TimeoutExpired:
        return False
