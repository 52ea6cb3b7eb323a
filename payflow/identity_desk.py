"""Working on keys and people from the command line, on the database itself: how the first administrator and the first key are made.

Owns who the audit trail says it was (`cli:<user of this machine>`), and how a refusal is told. Must not know what is done.
"""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from typing import TypeVar

from psycopg_pool import PoolTimeout

from domain.access.matrix import Role
from domain.access.principal import ALL, Grant, Principal
from payflow.front_door import misused
from runtime.http_problems import ProblemError
from runtime.settings import RefusedStartError, ServiceSettings, load
from services.identity.database import Database

T = TypeVar("T")


def operator() -> Principal:
    """Whoever may reach the database may do everything here."""
    return Principal(kind="cli", id=getpass.getuser(), grants=(Grant(role=Role.ADMIN, merchants=frozenset({ALL})),))


def run(command: str, work: Callable[[Database], Awaitable[T]], *, json: bool = False) -> T:
    """Run on the schema of the settings; a refusal is one line (or a problem) and exit code 2."""
    try:
        settings = load(ServiceSettings)
        return asyncio.run(_with_database(settings, work))
    except RefusedStartError as error:
        misused(command, str(error), json=json)
    except ProblemError as error:
        faults = "; ".join(f"{fault['pointer']} {fault['detail']}" for fault in error.errors or [])
        misused(command, faults or error.detail, json=json)


async def _with_database(settings: ServiceSettings, work: Callable[[Database], Awaitable[T]]) -> T:
    database = Database(settings.database_url, settings.admin_schema)
    try:
        await database.open()
        if not await database.all("SELECT 1 AS there WHERE to_regclass('keys') IS NOT NULL"):
            raise RefusedStartError(f"the schema {settings.admin_schema} is not migrated: run `payflow migrate`")
        return await work(database)
    except PoolTimeout:
        raise RefusedStartError("no Postgres answers: start it (`payflow dev`) or set DATABASE_URL") from None
    finally:
        await database.close()
