"""Views under test: projecting a story into them and looking at them."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from schemas.events import EventRecord
from services.projector.changes import Changes
from services.projector.project import project
from services.projector.store import Store
from services.projector.tables import metadata

PARTITION = 3
PARTITIONS = 8
Records = Sequence[tuple[int, EventRecord]]


class Views:
    """One schema. Projects into partition PARTITION."""

    def __init__(self, url: str, schema: str) -> None:
        self.url, self.schema = url, schema

    @asynccontextmanager
    async def store(self) -> Any:
        store = Store(self.url, self.schema)
        try:
            yield store
        finally:
            await store.close()

    async def project(self, records: Records, per_transaction: int) -> None:
        """Write the records, so many to a transaction."""
        async with self.store() as store:
            for changes in await transactions(store, records, per_transaction):
                await store.apply(changes)

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url, options=f"-c search_path={self.schema}", row_factory=dict_row)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        with self.connect() as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]

    def execute(self, query: str, *values: object) -> None:
        with self.connect() as connection:
            connection.execute(query, values)  # type: ignore[arg-type]

    def dump(self) -> dict[str, list[str]]:
        """Every table as sorted lines of text."""
        return {
            table.name: [str(row["line"]) for row in self.rows(f'SELECT t::text AS line FROM "{table.name}" t ORDER BY 1')]
            for table in metadata.sorted_tables
        }


async def transactions(store: Store, records: Records, per_transaction: int) -> list[Changes]:
    """The records folded, beginning where the views stand."""
    position = await store.position(PARTITION)
    done: list[Changes] = []
    next_offset, next_source = position.next_offset, position.next_source
    for start in range(0, len(records), per_transaction):
        changes = Changes(PARTITION, next_offset, next_source)
        for offset, record in records[start : start + per_transaction]:
            project(changes, offset, record)
        next_offset, next_source = changes.next_offset, changes.next_source
        done.append(changes)
    return done
