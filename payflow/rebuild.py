"""`payflow rebuild`: build all views again from offset 0, beside the live ones, and compare them byte by byte (RUN-25).

Owns the schema beside the live one, the snapshot of the live views that the rebuilt ones are held against, and the verdict's words.
The live projector may go on meanwhile. Must not know a view.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import psycopg
import typer
from aiokafka.errors import KafkaError
from psycopg import sql

from runtime.settings import RefusedStartError, ServiceSettings, load, refuse
from services.projector import compare, replay, schema
from services.projector.compare import TableVerdict
from services.projector.limits import Limits
from services.projector.store import Store
from services.projector.wiring import check_schema

SUFFIX = "_rebuild"


@dataclass(frozen=True)
class Verdict:
    """What a rebuild found: the tables compared, or why it could not be finished."""

    tables: list[TableVerdict]
    halted: str | None = None

    @property
    def same(self) -> bool:
        """Whether the rebuilt views hold the same bytes."""
        return self.halted is None and all(table.same for table in self.tables)


def rebuild(settings: ServiceSettings, *, keep: bool = False, records_max: int = 40) -> Verdict:
    """Rebuild and compare. `keep` leaves the new schema; `records_max` is the most records of one transaction.

    Raises psycopg.OperationalError or a KafkaError when database or broker are away.
    """
    beside = settings.projection_schema + SUFFIX
    _drop(settings.database_url, beside)
    schema.upgrade(settings.database_url, beside)
    try:
        with _snapshot(settings.database_url, settings.projection_schema) as live:
            ends = _ends(live)
            asyncio.run(_replay(settings, beside, ends, records_max))
            with _snapshot(settings.database_url, beside) as rebuilt:
                return Verdict(compare.compare(live, rebuilt))
    except replay.ReplayHaltedError as error:
        return Verdict([], str(error))
    finally:
        if not keep:
            _drop(settings.database_url, beside)


async def _replay(settings: ServiceSettings, beside: str, ends: Mapping[int, int], records_max: int) -> None:
    store = Store(settings.database_url, beside, notify=False)
    try:
        await replay.replay(settings.kafka_bootstrap_servers, store, ends, lambda: Limits(records_max))
    finally:
        await store.close()


def _snapshot(database_url: str, name: str) -> psycopg.Connection:
    """A connection in whose one transaction the views of a schema stand still."""
    connection = psycopg.connect(database_url, options=f"-c search_path={name}")
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _ends(live: psycopg.Connection) -> dict[int, int]:
    rows = live.execute("SELECT partition, next_offset FROM projection_offsets ORDER BY partition").fetchall()
    return dict(rows)


def _drop(database_url: str, name: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))


def lines(verdict: Verdict) -> list[str]:
    """The verdict as a table."""
    if verdict.halted is not None:
        return [f"the rebuild halted: {verdict.halted}"]
    told = [f"{'table':<20} {'live rows':>12} {'rebuilt':>12}  {'sha256':<16}  verdict"]
    for table in verdict.tables:
        word = "same" if table.same else f"DIFFERENT: {table.difference}"
        told.append(f"{table.table:<20} {table.rows[0]:>12,} {table.rows[1]:>12,}  {table.hashes[0][:16]:<16}  {word}")
    different = sum(not table.same for table in verdict.tables)
    return [*told, f"{len(verdict.tables)} tables, {different} different"]


def command(keep: Annotated[bool, typer.Option("--keep", help="Leave the rebuilt schema for a look.")] = False) -> None:
    """Build all views again from offset 0 beside the live ones and compare them byte by byte; exit 1 if they differ."""
    try:
        settings = load(ServiceSettings)
        check_schema(settings)
        verdict = rebuild(settings, keep=keep)
    except RefusedStartError as error:
        refuse("rebuild", error)
    except (psycopg.OperationalError, KafkaError, OSError) as error:
        what = str(error).strip() or type(error).__name__
        refuse("rebuild", RefusedStartError(f"broker or database went away ({what.splitlines()[0]}): see that both run"))
    for line in lines(verdict):
        typer.echo(line)
    raise typer.Exit(0 if verdict.same else 1)
