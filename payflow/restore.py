"""`payflow restore DIR`: a backup back into an empty log, and into the database (RUN-26).

Owns what is refused before anything is touched: services that still run, topics that are not empty, files that are not whole, views or
webhooks that would stand where this log has no such record. The log comes back with the same offsets, so they fit it and go on from there.
What was live in the database is kept under another name. A backup older than its log is fine: who follows it catches up. Must not delete.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import psycopg
import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    KafkaError,
    NotCoordinatorForGroupError,
    for_code,
)

from payflow import restore_database
from payflow.backup import FORMAT, INBOX_ROLE, MANIFEST, ROLES, Manifest, log_file
from payflow.log_dump import ASK_SECONDS, BackupError, check, records_of
from payflow.log_refill import Refill
from payflow.own_schemas import OwnSchema, own_schemas
from payflow.switch import NotSwitchedError
from payflow.topics import TopicSettings, apply_topics
from runtime.event_log import connection
from runtime.event_log.guard import check_topics
from runtime.settings import RefusedStartError, ServiceSettings, load, refuse
from schemas.topics import INBOX_PREFIX
from services.ingest.inbox.transaction import group_of
from services.projector.settings import ProjectorSettings

DENSE = ("commands",)
GROUPS: tuple[str, ...] = ("payflow-processor", "payflow-rails")
NOT_YET = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)
NEW_BROKER_SECONDS = 60.0
LOOK_SECONDS = 0.5

Part = Literal["log", "database", "views"]
"""`views` is that part of the database which the log can make again; the rest of it stays as it is."""


def read_manifest(folder: Path) -> Manifest:
    """What a backup says of itself. Raises BackupError."""
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise BackupError(f"{folder} is no finished backup: {error}") from error
    if not 1 <= manifest.format <= FORMAT:
        raise BackupError(f"{folder} has format {manifest.format}; this version reads 1 to {FORMAT}")
    return manifest


def restore(
    settings: ServiceSettings,
    folder: Path,
    parts: Sequence[Part] = ("log", "database"),
    own: Sequence[OwnSchema] | None = None,
) -> list[str]:
    """Restore the log, the database, or both; returns what was done and what to look after. Services must be down.

    Raises BackupError, NotSwitchedError, RefusedStartError, psycopg.OperationalError, KafkaError.
    """
    manifest = read_manifest(folder)
    if manifest.partitions != settings.kafka_partitions:
        text = f"the backup has {manifest.partitions} partitions: set KAFKA_PARTITIONS to that, the count never changes"
        raise BackupError(text)
    own = own_schemas(settings) if own is None else own
    asyncio.run(_refuse_running(settings, manifest))
    restore_database.refuse_connected(settings)
    done = []
    if "log" in parts:
        done += asyncio.run(_restore_log(settings, folder / "log", manifest))
    if "database" in parts or "views" in parts:
        kept = [schema for schema in own if schema.role in manifest.own] if "database" in parts else []
        asyncio.run(restore_database.check_fits(settings, manifest, kept))
        done += asyncio.run(_commit_where_none(settings, manifest))
        done += restore_database.restore_database(settings, folder, manifest, kept)
        if "database" in parts and not manifest.own:
            done.append(
                "this backup, of an older version, has no files, drafts, webhooks, keys and people: they are as they were"
            )
    return done


async def _refuse_running(settings: ServiceSettings, manifest: Manifest) -> None:
    """A writer that remembers more than the restored views would not look up what they lack."""
    projector = ProjectorSettings(PROJECTION_SCHEMA=settings.projection_schema).group
    groups = [*GROUPS, projector, *(group_of(upstream) for upstream in manifest.inbox_offsets)]
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap_servers)
    await admin.start()
    try:
        async with asyncio.timeout(NEW_BROKER_SECONDS):
            # one at a time: aiokafka cannot read an answer with several groups
            answers = [await _described(admin, group) for group in groups]
    finally:
        await admin.close()
    busy = [group[1] for answer in answers for group in answer.groups if group[5]]
    if busy:
        raise BackupError(f"{', '.join(sorted(busy))} still runs: stop all services first")


async def _described(admin: AIOKafkaAdminClient, group: str) -> Any:
    """The broker's word on a group. A broker that is brand-new makes the topic of the groups first, and refuses until that is done."""
    while True:
        try:
            [answer] = await admin.describe_consumer_groups([group])
            for described in answer.groups:
                if for_code(described[0]) in NOT_YET:
                    raise for_code(described[0])
        except NOT_YET:
            await asyncio.sleep(LOOK_SECONDS)
        else:
            return answer


async def _restore_log(settings: ServiceSettings, folder: Path, manifest: Manifest) -> list[str]:
    for role, parts in manifest.topics.items():
        for partition, dumped in parts.items():
            await asyncio.to_thread(check, log_file(folder, role, partition), dumped)
    upstreams = [role.removeprefix(INBOX_ROLE) for role in manifest.topics if role.startswith(INBOX_ROLE)]
    await apply_topics(TopicSettings(**_shared(settings), INBOX_UPSTREAMS=",".join(upstreams)))
    names = {
        role: ROLES[role].name if role in ROLES else INBOX_PREFIX + role.removeprefix(INBOX_ROLE) for role in manifest.topics
    }
    await check_topics(settings, names.values())
    await _refuse_written(settings, names, manifest)
    for role, parts in manifest.topics.items():
        for partition, dumped in parts.items():
            records = records_of(log_file(folder, role, partition), dumped)
            async with Refill(settings.kafka_bootstrap_servers, TopicPartition(names[role], int(partition))) as refill:
                await refill.write(records, dumped.low, dumped.end, dense=role in DENSE)
    for upstream, offsets in manifest.inbox_offsets.items():
        await _commit(settings, upstream, offsets)
    counts = {role: sum(dumped.records for dumped in parts.values()) for role, parts in manifest.topics.items()}
    return [f"log: {role}: {count:,} records at their old offsets" for role, count in counts.items()]


