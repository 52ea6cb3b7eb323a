"""Connections to Postgres for webhooks: a pool whose search_path is the schema of its own.

Owns how one is prepared, and what counts as "the database is away". Must not know a table.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import psycopg
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

Row = dict[str, Any]
Link = AsyncConnection[Row]

POOL_SECONDS = 5.0
STATEMENT_MS = 30_000
BY_INDEX = " ".join(f"-c enable_{way}=off" for way in ("seqscan", "hashjoin", "mergejoin", "sort"))
"""For what delivers: few rows, each found by an index, in the order that the index has. What is pending comes and goes faster than
statistics are taken: a plan made while next to nothing was pending reads all that is, at every step. Not for pages, which may sort."""
AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, OSError, TimeoutError)
"""What passes by itself. A deadlock or a lost row version is among the first kind: the work is done again."""


class Database:
    """A pool; every call raises one of AWAY while the database is away. A transaction that raised is rolled back."""

    def __init__(self, url: str, schema: str, views: str, *, size: int = 8, plans: str = "") -> None:
        """Not open yet. `views` is the schema of the views, named in queries by `in_views`; `plans` is nothing or BY_INDEX."""
        options = f"-c search_path={schema} -c statement_timeout={STATEMENT_MS} -c idle_in_transaction_session_timeout=10000 {plans}"
        settings = {"options": options, "autocommit": True, "row_factory": dict_row, "application_name": "payflow-webhooks"}
        self._pool: AsyncConnectionPool[Link] = AsyncConnectionPool(
            url, min_size=1, max_size=size, open=False, timeout=POOL_SECONDS, kwargs=settings, check=None
        )
        self._views = views

    async def open(self) -> None:
        """Connect."""
        await self._pool.open(wait=True, timeout=10)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close()

    def in_views(self, query: str) -> str:
        """The query with `{views}` replaced by the name of the views' schema."""
        return query.replace("{views}", f'"{self._views}"')

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Link]:
        """A connection in a transaction."""
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    async def all(self, query: str, arguments: Sequence[Any] | dict[str, Any] = ()) -> list[Row]:
        """All rows of a query of our own text; once more on a fresh connection if the first one was dead."""
        try:
            return await self._fetch(query, arguments)
        except psycopg.errors.QueryCanceled:
            raise
        except psycopg.OperationalError:
            await self._pool.check()
            return await self._fetch(query, arguments)

    async def one(self, query: str, arguments: Sequence[Any] | dict[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        found = await self.all(query, arguments)
        return found[0] if found else None

    async def _fetch(self, query: str, arguments: Sequence[Any] | dict[str, Any]) -> list[Row]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, arguments)
            return await cursor.fetchall() if cursor.description else []
