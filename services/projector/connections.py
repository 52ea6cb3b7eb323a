"""Connections to Postgres for the projector's transactions.

Owns how many there are, how one is prepared, and that one whose work failed is never used again. A ready-made pool waits longer and
longer while the database is away; here every try is made at once, and the caller decides how long to wait. Must not know the tables.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, LiteralString

from psycopg import AsyncConnection, sql

CONNECT_SECONDS = 5
IDLE_IN_TRANSACTION = "10s"
"""A frozen projector holds its partition's row locked: after this long the server lets go of it."""

_KEEPALIVE: dict[str, Any] = {
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class Connections:
    """At most `limit` connections, each made when it is first needed."""

    def __init__(self, database_url: str, schema: str, *, limit: int, session: Sequence[LiteralString] = ()) -> None:
        """`session` are statements that prepare a new connection, after its search_path."""
        self._database_url = database_url
        self._schema = schema
        self._session = session
        self._places = asyncio.Semaphore(limit)
        self._idle: list[AsyncConnection] = []

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed at the end, rolled back when the body raises.

        Raises psycopg.OperationalError when the database is away; whether a commit that raised was done is then unknown.
        """
        async with self._places:
            connection = self._idle.pop() if self._idle else await self._connect()
            try:
                async with connection.transaction():
                    yield connection
            except BaseException:
                await connection.close()
                raise
            self._idle.append(connection)

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._idle.pop().close()

    async def _connect(self) -> AsyncConnection:
        connection = await AsyncConnection.connect(
            self._database_url,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name="payflow-projector",
            **_KEEPALIVE,
        )
        try:
            path = sql.SQL("SET search_path TO {}, pg_temp").format(sql.Identifier(self._schema))
            await connection.execute(path)
            await connection.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [IDLE_IN_TRANSACTION]
            )
            for statement in self._session:
                await connection.execute(statement)
        except BaseException:
            await connection.close()
            raise
        return connection
