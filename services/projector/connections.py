"""Connections to Postgres for the projector's transactions.

Owns how many there are, how one is prepared, that one whose work failed is never used again, and that nobody waits for ever behind a
projector that is frozen. A ready-made pool waits longer and longer while the database is away; here every try is made at once, and the
caller decides how long to wait. Must not know the tables.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.abc import Query

CONNECT_SECONDS = 5
IDLE_IN_TRANSACTION = "10s"
"""A frozen projector holds its partition's row locked: after this long the server lets go of it."""
LOCK_TIMEOUT = "2s"
END_FROZEN = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = %s AND datname = current_database() AND usename = current_user AND xact_start IS NOT NULL
    AND wait_event_type = 'Client' AND state_change < clock_timestamp() - interval '8 seconds'
"""
"""One that froze in the middle of a pipeline is not idle to the server, which waits for the rest of it without any time-out."""
APPLICATION = "payflow-projector"

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
    async def transaction(self, first: Query, *values: object) -> AsyncIterator[tuple[AsyncConnection, AsyncCursor]]:
        """A connection in a transaction, and what its first statement found: committed at the end, rolled back when the body raises.

        Beginning and the first statement are one round trip. Raises psycopg.OperationalError when the database is away; whether a
        commit that raised was done is then unknown.
        """
        async with self._places:
            connection = self._idle.pop() if self._idle else await self._connect()
            try:
                async with connection.pipeline():
                    await connection.execute("BEGIN")
                    found = await connection.execute(first, values)
                yield connection, found
                await connection.commit()
            except BaseException as error:
                with contextlib.suppress(psycopg.Error):
                    await connection.rollback()
                await connection.close()
                if isinstance(error, psycopg.errors.LockNotAvailable):
                    await self._end_frozen()
                raise
            self._idle.append(connection)

    async def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            await self._idle.pop().close()

    async def _end_frozen(self) -> None:
        connection = await self._connect()
        try:
            await connection.execute(END_FROZEN, [APPLICATION])
        finally:
            await connection.close()

    async def _connect(self) -> AsyncConnection:
        connection = await AsyncConnection.connect(
            self._database_url,
            autocommit=True,
            connect_timeout=CONNECT_SECONDS,
            application_name=APPLICATION,
            **_KEEPALIVE,
        )
        try:
            path = sql.SQL("SET search_path TO {}, pg_temp").format(sql.Identifier(self._schema))
            await connection.execute(path)
            await connection.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [IDLE_IN_TRANSACTION]
            )
            await connection.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_TIMEOUT])
            for statement in self._session:
                await connection.execute(statement)
        except BaseException:
            await connection.close()
            raise
        return connection
