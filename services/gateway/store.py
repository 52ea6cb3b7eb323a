"""Reading the views.

Owns every query of the gateway and the mapping of a lost database to 503. Read only. Must not know HTTP.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from domain.batch.view import Cells
from runtime.http_problems import ProblemError
from schemas.ids import batch_id_range
from services.gateway import rows
from services.gateway.filters import Conditions, Paging
from services.gateway.past import Past

Row = dict[str, Any]

ALL = "*"
UNFINISHED = (
    "completed_at IS NULL AND failed_at IS NULL AND canceled_at IS NULL AND reason IS DISTINCT FROM 'insufficient_funds'"
)
"""As the views' index `payouts_unfinished` has it."""


class Store:
    """Queries over a pool of read-only connections. Every call raises ProblemError 503 while the database is away."""

    def __init__(self, database_url: str, schema: str) -> None:
        """Not open yet."""
        options = f"-c search_path={schema} -c default_transaction_read_only=on -c statement_timeout=10000"
        settings = {"options": options, "autocommit": True, "row_factory": dict_row}
        self.past = Past(self.all)
        self._pool: Any = AsyncConnectionPool(database_url, min_size=2, max_size=16, open=False, timeout=3, kwargs=settings)

    async def open(self) -> None:
        """Connect. Raises PoolTimeout if the database does not answer."""
        await self._pool.open(wait=True, timeout=10)

    async def close(self) -> None:
        """Disconnect."""
        await self._pool.close()

    async def all(self, query: str, arguments: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
        """All rows of a query. `query` is our own text."""
        try:
            try:
                return await self._fetch(query, arguments)
            except (psycopg.errors.QueryCanceled, PoolTimeout):  # too slow or away, and would be so again
                raise
            except (
                psycopg.OperationalError
            ):  # a restart of the database leaves a pool of dead connections: let them all go, once
                await self._pool.check()
                return await self._fetch(query, arguments)
        except (psycopg.OperationalError, PoolTimeout, OSError):
            raise ProblemError("view_unavailable", "The views cannot be read now; try again soon.") from None

    async def _fetch(self, query: str, arguments: Sequence[Any] | Mapping[str, Any]) -> list[Row]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(query, arguments)
            found: list[Row] = await cursor.fetchall()
            return found

    async def one(self, query: str, arguments: Sequence[Any] | Mapping[str, Any] = ()) -> Row | None:
        """The first row, or None."""
        found = await self.all(query, arguments)
        return found[0] if found else None

    async def payout(self, payout_id: str) -> Row | None:
        """One payout."""
        query = f"SELECT {rows.PAYOUT} FROM {rows.PAYOUT_FROM} WHERE p.id = %s"
        return await self.past.one(query, payout_id)

    async def payouts(self, conditions: Conditions, paging: Paging) -> list[Row]:
        """A page of payouts, newest first, and one more row if there are more."""
        wanted = Conditions()
        wanted.parts, wanted.arguments = [*conditions.parts], [*conditions.arguments]
        if paging.cursor is not None:
            wanted.add("p.id < %s", paging.cursor)
        query = f"SELECT {rows.PAYOUT} FROM {rows.PAYOUT_FROM}{wanted.sql} ORDER BY p.id DESC LIMIT %s OFFSET %s"

        def is_all(found: Sequence[Row], archived_to: str) -> bool:
            return len(found) > paging.limit and found[-1]["id"] > archived_to

        return await self.past.read(query, [*wanted.arguments, paging.limit + 1, paging.offset], is_all)

    async def count_payouts(self, conditions: Conditions) -> int:
        """How many payouts match."""
        row = await self.one(f"SELECT count(*) AS count FROM all_payouts p{conditions.sql}", conditions.arguments)
        return int(row["count"]) if row else 0

    async def rows_of(self, batch_id: str, conditions: Conditions, after: str | None, limit: int) -> list[Row]:
        """A page of a batch's rows in order of row, and one more if there are more."""
        low, high = batch_id_range(batch_id)
        wanted = Conditions()
        wanted.add("p.id > %s AND p.id <= %s AND p.batch_id = %s", after or low, high, batch_id)
        wanted.parts += conditions.parts
        wanted.arguments += conditions.arguments
        query = f"SELECT {rows.PAYOUT} FROM {rows.PAYOUT_FROM}{wanted.sql} ORDER BY p.id LIMIT %s"
        return await self.past.read(
            query, [*wanted.arguments, limit + 1], lambda _, archived_to: (after or low) >= archived_to
        )

    async def changes_of(self, payout_id: str) -> list[Row]:
        """A payout's changes in order."""
        query = 'SELECT * FROM all_payout_changes WHERE payout_id = %s ORDER BY version, "offset", idx'
        return await self.all(query, [payout_id])

    async def places(self, payout_ids: Sequence[str]) -> list[Row]:
        """Where on the log the newest change of each payout stands."""
        query = (
            'SELECT DISTINCT ON (payout_id) payout_id::text AS id, partition, "offset", idx FROM all_payout_changes '
            "WHERE payout_id = ANY(%s::uuid[]) ORDER BY payout_id, version DESC"
        )
        return await self.all(query, [list(payout_ids)])

    async def changes_between(
        self, start: tuple[int, int, int], end: int, wanted: Mapping[str, Sequence[str]], limit: int
    ) -> list[Row]:
        """Changes from `start` (partition, offset, index) to before the offset `end`; `wanted` maps batch, payout, payouts to ids.

        Among the ids of payouts ALL stands for every merchant.
        """
        query = (
            f"SELECT {rows.CHANGE} FROM {{changes}} c JOIN {{payouts}} p ON p.id = c.payout_id WHERE c.partition = %s "
            'AND (c."offset", c.idx) >= (%s, %s) AND c."offset" < %s AND (c.batch_id = ANY(%s::uuid[]) OR c.payout_id = ANY(%s::uuid[]) '
            'OR c.merchant_id = ANY(%s) OR %s) ORDER BY c."offset", c.idx LIMIT %s'
        )
        ids = [list(wanted.get(kind, ())) for kind in ("batch", "payout", "payouts")]
        return await self.past.read_changes(query, [*start, end, *ids, ALL in ids[-1], limit], start)

    async def batches_named(self, batch_ids: Sequence[str]) -> list[Row]:
        """Batches by id, in no order."""
        return await self.all(f"SELECT {rows.BATCH} FROM batches WHERE id = ANY(%s::uuid[])", [list(batch_ids)])

    async def batch(self, batch_id: str) -> Row | None:
        """One batch."""
        return await self.one(f"SELECT {rows.BATCH} FROM batches WHERE id = %s", [batch_id])

    async def batches(self, merchant_id: str | None, paging: Paging) -> list[Row]:
        """A page of batches, newest first, and one more row if there are more."""
        wanted = Conditions()
        if merchant_id is not None:
            wanted.add("merchant_id = %s", merchant_id)
        if paging.cursor is not None:
            wanted.add("id < %s", paging.cursor)
        query = f"SELECT {rows.BATCH} FROM batches{wanted.sql} ORDER BY id DESC LIMIT %s OFFSET %s"
        return await self.all(query, [*wanted.arguments, paging.limit + 1, paging.offset])

    async def count_batches(self, merchant_id: str | None) -> int:
        """How many batches there are."""
        query = "SELECT count(*) AS count FROM batches WHERE merchant_id = coalesce(%s, merchant_id)"
        row = await self.one(query, [merchant_id])
        return int(row["count"]) if row else 0

    async def cells(self, batch_ids: Sequence[str]) -> dict[str, Cells]:
        """Totals of batches."""
        query = (
            "SELECT batch_id::text, currency, status, count, amount_minor FROM batch_totals WHERE batch_id = ANY(%s::uuid[])"
        )
        found: dict[str, Cells] = {batch_id: {} for batch_id in batch_ids}
        for row in await self.all(query, [list(batch_ids)]):
            found[row["batch_id"]][row["status"], row["currency"]] = (row["count"], row["amount_minor"])
        return found

    async def merchant(self, merchant_id: str) -> Row | None:
        """One merchant."""
        return await self.one("SELECT * FROM merchants WHERE id = %s", [merchant_id])

    async def merchants(self, merchant_id: str | None, paging: Paging, *, active: bool = True) -> list[Row]:
        """A page of the merchants that are active, or are not, by id, and one more if there are more; only the one of this id."""
        query = (
            "SELECT * FROM merchants WHERE active = %s AND id = coalesce(%s, id) AND id > coalesce(%s, '') "
            "ORDER BY id LIMIT %s OFFSET %s"
        )
        return await self.all(query, [active, merchant_id, paging.cursor, paging.limit + 1, paging.offset])

    async def count_merchants(self, merchant_id: str | None, *, active: bool = True) -> int:
        """How many merchants are active, or are not; of this id at most one."""
        query = "SELECT count(*) AS count FROM merchants WHERE active = %s AND id = coalesce(%s, id)"
        row = await self.one(query, [active, merchant_id])
        return int(row["count"]) if row else 0

    async def bank_accounts(self, merchant_ids: Sequence[str]) -> list[Row]:
        """Saved accounts of merchants."""
        query = (
            "SELECT id::text, merchant_id, holder, account_number, ifsc, bank_name, account_type, verified, is_primary, closed_at, "
            "verification FROM bank_accounts WHERE merchant_id = ANY(%s) ORDER BY created_at, id"
        )
        return await self.all(query, [list(merchant_ids)])

    async def balances(self, merchant_id: str) -> list[Row]:
        """Accounts of a merchant."""
        query = "SELECT currency, account, balance_minor, partition, last_offset FROM balances WHERE merchant_id = %s"
        return await self.all(query, [merchant_id])

    async def entries(self, wanted: Conditions, limit: int, offset: int) -> list[Row]:
        """Ledger entries, newest first; those of a credit with what was written on it."""
        page = (
            'SELECT partition, "offset", leg, merchant_id, account, currency, amount_minor, entry_type, payout_id::text, batch_id::text, '
            f'payout_count, created_at FROM ledger_entries{wanted.sql} ORDER BY "offset" DESC, leg DESC LIMIT %s OFFSET %s'
        )
        query = (
            f"SELECT e.*, c.reference AS credit_reference, c.description AS credit_description FROM ({page}) e LEFT JOIN credits c "
            'ON c.merchant_id = e.merchant_id AND c."offset" = e."offset" AND e.entry_type = \'payment_received\' '
            'ORDER BY e."offset" DESC, e.leg DESC'
        )
        return await self.all(query, [*wanted.arguments, limit, offset])

    async def count_entries(self, wanted: Conditions) -> int:
        """How many entries there are."""
        row = await self.one(f"SELECT count(*) AS count FROM ledger_entries{wanted.sql}", wanted.arguments)
        return int(row["count"]) if row else 0

    async def unfinished(self) -> list[Row]:
        """What has not ended, over all merchants, by provider, state, reason and currency: counts, sums (text, minor units), the oldest."""
        query = (
            "SELECT provider, status, reason, currency, count(*) AS count, sum(amount_minor)::text AS amount_minor, "
            f"min(updated_at) AS oldest_at FROM payouts WHERE {UNFINISHED} GROUP BY provider, status, reason, currency"
        )
        return await self.all(query)

    async def cleared(self) -> list[Row]:
        """What went through each provider, over all merchants: the sum of its clearing accounts by currency (text, minor units)."""
        query = (
            "SELECT account, currency, sum(balance_minor)::text AS amount_minor FROM balances WHERE account LIKE 'clearing:%%' "
            "GROUP BY account, currency ORDER BY account, currency"
        )
        return await self.all(query)

    async def positions(self) -> dict[int, int]:
        """The projection's next offset of every partition."""
        found = await self.all("SELECT partition, next_offset FROM projection_offsets")
        return {int(row["partition"]): int(row["next_offset"]) for row in found}

    async def position(self, partition: int) -> int:
        """The projection's next offset of a partition."""
        row = await self.one("SELECT next_offset FROM projection_offsets WHERE partition = %s", [partition])
        return int(row["next_offset"]) if row else 0
