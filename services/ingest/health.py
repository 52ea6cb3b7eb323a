"""Whether ingest can do its work (OBS-07).

Owns the three checks: the broker answers, decisions are followed, the views can be read. A lost partition is named, and does not make
the process unready: the merchants of all the others need it. Must not mend anything.
"""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient

from runtime.health import Check, Degraded
from services.ingest.store import Store
from services.ingest.waiting import Waiting


def checks(store: Store, waiting: Waiting, following: "asyncio.Task[None]", bootstrap: str) -> dict[str, Check]:
    """Named checks; each returns None when all is well."""

    async def log() -> str | None:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=1500)
        try:
            await admin.start()
        finally:
            await admin.close()
        return None

    async def decisions() -> str | None:
        if following.done():
            return "the reader of decisions has ended"
        return not_followed(waiting)

    async def views() -> str | None:
        await store.ping()
        return None

    return {"log": log, "decisions": decisions, "views": views}


def not_followed(waiting: Waiting) -> str | None:
    """Which partitions' decisions are not followed any more; without any that is, nothing can be done here."""
    if not waiting.lost:
        return None
    told = f"decisions are not followed on partition {', '.join(map(str, sorted(waiting.lost)))}: see the runbook"
    return Degraded(told) if len(waiting.lost) < waiting.partitions else told
