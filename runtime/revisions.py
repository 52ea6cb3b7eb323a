"""A schema in Postgres and its revisions: bringing it up to date, and telling whether it is (RUN-06).

Owns how revisions are run, for the views and for the schemas that services have of their own. Must not know what the tables hold, or
which schemas there are. A service only looks at its start whether its schema is current. What runs revisions is imported when one is to be
run: it takes about as much of a start as all else.
"""

from pathlib import Path
from typing import Any

import psycopg

LOCK = 0x7061_7966
"""The advisory lock of all schema work; another one than that of rebuild and restore, which hold theirs while they come here."""

REVISION = "SELECT version_num FROM schema_version"


class Revisions:
    """Those in one folder, run by its `env.py`; each stands in a file `versions/NNNN_name.py`, on the one of the number before."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read yet."""
        self._folder = folder

    def upgrade(self, database_url: str, schema: str) -> str:
        """Make the schema if it is missing and run the revisions it lacks, in one transaction; returns the revision it has now.

        Safe to repeat and when two run at once: blocks while another upgrade runs, and then finds nothing to do. Raises
        sqlalchemy.exc.OperationalError when the database is away.
        """
        from alembic import command  # noqa: PLC0415  see above
        from alembic.config import Config  # noqa: PLC0415
        from sqlalchemy import create_engine, make_url, text  # noqa: PLC0415
        from sqlalchemy.pool import NullPool  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", str(self._folder))
        engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"), poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
            connection.execute(text(f'SET LOCAL search_path TO "{schema}"'))
            config.attributes.update(connection=connection, schema=schema)
            command.upgrade(config, "head")
        return self.newest()

    def known(self) -> list[str]:
        """The revisions that this code knows, oldest first."""
        return sorted(path.name.partition("_")[0] for path in (self._folder / "versions").glob("[0-9]*_*.py"))

    def newest(self) -> str:
        """The newest revision that this code knows."""
        return self.known()[-1]

    def is_current(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether the schema on the connection's search_path has the newest revision that this code knows, or a later one.

        A newer schema only adds (RUN-06), so this code works on it.
        """
        try:
            row = connection.execute(REVISION).fetchone()
        except psycopg.errors.UndefinedTable:
            return False
        return row is not None and self._suits(row[0])

    async def stands(self, connection: "psycopg.AsyncConnection[Any]") -> bool:
        """`is_current` of a connection that is awaited."""
        try:
            row = await (await connection.execute(REVISION)).fetchone()
        except psycopg.errors.UndefinedTable:
            return False
        return row is not None and self._suits(row[0])

    def _suits(self, found: str) -> bool:
        known = self.known()
        return found == known[-1] or found not in known
