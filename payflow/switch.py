"""Putting one schema of views in the place of another while every service runs (RUN-25, RUN-26).

Owns the one transaction of the change of names, and why no reader or writer can meet half of each. Writers of views wait: all begin with
an UPDATE of projection_offsets, which is locked, and look the name up again when they go on. Readers go on: the new views stand exactly
where the live ones stand, and the names change only when no transaction is left that began before the new views stood there, so that
whatever mixture a reader sees is one state. The old schema is kept. Must not know how the new views were made.
"""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

import psycopg
from psycopg import sql

from services.projector.tables import metadata

NAME_MAX = 63
LOCK_TIMEOUT = "10s"
OLDER_SECONDS = 10.0
LOOK_SECONDS = 0.05
REBUILDING = 0x7061_7967
"""The advisory lock of whoever builds views beside the live ones, or moves rows into the archive."""


class Switched(NamedTuple):
    """The name that the old schema has now, and how long the writers of views waited."""

    old: str
    held_seconds: float


class NotSwitchedError(Exception):
    """The live views are as they were; `str(error)` says why in one line."""


def beside(schema: str, suffix: str) -> str:
    """The name of a schema beside another one. Raises NotSwitchedError if Postgres would cut it short."""
    if len(schema) + len(suffix) > NAME_MAX:
        raise NotSwitchedError(
            f"the name {schema}{suffix} is longer than {NAME_MAX} letters: use a shorter PROJECTION_SCHEMA"
        )
    return schema + suffix


def alone(database_url: str) -> psycopg.Connection:
    """A connection that holds the right to build views; only one has it, and a dead process loses it. Raises NotSwitchedError."""
    connection = psycopg.connect(database_url, autocommit=True, application_name="payflow-rebuild")
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [REBUILDING]).fetchone()
    if row is None or not row[0]:
        connection.close()
        raise NotSwitchedError("another rebuild, restore or archive runs on this database: wait for it")
    return connection


def switch(
    database_url: str, live: str, new: str, catch_up: Callable[[Mapping[int, int]], None], *, check: bool = True
) -> Switched:
    """Make `new` the live schema.

    `catch_up` brings the new views to the given positions (partition to next offset) over connections of its own, and lets go of them.
    `check` compares positions and balances first. Raises NotSwitchedError, or psycopg.OperationalError.
    """
    try:
        with psycopg.connect(database_url, application_name="payflow-switch") as connection:
            connection.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
            offsets = sql.Identifier(live, "projection_offsets")
            connection.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(offsets))
            began = time.monotonic()
            catch_up(positions(connection, live))
            if check:
                _check_same(connection, live, new)
            _await_older(database_url, connection)
            _copy_grants(connection, live, new)
            connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(offsets))
            old = next_old(connection, live)
            _rename(connection, live, old)
            _rename(connection, new, live)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
        raise NotSwitchedError(f"the live views were busy ({type(error).__name__}): try again") from error
    return Switched(old, time.monotonic() - began)


def replace(database_url: str, live: str, new: str) -> str | None:
    """Put `new` in the place of `live` while no service runs; returns the name that the old one has now, if there was one."""
    with psycopg.connect(database_url, application_name="payflow-switch") as connection:
        connection.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        there = connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [live]).fetchone()
        old = next_old(connection, live) if there else None
        if old is not None:
            _copy_grants(connection, live, new)
            _rename(connection, live, old)
        _rename(connection, new, live)
    return old


def positions(connection: psycopg.Connection, schema: str) -> dict[int, int]:
    """Where each partition of a schema's views stands."""
    query = sql.SQL("SELECT partition, next_offset FROM {} ORDER BY partition")
    return dict(connection.execute(query.format(sql.Identifier(schema, "projection_offsets"))).fetchall())


def old_schemas(connection: psycopg.Connection, live: str) -> list[str]:
    """The kept ones, oldest first."""
    rows = connection.execute("SELECT nspname FROM pg_namespace WHERE starts_with(nspname, %s)", [f"{live}_old_"])
    numbers = [str(row[0]).removeprefix(f"{live}_old_") for row in rows.fetchall()]
    return [f"{live}_old_{number}" for number in sorted((n for n in numbers if n.isdecimal()), key=int)]


def next_old(connection: psycopg.Connection, live: str) -> str:
    """A name that is free."""
    kept = old_schemas(connection, live)
    number = int(kept[-1].rpartition("_")[2]) + 1 if kept else 1
    return beside(live, f"_old_{number}")


def drop(database_url: str, schema: str) -> None:
    """Remove a schema of views, if it is there."""
    with psycopg.connect(database_url) as connection:
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))


def _rename(connection: psycopg.Connection, name: str, to: str) -> None:
    connection.execute(sql.SQL("ALTER SCHEMA {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(to)))


def _check_same(connection: psycopg.Connection, live: str, new: str) -> None:
    """Positions and balances, which are small; all else was compared byte by byte before."""
    for table in ("projection_offsets", "balances"):
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in metadata.tables[table].columns)
        left, right = (sql.SQL("SELECT {} FROM {}").format(names, sql.Identifier(schema, table)) for schema in (live, new))
        query = sql.SQL("({0} EXCEPT ALL {1}) UNION ALL ({1} EXCEPT ALL {0})").format(left, right)
        found = connection.execute(query).fetchall()
        if found:
            raise NotSwitchedError(f"{table} of the new views differs from the live ones in {len(found)} rows")


def _await_older(database_url: str, connection: psycopg.Connection) -> None:
    """Until no transaction is left that may not see all of the new views. Those that wait for our lock look again by themselves."""
    query = (
        "SELECT pid, application_name FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' "
        "AND pid <> pg_backend_pid() AND pid <> %(us)s AND xact_start < %(since)s AND NOT (%(us)s = ANY(pg_blocking_pids(pid)))"
    )
    deadline = time.monotonic() + OLDER_SECONDS
    with psycopg.connect(database_url, autocommit=True) as watcher:
        now = watcher.execute("SELECT clock_timestamp()").fetchone()
        assert now is not None
        values = {"us": connection.info.backend_pid, "since": now[0]}
        while found := watcher.execute(query, values).fetchall():
            if time.monotonic() > deadline:
                pid, name = found[0]
                raise NotSwitchedError(f"a transaction of process {pid} ({name or 'no name'}) goes on for too long: end it")
            time.sleep(LOOK_SECONDS)


_GRANTS = """
SELECT format('GRANT %%s ON SCHEMA %%I TO %%s', privilege_type, %(new)s::text, coalesce(quote_ident(rolname), 'PUBLIC'))
FROM pg_namespace, aclexplode(nspacl) LEFT JOIN pg_roles r ON r.oid = grantee WHERE nspname = %(live)s AND grantee <> nspowner
UNION ALL
SELECT format('GRANT %%s ON TABLE %%I.%%I TO %%s', privilege_type, %(new)s::text, c.relname, coalesce(quote_ident(rolname), 'PUBLIC'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) LEFT JOIN pg_roles r ON r.oid = grantee
WHERE n.nspname = %(live)s AND c.relkind IN ('r', 'p', 'v') AND grantee <> c.relowner
AND to_regclass(format('%%I.%%I', %(new)s::text, c.relname)) IS NOT NULL
"""


def _copy_grants(connection: psycopg.Connection, live: str, new: str) -> None:
    """Who might read the live views may read the new ones."""
    for (statement,) in connection.execute(_GRANTS, {"live": live, "new": new}).fetchall():
        connection.execute(statement)
