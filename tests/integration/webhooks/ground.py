"""Views and webhooks side by side in one database, with the parts of the service that work on them, and stories to tell."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from domain.webhooks.requests import EndpointRequest
from domain.webhooks.signing import secret_of
from domain.webhooks.telling import tell
from runtime.ids import mint, mint_key
from schemas.events import EventRecord
from services.webhooks import schema
from services.webhooks.database import BY_INDEX, Database
from services.webhooks.notebook import Notebook, Position, Stretch
from services.webhooks.queue import Queue
from services.webhooks.registry import Registry
from services.webhooks.seal import Seal
from services.webhooks.subjects import Subjects
from tests.integration.projector.conftest import migrated
from tests.integration.projector.views import PARTITION, Views
from tests.support.event_story import EventStory, everything

Records = Sequence[tuple[int, EventRecord]]
ENDPOINTS_MAX = 3
KEY = "4d7e1a90b6c25f38a1d0e97c5b3f6482"
SEAL = Seal(KEY)
BEGAN = 1_767_225_600_000
"""When a story begins; endpoints that are made by then are told all of it."""


class Ground:
    """One schema of webhooks beside one of views."""

    def __init__(self, views: Views, database: Database) -> None:
        self.views, self.database = views, database
        self.notebook, self.queue = Notebook(database), Queue(database, SEAL)
        self.registry, self.subjects = Registry(database, ENDPOINTS_MAX, SEAL), Subjects(database)
        self.now = int(time.time() * 1000)

    async def endpoint(
        self, merchant_id: str, url: str = "http://127.0.0.1:9/", *types: str, created_at: int = BEGAN
    ) -> str:
        """A new endpoint's id."""
        wanted = EndpointRequest(url=url, types=types)
        return str((await self.registry.create(merchant_id, mint(), wanted, secret_of(mint_key()), created_at))["id"])

    async def project(self, records: Records) -> None:
        """Bring the views up to the records."""
        await self.views.project(records, 20)

    async def write_down(self, records: Records, *, together: int = 7) -> int:
        """Write the records down as the follower does; returns how many deliveries they made."""
        made = 0
        for start in range(0, len(records), together):
            part = records[start : start + together]
            stand = await self.notebook.position(PARTITION)
            made += await self.notebook.write(stretch(stand, part), self.now)
        return made

    async def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return await self.database.all(query, list(values))

    async def deliveries(self, endpoint_id: str) -> list[dict[str, Any]]:
        """All deliveries of an endpoint in the order of the log."""
        return await self.rows("SELECT *, id::text AS id FROM deliveries WHERE endpoint_id = %s ORDER BY ord", endpoint_id)


def stretch(stand: Position, records: Records) -> Stretch:
    """Records as the follower hands them to the notebook."""
    parts = [part for offset, record in records for part in tell(offset, record)]
    last_offset, last = records[-1]
    return Stretch(partition=PARTITION, before=stand, after=Position(last_offset + 1, last.source_offset + 1), parts=parts)


def story(seed: int = 1, steps: int = 60) -> EventStory:
    """A story of the merchants acme and zebra with every kind of event."""
    return everything(seed, steps)


@asynccontextmanager
async def ground(url: str) -> AsyncIterator[Ground]:
    """Fresh schemas."""
    views = migrated(url)
    name = f"{views.schema}_webhooks"
    schema.REVISIONS.upgrade(url, name)
    database = Database(url, name, views.schema, plans=BY_INDEX)
    await database.open()
    try:
        yield Ground(views, database)
    finally:
        await database.close()
