"""The database's part of `payflow restore`: the views, and what is no function of the log (RUN-26).

Owns that all of it is built beside what is live, read back and compared, before any of it takes a place; what was live is kept under
another name. Owns what is refused: services that are connected, and schemas that would stand where this log has no such record. Must not
know the log's files.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psycopg
from aiokafka.errors import KafkaError

from payflow import own_copy
from payflow import switch as switching
from payflow.backup import Manifest
from payflow.log_dump import BackupError
from payflow.own_schemas import OwnSchema
from payflow.table_copy import CopiedTable
from payflow.views_copy import copy_in
from runtime.event_log.reader import EventReader
from runtime.settings import ServiceSettings
from services.projector import schema

SUFFIX = "_restore"
RUNNING = "SELECT DISTINCT application_name FROM pg_stat_activity WHERE datname = current_database() AND application_name = ANY(%s)"
CONNECTED = ("payflow-staging", "payflow-webhooks", "payflow-identity")
"""Services that may have no group at the broker."""


def refuse_connected(settings: ServiceSettings) -> None:
    """Raise BackupError while a service that may have no group at the broker is connected."""
    with psycopg.connect(settings.database_url) as link:
        found = sorted(str(row[0]) for row in link.execute(RUNNING, [list(CONNECTED)]).fetchall())
    if found:
        raise BackupError(f"{', '.join(found)} still runs on this database: stop all services first")


async def check_fits(settings: ServiceSettings, manifest: Manifest, own: Sequence[OwnSchema]) -> None:
    """The record before each position must be on this log, and be the one that the views, or the webhooks, saw last."""
    remedy = "restore the log of this backup too, or `payflow rebuild` from the log that is there"
    stands = {"views": manifest.views.positions, **{schema.role: manifest.own[schema.role].positions for schema in own}}
    for what, positions in stands.items():
        for partition, (next_offset, next_source) in positions.items():
            if next_offset and await _source_at(settings, int(partition), next_offset - 1) != next_source - 1:
                raise BackupError(
                    f"events {partition} have no record with source offset {next_source - 1} at {next_offset - 1}: these {what} "
                    f"belong to another log; {remedy}"
                )


class Part(NamedTuple):
    """A schema to be put back: how it is built empty and filled, and what to look after once it is live."""

    role: str
    live: str
    upgrade: Callable[[str, str], str]
    fill: Callable[[psycopg.Connection], None]
    tables: Mapping[str, CopiedTable]
    warning: str | None = None

    @property
    def new(self) -> str:
        """What it is called until it is live."""
        return switching.beside(self.live, SUFFIX)


def restore_database(settings: ServiceSettings, folder: Path, manifest: Manifest, own: Sequence[OwnSchema]) -> list[str]:
    """Put the views and these schemas of the backup in the place of the live ones; what was done.

    Raises BackupError, NotSwitchedError, psycopg.Error; a file that is not whole leaves everything as it was, and a repeat is no error.
    """
    url = settings.database_url
    parts = [_views(settings, folder, manifest), *(_own(folder, manifest, schema) for schema in own)]
    with switching.alone(url):
        try:
            for part in parts:
                _build(url, part)
            return [line for part in parts for line in _told(part, switching.replace(url, part.live, part.new))]
        except BaseException:
            for part in parts:
                switching.drop(url, part.new)
            raise


def _views(settings: ServiceSettings, folder: Path, manifest: Manifest) -> Part:
    def fill(link: psycopg.Connection) -> None:
        copy_in(link, folder / "views", manifest.views)

    return Part("database", settings.projection_schema, schema.REVISIONS.upgrade, fill, manifest.views.tables)


def _own(folder: Path, manifest: Manifest, one: OwnSchema) -> Part:
    copied = manifest.own[one.role]

    def fill(link: psycopg.Connection) -> None:
        own_copy.copy_in(link, folder / one.role, one, copied)

    return Part(one.role, one.name, one.upgrade, fill, copied.tables, one.warning)


def _build(url: str, part: Part) -> None:
    switching.drop(url, part.new)
    part.upgrade(url, part.new)
    with psycopg.connect(url, options=f"-c search_path={part.new}") as link:
        part.fill(link)


def _told(part: Part, old: str | None) -> list[str]:
    rows = sum(table.rows for table in part.tables.values())
    kept = f"; what was there is kept as {old}" if old else ""
    done = f"{part.role}: {rows:,} rows in {len(part.tables)} tables{kept}"
    return [done, f"{part.role}: NOTE: {part.warning}"] if part.warning else [done]


async def _source_at(settings: ServiceSettings, partition: int, offset: int) -> int | None:
    reader = EventReader(settings.kafka_bootstrap_servers)
    await reader.start({partition: offset})
    try:
        if (await reader.ends([partition]))[partition] <= offset:
            return None
        while await reader.position(partition) == offset:
            for event in await reader.poll(1000, 1):
                return event.source_offset if event.offset == offset else None
    except KafkaError:
        return None
    finally:
        await reader.stop()
    return None
