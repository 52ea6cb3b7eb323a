"""What ingest reads from the projection: stored answers, and whose a payout or a batch is.

Owns the few queries and nothing else: the connection is read-only. The projection can lag behind the log, so "not there" is never
proof here; the processor is the judge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from domain.book import BankAccount
from domain.payout.state import Payout
from domain.payout.view import payout_view
from schemas.words import BatchPhase

POOL_SECONDS = 2.0
STATEMENT_MS = 2000

_COLUMNS = {"row": "p.row_number", "id": "p.id::text", "batch_id": "p.batch_id::text"}
_COLUMNS["bank_account_id"] = "p.bank_account_id::text"
_FIELDS = Payout.__struct_fields__
_PAYOUT = ", ".join(_COLUMNS.get(name, f"p.{name}") for name in _FIELDS)
_ACCOUNT = (
    "a.id::text, a.merchant_id, a.holder, a.account_number, a.ifsc, a.bank_name, a.account_type, a.verified, a.is_primary"
)
_ACCOUNT_FIELDS = BankAccount.__struct_fields__[:9]
"""The same as fields of the law; a payout shows no more of its account."""
_VIEW = (
    f"SELECT b.phase, {_ACCOUNT}, {_PAYOUT} FROM {{table}} p LEFT JOIN batches b ON b.id = p.batch_id "  # noqa: S608  own columns
    "LEFT JOIN bank_accounts a ON a.id = p.bank_account_id AND a.merchant_id = p.merchant_id WHERE p.id = %s"
)
_ANSWER = (
    'SELECT content_hash, subject::text, status, body, version, expires_at, partition, "offset" '
    "FROM idempotency_answers WHERE merchant_id = %s AND key = %s"
)

_OUTCOMES = (
    "SELECT id::text, status, reason, failure_code, failure_reason, bank_reference_id, expected_settlement_date "
    "FROM all_payouts WHERE id BETWEEN %s AND %s"
)

_TAKEN = (
    "SELECT n.reference, f.id::text FROM unnest(string_to_array(%s, E'\\n')) AS n(reference) CROSS JOIN LATERAL "
    "(SELECT p.id FROM payouts p LEFT JOIN batches b ON b.id = p.batch_id WHERE p.merchant_id = %s AND p.reference = n.reference "
    "AND p.status <> 'rejected' AND (b.id IS NULL OR (b.phase IN ('open', 'released') AND b.id <> %s "
    "AND b.idempotency_key IS DISTINCT FROM %s)) UNION ALL "
    "SELECT r.payout_id FROM archived_references r WHERE r.merchant_id = %s AND r.reference = n.reference) f"
)
_UNUSABLE = (
    "SELECT n.id::text, CASE WHEN a.id IS NULL THEN 'is no bank account of this merchant' "
    "WHEN a.closed_at IS NOT NULL THEN 'is a bank account that is closed' ELSE 'is a bank account that is not verified' END "
    "FROM unnest(%s::uuid[]) AS n(id) LEFT JOIN bank_accounts a ON a.merchant_id = %s AND a.id = n.id "
    "WHERE a.id IS NULL OR a.closed_at IS NOT NULL OR NOT a.verified"
)


class ViewUnavailableError(Exception):
    """The projection cannot be read now."""


@dataclass(frozen=True)
class StoredAnswer:
    """One row of idempotency_answers. `status` is None while the first request (a batch) is not decided."""

    content_hash: str
    subject: str | None
    status: int | None
    body: bytes | None
    version: int | None
    expires_at: int
    partition: int
    offset: int


class Store:
    """Read-only queries on the projection. Every method raises ViewUnavailableError in bounded time."""

    def __init__(self, pool: "AsyncConnectionPool[Any]") -> None:
        """`pool` comes from `wiring`; its connections have the search path set and only read."""
        self._pool = pool

    async def ping(self) -> None:
        """Raises ViewUnavailableError when the projection cannot be read."""
        await self._row("SELECT 1", ())

    async def stored_answer(self, merchant_id: str, key: str) -> StoredAnswer | None:
        """What is stored under an idempotency key, expired or not."""
        row = await self._row(_ANSWER, (merchant_id, key))
        return StoredAnswer(*row) if row is not None else None

    async def payout_view(self, payout_id: str) -> dict[str, object] | None:
        """A payout's public form as the projection has it. `payout_id` is a UUID in canonical form."""
        row = await self._hot_or_archived(_VIEW, payout_id)
        return _view(row) if row is not None else None

    async def position(self, partition: int) -> int:
        """The next offset that the views of a partition expect."""
        row = await self._row("SELECT next_offset FROM projection_offsets WHERE partition = %s", (partition,))
        return int(row[0]) if row is not None else 0

    async def merchant_of_payout(self, payout_id: str) -> str | None:
        """Whose payout this is. `payout_id` is a UUID in canonical form."""
        row = await self._hot_or_archived("SELECT merchant_id FROM {table} WHERE id = %s", payout_id)
        return row[0] if row is not None else None

    async def merchant_of_batch(self, batch_id: str) -> str | None:
        """Whose batch this is. `batch_id` is a UUID in canonical form."""
        row = await self._row("SELECT merchant_id FROM batches WHERE id = %s", (batch_id,))
        return row[0] if row is not None else None

    async def requires_key(self, merchant_id: str) -> bool:
        """Whether a merchant makes the idempotency key mandatory (IDM-01)."""
        row = await self._row("SELECT key_required FROM merchants WHERE id = %s", (merchant_id,))
        return bool(row[0]) if row is not None else False

    async def batch_phase(self, batch_id: str) -> str | None:
        """How far a batch is (BatchPhase); None for one that the views do not have. `batch_id` is a UUID in canonical form."""
        row = await self._row("SELECT phase FROM batches WHERE id = %s", (batch_id,))
        return row[0] if row is not None else None

    async def taken_references(self, merchant_id: str, batch_id: str, key: str, references: Sequence[str]) -> dict[str, str]:
        """Those of `references` that payouts of the merchant have for ever, each with the payout (IDM-08).

        What the batch itself has does not count, nor what others under its key have: they are tries of the same. References have one
        line each, and go as lines of one text: a tenth of the work of an array of them.
        """
        names = ("\n".join(references), merchant_id, batch_id, key, merchant_id)
        return dict(await self._rows(_TAKEN, names))

    async def unusable_accounts(self, merchant_id: str, account_ids: Sequence[str]) -> dict[str, str]:
        """Those of the ids that the merchant cannot pay to now, with the reason."""
        return dict(await self._rows(_UNUSABLE, (list(account_ids), merchant_id)))

    async def outcomes(self, first: str, last: str) -> list[tuple[Any, ...]]:
        """What became of a batch's rows from one payout id to another, in any order: id, status, reason, code, text, reference, date.

        Both ends, and no limit: of a million rows just come in the planner knows nothing, and for the first of a longer range it sorts
        all that are left, page after page.
        """
        return await self._rows(_OUTCOMES, (first, last))

    async def batch_counts(self, batch_id: str) -> dict[str, int]:
        """Rows of a batch by state."""
        query = "SELECT status, sum(count)::bigint FROM batch_totals WHERE batch_id = %s GROUP BY status"
        return {status: count for status, count in await self._rows(query, (batch_id,)) if count}

    async def _hot_or_archived(self, query: str, payout_id: str) -> tuple[Any, ...] | None:
        """The second look is at both together: meanwhile an archived payout may have come back."""
        row = await self._row(query.format(table="payouts"), (payout_id,))
        return row if row is not None else await self._row(query.format(table="all_payouts"), (payout_id,))

    async def _rows(self, query: str, parameters: tuple[object, ...]) -> list[tuple[Any, ...]]:
        try:
            async with self._pool.connection(timeout=POOL_SECONDS) as connection:
                cursor = await connection.execute(query, parameters)
                rows: list[tuple[Any, ...]] = await cursor.fetchall()
                return rows
        except (psycopg.Error, PoolTimeout, OSError) as error:
            raise ViewUnavailableError(type(error).__name__) from error

    async def _row(self, query: str, parameters: tuple[object, ...]) -> tuple[Any, ...] | None:
        try:
            async with self._pool.connection(timeout=POOL_SECONDS) as connection:
                cursor = await connection.execute(query, parameters)
                row: tuple[Any, ...] | None = await cursor.fetchone()
                return row
        except (psycopg.Error, PoolTimeout, OSError) as error:
            raise ViewUnavailableError(type(error).__name__) from error


def _view(row: tuple[Any, ...]) -> dict[str, object]:
    phase, account, values = row[0], row[1:10], dict(zip(_FIELDS, row[10:], strict=True))
    if values["recipient"] is not None:
        values["recipient"] = msgspec.json.decode(values["recipient"])
    payout = msgspec.convert(values, Payout)
    saved = BankAccount(**dict(zip(_ACCOUNT_FIELDS, account, strict=True))) if account[0] else None
    return payout_view(payout, batch_open=phase == BatchPhase.OPEN, bank_account=saved)
