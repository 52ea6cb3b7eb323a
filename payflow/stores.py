"""The broker and the database of a stack: those that the environment names, else local ones.

Owns which it is, and starting, starting again and stopping what is local. Must not know the services on them.
"""

import subprocess
import time
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from deploy.local.kafka import LocalKafka
from deploy.local.postgres import LocalPostgres
from payflow.supervisor import Child
from runtime.settings import RefusedStartError, ServiceSettings

DATABASE_PARTS = ("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD")


class Stores:
    """start() completes DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS in `environ`; `children` are the local servers, to be watched."""

    def __init__(self, folder: Path, environ: MutableMapping[str, str], say: Callable[[str], None]) -> None:
        """Nothing starts yet; local ones keep their files in `folder`."""
        self.children: dict[str, Child] = {}
        self._folder, self._environ, self._say = folder, environ, say
        self._local: dict[str, LocalKafka | LocalPostgres] = {}

    def start(self) -> None:
        """Start what is not named, and wait for it. Raises RefusedStartError, KafkaUnavailableError, PostgresUnavailableError."""
        given = self._environ.get("DATABASE_URL") or _named_database(self._environ)
        self._environ["DATABASE_URL"] = given or self._start_postgres()
        if not self._environ.get("KAFKA_BOOTSTRAP_SERVERS"):
            self._environ["KAFKA_BOOTSTRAP_SERVERS"] = self._start_kafka()

    def launch(self, name: str) -> None:
        """Start a local one again that died, without waiting for it."""
        self._watch(name, self._local[name].launch(), self.children[name].deaths)

    def stop(self) -> None:
        """End the local ones; a repeat is no error."""
        for store in reversed(self._local.values()):
            store.stop()
        self.children.clear()

    def _start_postgres(self) -> str:
        self._say("starting Postgres")
        postgres = LocalPostgres(self._folder / "postgres")
        self._start("postgres", postgres)
        return postgres.url

    def _start_kafka(self) -> str:
        self._say("starting Kafka (its files are fetched on first use)")
        kafka = LocalKafka(self._folder / "kafka")
        self._start("kafka", kafka)
        return kafka.bootstrap

    def _start(self, name: str, store: LocalKafka | LocalPostgres) -> None:
        self._local[name] = store
        process = store.start().process
        assert process is not None, "start() has waited until it answers"
        self._watch(name, process)

    def _watch(self, name: str, process: "subprocess.Popen[bytes]", deaths: int = 0) -> None:
        self.children[name] = Child(name, process, time.monotonic(), deaths)


def _named_database(environ: MutableMapping[str, str]) -> str:
    """What DB_HOST, DB_NAME and so on say, or nothing (RUN-03). Raises RefusedStartError."""
    parts: dict[str, Any] = {name: environ[name] for name in DATABASE_PARTS if environ.get(name)}
    try:
        return ServiceSettings(DATABASE_URL=None, **parts).database_url if parts else ""
    except ValidationError as error:
        fault = error.errors()[0]
        raise RefusedStartError(f"{fault['loc'][0]} is not usable: {fault['msg']}. Correct it or unset it.") from None
