"""Writing down what a stretch of the log tells: deliveries and the next offset, in one transaction (WHK-02).

Owns the guard: a process that lost its partition, or repeats what it did before a crash, writes nothing. Owns who is told: endpoints that
are enabled, were there when the record was decided, and want the type. Must not send anything.
"""

from collections.abc import Iterable, Sequence, Set

import msgspec

from domain.webhooks.kinds import BALANCE_UPDATED, subscribes
from domain.webhooks.notice import Notice, delivery_id
from domain.webhooks.tally import BatchMove, Tally, fold, is_late
from runtime import failpoints
from services.webhooks.database import Database, Link, Row

FIRST = "INSERT INTO positions (partition, next_offset, next_source) VALUES (%s, 0, 0) ON CONFLICT DO NOTHING"
POSITION = "SELECT next_offset, next_source FROM positions WHERE partition = %s"
ADVANCE = (
    "UPDATE positions SET next_offset = %s, next_source = %s WHERE partition = %s AND next_offset = %s AND next_source = %s"
)
TALLIES = (
    "SELECT batch_id::text, rows, done, version, released, told, ended_at FROM batch_tallies "
    "WHERE batch_id = ANY(%s::uuid[]) FOR UPDATE"
)
KEEP_TALLIES = (
    "INSERT INTO batch_tallies SELECT * FROM json_to_recordset(%s) AS "
    "t(batch_id uuid, rows int, done int, version int, released boolean, told int, ended_at bigint) "
    "ON CONFLICT (batch_id) DO UPDATE SET rows = excluded.rows, done = excluded.done, version = excluded.version, "
    "released = excluded.released, told = excluded.told, ended_at = excluded.ended_at"
)
ENDPOINTS = (
    "SELECT id::text, merchant_id, types, created_at FROM endpoints WHERE status = 'enabled' AND merchant_id = ANY(%s)"
)
RENEWED = (
    "WITH waiting AS MATERIALIZED (SELECT w.id, n.ord, n.at FROM json_to_recordset(%s) AS "
    "n(endpoint_id uuid, subject text, ord bigint, at bigint) CROSS JOIN LATERAL ("
    "SELECT id FROM deliveries WHERE endpoint_id = n.endpoint_id AND subject = n.subject AND status = 'pending' "
    "AND attempts = 0 AND claim IS NULL ORDER BY ord) w) "
    "UPDATE deliveries d SET ord = waiting.ord, at = waiting.at FROM waiting WHERE d.id = waiting.id "
    "AND d.id = ANY(ARRAY(SELECT id FROM waiting)) AND d.attempts = 0 AND d.claim IS NULL AND d.finished_at IS NULL "
    "RETURNING d.endpoint_id::text, d.subject"
)
"""Looked for by subject, and judged once more when they are held. Why so: see the module `queue`."""
INSERT = (
    "INSERT INTO deliveries (id, endpoint_id, merchant_id, subject, kind, version, ord, partition, at, own, status, due_at) "
    "SELECT *, 'pending', %s FROM json_to_recordset(%s) AS n(id uuid, endpoint_id uuid, merchant_id text, subject text, kind text, "
    "version int, ord bigint, partition int, at bigint, own text) ON CONFLICT (id) DO NOTHING"
)


ROWS_AT_ONCE = 5_000


class DisplacedError(Exception):
    """The position is not where this stretch begins: it was written before, or by somebody else. Read the position again."""


