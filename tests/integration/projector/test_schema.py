"""`payflow migrate` (RUN-06)."""

from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from multiprocessing import get_context

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, make_url, text

from services.projector import schema
from services.projector.archive_tables import archive_metadata
from services.projector.tables import metadata
from tests.integration.projector.views import Views
from tests.support.event_story import everything


def test_the_revisions_build_what_the_tables_say(views: Views) -> None:
    engine = create_engine(make_url(views.url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        connection.execute(text(f"SET search_path TO {views.schema}"))
        connection.dialect.default_schema_name = views.schema
        context = MigrationContext.configure(connection, opts={"version_table": "schema_version", "compare_type": True})
        assert compare_metadata(context, [metadata, archive_metadata]) == []


def test_a_repeat_changes_nothing(views: Views) -> None:
    views.execute("INSERT INTO projection_offsets VALUES (0, 1, 1, 1)")
    assert schema.REVISIONS.upgrade(views.url, views.schema) == schema.REVISIONS.newest()
    assert len(views.rows("SELECT * FROM projection_offsets")) == 1


@pytest.mark.parametrize("seed", range(3))
async def test_batches_that_are_there_get_the_version_that_a_rebuild_gives__BAT_13(seed: int, views: Views) -> None:
    await views.project(everything(seed).records, 10)
    versions = "SELECT id, version FROM batches ORDER BY id"
    rebuilt = views.rows(versions)
    views.execute("ALTER TABLE batches DROP COLUMN version")
    views.execute(import_module("services.projector.migrations.versions.0008_batch_version").CHANGES)
    assert views.rows(versions) == rebuilt


def test_several_at_once_do_it_once(database: str) -> None:
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(schema.REVISIONS.upgrade, database, "raced") for _ in range(3)]
        assert {future.result(60) for future in done} == {schema.REVISIONS.newest()}


def test_a_schema_that_is_not_migrated_is_seen(database: str, views: Views) -> None:
    with psycopg.connect(database, options="-c search_path=nowhere") as connection:
        assert not schema.REVISIONS.is_current(connection)
    with psycopg.connect(database, options=f"-c search_path={views.schema}") as connection:
        assert schema.REVISIONS.is_current(connection)
        connection.execute("UPDATE schema_version SET version_num = '9999'")
        assert schema.REVISIONS.is_current(connection), "a newer schema only adds"
