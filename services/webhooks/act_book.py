"""Acts on their way to the audit trail: written in the transaction of what they tell, and kept until the trail has them (AUD-01).

Owns the table. So no change is without its act, also when the trail is away or this process dies. Must not send.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from domain.webhooks.acts import Act
from runtime.ids import mint
from services.webhooks.database import Database, Link

INSERT = "INSERT INTO acts (id, at, actor, action, subject, merchant_id, detail) VALUES (%s, %s, %s, %s, %s, %s, %s)"
OLDEST = "SELECT id::text, at, actor, action, subject, merchant_id, detail FROM acts ORDER BY at, id LIMIT %s"
DELETE = "DELETE FROM acts WHERE id = ANY(%s::uuid[])"
COUNT = "SELECT count(*) AS n FROM acts"


class ActBook:
    """Every method raises one of `database.AWAY` while the database is away."""

    def __init__(self, database: Database) -> None:
        """The database is opened and closed by its owner."""
        self._database = database

    async def waiting(self, limit: int) -> list[Act]:
        """The oldest acts that are not told yet."""
        rows = await self._database.all(OLDEST, [limit])
        return [Act(**{**row, "detail": msgspec.json.decode(row["detail"])}) for row in rows]

    async def forget(self, acts: Sequence[Act]) -> None:
        """The trail has them."""
        await self._database.all(DELETE, [[act.id for act in acts]])

    async def count(self) -> int:
        """How many wait."""
        row = await self._database.one(COUNT)
        return int(row["n"]) if row is not None else 0


async def note(
    link: Link, actor: str, action: str, subject: str, merchant_id: str, now: int, detail: Mapping[str, Any]
) -> None:
    """Write an act down, in the transaction of what it tells."""
    text = msgspec.json.encode(detail).decode()
    await link.execute(INSERT, [mint(), now, actor, action, subject, merchant_id, text])
