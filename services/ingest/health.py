"""Whether ingest can do its work (OBS-07).

Owns the three checks: the broker answers, decisions are followed, the views can be read. Must not mend anything.
"""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient

from runtime.health import Check
from services.ingest.store import Store


def checks(store: Store, following: "asyncio.Task[None]", bootstrap: str) -> dict[str, Check]:
    """Named checks; each returns None when all is well."""

    async def log() -> str | None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=1500)
        try:
            await admin.start()
        finally:
            await admin.close()
        return None

    async def decisions() -> str | None:
        return "the reader of decisions has ended" if following.done() else None

    async def views() -> str | None:
        await store.ping()
        return None

    return {"log": log, "decisions": decisions, "views": views}
