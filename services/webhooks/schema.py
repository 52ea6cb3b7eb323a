"""The schema of webhooks in Postgres: bringing it up to date, and telling whether it is.

Owns how its revisions are run. `upgrade` is safe to repeat and when two run at once. Unlike the views this schema is not a function of the
log alone: it holds endpoints and secrets, which people made. Must not know what the tables hold.
"""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

LOCK = 0x7061_7966
"""The advisory lock of all schema work; another one than that of rebuild and restore, which hold theirs while they come here."""

REVISION = "SELECT version_num FROM schema_version"


def upgrade(database_url: str, schema: str) -> str:
    """Make the schema if it is missing and run the revisions it lacks, in one transaction; returns the revision it has now.

    Blocks while another upgrade runs. Raises sqlalchemy.exc.OperationalError when the database is away.
    """
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
        connection.execute(text(f'SET LOCAL search_path TO "{schema}"'))
        config = _config()
        config.attributes.update(connection=connection, schema=schema)
        command.upgrade(config, "head")
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "there is at least one revision"
    return head


def is_current(connection: psycopg.Connection) -> bool:
    """Whether the schema on the connection's search_path has the newest revision that this code knows, or a later one."""
    known = [revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()]
    try:
        row = connection.execute(REVISION).fetchone()
    except psycopg.errors.UndefinedTable:
        return False
    return row is not None and (row[0] == known[0] or row[0] not in known)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
