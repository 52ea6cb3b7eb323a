"""`payflow rebuild`: build all views again from offset 0, beside the live ones, compare them byte by byte, and switch (RUN-25).

Owns the schema beside the live one, the snapshot of the live views that the rebuilt ones are held against, and the verdict's words.
Everything may go on meanwhile. A run that died leaves the live views as they were; the next one starts anew. Must not know a view.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

import psycopg
import typer
from aiokafka.errors import KafkaError

from payflow import switch as switching
from payflow import views_stand
from payflow.switch import NotSwitchedError
from runtime.settings import RefusedStartError, ServiceSettings, load, refuse
from services.projector import compare, replay, schema
from services.projector.compare import TableVerdict
from services.projector.store import Store
from services.projector.wiring import check_schema

SUFFIX = "_rebuild"
CATCH_UPS = 5
"""Rounds of catching up before the live views are held still, so that they are held for a moment only."""


@dataclass
class Verdict:
    """What a rebuild found: the tables compared, or why it could not be finished; `old` names the schema that was live before."""

    tables: list[TableVerdict]
    halted: str | None = None
    old: str | None = None
    held_seconds: float = 0.0
    not_switched: str | None = None
    stuck: list[str] = field(default_factory=list)
    """What keeps the views from the log's end: nothing behind it was rebuilt or compared."""

    @property
    def same(self) -> bool:
        """Whether the rebuilt views hold the same bytes."""
        return self.halted is None and all(table.same for table in self.tables)


def rebuild(
    settings: ServiceSettings,
    *,
    keep: bool = False,
    switch: bool = False,
    even_if_different: bool = False,
) -> Verdict:
    """Rebuild, compare and, if asked for and the same, switch. `keep` leaves the new schema.

    Raises NotSwitchedError if another rebuild runs, psycopg.OperationalError or a KafkaError when database or broker are away.
    """
    beside = switching.beside(settings.projection_schema, SUFFIX)
    with switching.alone(settings.database_url):
        switching.drop(settings.database_url, beside)
        schema.REVISIONS.upgrade(settings.database_url, beside)
        try:
            verdict = _build(settings, beside)
            if switch:
                _switch(settings, beside, verdict, even_if_different=even_if_different)
            verdict.stuck = views_stand.look(settings).stuck
        except replay.ReplayHaltedError as error:
            return Verdict([], str(error))
        else:
            return verdict
        finally:
            if not keep:
                switching.drop(settings.database_url, beside)


def _build(settings: ServiceSettings, beside: str) -> Verdict:
    with _snapshot(settings.database_url, settings.projection_schema) as live:
        ends = switching.positions(live, settings.projection_schema)
        asyncio.run(_replay(settings, beside, ends))
        with _snapshot(settings.database_url, beside) as rebuilt:
            return Verdict(compare.compare(live, rebuilt))


def _switch(settings: ServiceSettings, beside: str, verdict: Verdict, *, even_if_different: bool) -> None:
    if not verdict.same and not even_if_different:
        verdict.not_switched = "the views differ: see why, then say --even-if-different if the log is right"
        return

    def catch_up(ends: Mapping[int, int]) -> None:
        asyncio.run(_replay(settings, beside, ends))

    try:
        for _ in range(CATCH_UPS):
            catch_up(_ends(settings))
        verdict.old, verdict.held_seconds = switching.switch(
            settings.database_url, settings.projection_schema, beside, catch_up, check=verdict.same
        )
    except NotSwitchedError as error:
        verdict.not_switched = str(error)


async def _replay(settings: ServiceSettings, beside: str, ends: Mapping[int, int]) -> None:
    store = Store(settings.database_url, beside, live=False)
    try:
        await replay.replay(settings.kafka_bootstrap_servers, store, ends)
    finally:
        await store.close()


def _snapshot(database_url: str, name: str) -> psycopg.Connection:
    """A connection in whose one transaction the views of a schema stand still."""
    connection = psycopg.connect(database_url, options=f"-c search_path={name}")
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    return connection


def _ends(settings: ServiceSettings) -> dict[int, int]:
    with psycopg.connect(settings.database_url) as connection:
        return switching.positions(connection, settings.projection_schema)


def lines(verdict: Verdict) -> list[str]:
    """The verdict as a table."""
    if verdict.halted is not None:
        return [f"the rebuild halted: {verdict.halted}"]
    told = [f"{'table':<20} {'live rows':>12} {'rebuilt':>12}  {'sha256':<16}  verdict"]
    for table in verdict.tables:
        word = "same" if table.same else f"DIFFERENT: {table.difference}"
        told.append(f"{table.table:<20} {table.rows[0]:>12,} {table.rows[1]:>12,}  {table.hashes[0][:16]:<16}  {word}")
    different = sum(not table.same for table in verdict.tables)
    told.append(f"{len(verdict.tables)} tables, {different} different")
    if verdict.old is not None:
        told.append(f"switched: the rebuilt views are live; the old ones are kept as {verdict.old}")
        told.append(f"the projector waited {verdict.held_seconds:.2f} s for it; reads did not wait")
    if verdict.not_switched is not None:
        told.append(f"NOT switched, the live views are as they were: {verdict.not_switched}")
    return told + [f"NOT at the log's end: {what}" for what in verdict.stuck]


def code(verdict: Verdict) -> int:
    """0 if the views are the same, or the rebuilt ones are live now, and nothing keeps them from the log's end; else 1."""
    good = verdict.same and not verdict.not_switched
    return int(bool(verdict.stuck) or not (good or verdict.old is not None))


def _drop_old(settings: ServiceSettings) -> None:
    with psycopg.connect(settings.database_url) as connection:
        kept = switching.old_schemas(connection, settings.projection_schema)
    for name in kept:
        switching.drop(settings.database_url, name)
        typer.echo(f"dropped {name}")
    typer.echo(f"{len(kept)} old schemas dropped")


def command(
    keep: Annotated[bool, typer.Option("--keep", help="Leave the rebuilt schema for a look.")] = False,
    switch: Annotated[
        bool, typer.Option("--switch", help="Make the rebuilt views the live ones if they are the same.")
    ] = False,
    even_if_different: Annotated[
        bool,
        typer.Option("--even-if-different", help="With --switch: also if they differ, because the live ones are wrong."),
    ] = False,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="Only drop the schemas that switches have kept.")] = False,
) -> None:
    """Build all views again from offset 0 beside the live ones and compare them byte by byte; exit 1 if they differ.

    Files, drafts, webhooks, keys and people are no views: they stay as they are.
    """
    try:
        settings = load(ServiceSettings)
        check_schema(settings)
        if drop_old:
            _drop_old(settings)
            return
        verdict = rebuild(settings, keep=keep, switch=switch, even_if_different=even_if_different)
    except (RefusedStartError, NotSwitchedError) as error:
        refuse("rebuild", error)
    except (psycopg.OperationalError, KafkaError, OSError) as error:
        what = str(error).strip() or type(error).__name__
        refuse("rebuild", RefusedStartError(f"broker or database went away ({what.splitlines()[0]}): see that both run"))
    for line in lines(verdict):
        typer.echo(line)
    raise typer.Exit(code(verdict))