class Position(msgspec.Struct, frozen=True):
    """Where a partition stands: the events offset to read next, and the source offset it must name."""

    next_offset: int
    next_source: int


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one partition between two positions, and what they tell, in order."""

    partition: int
    before: Position
    after: Position
    parts: Sequence[Notice | BatchMove]
    unheard: frozenset[str] = frozenset()
    """Merchants whose payouts are not among the parts, because nobody listened when they were told."""


class Notebook:
    """Positions and deliveries in SQL. Every method raises one of `database.AWAY` while the database is away."""

    def __init__(self, database: Database) -> None:
        """The database is opened and closed by its owner."""
        self._database = database

    async def position(self, partition: int) -> Position:
        """Where the partition stands; a new one stands at 0."""
        await self._database.all(FIRST, [partition])
        row = await self._database.one(POSITION, [partition])
        assert row is not None
        return Position(**row)

    async def views_next(self, partition: int) -> int:
        """The offset that the views have not passed yet: a webhook must never be ahead of what REST answers."""
        query = self._database.in_views("SELECT next_offset FROM {views}.projection_offsets WHERE partition = %s")
        row = await self._database.one(query, [partition])
        return row["next_offset"] if row else 0

    async def heard(self, merchants: Set[str]) -> set[str]:
        """Those of the merchants who have an endpoint that is enabled."""
        return {row["merchant_id"] for row in await self._database.all(ENDPOINTS, [sorted(merchants)])}

    async def write(self, stretch: Stretch, now: int) -> int:
        """Write all of it or nothing; returns how many deliveries it made. A repeat raises DisplacedError and changes nothing.

        So does an endpoint that came after the stretch was told without its merchant's payouts.
        """
        async with self._database.transaction() as link:
            await _advance(link, stretch)
            notices = await _fold(link, stretch.parts)
            made = await _deliver(link, stretch, notices, now)
            await failpoints.reach("webhooks.before_commit")
        return made


async def _advance(link: Link, stretch: Stretch) -> None:
    before, after = stretch.before, stretch.after
    arguments = [after.next_offset, after.next_source, stretch.partition, before.next_offset, before.next_source]
    if (await link.execute(ADVANCE, arguments)).rowcount != 1:
        raise DisplacedError(f"partition {stretch.partition} does not stand at {before.next_offset}")


async def _fold(link: Link, parts: Sequence[Notice | BatchMove]) -> list[Notice]:
    """Moves of batches become notices by the tallies as they were before, which move on with them."""
    touched = sorted({part.batch_id for part in parts if isinstance(part, BatchMove)})
    tallies: dict[str, Tally] = {}
    if touched:
        found = await (await link.execute(TALLIES, [touched])).fetchall()
        tallies = {row["batch_id"]: Tally(**row) for row in found}
    notices: list[Notice] = []
    for part in parts:
        if isinstance(part, Notice):
            notices.append(part)
        elif not is_late(tallies.get(part.batch_id), part):
            tallies[part.batch_id], told = fold(tallies.get(part.batch_id), part)
            notices += told
    if tallies:
        kept = [msgspec.structs.asdict(tallies[batch_id]) for batch_id in sorted(tallies)]
        await link.execute(KEEP_TALLIES, [_json(kept)])
    return notices


async def _deliver(link: Link, stretch: Stretch, notices: Sequence[Notice], now: int) -> int:
    merchants = stretch.unheard.union(notice.merchant_id for notice in notices)
    endpoints = await (await link.execute(ENDPOINTS, [sorted(merchants)])).fetchall() if merchants else []
    if any(endpoint["merchant_id"] in stretch.unheard for endpoint in endpoints):
        raise DisplacedError(
            f"an endpoint came while partition {stretch.partition} was told at {stretch.before.next_offset}"
        )
    if not endpoints:
        return 0
    rows = [
        _row(endpoint, notice, stretch.partition)
        for notice in _newest(notices)
        for endpoint in endpoints
        if _wants(endpoint, notice)
    ]
    rows = await _not_waiting(link, rows)
    parts = (rows[start : start + ROWS_AT_ONCE] for start in range(0, len(rows), ROWS_AT_ONCE))
    return sum([(await link.execute(INSERT, [now, _json(part)])).rowcount for part in parts])


def _newest(notices: Sequence[Notice]) -> Iterable[Notice]:
    """All of them, but of each balance only the last: it carries the balance as it is when it is sent."""
    last = {(n.merchant_id, n.subject): n.order for n in notices if n.kind == BALANCE_UPDATED}
    return (n for n in notices if last.get((n.merchant_id, n.subject), n.order) == n.order)


async def _not_waiting(link: Link, rows: list[Row]) -> list[Row]:
    """Rows without those balances for which a delivery waits that nobody has tried yet: that one is renewed."""
    balances = [row for row in rows if row["kind"] == BALANCE_UPDATED]
    if not balances:
        return rows
    found = await (await link.execute(RENEWED, [_json(balances)])).fetchall()
    renewed = {(row["endpoint_id"], row["subject"]) for row in found}
    return [row for row in rows if (row["endpoint_id"], row["subject"]) not in renewed]


def _wants(endpoint: Row, notice: Notice) -> bool:
    return (
        endpoint["merchant_id"] == notice.merchant_id
        and endpoint["created_at"] <= notice.at
        and subscribes(endpoint["types"], notice.kind)
    )


def _row(endpoint: Row, notice: Notice, partition: int) -> Row:
    return {
        "id": delivery_id(endpoint["id"], partition, notice),
        "endpoint_id": endpoint["id"],
        "merchant_id": notice.merchant_id,
        "subject": notice.subject,
        "kind": notice.kind,
        "version": notice.version,
        "ord": notice.order,
        "partition": partition,
        "at": notice.at,
        "own": _json(notice.own),
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