def _shared(settings: ServiceSettings) -> dict[str, object]:
    return {
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "KAFKA_PARTITIONS": settings.kafka_partitions,
        "KAFKA_REPLICATION_FACTOR": settings.kafka_replication_factor,
    }


async def _refuse_written(settings: ServiceSettings, names: Mapping[str, str], manifest: Manifest) -> None:
    """All topics are looked at before the first is written to."""
    consumer: AIOKafkaConsumer = connection.reader(settings.kafka_bootstrap_servers, isolation_level="read_uncommitted")
    await asyncio.wait_for(consumer.start(), ASK_SECONDS)
    try:
        places = {
            TopicPartition(names[role], int(partition)): dumped.end
            for role, parts in manifest.topics.items()
            for partition, dumped in parts.items()
        }
        ends = await consumer.end_offsets(list(places))
    finally:
        await consumer.stop()
    if any(ends.values()):
        raise BackupError(not_empty(ends, places))


def not_empty(ends: Mapping[TopicPartition, int], wanted: Mapping[TopicPartition, int]) -> str:
    """Why a log with something in it is refused, and how to go on. A log that lives is never shorter than its backup."""
    written = sorted({place.topic for place, end in ends.items() if end})
    text = f"{', '.join(written)} not empty: a log is restored into new topics only, offsets must be the same"
    if any(ends[place] > end for place, end in wanted.items()):
        return text
    if all(ends[place] == end for place, end in wanted.items()):
        return f"{text}. All of the backup's log may be there already: then go on with --only database"
    deleted = " ".join(f"--topic {topic}" for topic in written)
    return (
        f"{text}. They end before the backup does, as a restore of it leaves them that died half way: then, and only then, delete them "
        f"(`kafka-topics.sh --bootstrap-server ... --delete {deleted}`) and repeat"
    )


async def _commit(settings: ServiceSettings, upstream: str, offsets: Mapping[str, int]) -> None:
    """The inbox goes on where it stood; without this it would read a week of records again, and reply to all of them again."""
    if not offsets:
        return
    consumer: AIOKafkaConsumer = connection.reader(settings.kafka_bootstrap_servers, group_id=group_of(upstream))
    places = {TopicPartition(INBOX_PREFIX + upstream, int(partition)): offset for partition, offset in offsets.items()}
    consumer.assign(list(places))
    await asyncio.wait_for(consumer.start(), ASK_SECONDS)
    try:
        await asyncio.wait_for(consumer.commit(places), ASK_SECONDS)
    finally:
        await consumer.stop()


async def _commit_where_none(settings: ServiceSettings, manifest: Manifest) -> list[str]:
    """A restore that died before its last step left the log whole and the inbox groups without a place. One that has a place keeps it."""
    done = []
    for upstream, offsets in manifest.inbox_offsets.items():
        lacking = await _lacking(settings, upstream, offsets)
        await _commit(settings, upstream, lacking)
        if lacking:
            done.append(f"inbox: {upstream} goes on at {', '.join(f'{part}:{at}' for part, at in sorted(lacking.items()))}")
    return done


async def _lacking(settings: ServiceSettings, upstream: str, offsets: Mapping[str, int]) -> dict[str, int]:
    """Those places of the backup that the group has none for, on a topic that is there and has the records before them."""
    group, topic = group_of(upstream), INBOX_PREFIX + upstream
    consumer: AIOKafkaConsumer = connection.reader(settings.kafka_bootstrap_servers, group_id=group)
    await asyncio.wait_for(consumer.start(), ASK_SECONDS)
    try:
        if topic not in await asyncio.wait_for(consumer.topics(), ASK_SECONDS):
            return {}
        places = {TopicPartition(topic, int(partition)): partition for partition in offsets}
        consumer.assign(list(places))
        ends = await asyncio.wait_for(consumer.end_offsets(list(places)), ASK_SECONDS)
        none = [place for place in places if await asyncio.wait_for(consumer.committed(place), ASK_SECONDS) is None]
        return {places[place]: offsets[places[place]] for place in none if offsets[places[place]] <= ends[place]}
    finally:
        await consumer.stop()


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `payflow backup` has written.")],
    only: Annotated[
        str | None,
        typer.Option("--only", help="`log`, `database`, or of the database the `views`; by default log and database."),
    ] = None,
) -> None:
    """Restore a backup while all services are down: the log into empty topics at the same offsets, the database beside the old one."""
    if only not in {None, "log", "database", "views"}:
        refuse("restore", BackupError("--only takes `log`, `database` or `views`"))
    parts: Sequence[Part] = ("log", "database") if only is None else (only,)  # type: ignore[assignment]
    try:
        done = restore(load(ServiceSettings), folder, parts)
    except (RefusedStartError, BackupError, NotSwitchedError) as error:
        refuse("restore", error)
    except (psycopg.OperationalError, KafkaError, OSError, TimeoutError) as error:
        what = (str(error).strip() or type(error).__name__).splitlines()[0]
        refuse("restore", RefusedStartError(f"it was not finished ({what}): see that broker and database run, then repeat"))
    for line in done:
        typer.echo(line)
    typer.echo("now start the services; projector and webhooks catch up by themselves. Then: payflow ledger verify")
