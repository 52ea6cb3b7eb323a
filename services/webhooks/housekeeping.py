"""What is kept in bounds beside the work: old deliveries, ended tallies, expired secrets, dead endpoints; and gauges (WHK-02, OBS-01).

Owns how long things are kept. Must not touch what is pending.
"""

import asyncio

from runtime import metrics
from runtime.clock import Clock
from runtime.logging import logger
from services.webhooks.database import AWAY, Database
from services.webhooks.judgement import give_up, tell

EVERY_SECONDS = 10.0
AT_ONCE = 1000
DAY_MS = 86_400_000

OLD = (
    "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE finished_at < %s AND status <> 'pending' "
    "ORDER BY finished_at LIMIT %s) RETURNING id"
)
OVER = (
    "DELETE FROM batch_tallies WHERE batch_id IN (SELECT batch_id FROM batch_tallies WHERE ended_at < %s "
    "ORDER BY ended_at LIMIT %s FOR UPDATE SKIP LOCKED) RETURNING batch_id"
)
EXPIRED = "DELETE FROM secrets WHERE expires_at < %s"
STAND = (
    "SELECT (SELECT coalesce(sum(waiting.n), 0)::bigint FROM endpoints e CROSS JOIN LATERAL (SELECT count(*) AS n FROM deliveries d "
    "WHERE d.endpoint_id = e.id AND d.status = 'pending') waiting WHERE e.status = 'enabled') AS pending, "
    "(SELECT count(*) FROM endpoints WHERE status = 'disabled' AND disabled_reason IN ('failing', 'gone')) AS disabled, "
    "(SELECT count(*) FROM endpoints WHERE status = 'enabled' AND failing_since IS NOT NULL) AS failing"
)

_log = logger(__name__)


class Housekeeping:
    """Runs beside the dispatcher; two processes do no harm."""

    def __init__(self, database: Database, clock: Clock, keep_days: int) -> None:
        """`keep_days` counts from when a delivery ended."""
        self._database, self._clock, self._keep_ms = database, clock, keep_days * DAY_MS

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.once()
            except AWAY as error:
                _log.warning("webhooks.housekeeping_away", error=type(error).__name__)
            await asyncio.sleep(EVERY_SECONDS)

    async def once(self) -> None:
        """One round: at most AT_ONCE rows go at a time, so that nobody waits for it."""
        now = self._clock.now_ms()
        for query in (OLD, OVER):
            removed = AT_ONCE
            while removed == AT_ONCE:
                removed = len(await self._database.all(query, [now - self._keep_ms, AT_ONCE]))
        await self._database.all(EXPIRED, [now - DAY_MS])
        async with self._database.transaction() as link:
            disabled = await give_up(link, now)
        tell(disabled)
        stand = await self._database.one(STAND)
        assert stand is not None
        metrics.WEBHOOKS_PENDING.set(stand["pending"])
        metrics.WEBHOOK_ENDPOINTS.labels("disabled").set(stand["disabled"])
        metrics.WEBHOOK_ENDPOINTS.labels("failing").set(stand["failing"])
