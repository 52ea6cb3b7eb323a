"""How long staged files and drafts are kept, and how much of them there is (OBS-01).

Owns the ages, and what goes at each: a refused file whole; of a taken one first the content and much later the fingerprint, so that nobody
pays it again; a draft whole. What they made on the log stays. Two processes do no harm. Must not touch money.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from psycopg_pool import AsyncConnectionPool

from runtime import metrics
from runtime.clock import Clock
from runtime.logging import logger

EVERY_SECONDS = 600.0
AWAY_SECONDS = 30.0
AT_ONCE = 20
"""Files of one transaction: each can have 400 pieces."""
DRAFTS_AT_ONCE = 1000
DAY_MS = 86_400_000

_REFUSED = (
    "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE updated_at < %(files)s AND state = 'refused' "
    "ORDER BY updated_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)"
)
_CONTENT = (
    "WITH old AS (SELECT id FROM uploads WHERE updated_at < %(files)s AND state <> 'refused' AND content_deleted_at IS NULL "
    "ORDER BY updated_at LIMIT %(most)s FOR UPDATE SKIP LOCKED), "
    "pieces AS (DELETE FROM upload_pieces p USING old WHERE p.upload_id = old.id), "
    "cells AS (DELETE FROM upload_corrections c USING old WHERE c.upload_id = old.id) "
    "UPDATE uploads u SET content_deleted_at = %(now)s, file_name = '', options = '{}', report = '{}', version = u.version + 1 "
    "FROM old WHERE u.id = old.id"
)
"""`updated_at` stays what it was: the fingerprint is as old as the file."""
_FINGERPRINTS = (
    "DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE updated_at < %(fingerprints)s "
    "AND content_deleted_at IS NOT NULL ORDER BY updated_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)"
)
_DRAFTS = (
    "DELETE FROM drafts WHERE id IN (SELECT id FROM drafts WHERE updated_at < %(drafts)s ORDER BY updated_at "
    "LIMIT %(most)s FOR UPDATE SKIP LOCKED)"
)
_STEPS: tuple[tuple[str, str, int], ...] = (
    ("refused_file", _REFUSED, AT_ONCE),
    ("file_content", _CONTENT, AT_ONCE),
    ("file_fingerprint", _FINGERPRINTS, DRAFTS_AT_ONCE),
    ("draft", _DRAFTS, DRAFTS_AT_ONCE),
)
_STAND = (
    "SELECT count(*) FILTER (WHERE content_deleted_at IS NULL), count(*) FILTER (WHERE content_deleted_at IS NOT NULL), "
    "(SELECT count(*) FROM drafts), pg_total_relation_size('upload_pieces'), pg_total_relation_size('drafts') FROM uploads"
)

_log = logger(__name__)


class Ages(NamedTuple):
    """Days since the last change after which something goes."""

    files: int
    fingerprints: int
    drafts: int

    def before(self, now: int) -> dict[str, int]:
        """The times, in ms UTC, that what goes is older than."""
        return {name: now - days * DAY_MS for name, days in self._asdict().items()}


class Retention:
    """Runs beside the app."""

    def __init__(self, pool: "AsyncConnectionPool[Any]", clock: Clock, ages: Ages) -> None:
        """`pool` comes from `wiring`, its search path set to ingest's own schema."""
        self._pool, self._clock, self._ages = pool, clock, ages

    async def run(self) -> None:
        """Until cancelled. A database that is away is asked again: what is old only gets older."""
        while True:
            try:
                await self.once()
            except Exception as error:  # noqa: BLE001  whatever it was: who tidies up ends nobody, and the metric gets old
                _log.warning("ingest.retention_away", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
            else:
                await asyncio.sleep(EVERY_SECONDS)

    async def once(self) -> dict[str, int]:
        """One round; what it deleted, by kind. Bounded portions, so that nobody waits for it. Raises psycopg.Error, PoolTimeout."""
        now = self._clock.now_ms()
        values = {**self._ages.before(now), "now": now}
        gone = {what: await self._all(what, query, {**values, "most": most}) for what, query, most in _STEPS}
        await self._measure()
        metrics.EXPIRY_ROUND.set(now / 1000)
        if any(gone.values()):
            _log.info("ingest.expired", **gone)
        return gone

    async def _all(self, what: str, query: str, values: Mapping[str, int]) -> int:
        gone = portion = await self._execute(query, values)
        while portion:
            portion = await self._execute(query, values)
            gone += portion
        metrics.EXPIRED.labels(what).inc(gone)
        return gone

    async def _execute(self, query: str, values: Mapping[str, int]) -> int:
        async with self._pool.connection() as link:
            return int((await link.execute(query, values)).rowcount)

    async def _measure(self) -> None:
        async with self._pool.connection() as link:
            row = await (await link.execute(_STAND)).fetchone()
        kept, remembered, drafts, file_bytes, draft_bytes = row or (0, 0, 0, 0, 0)
        metrics.STAGED_FILES.labels("kept").set(kept)
        metrics.STAGED_FILES.labels("remembered").set(remembered)
        metrics.DRAFTS.set(drafts)
        metrics.STAGED_BYTES.labels("files").set(file_bytes)
        metrics.STAGED_BYTES.labels("drafts").set(draft_bytes)
