"""What timelines read of the views, and of the trail of people's acts.

Owns those queries. Must not know what is made of the rows.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from domain.batch.view import Cells
from schemas.ids import batch_id_range

Row = dict[str, Any]

MOVES_MAX = 10_000
"""More than the chunks of the largest file that comes in one piece."""
NEWEST_MOVES = 500
"""So many of the last moves are there however many came before them: how a batch was sealed, funded and stopped."""
ACTS_MAX = 200
LEGS = 'partition, "offset", leg, merchant_id, account, currency, amount_minor, entry_type, payout_id::text, batch_id::text, payout_count'
OWN = "account IN ('available', 'held', 'fees')"


class Views(Protocol):
    """What is asked of the gateway's store."""

    async def all(self, query: str, arguments: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query. Raises ProblemError 503."""

    async def changes_of(self, payout_id: str) -> list[Row]:
        """A payout's changes in order."""

    async def batch(self, batch_id: str) -> Row | None:
        """One batch."""

    async def cells(self, batch_ids: Sequence[str]) -> dict[str, Cells]:
        """Totals of batches."""


class Reads:
    """Queries over the store of the views; `admin` reads the schema of people and keys, None in open mode."""

    def __init__(self, views: Views, admin: Views | None) -> None:
        """Both are open."""
        self.views, self._admin = views, admin

    async def entries(self, partition: int, offsets: Sequence[int], merchant_id: str) -> list[Row]:
        """The entries on a merchant's own accounts that events at these places made."""
        query = (
            f'SELECT {LEGS}, created_at FROM ledger_entries WHERE partition = %s AND "offset" = ANY(%s) AND merchant_id = %s '
            f'AND {OWN} ORDER BY "offset", leg'
        )
        return await self.views.all(query, [partition, list(offsets), merchant_id])

    async def moves_of(self, batch_id: str) -> list[Row]:
        """What became of a batch, in the order of the log; the first MOVES_MAX, and the NEWEST_MOVES."""
        query = (
            '(SELECT * FROM batch_moves WHERE batch_id = %s ORDER BY "offset", idx LIMIT %s) UNION '
            '(SELECT * FROM batch_moves WHERE batch_id = %s ORDER BY "offset" DESC, idx DESC LIMIT %s) ORDER BY "offset", idx'
        )
        return await self.views.all(query, [batch_id, MOVES_MAX, batch_id, NEWEST_MOVES])

    async def milestones(self, batch_id: str) -> list[Row]:
        """For each state and reason that rows came to: how many changes, and the first and last of them (place and time)."""
        low, high = batch_id_range(batch_id)
        query = (
            'SELECT status, reason, actor, count(*) AS changes, min(partition) AS partition, min("offset") AS first_offset, '
            'max("offset") AS last_offset, min(at) AS first_at, max(at) AS last_at FROM all_payout_changes '
            "WHERE payout_id BETWEEN %s AND %s AND batch_id = %s GROUP BY status, reason, actor ORDER BY first_offset, status"
        )
        return await self.views.all(query, [low, high, batch_id])

    async def acts(self, subject: str) -> list[Row] | None:
        """What people and keys did about it, by the audit trail; None where there is none (open mode)."""
        if self._admin is None:
            return None
        query = "SELECT id, at, actor, action, outcome, reason FROM audit WHERE subject = %s ORDER BY id LIMIT %s"
        return await self._admin.all(query, [subject, ACTS_MAX])
