"""The in-memory views as ingest and the gateway read them, over the simulated network.

Owns the same questions and errors as their own SQL. Must not hold rows.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg

from runtime.http_problems import ProblemError
from services.gateway.filters import Conditions, Paging
from services.ingest.store import _FIELDS, StoredAnswer, ViewUnavailableError, _view
from services.ingest.store import Store as IngestStore
from tests.simulation.store import ACCOUNT, PAYOUT, Database
from tests.simulation.tables import Row


class MemoryIngestStore(IngestStore):
    """services.ingest.store.Store. `blind` says how often a key is looked up in vain: then the processor alone is the judge."""

    def __init__(self, database: Database, blind: Callable[[], float]) -> None:
        self._database, self._blind = database, blind

    async def _found(self, effect: Callable[[], Any]) -> Any:
        try:
            return await self._database.ask(effect)
        except psycopg.Error as error:
            raise ViewUnavailableError(type(error).__name__) from error

    async def ping(self) -> None:
        await self._found(lambda: None)

    async def stored_answer(self, merchant_id: str, key: str) -> StoredAnswer | None:
        if self._database.network.rng.random() < self._blind():
            raise ViewUnavailableError("blind")
        row = await self._found(lambda: self._database.all("idempotency_answers").get((merchant_id, key)))
        return StoredAnswer(**{name: row[name] for name in StoredAnswer.__dataclass_fields__}) if row else None

    async def payout_view(self, payout_id: str) -> dict[str, object] | None:
        return await self._found(lambda: self._view_of(payout_id))

    def _view_of(self, payout_id: str) -> dict[str, object] | None:
        row = self._database.all("payouts").get(payout_id)
        if row is None:
            return None
        batch = self._database.all("batches").get(row["batch_id"])
        account = self._database.all("bank_accounts").get((row["merchant_id"], row["bank_account_id"]))
        phase = batch["phase"] if batch else None
        values = [account[name] for name in ACCOUNT] if account else [None] * len(ACCOUNT)
        fields = _payout_fields(row)
        return _view((phase, *values, *fields.values()))

    async def position(self, partition: int) -> int:
        return await self._found(lambda: self._database.tables.position(partition).next_offset)

    async def merchant_of_payout(self, payout_id: str) -> str | None:
        row = await self._found(lambda: self._database.all("payouts").get(payout_id))
        return row["merchant_id"] if row else None

    async def merchant_of_batch(self, batch_id: str) -> str | None:
        row = await self._found(lambda: self._database.all("batches").get(batch_id))
        return row["merchant_id"] if row else None


class MemoryGatewayStore:
    """services.gateway.store.Store, as far as the feed and reads of payouts and balances ask."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def _found(self, effect: Callable[..., Any], *args: Any) -> Any:
        try:
            return await self._database.ask(effect, *args)
        except psycopg.OperationalError:
            raise ProblemError("view_unavailable", "The views cannot be read now; try again soon.") from None

    async def changes_between(
        self, start: tuple[int, int, int], end: int, wanted: Mapping[str, Sequence[str]], limit: int
    ) -> list[Row]:
        return await self._found(self._changes, start, end, wanted, limit)

    def _changes(self, start: tuple[int, int, int], end: int, wanted: Mapping[str, Sequence[str]], limit: int) -> list[Row]:
        told = self._database.tables.log[start[0]]
        first = bisect_left(told, start[1:], key=lambda row: (row["offset"], row["idx"]))
        batches, payouts, merchants = (set(wanted.get(kind, ())) for kind in ("batch", "payout", "payouts"))
        found: list[Row] = []
        for row in told[first:]:
            if row["offset"] >= end or len(found) >= limit:
                break
            if row["batch_id"] in batches or row["payout_id"] in payouts or merchants & {row["merchant_id"], "*"}:
                payout = self._database.all("payouts")[row["payout_id"]]
                more = {
                    name: payout[name]
                    for name in ("row_number", "reference", "amount_minor", "currency", "provider", "created_at")
                }
                found.append({**row, "id": row["payout_id"], **more})
        return found

    async def batches_named(self, batch_ids: Sequence[str]) -> list[Row]:
        return await self._found(lambda: [row for row in map(self._database.all("batches").get, batch_ids) if row])

    async def batch(self, batch_id: str) -> Row | None:
        return await self._found(lambda: self._database.all("batches").get(batch_id))

    async def cells(self, batch_ids: Sequence[str]) -> dict[str, Any]:
        return await self._found(self._cells, batch_ids)

    def _cells(self, batch_ids: Sequence[str]) -> dict[str, Any]:
        cells: dict[str, Any] = {batch_id: {} for batch_id in batch_ids}
        for (batch_id, currency, status), row in self._database.all("batch_totals").items():
            if batch_id in cells:
                cells[batch_id][status, currency] = (row["count"], row["amount_minor"])
        return cells

    async def merchant(self, merchant_id: str) -> Row | None:
        return await self._found(lambda: self._database.all("merchants").get(merchant_id))

    async def balances(self, merchant_id: str) -> list[Row]:
        return await self._found(
            lambda: [row for row in self._database.all("balances").values() if row["merchant_id"] == merchant_id]
        )

    async def position(self, partition: int) -> int:
        return await self._found(lambda: self._database.tables.offsets.get(partition, (0, 0, 0))[0])

    async def unfinished(self) -> list[Row]:
        return await self._found(self._unfinished)

    def _unfinished(self) -> list[Row]:
        found: dict[tuple[Any, ...], Row] = {}
        for row in self._database.all("payouts").values():
            if row["status"] in {"pending", "processing", "requires_action"}:
                names = ("provider", "status", "reason", "currency")
                plain = {"count": 0, "amount_minor": 0, "oldest_at": row["updated_at"]}
                group = found.setdefault(
                    tuple(row[name] for name in names), {**{name: row[name] for name in names}, **plain}
                )
                group["count"] += 1
                group["amount_minor"] += row["amount_minor"]
                group["oldest_at"] = min(group["oldest_at"], row["updated_at"])
        return list(found.values())

    async def cleared(self) -> list[Row]:
        held = await self._found(lambda: list(self._database.all("balances").values()))
        through = [row for row in held if row["account"].startswith("clearing:")]
        return [{**row, "amount_minor": row["balance_minor"]} for row in through]

    async def positions(self) -> dict[int, int]:
        return await self._found(lambda: {partition: at[0] for partition, at in self._database.tables.offsets.items()})

    async def payout(self, payout_id: str) -> Row | None:
        found = await self._found(self._payouts, lambda row: row["id"] == payout_id)
        return found[0] if found else None

    async def changes_of(self, payout_id: str) -> list[Row]:
        found = await self._found(
            lambda: [r for told in self._database.tables.log.values() for r in told if r["payout_id"] == payout_id]
        )
        return sorted(found, key=lambda row: (row["version"], row["offset"], row["idx"]))

    async def payouts(self, conditions: Conditions, paging: Paging) -> list[Row]:
        [merchant_id] = conditions.arguments
        return (await self._found(self._payouts, lambda row: row["merchant_id"] == merchant_id))[: paging.limit + 1]

    async def rows_of(self, batch_id: str, conditions: Conditions, after: str | None, limit: int) -> list[Row]:
        return (await self._found(self._payouts, lambda row: row["batch_id"] == batch_id))[: limit + 1]

    def _payouts(self, wanted: Callable[[Row], bool]) -> list[Row]:
        return [self._joined(row) for row in self._database.all("payouts").values() if wanted(row)]

    def _joined(self, row: Row) -> Row:
        batch = self._database.all("batches").get(row["batch_id"])
        account = self._database.all("bank_accounts").get((row["merchant_id"], row["bank_account_id"]))
        more = {name: account[name] if account else None for name in ACCOUNT[2:]}
        return {**{name: row[name] for name in PAYOUT}, "batch_phase": batch["phase"] if batch else None, **more}


def _payout_fields(row: Row) -> dict[str, Any]:
    return {name: row["row_number" if name == "row" else name] for name in _FIELDS}
