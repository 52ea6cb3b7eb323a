"""Which partitions this process follows: leases in SQL, shared evenly among the processes that live.

Owns the leases. They only keep two processes from doing the same work: what makes it safe is the guard on the position (`notebook`).
A process that is frozen or cut off loses its leases by time, measured by the database's clock. Must not know what is followed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from runtime.logging import logger
from services.webhooks.database import AWAY, Database, Link

LEASE_SECONDS = 8.0
BEAT_SECONDS = 1.5

MAKE = "INSERT INTO leases (partition) SELECT generate_series(0, %s - 1) ON CONFLICT DO NOTHING"
JOIN = (
    "INSERT INTO members (id, until) VALUES (%(me)s, clock_timestamp() + %(seconds)s * interval '1 second') "
    "ON CONFLICT (id) DO UPDATE SET until = excluded.until"
)
FORGET = "DELETE FROM members WHERE until < clock_timestamp()"
COUNT = "SELECT count(*) AS members FROM members WHERE until >= clock_timestamp()"
RENEW = (
    "UPDATE leases SET until = clock_timestamp() + %(seconds)s * interval '1 second' "
    "WHERE owner = %(me)s AND until >= clock_timestamp() RETURNING partition"
)
TAKE = (
    "UPDATE leases l SET owner = %(me)s, until = clock_timestamp() + %(seconds)s * interval '1 second' FROM ("
    "SELECT partition FROM leases WHERE partition < %(partitions)s AND (until IS NULL OR until < clock_timestamp()) "
    "ORDER BY partition LIMIT %(room)s FOR UPDATE SKIP LOCKED) free WHERE l.partition = free.partition RETURNING l.partition"
)
RELEASE = "UPDATE leases SET owner = NULL, until = NULL WHERE owner = %s AND partition = ANY(%s)"
LEAVE = "DELETE FROM members WHERE id = %s"

Changed = Callable[[frozenset[int]], Awaitable[None]]

_log = logger(__name__)


class Membership:
    """Keeps leases alive and tells `changed` which partitions are ours; it is awaited before others may have what is given up."""

    def __init__(self, database: Database, me: str, partitions: int, changed: Changed) -> None:
        """`me` is this process's own id."""
        self._database, self._me, self._partitions, self._changed = database, me, partitions, changed
        self.owned: frozenset[int] = frozenset()

    async def run(self) -> None:
        """Be a member until cancelled; then leave, so that others need not wait."""
        failed_for = 0.0
        try:
            while True:
                try:
                    await self._beat()
                    failed_for = 0.0
                except AWAY as error:
                    failed_for += BEAT_SECONDS
                    _log.warning("webhooks.membership_away", error=type(error).__name__)
                    if failed_for >= LEASE_SECONDS:
                        await self._become(frozenset())
                await asyncio.sleep(BEAT_SECONDS)
        finally:
            await self._become(frozenset())
            with contextlib.suppress(*AWAY):
                async with asyncio.timeout(2):
                    await self._leave()

    async def _beat(self) -> None:
        me = {"me": self._me, "seconds": LEASE_SECONDS}
        async with self._database.transaction() as link:
            await link.execute(MAKE, [self._partitions])
            await link.execute(JOIN, me)
            await link.execute(FORGET)
            members = await (await link.execute(COUNT)).fetchone()
            kept = await _partitions(link, RENEW, me)
            share = -(-self._partitions // max(members["members"] if members else 1, 1))
            room = share - len(kept)
            taken = (
                await _partitions(link, TAKE, {**me, "partitions": self._partitions, "room": room}) if room > 0 else set()
            )
        surplus = set(sorted(kept, reverse=True)[:-room]) if room < 0 else set()
        await self._become(frozenset((kept | taken) - surplus))
        if surplus:
            await self._database.all(RELEASE, [self._me, sorted(surplus)])

    async def _become(self, owned: frozenset[int]) -> None:
        if owned != self.owned:
            self.owned = owned
            _log.info("webhooks.partitions", partitions=sorted(owned))
            await self._changed(owned)

    async def _leave(self) -> None:
        await self._database.all(RELEASE, [self._me, list(range(self._partitions))])
        await self._database.all(LEAVE, [self._me])


async def _partitions(link: Link, query: str, arguments: dict[str, object]) -> set[int]:
    cursor = await link.execute(query, arguments)
    return {row["partition"] for row in await cursor.fetchall()}
