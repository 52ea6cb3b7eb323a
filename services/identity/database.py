"""The identity service's way to its schema.

Owns the pool, one transaction per change, and the mapping of a lost database to 503. Must not know what is asked.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from runtime.http_problems import ProblemError

Row = dict[str, Any]
Connection = AsyncConnection[Row]

POOL_MAX = 8
STATEMENT_MS = 5000


class Database:
    """A pool of connections whose search_path is the schema."""

    def __init__(self, database_url: str, schema: str) -> None:
        """Not open yet."""
        options = f"-c search_path={schema} -c statement_timeout={STATEMENT_MS}"
        settings = {"options": options, "row_factory": dict_row, "application_name": "payflow-identity"}
        self._pool: Any = AsyncConnectionPool(
            database_url,
            min_size=1,
            max_size=POOL_MAX,
            open=False,
            timeout=3,
            kwargs=settings,
            check=AsyncConnectionPool.check_connection,
        )

    async def open(self) -> None:
        """Connect. Raises PoolTimeout if the database does not answer."""
        await self._pool.open(wait=True, timeout=10)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction: committed at the end, rolled back on an error. Raises ProblemError 503."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.OperationalError, PoolTimeout, OSError):
            raise ProblemError("identity_unavailable", "Sign-in and keys cannot be read now; try again soon.") from None

    async def all(self, query: str, arguments: Any = ()) -> list[Row]:
        """All rows of a query. `query` is our own text."""
        async with self.transaction() as connection:
            return await rows(connection, query, arguments)


async def rows(connection: Connection, query: str, arguments: Any = ()) -> list[Row]:
    """All rows of a query inside a transaction."""
    found: list[Row] = await (await connection.execute(query, arguments)).fetchall()
    return found


async def row(connection: Connection, query: str, arguments: Any = ()) -> Row | None:
    """The first row, or None."""
    found = await rows(connection, query, arguments)
    return found[0] if found else None


async def change(connection: Connection, query: str, arguments: Any = ()) -> int:
    """Run a statement; how many rows it touched."""
    return (await connection.execute(query, arguments)).rowcount
