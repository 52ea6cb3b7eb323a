"""The projection over SQL: the port of `ports.Projection` on a pool of connections.

Owns nothing but the joining: the queries are those of `checkpoint` and `lookups`. Must not decide.
"""

import asyncio

from domain.book import Book
from services.processor import checkpoint, lookups, rows
from services.processor.checkpoint import Checkpoint, Pool
from services.processor.ports import Lacking

ASK_SECONDS = 5.0
LOAD_SECONDS = 120.0


class SqlProjection:
    """Reads the views over a pool that its owner opens and closes. Raises TimeoutError for a database that stays silent."""

    def __init__(self, pool: Pool) -> None:
        """Nothing is read yet."""
        self._pool = pool

    async def load(self, partition: int) -> Checkpoint:
        """One partition's checkpoint, read in one transaction."""
        async with asyncio.timeout(LOAD_SECONDS):
            return await checkpoint.load(self._pool, partition)

    async def fill(self, book: Book, lacking: Lacking, partition: int) -> int:
        """Put into the book what the views have of these names; returns where those of `partition` stood before."""
        async with asyncio.timeout(ASK_SECONDS):
            return await lookups.fill(self._pool, book, lacking, partition)

    async def position(self, partition: int) -> int:
        """The events offset that the views read next; 0 for a partition that was never projected."""
        async with asyncio.timeout(ASK_SECONDS), self._pool.connection() as connection:
            cursor = await connection.execute(rows.NEXT_OFFSET, [partition])
            return rows.next_offset(await cursor.fetchone())
