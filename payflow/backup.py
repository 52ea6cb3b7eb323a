"""`payflow backup DIR`: the database and the log, as files (RUN-26).

Of the database the views (stored idempotency answers and positions with them) and what is no function of the log (files, drafts, webhooks,
keys, people, audit), in one snapshot. Owns the order that makes the parts fit: offsets of the inbox groups first, then the database, then
events, then the other topics. So no part names what a later one lacks: nothing stands behind the end of the events, every event has its
command, and an inbox record whose offset was not yet committed is at worst read twice. What it made then is there already, under the id
that follows from the record, however old the backup is; what was refused is judged anew once its key has expired. Everything may run
meanwhile.
"""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import psycopg
import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from payflow import own_copy
from payflow.log_dump import ASK_SECONDS, BackupError, Dumped, dump
from payflow.own_copy import CopiedSchema
from payflow.own_schemas import OwnSchema, own_schemas
from payflow.views_copy import CopiedViews, copy_out
from runtime.clock import SystemClock
from runtime.event_log import connection
from runtime.settings import RefusedStartError, ServiceSettings, load, refuse
from schemas.topics import COMMANDS, DEAD_LETTERS, EVENTS, INBOX_PREFIX, REPLIES
from services.ingest.inbox.transaction import group_of
from services.projector.wiring import check_schema

FORMAT = 2
"""1 had the views alone of the database."""
MANIFEST = "manifest.json"
INBOX_ROLE = "inbox."
ROLES = {"events": EVENTS, "commands": COMMANDS, "dead-letters": DEAD_LETTERS, "replies": REPLIES}
"""What a topic is for, in the order of the backup; its name may be another one where it is restored."""


class Manifest(msgspec.Struct):
    """What a backup holds. `topics` maps a role to its partitions, `inbox_offsets` an upstream to its group's."""

    format: int
    made_at: int
    partitions: int
    views: CopiedViews
    topics: dict[str, dict[str, Dumped]]
    inbox_offsets: dict[str, dict[str, int]]
    own: dict[str, CopiedSchema] = {}
    """By role; empty in format 1."""


def backup(
    settings: ServiceSettings, folder: Path, upstreams: Sequence[str] | None = None, own: Sequence[OwnSchema] | None = None
) -> Manifest:
    """Write a backup into a folder that does not exist yet; inboxes and own schemas are by default all there are.

    Raises BackupError, psycopg.OperationalError, KafkaError, OSError. What was begun and not finished is called `<folder>.partial`.
    """
    if folder.exists():
        raise BackupError(f"{folder} is there already: a backup goes into a new folder")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True, mode=0o700)
    own = own_schemas(settings) if own is None else own
    for part in ("views", "log", *(schema.role for schema in own)):
        (partial / part).mkdir()
    manifest = asyncio.run(_write(settings, partial, upstreams, own))
    (partial / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))
    _sync(partial)
    partial.rename(folder)
    return manifest


async def _write(
    settings: ServiceSettings, partial: Path, upstreams: Sequence[str] | None, own: Sequence[OwnSchema]
) -> Manifest:
    upstreams = await _upstreams(settings) if upstreams is None else upstreams
    inbox_offsets = {upstream: await _committed(settings, upstream) for upstream in upstreams}
    views, copied = await asyncio.to_thread(_copy_database, settings, partial, own)
    names = {role: topic.name for role, topic in ROLES.items()}
    names |= {INBOX_ROLE + upstream: INBOX_PREFIX + upstream for upstream in upstreams}
    topics = {role: await _dump_topic(settings, partial / "log", role, name) for role, name in names.items()}
    now = SystemClock().now_ms()
    return Manifest(FORMAT, now, settings.kafka_partitions, views, topics, inbox_offsets, copied)


def _copy_database(
    settings: ServiceSettings, folder: Path, own: Sequence[OwnSchema]
) -> tuple[CopiedViews, dict[str, CopiedSchema]]:
    """One snapshot of all of it."""
    options = f"-c search_path={settings.projection_schema}"
    with psycopg.connect(settings.database_url, options=options, application_name="payflow-backup") as link:
        link.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        link.read_only = True
        views = copy_out(link, folder / "views")
        return views, {schema.role: own_copy.copy_out(link, folder / schema.role, schema) for schema in own}


async def _upstreams(settings: ServiceSettings) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        found = await admin.list_topics()
    finally:
        await admin.close()
    return sorted(name.removeprefix(INBOX_PREFIX) for name in found if name.startswith(INBOX_PREFIX))


async def _committed(settings: ServiceSettings, upstream: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        places = [TopicPartition(INBOX_PREFIX + upstream, partition) for partition in range(settings.kafka_partitions)]
        found = await admin.list_consumer_group_offsets(group_of(upstream), partitions=places)
    finally:
        await admin.close()
    return {str(place.partition): known.offset for place, known in found.items() if known.offset >= 0}


async def _dump_topic(settings: ServiceSettings, folder: Path, role: str, name: str) -> dict[str, Dumped]:
    dumped: dict[str, Dumped] = {}
    consumer: AIOKafkaConsumer = connection.reader(settings.kafka_bootstrap_servers)
    await asyncio.wait_for(consumer.start(), ASK_SECONDS)
    try:
        for partition in range(settings.kafka_partitions):
            place = TopicPartition(name, partition)
            dumped[str(partition)] = await dump(consumer, place, log_file(folder, role, partition))
    finally:
        await consumer.stop()
    return dumped


def log_file(folder: Path, role: str, partition: int | str) -> Path:
    """Where a partition's records stand."""
    return folder / f"{role}.{partition}.jsonl.gz"


def _sync(folder: Path) -> None:
    """Durable before it gets its name."""
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def lines(manifest: Manifest) -> list[str]:
    """What was written."""
    told = [f"{'part':<28} {'records':>12}"]
    told += [f"{name:<28} {table.rows:>12,}" for name, table in manifest.views.tables.items()]
    told += [
        f"{f'{role}.{name}':<28} {table.rows:>12,}"
        for role, schema in manifest.own.items()
        for name, table in schema.tables.items()
    ]
    told += [f"{role:<28} {sum(part.records for part in parts.values()):>12,}" for role, parts in manifest.topics.items()]
    stand = ", ".join(f"{partition}@{offset}" for partition, (offset, _) in sorted(manifest.views.positions.items()))
    return [*told, f"the views stand at {stand or 'no offset'}"]


def command(folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that does not exist yet.")]) -> None:
    """Write database and log into a new folder while everything runs. It holds personal data and secrets: keep it as you keep keys."""
    try:
        settings = load(ServiceSettings)
        check_schema(settings)
        manifest = backup(settings, folder)
    except (RefusedStartError, BackupError) as error:
        refuse("backup", error)
    except (psycopg.OperationalError, KafkaError, OSError, TimeoutError) as error:
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        refuse("backup", RefusedStartError(f"it was not finished ({what}): see that broker, database and disk are there"))
    for line in lines(manifest):
        typer.echo(line)
