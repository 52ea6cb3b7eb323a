"""A log of a test's own on a broker that others use too.

Owns the suffix that tells one log from another, lending the suffixed names to this process and to service processes, and that the topics
are made before and gone after. The product fixes its names (topics, groups of processor and rails, the name by which it fences); here they
are changed from outside, so that tests, an end-to-end stack and another session can share a broker. Must not know what is on the topics.

    python -m tests.integration.own_log services.processor    run a module on the log that OWN_LOG_SUFFIX names
"""

import asyncio
import importlib
import os
import runpy
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from msgspec.structs import force_setattr

from payflow.topics import TopicSettings, apply_topics
from runtime.event_log import claim
from schemas.topics import CATALOGUE

ROOT = Path(__file__).parents[2]
VARIABLE = "OWN_LOG_SUFFIX"
FAUST = ("services.processor", "services.processor.rails")

_PLAIN_TOPICS = tuple(topic.name for topic in CATALOGUE)
_plain_transactional_id = claim.transactional_id


@dataclass(frozen=True)
class OwnLog:
    """Where the log is and what tells it from others."""

    bootstrap: str
    partitions: int
    suffix: str

    @property
    def upstream(self) -> str:
        """An upstream whose inbox topic and group nobody else has."""
        return f"erp-{self.suffix}"

    @property
    def environ(self) -> dict[str, str]:
        """What a service process must be told to run on this log, started with command()."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap,
            "KAFKA_PARTITIONS": str(self.partitions),
            VARIABLE: self.suffix,
        }


@contextmanager
def own_log(bootstrap: str, partitions: int) -> Iterator[OwnLog]:
    """Fresh topics; inside the block this process means them by COMMANDS, EVENTS and so on. Blocks may nest: the inner one counts."""
    log = OwnLog(bootstrap, partitions, uuid.uuid4().hex[:8])
    with _names(log.suffix):
        asyncio.run(_make(log))
        try:
            yield log
        finally:
            asyncio.run(_delete(log))


def command(module: str) -> list[str]:
    """How to start a service on the log that its environment names; run it in ROOT."""
    return [sys.executable, "-m", "tests.integration.own_log", module]


@contextmanager
def _names(suffix: str) -> Iterator[None]:
    from payflow import restore  # not for the service processes, which start with this module

    plain = _plain_groups()
    before = [topic.name for topic in CATALOGUE], claim.transactional_id, restore.GROUPS
    _take_names(suffix)
    restore.GROUPS = tuple(f"{group}-{suffix}" for group in plain)
    try:
        yield
    finally:
        names, claim.transactional_id, restore.GROUPS = before
        for topic, name in zip(CATALOGUE, names, strict=True):
            force_setattr(topic, "name", name)


@cache
def _plain_groups() -> tuple[str, ...]:
    """As they are before the first block."""
    from payflow import restore

    return restore.GROUPS


def _take_names(suffix: str) -> None:
    for topic, plain in zip(CATALOGUE, _PLAIN_TOPICS, strict=True):
        force_setattr(topic, "name", f"{plain}.{suffix}")
    claim.transactional_id = lambda partition: f"{_plain_transactional_id(partition)}-{suffix}"


def _take_group(module: str, suffix: str) -> None:
    wiring: Any = importlib.import_module(f"{module}.wiring")
    wiring.GROUP = f"{wiring.GROUP}-{suffix}"


async def _make(log: OwnLog) -> None:
    settings = TopicSettings(
        KAFKA_BOOTSTRAP_SERVERS=log.bootstrap, KAFKA_PARTITIONS=log.partitions, INBOX_UPSTREAMS=log.upstream
    )
    await apply_topics(settings)


async def _delete(log: OwnLog) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=log.bootstrap)
    try:
        await admin.start()
        await admin.delete_topics([name for name in await admin.list_topics() if name.endswith(log.suffix)])
    finally:
        await admin.close()


def main() -> None:
    """Take the names, then be the module that is asked for."""
    module = sys.argv[1]
    suffix = os.environ[VARIABLE]
    _take_names(suffix)
    if module in FAUST:
        _take_group(module, suffix)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
